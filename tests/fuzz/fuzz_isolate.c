/*
 * fuzz_isolate: what the process of an isolated daemon sends to vigild, which does not trust it.
 *
 * The bytes are the lines of a process that runs, and then those of a process that describes its
 * module.  No service manager can be reached: there is no bus, and the worker pool takes no job.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/config_daemon.h"
#include "isolate/isolate_internal.h"
#include "isolate/isolate_module_internal.h"
#include "loop/loop.h"
#include "persist/store.h"
#include "process/slot_queue.h"
#include "service/services.h"
#include "state/state.h"
#include "worker/worker_pool.h"

static struct environment environment;
static struct option_set *host_options;

static void on_started(struct vigil_daemon *d, void *arg)
{
}

static void on_ended(struct vigil_daemon *d, bool crashed, double lived, void *arg)
{
	FUZZ_HOLDS(!"no message ends a daemon by itself");
}

static int start(vigil_daemon *d)
{
	return 0;
}

static const vigil_option options[] = {
	VIGIL_OPTION("services", VIGIL_LIST, NULL, "may be changed"), VIGIL_OPTION_END};
static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.options = options,
	.start = start};

/* The options of a daemon that sets none.  NULL: one of them has no default.  The diagnostics can
 * be printed. */
static struct option_set *options_of(const vigil_option *schema)
{
	struct diagnostics diagnostics = {0};
	struct option_set *set =
		option_set_new(schema, NULL, 0, "[daemon:test]", "test", 1, &diagnostics);

	for (size_t i = 0; i < diagnostics.count; i++)
		FUZZ_HOLDS(fuzz_is_clean(diagnostics.list[i].text));
	diagnostics_clear(&diagnostics);
	return set;
}

/* One environment for all inputs of a process, because threads and files take long. */
static void open_environment(void)
{
	static const struct worker_pool_limits limits = {
		.workers = 1, .workers_max = 1, .queue_max = 0, .grace = CLOCK_SECOND};
	static pid_t owner;

	if (owner == getpid())
		return;
	owner = getpid();
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere", 1);
	environment.loop = loop_new();
	environment.state = state_new();
	environment.services =
		services_new(environment.loop, worker_pool_new(environment.loop, &limits, NULL));
	environment.slots = slot_queue_new(environment.loop, 1);
	environment.store = store_open(environment.loop, fuzz_directory());
	FUZZ_HOLDS(environment.services != NULL && environment.store != NULL);
	host_options = options_of(config_daemon_schema);
	state_set(environment.state, "/daemons/other", json_pack("{s:i}", "a", 1));
}

static struct isolated *isolated_new(struct isolate *isolate, struct vigil_daemon *d, int fd)
{
	struct isolated *p = memory_zero(sizeof(*p));

	p->resource.daemon = d;
	p->isolate = isolate;
	p->name = memory_text("test");
	p->kept = json_object();
	p->children = json_object();
	p->verbs = json_object();
	p->ends = (struct isolate_ends){.ours = -1, .theirs = -1, .page_fd = -1};
	LIST_INIT(&isolate->live);
	LIST_INSERT_HEAD(&isolate->live, p, among);
	isolate_link_open(&p->link, fd);
	isolate_watch(p);
	return p;
}

/* The process has written its own subtree and nothing else, and all can be read. */
static void daemon_holds(struct vigil_daemon *d)
{
	json_t *own = state_get(environment.state, d->root);
	json_t *other = state_get(environment.state, "/daemons/other");
	json_t *account = daemon_account(d);
	char *text = json_dumps(account, 0);

	FUZZ_HOLDS(daemon_status(d) == DAEMON_RUNNING && text != NULL);
	FUZZ_HOLDS(own == NULL || json_value_check(own, STATE_DEPTH_MAX) == 0);
	FUZZ_HOLDS(json_object_size(other) == 1 &&
		   json_integer_value(json_object_get(other, "a")) == 1);
	FUZZ_HOLDS(d->counts.last_error == NULL || fuzz_is_clean(d->counts.last_error));
	free(text);
	json_decref(own);
	json_decref(other);
	json_decref(account);
}

/* vigild answers with valid messages. */
static void answers_hold(const struct isolate_buffer *out)
{
	const char *line = out->bytes, *end; /* NULL: there was no answer */
	size_t left = out->end - out->start;
	json_t *message;

	if (left > 0)
		line += out->start;
	for (; left > 0; left -= (size_t)(end + 1 - line), line = end + 1) {
		end = memchr(line, '\n', left);
		FUZZ_HOLDS(end != NULL);
		message = json_loadb(line, (size_t)(end - line), 0, NULL);
		FUZZ_HOLDS(json_is_string(json_array_get(message, 0)));
		json_decref(message);
	}
}

static void run_reports(const uint8_t *data, size_t size)
{
	struct isolate isolate = {.loop = environment.loop,
		.store = environment.store,
		.started = on_started,
		.ended = on_ended};
	struct vigil_daemon *d = daemon_new(&environment, "test", "test", &module, NULL);
	struct isolated *p;
	int pair[2];

	daemon_set_host_options(d, host_options);
	FUZZ_HOLDS(daemon_start(d) == 0);
	FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	p = isolated_new(&isolate, d, pair[0]);
	FUZZ_HOLDS(write(pair[1], data, size) == (ssize_t)size);
	while (isolate_take(p, isolate_apply) > 0)
		;
	daemon_holds(d);
	answers_hold(&p->link.out);
	close(pair[1]);
	daemon_stop(d);
	isolate_destroy(p);
	daemon_free(d);
}

static void run_description(const uint8_t *data, size_t size)
{
	static const struct isolate_query query = {.dir = "/nowhere", .module = "test"};
	struct described *d = memory_zero(sizeof(*d));
	json_t *messages = json_array();
	struct isolate_link link;
	char text[512] = "";
	const struct reason why = {text, sizeof(text)};
	int pair[2];

	d->dir = memory_text(query.dir);
	d->name = memory_text(query.module);
	FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	FUZZ_HOLDS(write(pair[1], data, size) == (ssize_t)size);
	isolate_link_open(&link, pair[0]);
	while (isolate_link_read(&link) > 0 && !isolate_query_take(&link, &query, messages))
		;
	if (isolate_query_is_complete(&query, messages) &&
		isolate_described_take(d, messages, &why) == 0)
		option_set_unref(options_of(d->descriptor.options));
	isolate_described_free(d);
	isolate_link_close(&link);
	close(pair[1]);
	json_decref(messages);
}

void fuzz_isolate(const uint8_t *data, size_t size)
{
	open_environment();
	run_reports(data, size);
	run_description(data, size);
}
