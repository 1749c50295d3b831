/* module_trial: see module_trial.h. */
#include "daemon/module_trial.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/memory.h"
#include "base/reason.h"
#include "daemon/module_examine.h"
#include "loop/loop.h"
#include "state/json_text.h"

static struct {
	bool collects;
	json_t *results; /* {KEY: true, or why the file cannot be opened} */
	json_t *wanted;  /* {KEY: path} */
	json_t *asked;   /* the same, of the files that are being examined; NULL: none */
	struct child *child;
	struct loop *loop;
	struct loop_timer *timer; /* the program could not be started; else NULL */
	void (*ready)(void *arg);
	void *arg;
} trial;

/* Identifies a file and its content. */
static char *key_of(const char *path)
{
	struct stat st = {0};

	stat(path, &st); /* a file that is missing now is refused later */
	return memory_format("%ju:%ju:%jd.%09ld %s", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
		(intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, path);
}

static int judge(const char *key, const char *path, const struct reason *why)
{
	const json_t *result = json_object_get(trial.results, key);

	if (json_is_string(result))
		return reason_set(why, -ENOEXEC, "%s: %s", path, json_string_value(result));
	if (result == NULL && trial.collects) {
		if (json_object_get(trial.asked, key) == NULL)
			json_object_set_new(trial.wanted, key, json_string(path));
		return reason_set(why, -EAGAIN, "it is being opened in another process");
	}
	json_object_set_new(trial.results, key, json_true());
	return 0;
}

int module_trial(const char *path, char *text, size_t size)
{
	const struct reason why = {text, size};
	char *key = key_of(path);
	int err;

	if (trial.results == NULL) {
		trial.results = json_object();
		trial.wanted = json_object();
	}
	err = judge(key, path, &why);
	free(key);
	return err;
}

void module_trial_collect(bool collect)
{
	trial.collects = collect;
}

bool module_trial_is_wanted(void)
{
	return trial.asked != NULL || json_object_size(trial.wanted) > 0;
}

/* --- the process ------------------------------------------------------------------------------ */

static void start(void);

/* Returns why the file cannot be opened; NULL: it can, or it was not examined. */
static json_t *problem_of(const json_t *found, const char *path)
{
	json_t *line;
	size_t index;

	json_array_foreach((json_t *)found, index, line)
		if (strcmp(json_text(line, "path"), path) == 0)
			return json_object_get(line, "why");
	return NULL;
}

static void finish(const json_t *found)
{
	const char *key;
	json_t *path, *why;

	json_object_foreach(trial.asked, key, path) {
		why = problem_of(found, json_string_value(path));
		json_object_set(trial.results, key, why != NULL ? why : json_true());
	}
	json_decref(trial.asked);
	trial.asked = NULL;
	if (json_object_size(trial.wanted) > 0)
		start();
	else
		trial.ready(trial.arg);
}

static void on_exit_of(struct child *child, const vigil_child_exit *e, void *arg)
{
	json_t *found = module_examine_parse(e->output, e->length), *path;
	const char *key;

	if (e->timed_out) /* problem_of finds a report about the file itself first */
		json_object_foreach(trial.asked, key, path)
			json_array_append_new(
				found, json_pack("{s:O,s:s}", "path", path, "why",
					       "it did not return when it was opened"));
	child_free(trial.child);
	trial.child = NULL;
	finish(found);
	json_decref(found);
}

static void on_timer(uint64_t missed, void *arg)
{
	loop_timer_free(trial.timer);
	trial.timer = NULL;
	finish(NULL);
}

/* If the program cannot be started, the modules are opened without a trial. */
static void start(void)
{
	json_t *files = json_array(), *path;
	const char *key;

	trial.asked = trial.wanted;
	trial.wanted = json_object();
	json_object_foreach(trial.asked, key, path)
		json_array_append(files, path);
	if (module_examine_start(trial.loop, files, on_exit_of, NULL, &trial.child) != 0)
		trial.timer = loop_after(trial.loop, 0, on_timer, NULL);
	json_decref(files);
}

void module_trial_ask(struct loop *loop, void (*ready)(void *arg), void *arg)
{
	trial.loop = loop;
	trial.ready = ready;
	trial.arg = arg;
	if (trial.asked == NULL)
		start();
}

void module_trial_settle(void)
{
	const char *key;
	json_t *result;
	void *next;

	json_object_foreach_safe(trial.results, next, key, result)
		if (json_is_string(result))
			json_object_del(trial.results, key);
}

void module_trial_cancel(void)
{
	child_free(trial.child);
	loop_timer_free(trial.timer);
	json_decref(trial.results);
	json_decref(trial.wanted);
	json_decref(trial.asked);
	memset(&trial, 0, sizeof(trial));
}
