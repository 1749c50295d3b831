/*
 * fault: one fault in one phase of a vigild's life, and whether what came of it is bearable.  See
 * judge.h.
 */
#include "fault.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash_marker_page.h"

#define SETTLE 1000 /* milliseconds for what a request sets off to begin to show */
#define QUIET  30   /* and for more of it to follow */

/* In the place of a method: what follows is asked of the http module, at its socket. */
#define GET "GET"
/* And here nothing is asked, but something happens: the ground's `order` goes to its `orders`. */
#define ORDER "order"

struct judge judge;
/* What is asked in a phase, and what before it so that it can be asked again. */
static const struct request {
	const char *phase, *method, *params;
	const char *before, *before_params;
	const char *told; /* where the change is that it sets off; NULL: the reply is all */
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
	{"restart", "restart", "{\"name\":\"script\"}", NULL, NULL, "/daemons/script"},
	{"plugin", "run", "{\"name\":\"plugin\"}", NULL, NULL, "/daemons/plugin"},
	/* Before it, a pause that only the saving at its end can bring into the file: see before(). */
	{"saved", "get", "{}", "pause", NULL, NULL},
	/* The rest is for the ground with the other modules. */
	{"average", "run", "{\"name\":\"mean\"}", NULL, NULL, "/daemons/mean"},
	{"system", "run", "{\"name\":\"machine\"}", NULL, NULL, "/daemons/machine"},
	{"notify", "run", "{\"name\":\"flip\"}", NULL, NULL, "/daemons/tell"},
	{"icinga", "run", "{\"name\":\"flip\"}", NULL, NULL, "/daemons/master"},
	{"unit", ORDER, "", "restart", "{\"name\":\"unit\"}", "/daemons/unit"},
	{"unit-restart", "restart", "{\"name\":\"unit\"}", NULL, NULL, "/daemons/unit"},
	{"page", GET, "/", NULL, NULL, NULL},
	{"metrics", GET, "/metrics", NULL, NULL, NULL},
	{"json", GET, "/v1/state", NULL, NULL, NULL},
};

