/* refcount: frees what it has only borrowed */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	json_t *lent = (json_t *)vigil_state_get(d, "/daemons/good");

	for (int i = 0; lent != NULL && i < 10; i++)
		json_decref(lent);
	vigil_state_get(d, "/daemons");
}

ABUSE(refcount);
