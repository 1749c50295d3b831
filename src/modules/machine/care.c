/*
 * care: see care.h.
 */
#include "care.h"

#include <stdio.h>
#include <string.h>

#include "modules/policy/interned.h"
#include "modules/policy/recent.h"

/* Appends a member to a JSON Pointer, or as much of it as there is room for. */
static void append(char path[CARE_PATH], const char *member)
{
	size_t n = strlen(path);

	if (n > 0 && n + 1 < CARE_PATH)
		path[n++] = '/';
	for (; *member != '\0' && n + 3 < CARE_PATH; member++) {
		if (*member == '~' || *member == '/') {
			path[n++] = '~';
			path[n++] = *member == '~' ? '0' : '1';
		} else {
			path[n++] = *member;
		}
	}
	path[n] = '\0';
}

void care_key(char key[CARE_PATH], const char *name, const char *manager)
{
	snprintf(key, CARE_PATH, "%s/%s", manager, name);
}

/* Writes the path of the member of `restarted_services` that has this key. */
static void kept_path(char path[CARE_PATH], const char *key)
{
	strcpy(path, CARE_KEPT);
	append(path, key);
}

static void place_of(char path[CARE_PATH], const char *name, const char *manager)
{
	strcpy(path, "services");
	append(path, manager);
	append(path, name);
}

bool care_is_kept(vigil_daemon *d, const char *name, const char *manager)
{
	char key[CARE_PATH], path[CARE_PATH];

	care_key(key, name, manager);
	kept_path(path, key);
	return vigil_state_get(d, path) != NULL;
}

/* --- the state -------------------------------------------------------------------------------- */

static const char *path_of(char path[CARE_PATH], const struct care *care, const char *member)
{
	strcpy(path, care->place);
	append(path, member);
	return path;
}

void care_put(struct care *care, const char *member, json_t *value)
{
	char path[CARE_PATH];

	path_of(path, care, member);
	if (value != NULL)
		vigil_state_set(care->daemon, path, value);
	else
		vigil_state_unset(care->daemon, path);
}

void care_set_torn(struct care *care, bool torn)
{
	if (torn == care->torn)
		return;
	care->torn = torn;
	care_put(care, "torn", torn ? json_string(recent_boot_id()) : NULL);
}

void care_put_decision(struct care *care, const char *words)
{
	if (interned_equals(care->words, words))
		return;
	interned_drop(&care->words);
	care->words = interned_new(words);
	care_put(care, "decision", json_incref(care->words));
}

void care_put_totals(struct care *care)
{
	care_put(care, "restarts", json_integer(care->restarts));
	care_put(care, "restart_errors", json_integer(care->restart_errors));
	if (!care->attempt.starting) /* otherwise the outcome is not known yet */
		care_put(care, "restart_error", json_integer(care->restart_error));
}

static json_int_t total(const struct care *care, const char *member)
{
	char path[CARE_PATH];

	return json_integer_value(vigil_state_get(care->daemon, path_of(path, care, member)));
}

/* --- begin and end ---------------------------------------------------------------------------- */

/* What the last daemon knew of the present is old. */
static void take_kept(struct care *care)
{
	static const char *const old[] = {
		"value", "since", "manager", "pid", "decision", "next_retry", "restart_error"};
	const char *boot;
	char path[CARE_PATH];

	vigil_persist(care->daemon, care->place);
	care->is_kept = true;
	boot = json_string_value(vigil_state_get(care->daemon, path_of(path, care, "torn")));
	care->torn = boot != NULL && strcmp(boot, recent_boot_id()) == 0;
	if (!care->torn)
		care_put(care, "torn", NULL);
	for (size_t i = 0; i < sizeof(old) / sizeof(*old); i++)
		care_put(care, old[i], NULL);
	care->restarts = total(care, "restarts");
	care->restart_errors = total(care, "restart_errors");
}

struct care *care_new(
	struct care_pool *pool, const char *name, const char *manager, double delay_max)
{
	struct care *care = SLIST_FIRST(&pool->spare);
	struct recent recent = {0};
	char key[CARE_PATH];

	if (care != NULL) {
		SLIST_REMOVE_HEAD(&pool->spare, link);
		recent = care->recent; /* it has lists */
	} else {
		care = vigil_alloc(pool->daemon, sizeof(*care));
	}
	*care = (struct care){.daemon = pool->daemon, .recent = recent};
	care_key(key, name, manager);
	kept_path(care->kept, key);
	place_of(care->place, name, manager);
	path_of(care->record, care, "recent");
	if (vigil_state_get(pool->daemon, care->kept) != NULL)
		take_kept(care);
	recent_open(&care->recent, pool->daemon, care->record, delay_max);
	care->attempt.well_since = care->recent.restarted;
	return care;
}

void care_free(struct care_pool *pool, struct care *care, bool keep)
{
	interned_drop(&care->words);
	interned_drop(&care->attempt.refusal);
	if (!keep) {
		vigil_state_unset(care->daemon, care->place);
		vigil_state_unset(care->daemon, care->kept);
	}
	SLIST_INSERT_HEAD(&pool->spare, care, link);
}

void care_keep(struct care *care)
{
	if (care->is_kept)
		return;
	care->is_kept = true;
	vigil_persist(care->daemon, care->place);
	vigil_state_set(care->daemon, care->kept, json_true());
}

void care_forget(vigil_daemon *d, bool (*exists)(const char *key, void *arg), void *arg)
{
	json_t *keys = json_deep_copy(vigil_state_get(d, CARE_KEPT));
	char path[CARE_PATH], manager[32];
	const char *key;
	json_t *value;

	json_object_foreach(keys, key, value) {
		if (exists(key, arg))
			continue;
		snprintf(manager, sizeof(manager), "%.*s", (int)strcspn(key, "/"), key);
		place_of(path, key + strcspn(key, "/") + (strchr(key, '/') != NULL), manager);
		vigil_persist(d, path); /* so that it is removed from the store, too */
		vigil_state_unset(d, path);
		kept_path(path, key);
		vigil_state_unset(d, path);
	}
	json_decref(keys);
}
