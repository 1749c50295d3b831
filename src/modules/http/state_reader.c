/* state_reader: see state_reader.h. */
#include "state_reader.h"

#include <stdio.h>
#include <string.h>

bool reader_step(char pointer[READER_POINTER], const char *step)
{
	size_t length = strlen(pointer), at = length;

	pointer[at++] = '/';
	for (; *step != '\0'; step++) {
		bool escaped = *step == '~' || *step == '/';

		if (at + (escaped ? 2 : 1) >= READER_POINTER)
			break;
		if (escaped)
			pointer[at++] = '~';
		pointer[at++] = *step == '~' ? '0' : *step == '/' ? '1' : *step;
	}
	pointer[*step == '\0' && at < READER_POINTER ? at : length] = '\0';
	return *step == '\0';
}

const json_t *reader_follow(const json_t *from, const char *address)
{
	char key[64];

	while (from != NULL && *address == '/') {
		size_t length = strcspn(++address, "/");

		snprintf(key, sizeof(key), "%.*s", (int)length, address);
		from = json_object_get(from, key);
		address += length;
	}
	return from;
}

const char *reader_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

enum reader_level reader_level(const json_t *account)
{
	static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	const char *level = reader_text(json_object_get(account, "health"), "level");

	for (enum reader_level i = READER_OK; i < READER_SILENT; i++)
		if (strcmp(level, names[i]) == 0)
			return i;
	return READER_SILENT;
}

bool reader_is_service(const json_t *value)
{
	return reader_text(value, "service")[0] != '\0' && reader_text(value, "manager")[0] != '\0';
}

void reader_services_each(vigil_daemon *d, const char *daemon, reader_service_fn *fn, void *arg)
{
	char pointer[READER_POINTER] = "/daemons";
	const char *manager, *name;
	json_t *services, *state;

	if (!reader_step(pointer, daemon) || !reader_step(pointer, "services"))
		return;
	json_object_foreach((json_t *)vigil_state_get(d, pointer), manager, services)
		json_object_foreach(services, name, state) {
			const struct reader_service service = {.state = state,
				.name = name,
				.value = reader_text(state, "value"),
				.manager = manager};

			if (reader_is_service(state) && service.value[0] != '\0')
				fn(&service, arg);
		}
}

bool reader_service(vigil_daemon *d, const char *daemon, struct reader_service *service)
{
	char pointer[READER_POINTER] = "/daemons";
	const json_t *state;

	if (!reader_step(pointer, daemon) || !reader_step(pointer, READER_SERVICE))
		return false;
	state = vigil_state_get(d, pointer);
	*service = (struct reader_service){.state = state,
		.name = reader_text(state, "service"),
		.value = reader_text(state, "value"),
		.manager = reader_text(state, "manager")};
	if (service->name[0] == '\0')
		service->name = daemon;
	return service->value[0] != '\0';
}
