/*
 * names: see names.h.  Only /runs as a whole lists the daemons, and computing it blocks the loop
 * when there are thousands of them.  So it is read again only after a reload, because nothing else
 * adds or removes a daemon.
 */
#include "names.h"

#include "state_reader.h"

static json_t *read_all(struct server *server)
{
	json_t *runs = (json_t *)vigil_state_get(server->d, "/runs");
	json_t *names = json_array(), *account;
	const char *name;

	json_object_foreach(runs, name, account)
		json_array_append_new(names, json_string(name));
	return names;
}

json_t *names_read(struct server *server)
{
	json_int_t generation = json_integer_value(vigil_state_get(server->d, "/vigil/generation"));

	if (server->names != NULL && generation == server->generation)
		return server->names;
	names_free(server);
	server->names = read_all(server);
	server->generation = generation;
	return server->names;
}

const json_t *names_account(struct server *server, const char *name)
{
	char pointer[READER_POINTER] = "/runs";

	return reader_step(pointer, name) ? vigil_state_get(server->d, pointer) : NULL;
}

void names_free(struct server *server)
{
	json_decref(server->names);
	server->names = NULL;
}