void judge_broken(const char *format, ...)
{
	va_list ap;

	judge.broken++;
	printf("broken: %s, %s%s%s %llu: ", judge.phase, judge.what != NULL ? judge.what : "",
		judge.what != NULL ? ", " : "", judge.mode, (unsigned long long)judge.plan);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* --- what must hold whenever it has ended ----------------------------------------------------- */

/* Its last words, on one line. */
static const char *last_words(void)
{
	const char *line = judge.subject.said;
	char *end;

	while (judge.subject.length > 0 && judge.subject.said[judge.subject.length - 1] == '\n')
		judge.subject.said[--judge.subject.length] = '\0';
	end = strrchr(judge.subject.said, '\n');
	if (end != NULL)
		line = end + 1;
	return line;
}

static void judge_end(void)
{
	int status = judge.subject.status;
	const char *library = NULL;

	judge.ended++;
	if (WIFSIGNALED(status) && judge.fault->crashed_in != NULL)
		library = judge.fault->crashed_in();
	if (library != NULL)
		printf("library: %s, in %s\n", library, judge.phase);
	else if (WIFSIGNALED(status))
		judge_broken("ended by signal %d: %s", WTERMSIG(status), last_words());
	else if (WEXITSTATUS(status) != 0 && judge.subject.length == 0 &&
		 !judge.fault->may_be_speechless)
		judge_broken("ended with %d without a word", WEXITSTATUS(status));
	else if (WEXITSTATUS(status) == 70 && !judge.fault->may_be_speechless &&
		 !vigild_said(&judge.subject, ": exiting, so that it is started again"))
		judge_broken("ended with 70, and said %s", last_words());
	remains_check();
}

/* After a point: whether it still lives, or how it has ended. */
static void judge_subject(void)
{
	if (judge.subject.pid == 0 && judge.must_live)
		judge_broken("it has ended: %s", last_words());
	if (judge.subject.pid == 0)
		judge_end();
	else
		judge.lived++;
}

/* --- a boot without faults -------------------------------------------------------------------- */

static void give_up(const char *what)
{
	bool ended = vigild_has_ended(&judge.subject);

	printf("broken: %s, %s %llu: %s (%s, %x)\n%s\n", judge.phase, judge.mode,
		(unsigned long long)judge.plan, what, ended ? "it has ended" : "it lives",
		ended ? (unsigned)judge.subject.status : 0, judge.subject.said);
	vigild_kill(&judge.subject);
	exit(EXIT_FAILURE);
}

static void ask_well(const char *method, const char *params)
{
	json_t *reply;
	enum vigild_answer answer = vigild_ask(&judge.subject, method, params, &reply);

	if (answer != ANSWERED)
		give_up(answer == CLOSED ? "without faults a connection is closed"
					 : "without faults there is no answer");
	json_decref(reply);
}

static bool has(const char *pointer)
{
	char params[256];
	json_t *reply;
	bool found;

	snprintf(params, sizeof(params), "{\"pointer\":\"%s\"}", pointer);
	vigild_ask(&judge.subject, "get", params, &reply);
	found = json_object_get(reply, "result") != NULL;
	json_decref(reply);
	return found;
}

/* Up, and each daemon that the ground names in `ready` has looked once, so that what a reply holds
 * does not change by itself: lines of NAME POINTER, where the pointer is there once it has. */
static void boot_well(void)
{
	char path[4096], name[64], pointer[128], params[128];
	bool hung;
	FILE *file;

	if (judge.subject.pid > 0)
		return;
	if (!vigild_boot(&judge.subject, &hung))
		give_up("without faults it does not boot");
	ask_well("resume", "{\"all\":true}");
	snprintf(path, sizeof(path), "%s/ready", judge.subject.work);
	file = fopen(path, "re");
	while (file != NULL && fscanf(file, "%63s %127s", name, pointer) == 2) {
		snprintf(params, sizeof(params), "{\"name\":\"%s\"}", name);
		ask_well("run", params);
		for (int n = 0; !has(pointer); n++, usleep(5000))
			if (n == 4000)
				give_up(pointer);
	}
	if (file != NULL)
		fclose(file);
}

/* --- replies ---------------------------------------------------------------------------------- */

/* No memory is the host's trouble, and that is what it has to say. */
static bool is_honest(int code)
{
	return code == -32603 || code == -32003 || code == -32004;
}

static void judge_reply(const json_t *reply, const json_t *wanted)
{
	const json_t *result = json_object_get(reply, "result");
	int code =
		(int)json_integer_value(json_object_get(json_object_get(reply, "error"), "code"));
	int right =
		(int)json_integer_value(json_object_get(json_object_get(wanted, "error"), "code"));
	char *text = json_dumps(reply, JSON_COMPACT);

	if ((result != NULL) == (code != 0))
		judge_broken("neither a result nor an error, or both: %.200s", text);
	else if (code != 0 && code != right && !is_honest(code))
		judge_broken("an error that is not so: %.200s", text);
	else if (result != NULL && right == 0 && strstr(text, "Cannot allocate memory") == NULL &&
		 !judge_alike(json_object_get(wanted, "result"), result))
		judge_broken("another reply than without the fault: %.400s", text);
	free(text);
}

/* What is unsaved in the phase that is about saving: another text for each point. */
static void reason_of(char *text, size_t size)
{
	snprintf(text, size, "point %llu of %s", (unsigned long long)judge.plan, judge.mode);
}

static void before(const struct request *r)
{
	char reason[64], params[128];

	reason_of(reason, sizeof(reason));
	snprintf(params, sizeof(params), "{\"all\":true,\"reason\":\"%s\"}", reason);
	if (r->before != NULL)
		ask_well(r->before, r->before_params != NULL ? r->before_params : params);
}

/* After an end for want of memory: whether what was put by for saving was enough. */
static void check_saved(void)
{
	char path[4096], reason[64], *text;
	json_t *doc;

	if (!WIFEXITED(judge.subject.status) || WEXITSTATUS(judge.subject.status) != 70)
		return;
	reason_of(reason, sizeof(reason));
	snprintf(path, sizeof(path), "%s/state/state.json", judge.subject.work);
	doc = json_load_file(path, 0, NULL);
	text = json_dumps(doc, JSON_COMPACT);
	if (text == NULL || strstr(text, reason) == NULL)
		judge_broken("the state was not saved: %s", last_words());
	free(text);
	json_decref(doc);
}

/* Waits for the change that a request sets off, as long as it may come. */
static bool await_change(int fd, int patience)
{
	json_t *line;
	enum vigild_answer answer = vigild_read(&judge.subject, fd, patience, &line);

	json_decref(line);
	return answer == ANSWERED;
}

static int begin_watch(const char *pointer)
{
	char params[256];
	int fd = vigild_connect(&judge.subject);

	snprintf(params, sizeof(params), "{\"pointer\":\"%s\"}", pointer);
	if (fd < 0 || vigild_send(fd, "watch", params) < 0 || !await_change(fd, SUBJECT_PATIENCE))
		give_up("without faults there is no watch");
	return fd;
}

static void check_alive(void)
{
	json_t *reply;

	if (vigild_has_ended(&judge.subject))
		return;
	if (vigild_ask(&judge.subject, "version", "{}", &reply) != ANSWERED &&
		!vigild_await_end(&judge.subject, SUBJECT_PATIENCE)) {
		judge_broken("it neither answers nor ends");
		vigild_kill(&judge.subject);
	}
	json_decref(reply);
}

/* Until nothing is told any more; false: nothing was. */
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

	snprintf(command, sizeof(command), "cat '%s/order' >'%s/orders'", judge.subject.work,
		judge.subject.work);
	if (system(command) != 0)
		judge_broken("the order cannot be given");
	return json_pack("{s:{}}", "result");
}

