/*
 * machine: one daemon for all services of the machine.
 *
 * The daemon lists the services, opens each one that matters, and learns of changes by the signals
 * of systemd and by pidfds.  It restarts those that the option `restart` chooses.
 */
#include "machine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "modules/policy/policy_options.h"

double machine_wall(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void on_tick(vigil_daemon *d, void *arg)
{
	list_start(arg);
}

/* --- options ---------------------------------------------------------------------------------- */

/* The most restarts that respawn_max may tolerate; the times of one more are kept. */
#define RESPAWN_MAX 100

static int read_respawn_max(vigil_daemon *d, struct rules *rules)
{
	const char *text = vigil_option_text(d, "respawn_max");

	if (text == NULL ||
		(vigil_rate_read(text, &rules->respawn_max, &rules->respawn_window) == 0 &&
			rules->respawn_max <= RESPAWN_MAX))
		return 0;
	return vigil_diagnose(d, "respawn_max",
		"is not a rate such as 3/10m, with at most %d times; 0 is no limit", RESPAWN_MAX);
}

/* A name with a suffix or a path would match nothing. */
static int check_restart(vigil_daemon *d, const char *const *globs)
{
	static const char suffix[] = ".service";
	int err = 0;

	for (; *globs != NULL; globs++) {
		size_t n = strlen(*globs), tail = sizeof(suffix) - 1;

		if (n > tail && strcmp(*globs + n - tail, suffix) == 0)
			err = vigil_diagnose(d, "restart",
				"names have no suffix %s here; write \"%.*s\"", suffix,
				(int)(n - tail), *globs);
		else if (strchr(*globs, '/') != NULL)
			err = vigil_diagnose(d, "restart",
				"its element \"%.64s\" is not the name of a service", *globs);
	}
	return err;
}

static void note_left_out(vigil_daemon *d, const char *const *globs)
{
	const char *const *only = vigil_option_list(d, "only");
	const char *const *ignore = vigil_option_list(d, "ignore");

	for (; *globs != NULL; globs++)
		if (strpbrk(*globs, "*?[") == NULL &&
			(list_matches(ignore, *globs) ||
				(only[0] != NULL && !list_matches(only, *globs))))
			vigil_note(d, "restart", "only or ignore leave out \"%.64s\"", *globs);
}

/* Notes the options of the policy that have no effect without `restart`.  `settle` has one. */
static void note_unused(vigil_daemon *d)
{
	static const vigil_option policy[] = {POLICY_RESTART_ON(NULL), POLICY_OPTIONS};

	for (size_t i = 0; i < sizeof(policy) / sizeof(*policy); i++)
		if (vigil_option_given(d, policy[i].name) && strcmp(policy[i].name, "settle") != 0)
			vigil_note(d, policy[i].name,
				"has no effect without restart, which chooses the services to "
				"restart");
}

static int check(vigil_daemon *d)
{
	const char *const *globs = vigil_option_list(d, "restart");
	struct rules rules;
	int respawn_max = read_respawn_max(d, &rules), restart = check_restart(d, globs);

	if (globs[0] == NULL)
		note_unused(d);
	note_left_out(d, globs);
	return respawn_max != 0 ? respawn_max : restart;
}

static vigil_health_level level_of(const char *word)
{
	if (strcmp(word, "ok") == 0)
		return VIGIL_OK;
	return strcmp(word, "critical") == 0 ? VIGIL_CRITICAL : VIGIL_WARNING;
}

/* --- start and stop --------------------------------------------------------------------------- */

/* The services that are left alone because of another daemon are judged again after a reload. */
static void on_reload(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	restart_query_all(arg);
}

static json_int_t kept(vigil_daemon *d, const char *path)
{
	vigil_persist(d, path);
	return json_integer_value(vigil_state_get(d, path));
}

/* Without the option, nothing of this is needed. */
static int start_restarts(struct machine *m)
{
	vigil_daemon *d = m->daemon;
	size_t count = 0;

	m->restart = vigil_option_list(d, "restart");
	if (m->restart[0] == NULL)
		return 0;
	while (m->restart[count] != NULL)
		count++;
	m->matched = vigil_alloc(d, count * sizeof(*m->matched));
	m->cares.daemon = d;
	SLIST_INIT(&m->cares.spare);
	vigil_persist(d, CARE_KEPT);
	m->restarts = kept(d, "restarts");
	m->restart_errors = kept(d, "restart_errors");
	return vigil_on_change(d, "/vigil/generation", on_reload, m);
}

static int start(vigil_daemon *d)
{
	struct machine *m = vigil_alloc(d, sizeof(*m));
	int err;

	policy_read(d, &m->census.rules);
	err = read_respawn_max(d, &m->census.rules);
	if (err != 0)
		return err;
	m->daemon = d;
	m->only = vigil_option_list(d, "only");
	m->ignore = vigil_option_list(d, "ignore");
	m->stopped_level = level_of(vigil_option_text(d, "stopped"));
	TAILQ_INIT(&m->queue);
	vigil_set_data(d, m);
	vigil_health(d, VIGIL_UNKNOWN, "the services are being listed");
	err = start_restarts(m);
	if (err == 0)
		err = vigil_services_on_change(d, list_on_change, m);
	return err != 0 ? err : vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, m);
}

static void stop(vigil_daemon *d)
{
	struct machine *m = vigil_data(d);

	for (size_t i = 0; i < m->census.count; i++)
		if (m->census.items[i]->care != NULL)
			care_free(&m->cares, m->census.items[i]->care, true);
	census_free(&m->census);
}

static void resumed(vigil_daemon *d)
{
	restart_query_all(vigil_data(d));
}

static const vigil_option options[] = {
	VIGIL_OPTION("interval", VIGIL_DURATION, "5m", "the time between two lists of the services",
		.min = 1, .max = 86400),
	VIGIL_OPTION("only", VIGIL_LIST, NULL, "globs of the services to watch; unset: all"),
	VIGIL_OPTION("ignore", VIGIL_LIST, NULL, "globs of services that are left out"),
	VIGIL_OPTION("stopped", VIGIL_CHOICE, "warning",
		"the health if a daemon that is enabled at boot was stopped",
		.choices = "ok warning critical"),
	VIGIL_OPTION("respawn_max", VIGIL_TEXT, "3/10m",
		"more restarts than this mean that a service keeps crashing; 0: no limit"),
	VIGIL_OPTION("restart", VIGIL_LIST, NULL, "globs of the services to restart; unset: none"),
	POLICY_RESTART_ON("failed"),
	POLICY_OPTIONS,
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "machine", .summary = "the health of all services of this machine",
	.options = options, .start = start, .stop = stop, .check = check, .resumed = resumed);
