/*
 * view: what is found in the state, by the shapes that its interface promises.
 */
#include "view.h"

#include <stdio.h>
#include <string.h>

bool view_step(char pointer[VIEW_POINTER], const char *step)
{
	size_t length = strlen(pointer), at = length;

	pointer[at++] = '/';
	for (; *step != '\0'; step++) {
		bool escaped = *step == '~' || *step == '/';

		if (at + (escaped ? 2 : 1) >= VIEW_POINTER)
			break;
		if (escaped)
			pointer[at++] = '~';
		pointer[at++] = *step == '~' ? '0' : *step == '/' ? '1' : *step;
	}
	pointer[*step == '\0' && at < VIEW_POINTER ? at : length] = '\0';
	return *step == '\0';
}

const json_t *view_follow(const json_t *from, const char *address)
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

const char *view_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

enum view_level view_level(const json_t *account)
{
	static const char *const names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
	const char *level = view_text(json_object_get(account, "health"), "level");

	for (enum view_level i = VIEW_OK; i < VIEW_SILENT; i++)
		if (strcmp(level, names[i]) == 0)
			return i;
	return VIEW_SILENT;
}

bool view_service(vigil_daemon *d, const char *daemon, struct view_service *service)
{
	char pointer[VIEW_POINTER] = "/daemons";
	const json_t *state;

	if (!view_step(pointer, daemon) || !view_step(pointer, VIEW_SERVICE))
		return false;
	state = vigil_state_get(d, pointer);
	*service = (struct view_service){.state = state,
		.name = view_text(state, "service"),
		.value = view_text(state, "value"),
		.manager = view_text(state, "manager"),
		.restarts = json_integer_value(json_object_get(state, "restarts")),
		.restart_errors = json_integer_value(json_object_get(state, "restart_errors"))};
	if (service->name[0] == '\0')
		service->name = daemon;
	return service->value[0] != '\0';
}
