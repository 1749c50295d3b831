/*
 * fault: makes one fault in one phase of a vigild's life, and checks its consequences.  See
 * fault.h.
 */
#include "fault.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http_page.h"

#define SETTLE 1000 /* milliseconds until the first change that a request causes */
#define QUIET  30   /* milliseconds without a change, after which no more are expected */

/* As a method: the parameters are a path that is requested from the http module. */
#define GET "GET"
/* As a method: no request is sent; the file `order` is written to the pipe `orders`. */
#define ORDER "order"

struct fault_test test;
/* The request of each phase, and the one that is sent before so that it can be repeated. */
static const struct request {
	const char *phase, *method, *params;
	const char *before, *before_params;
	const char *told; /* where it causes a change; NULL: it only has a reply */
} requests[] = {
	{"status", "status", "{}", NULL, NULL, NULL},
	{"status-one", "status", "{\"name\":\"look\"}", NULL, NULL, NULL},
	{"status-none", "status", "{\"name\":\"lok\"}", NULL, NULL, NULL},
	{"get", "get", "{}", NULL, NULL, NULL},
	{"get-one", "get", "{\"pointer\":\"/daemons/look\"}", NULL, NULL, NULL},
	{"get-none", "get", "{\"pointer\":\"/none\"}", NULL, NULL, NULL},
	{"watch", "watch", "{\"pointer\":\"/runs\"}", NULL, NULL, NULL},
	{"list", "list", "{}", NULL, NULL, NULL},
	{"explain", "explain", "{\"name\":\"look\"}", NULL, NULL, NULL},
	{"check", "check", "{\"name\":\"plugin\"}", NULL, NULL, NULL},
	{"check-number", "check",
		"{\"name\":\"script\",\"pointer\":\"/daemons/script/service_state/restarts\","
		"\"warning\":\"5\"}",
		NULL, NULL, NULL},
	{"modules", "modules", "{}", NULL, NULL, NULL},
	{"version", "version", "{}", NULL, NULL, NULL},
	{"log", "log", "{\"level\":\"notice\"}", NULL, NULL, NULL},
	{"nonsense", "nonsense", "{}", NULL, NULL, NULL},
	{"pause", "pause", "{\"names\":[\"plug*\"],\"for\":\"2h\",\"reason\":\"a test\"}", "resume",
		"{\"names\":[\"plugin\"]}", NULL},
	{"resume", "resume", "{\"all\":true}", "pause", "{\"all\":true}", NULL},
	{"register", "register",
		"{\"name\":\"other\",\"options\":[\"module=exec\","
		"\"command=/bin/true\"]}",
		"unregister", "{\"name\":\"other\"}", NULL},
	{"unregister", "unregister", "{\"name\":\"other\"}", "register",
		"{\"name\":\"other\",\"options\":[\"module=exec\",\"command=/bin/true\"]}", NULL},
	{"reload", "reload", "{}", "version", "{}", NULL},
	{"look", "run", "{\"name\":\"look\"}", NULL, NULL, "/daemons/look"},
	{"script", "run", "{\"name\":\"script\"}", NULL, NULL, "/daemons/script"},
	{"restart", "restart", "{\"names\":[\"script\"]}", NULL, NULL, "/daemons/script"},
	{"plugin", "run", "{\"name\":\"plugin\"}", NULL, NULL, "/daemons/plugin"},
	/* A pause is sent before, which only reaches the file when vigild saves at its exit; see
	 * before(). */
	{"saved", "get", "{}", "pause", NULL, NULL},
	/* The other phases need the configuration with the other modules. */
	{"average", "run", "{\"name\":\"mean\"}", NULL, NULL, "/daemons/mean"},
	{"system", "run", "{\"name\":\"machine\"}", NULL, NULL, "/daemons/machine"},
	{"notify", "run", "{\"name\":\"flip\"}", NULL, NULL, "/daemons/tell"},
	{"icinga", "run", "{\"name\":\"flip\"}", NULL, NULL, "/daemons/master"},
	{"unit", ORDER, "", "restart", "{\"names\":[\"unit\"]}", "/daemons/unit"},
	{"unit-restart", "restart", "{\"names\":[\"unit\"]}", NULL, NULL, "/daemons/unit"},
	{"page", GET, "/", NULL, NULL, NULL},
	{"metrics", GET, "/metrics", NULL, NULL, NULL},
	{"json", GET, "/v1/state", NULL, NULL, NULL},
};

