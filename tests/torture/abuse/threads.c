/* threads: eight threads that use the processor and the functions of vigil.h */
#include "abuse.h"

static void *run(void *arg)
{
	for (int i = 0;; i++)
		vigil_state_set(arg, "thread", json_integer(i));
	return NULL;
}

static void abuse(vigil_daemon *d)
{
	static pthread_t threads[8];

	for (int i = 0; i < 8 && threads[i] == 0; i++)
		pthread_create(&threads[i], NULL, run, d);
}

ABUSE(threads);
