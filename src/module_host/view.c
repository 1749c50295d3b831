/*
 * view: what the daemon reads of the state of others.
 *
 * /vigil and /runs are computed by vigild, which is asked at each read.  Other values are asked for
 * once.  After that vigild sends their changes, and they are in the state of this process.
 */
#include <string.h>

#include "module_host/module_host.h"
#include "module_host/parent.h"
#include "state/state.h"

#define FOLLOWED_MAX 250 /* vigild permits a few more */

static struct vigil_daemon *daemon_;
static struct state *state_;
static json_t *followed; /* {POINTER: true} */

static bool is_followed(const char *pointer)
{
	const char *known;
	json_t *value;

	json_object_foreach(followed, known, value)
		if (json_pointer_covers(known, pointer))
			return true;
	return false;
}

static bool is_computed(const char *pointer)
{
	return json_pointer_covers("/runs", pointer) || json_pointer_covers("/vigil", pointer);
}

/* Writes a member of /daemons, unless it belongs to this daemon.  value: a reference that it takes;
 * NULL: removes the member. */
static void put_daemon(const char *name, json_t *value)
{
	char pointer[STATE_POINTER_MAX] = "/daemons";

	if (strcmp(name, daemon_->name) == 0 ||
		json_pointer_append(pointer, sizeof(pointer), name) != 0)
		json_decref(value);
	else if (value != NULL)
		state_set(state_, pointer, value);
	else
		state_unset(state_, pointer);
}

/* Writes /daemons but for what belongs to this daemon.  NULL: there is none, or vigild did not
 * answer. */
static void take_daemons(json_t *daemons)
{
	json_t *before =
		json_copy((json_t *)state_lend(state_, "/daemons")); /* its members change */
	const char *name;
	json_t *value;

	json_object_foreach(before, name, value)
		if (json_is_object(daemons) && json_object_get(daemons, name) == NULL)
			put_daemon(name, NULL);
	json_decref(before);
	json_object_foreach(daemons, name, value)
		put_daemon(name, json_incref(value));
}

static void take(const char *pointer, json_t *value)
{
	if (is_computed(pointer) || json_pointer_covers(daemon_->root, pointer))
		return;
	if (pointer[0] == '\0')
		take_daemons(json_object_get(value, "daemons"));
	else if (strcmp(pointer, "/daemons") == 0)
		take_daemons(value);
	else if (value != NULL)
		state_set(state_, pointer, json_incref(value));
	else
		state_unset(state_, pointer);
}

void view_change(const char *pointer, json_t *value)
{
	if (is_computed(pointer))
		state_announce(state_, pointer, value);
	else
		take(pointer, value);
}

static json_t *ask(const char *pointer, bool follow)
{
	return parent_ask(json_pack("[s,s,b]", "get", pointer, follow));
}

void view_see(const char *pointer, bool subscribes)
{
	bool follow = json_object_size(followed) < FOLLOWED_MAX;
	json_t *value;

	if (json_pointer_check(pointer) != 0 || is_followed(pointer) ||
		(!subscribes && is_computed(pointer)))
		return;
	if (!subscribes && pointer[0] == '\0')
		pointer = "/daemons"; /* the rest is computed */
	if (is_followed(pointer))
		return;
	value = ask(pointer, follow);
	if (follow)
		json_object_set_new(followed, pointer, json_true());
	take(pointer, value);
	json_decref(value);
}

static json_t *compute(const char *rest, void *arg)
{
	char pointer[STATE_POINTER_MAX];

	if (strlen(arg) + strlen(rest) >= sizeof(pointer))
		return NULL;
	strcat(strcpy(pointer, arg), rest);
	return ask(pointer, false);
}

void view_open(struct vigil_daemon *d, struct state *state)
{
	static char runs[] = "/runs", vigil[] = "/vigil";

	daemon_ = d;
	state_ = state;
	followed = json_object();
	state_mount(state, runs, compute, runs);
	state_mount(state, vigil, compute, vigil);
}
