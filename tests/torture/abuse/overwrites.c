/* overwrites: writes over the memory of others, around its own */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	char *memory = malloc(64);

	memset(memory - 4096, 0x55, 256 * 1024);
	vigil_state_set(d, "value", json_string("after the write"));
}

ABUSE(overwrites);
