/* isolate_module_check: checks the options of isolated daemons in processes. */
#include "isolate/isolate_module_internal.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "daemon/candidate.h"
#include "isolate/isolate_link.h"

static json_t *given_of(const struct candidate *candidate)
{
	json_t *list = json_array();

	for (size_t i = 0; i < candidate->count; i++)
		json_array_append_new(list,
			json_pack("[s,s]", candidate->given[i].key, candidate->given[i].value));
	return list;
}

/* What identifies a check: a check with the same result need not be made again. */
static json_t *identify(const struct described *d, const struct candidate *candidate, json_t *given)
{
	const char *user = isolate_user_of(candidate->host_options);

	return json_pack("[s,s,I,I,I,s,O]", d->dir, d->name, (json_int_t)d->file.st_ino,
		(json_int_t)d->file.st_mtim.tv_sec, (json_int_t)d->file.st_mtim.tv_nsec,
		user != NULL ? user : "", given);
}

static json_t *run_check(const struct described *d, const struct candidate *candidate,
	json_t *given, json_t *identity, const struct reason *why)
{
	const struct isolate_query query = {.dir = d->dir,
		.module = d->name,
		.user = isolate_user_of(candidate->host_options),
		.memory = isolate_memory_of(candidate->host_options),
		.daemon = candidate->name,
		.options = given};

	if (!isolate_module_all.collects)
		return isolate_query(&query, why->text, why->size);
	return isolate_want_check(&query, identity, why);
}

/* Returns the messages of the check, a new reference; NULL: it failed. */
static json_t *check_once(
	const struct described *d, const struct candidate *candidate, const struct reason *why)
{
	const struct isolate_modules *all = &isolate_module_all;
	json_t *before = json_object_get(all->checks, candidate->name), *messages;
	json_t *given = given_of(candidate);
	json_t *query = identify(d, candidate, given);

	if (json_equal(json_object_get(before, "query"), query)) {
		messages = json_incref(json_object_get(before, "messages"));
	} else {
		messages = run_check(d, candidate, given, query, why);
		if (messages != NULL && !all->collects)
			json_object_set_new(all->checks, candidate->name,
				json_pack("{s:O,s:O}", "query", query, "messages", messages));
	}
	json_decref(query);
	json_decref(given);
	return messages;
}

int isolate_module_check(vigil_daemon *candidate)
{
	const struct candidate *of = candidate_of(candidate);
	char text[512] = "the process gave no answer";
	const struct reason why = {text, sizeof(text)};
	json_t *messages = check_once((const struct described *)of->descriptor, of, &why), *message;
	bool failed = messages == NULL;
	size_t index;

	if (failed)
		candidate_report(candidate, SIZE_MAX, false, text);
	json_array_foreach(messages, index, message) {
		bool note = isolate_bool(message, 2);

		if (strcmp(isolate_text(message, 0), "failed") == 0)
			candidate_report(candidate, SIZE_MAX, false, isolate_text(message, 1));
		else if (strcmp(isolate_text(message, 0), "diagnostic") == 0)
			candidate_report(candidate, (size_t)isolate_number(message, 1), note,
				isolate_text(message, 3));
		else
			continue;
		failed |= !note;
	}
	json_decref(messages);
	return failed ? -EINVAL : 0;
}
