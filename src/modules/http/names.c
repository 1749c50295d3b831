/* names: see names.h. */
#include "names.h"

#include "state_reader.h"

json_t *names_read(struct server *server)
{
	return json_incref((json_t *)vigil_state_get(server->d, "/vigil/daemons"));
}

const json_t *names_account(struct server *server, const char *name)
{
	char pointer[READER_POINTER] = "/runs";

	return reader_step(pointer, name) ? vigil_state_get(server->d, pointer) : NULL;
}