void fault_broken(const char *format, ...)
{
	va_list ap;

	test.broken++;
	printf("broken: %s, %s%s%s %llu: ", test.phase, test.what != NULL ? test.what : "",
		test.what != NULL ? ", " : "", test.mode, (unsigned long long)test.plan);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* --- checks after an exit --------------------------------------------------------------------- */

/* The last line of its log. */
static const char *last_words(void)
{
	const char *line = test.vigild.said;
	char *end;

	while (test.vigild.length > 0 && test.vigild.said[test.vigild.length - 1] == '\n')
		test.vigild.said[--test.vigild.length] = '\0';
	end = strrchr(test.vigild.said, '\n');
	if (end != NULL)
		line = end + 1;
	return line;
}

static void check_end(void)
{
	int status = test.vigild.status;
	const char *library = NULL;

	test.ended++;
	if (WIFSIGNALED(status) && test.fault->crashed_in != NULL)
		library = test.fault->crashed_in();
	if (library != NULL)
		printf("library: %s, in %s\n", library, test.phase);
	else if (WIFSIGNALED(status))
		fault_broken("vigild crashed: signal %d: %s", WTERMSIG(status), last_words());
	else if (WEXITSTATUS(status) != 0 && test.vigild.length == 0 &&
		 !test.fault->may_be_speechless)
		fault_broken("vigild exited with status %d without a message", WEXITSTATUS(status));
	else if (WEXITSTATUS(status) == 70 && !test.fault->may_be_speechless &&
		 !vigild_said(&test.vigild, ": exiting, so that it is started again"))
		fault_broken("vigild exited with status 70 and another message: %s", last_words());
	leftovers_check();
}

/* After a point: counts whether it still runs, or checks how it has exited. */
static void check_vigild(void)
{
	if (test.vigild.pid == 0 && test.must_live)
		fault_broken("vigild exited: %s", last_words());
	if (test.vigild.pid == 0)
		check_end();
	else
		test.lived++;
}

/* --- replies ---------------------------------------------------------------------------------- */

/* Whether the error names a lack of memory or another cause in vigild, not in the request. */
static bool is_honest(int code)
{
	return code == -32603 || code == -32003 || code == -32004;
}

static void check_reply(const json_t *reply, const json_t *wanted)
{
	const json_t *result = json_object_get(reply, "result");
	int code =
		(int)json_integer_value(json_object_get(json_object_get(reply, "error"), "code"));
	int right =
		(int)json_integer_value(json_object_get(json_object_get(wanted, "error"), "code"));
	char *text = json_dumps(reply, JSON_COMPACT);

	same_shape_path[0] = '\0';
	if ((result != NULL) == (code != 0))
		fault_broken("the reply has neither a result nor an error, or both: %.200s", text);
	else if (code != 0 && code != right && !is_honest(code))
		fault_broken("the reply has a wrong error: %.200s", text);
	else if (result != NULL && right == 0 && strstr(text, "Cannot allocate memory") == NULL &&
		 !same_shape(json_object_get(wanted, "result"), result))
		fault_broken("the reply differs from that without the fault at%s: %.400s",
			same_shape_path, text);
	free(text);
}

/* The unsaved text in the phase `saved`, which is different for each point. */
static void reason_of(char *text, size_t size)
{
	snprintf(text, size, "point %llu of %s", (unsigned long long)test.plan, test.mode);
}

static void before(const struct request *r)
{
	char reason[64], params[128];

	reason_of(reason, sizeof(reason));
	snprintf(params, sizeof(params), "{\"all\":true,\"reason\":\"%s\"}", reason);
	if (r->before != NULL)
		fault_ask_well(r->before, r->before_params != NULL ? r->before_params : params);
}

/* After an exit for lack of memory: checks that the memory reserved for saving was enough. */
static void check_saved(void)
{
	char path[4096], reason[64], *text;
	json_t *doc;

	if (!WIFEXITED(test.vigild.status) || WEXITSTATUS(test.vigild.status) != 70)
		return;
	reason_of(reason, sizeof(reason));
	snprintf(path, sizeof(path), "%s/state/state.json", test.vigild.work);
	doc = json_load_file(path, 0, NULL);
	text = json_dumps(doc, JSON_COMPACT);
	if (text == NULL || strstr(text, reason) == NULL)
		fault_broken("the state was not saved: %s", last_words());
	free(text);
	json_decref(doc);
}

/* Waits for a change that a request causes, for so many milliseconds. */
static bool await_change(int fd, int patience)
{
	json_t *line;
	enum vigild_answer answer = vigild_read(&test.vigild, fd, patience, &line);

	json_decref(line);
	return answer == ANSWERED;
}

static int begin_watch(const char *pointer)
{
	char params[256];
	int fd = vigild_connect(&test.vigild);

	snprintf(params, sizeof(params), "{\"pointer\":\"%s\"}", pointer);
	if (fd < 0 || vigild_send(fd, "watch", params) < 0 || !await_change(fd, VIGILD_PATIENCE))
		fault_give_up("the verb watch fails without a fault");
	return fd;
}

static void check_alive(void)
{
	json_t *reply;

	if (vigild_has_ended(&test.vigild))
		return;
	if (vigild_ask(&test.vigild, "version", "{}", &reply) != ANSWERED &&
		!vigild_await_end(&test.vigild, VIGILD_PATIENCE)) {
		fault_broken("vigild neither replies nor exits");
		vigild_kill(&test.vigild);
	}
	json_decref(reply);
}

/* Waits until no more changes arrive; false: none has arrived. */
static bool await_quiet(int fd, int patience)
{
	if (!await_change(fd, patience))
		return false;
	while (await_change(fd, QUIET))
		;
	return true;
}

static json_t *give_order(void)
{
	char command[2 * 4096];

	snprintf(command, sizeof(command), "cat '%s/order' >'%s/orders'", test.vigild.work,
		test.vigild.work);
	if (system(command) != 0)
		fault_broken("the order cannot be written");
	return json_pack("{s:{}}", "result");
}

static enum vigild_answer ask(const struct request *r, json_t **reply)
{
	if (strcmp(r->method, ORDER) != 0)
		return vigild_ask(&test.vigild, r->method, r->params, reply);
	*reply = give_order();
	return ANSWERED;
}

/* Sends the request without a fault, and waits for all changes that it causes.  This checks that
 * the fault before has no lasting effect.  The request is repeated, because after a lost result the
 * next one may change nothing, and because a call that hangs since the fault must reach its
 * deadline first. */
static json_t *request_well(const struct request *r)
{
	json_t *wanted;
	int watch;

	before(r);
	if (r->told == NULL) {
		ask(r, &wanted);
		return wanted;
	}
	watch = begin_watch(r->told);
	for (int i = 0;; i++) {
		ask(r, &wanted);
		if (await_quiet(watch, SETTLE))
			break;
		if (i * SETTLE >= VIGILD_PATIENCE) {
			fault_broken("the request causes no change after the fault");
			break;
		}
		json_decref(wanted);
	}
	close(watch);
	return wanted;
}

/* A reply with the whole state depends on what the daemons are doing, so they must have finished
 * what they began. */
static void settle(const struct request *r)
{
	int fd;

	if (strcmp(r->method, "get") != 0 || strcmp(r->params, "{}") != 0)
		return;
	fd = begin_watch("/daemons");
	while (await_change(fd, 5 * QUIET))
		;
	close(fd);
}

/* Makes one request with faults.  Returns whether something failed.  *changed: whether the request
 * had its effect in time, or none is expected. */
static bool try_request(const struct request *r, bool *changed)
{
	enum vigild_answer answer;
	json_t *wanted, *reply;
	int watch = -1;
	bool failed;

	fault_boot_well();
	settle(r);
	wanted = request_well(r);
	before(r);
	if (r->told != NULL)
		watch = begin_watch(r->told);
	vigild_forget(&test.vigild);
	test.fault->arm();
	answer = ask(r, &reply);
	*changed = watch < 0 || await_quiet(watch, SETTLE);
	failed = test.fault->disarm();
	if (answer == ANSWERED)
		check_reply(reply, wanted);
	else if (answer != CLOSED)
		fault_broken(answer == TORN ? "the reply is incomplete" : "there is no reply");
	check_alive();
	check_vigild();
	if (test.vigild.pid == 0 && strcmp(r->phase, "saved") == 0)
		check_saved();
	if (watch >= 0)
		close(watch);
	json_decref(wanted);
	json_decref(reply);
	return failed;
}

/* Returns whether there was something to fail.  On a busy machine the request may have had no
 * effect yet, or the change was one of the request before, so that nothing could fail.  Then it is
 * repeated, because the first point of each phase has an allocation to fail. */
static bool request_point(const struct request *r)
{
	bool failed, changed;
	int tries = 10;

	do
		failed = try_request(r, &changed);
	while (!failed && (!changed || test.points == 0) && --tries > 0);
	return failed;
}

/* --- the page --------------------------------------------------------------------------------- */

static bool page_point(const struct request *r)
{
	bool failed;
	int status;

	fault_boot_well();
	status = page_get(&test.vigild, r->params);
	if (status != 200)
		fault_broken("the HTTP status without a fault is %d", status);
	vigild_forget(&test.vigild);
	test.fault->arm();
	status = page_get(&test.vigild, r->params);
	failed = test.fault->disarm();
	check_alive();
	/* An incomplete page of a vigild that has exited is a closed connection, which clients
	 * notice. */
	if (status == PAGE_SILENT || (status == PAGE_TORN && test.vigild.pid > 0))
		fault_broken(status == PAGE_TORN ? "the page is incomplete" : "there is no page");
	else if (status > 0 && status != 200 && (status < 500 || status > 599))
		fault_broken("the HTTP status is %d", status);
	check_vigild();
	return failed;
}

/* --- its start and its stop ------------------------------------------------------------------- */

void fault_stop_vigild(void)
{
	if (test.vigild.pid > 0)
		kill(test.vigild.pid, SIGTERM);
	if (!vigild_await_end(&test.vigild, VIGILD_PATIENCE)) {
		fault_broken("vigild does not exit");
		vigild_kill(&test.vigild);
	}
}

static bool boot_point(void)
{
	bool hung, up, failed;

	test.fault->arm_boot();
	up = vigild_boot(&test.vigild, &hung);
	failed = test.fault->disarm();
	if (hung) {
		fault_broken("vigild neither starts nor exits");
		vigild_kill(&test.vigild);
		return failed;
	}
	if (up)
		check_alive();
	test.lived += test.vigild.pid > 0;
	test.ended -= test.vigild.pid > 0;
	fault_stop_vigild();
	check_end();
	return failed;
}

static bool stop_point(void)
{
	bool failed;

	fault_boot_well();
	vigild_forget(&test.vigild);
	test.fault->arm();
	fault_stop_vigild();
	failed = test.fault->disarm();
	check_end();
	return failed;
}

/* --- all points of a phase -------------------------------------------------------------------- */

bool fault_point(void)
{
	if (strcmp(test.phase, "boot") == 0)
		return boot_point();
	if (strcmp(test.phase, "stop") == 0)
		return stop_point();
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (strcmp(test.phase, requests[i].phase) == 0)
			return strcmp(requests[i].method, GET) == 0 ? page_point(&requests[i])
								    : request_point(&requests[i]);
	fault_give_up("unknown phase");
	return false;
}

int fault_list_phases(void)
{
	puts("boot\nstop");
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		if (strcmp(requests[i].phase, "average") == 0)
			break;
		puts(requests[i].phase);
	}
	return EXIT_SUCCESS;
}