static enum vigild_answer ask(const struct request *r, json_t **reply)
{
	if (strcmp(r->method, ORDER) != 0)
		return vigild_ask(&judge.subject, r->method, r->params, reply);
	*reply = give_order();
	return ANSWERED;
}

/* The request without a fault, and all that it sets off: the fault before left nothing that
 * would prevent it.  It is repeated: a result that was lost may be followed by one that changes
 * nothing, and what the fault made hang must run into its deadline first. */
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
		if (i * SETTLE >= SUBJECT_PATIENCE) {
			judge_broken("afterwards, and without a fault, nothing comes of it");
			break;
		}
		json_decref(wanted);
	}
	close(watch);
	return wanted;
}

/* One request with faults; true while there was something to fail. */
static bool request_point(const struct request *r)
{
	enum vigild_answer answer;
	json_t *wanted, *reply;
	int watch = -1;
	bool failed;

	boot_well();
	wanted = request_well(r);
	before(r);
	if (r->told != NULL)
		watch = begin_watch(r->told);
	vigild_forget(&judge.subject);
	judge.fault->arm();
	answer = ask(r, &reply);
	if (watch >= 0)
		await_quiet(watch, SETTLE);
	failed = judge.fault->disarm();
	if (answer == ANSWERED)
		judge_reply(reply, wanted);
	else if (answer != CLOSED)
		judge_broken(answer == TORN ? "half a reply" : "no reply");
	check_alive();
	judge_subject();
	if (judge.subject.pid == 0 && strcmp(r->phase, "saved") == 0)
		check_saved();
	if (watch >= 0)
		close(watch);
	json_decref(wanted);
	json_decref(reply);
	return failed;
}

/* --- the page --------------------------------------------------------------------------------- */

static bool page_point(const struct request *r)
{
	bool failed;
	int status;

	boot_well();
	status = page_get(&judge.subject, r->params);
	if (status != 200)
		judge_broken("without a fault the page's status is %d", status);
	vigild_forget(&judge.subject);
	judge.fault->arm();
	status = page_get(&judge.subject, r->params);
	failed = judge.fault->disarm();
	check_alive();
	/* Half a page of one that has ended is a closed connection: whoever reads it can tell. */
	if (status == PAGE_SILENT || (status == PAGE_TORN && judge.subject.pid > 0))
		judge_broken(status == PAGE_TORN ? "half a page" : "no page");
	else if (status > 0 && status != 200 && (status < 500 || status > 599))
		judge_broken("the page's status is %d", status);
	judge_subject();
	return failed;
}

/* --- the two ends of its life ----------------------------------------------------------------- */

void judge_stop(void)
{
	if (judge.subject.pid > 0)
		kill(judge.subject.pid, SIGTERM);
	if (!vigild_await_end(&judge.subject, SUBJECT_PATIENCE)) {
		judge_broken("it does not end");
		vigild_kill(&judge.subject);
	}
}

static bool boot_point(void)
{
	bool hung, up, failed;

	judge.fault->arm_boot();
	up = vigild_boot(&judge.subject, &hung);
	failed = judge.fault->disarm();
	if (hung) {
		judge_broken("it neither comes up nor ends");
		vigild_kill(&judge.subject);
		return failed;
	}
	if (up)
		check_alive();
	judge.lived += judge.subject.pid > 0;
	judge.ended -= judge.subject.pid > 0;
	judge_stop();
	judge_end();
	return failed;
}

static bool stop_point(void)
{
	bool failed;

	boot_well();
	vigild_forget(&judge.subject);
	judge.fault->arm();
	judge_stop();
	failed = judge.fault->disarm();
	judge_end();
	return failed;
}

/* --- all of a phase --------------------------------------------------------------------------- */

bool judge_point(void)
{
	if (strcmp(judge.phase, "boot") == 0)
		return boot_point();
	if (strcmp(judge.phase, "stop") == 0)
		return stop_point();
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		if (strcmp(judge.phase, requests[i].phase) == 0)
			return strcmp(requests[i].method, GET) == 0 ? page_point(&requests[i])
								    : request_point(&requests[i]);
	give_up("there is no such phase");
	return false;
}

int judge_list_phases(void)
{
	puts("boot\nstop");
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		if (strcmp(requests[i].phase, "average") == 0)
			break;
		puts(requests[i].phase);
	}
	return EXIT_SUCCESS;
}
