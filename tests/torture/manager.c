/*
 * manager: a fake systemd on a separate bus, which misbehaves on demand.
 *
 *     manager UNIT...
 *
 * It runs each unit as a process that does nothing, signals its exits and restarts it, as far as
 * vigild can see that of systemd.  Orders come on stdin, one a line:
 *
 *     well | silent | late MS | lying | erring | mortal    how it answers from now on
 *     crash UNIT                                           kills the process of a unit
 *
 * After `mortal` it exits during the next call.  On stdout it prints `ready` when it has its bus
 * name, `did ORDER` when an order was carried out, and `restart` for each request for a restart,
 * whatever it answers, so that a test can count unwanted ones.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#define NAME     "org.freedesktop.systemd1"
#define OBJECT   "/org/freedesktop/systemd1"
#define ROW      "ssssssouso"
#define JOB      OBJECT "/job/%u"
#define LATE_MAX 4096

enum manner { WELL, SILENT, LATE, LYING, ERRING, MORTAL };

static const char *const manners[] = {"well", "silent", "late", "lying", "erring", "mortal"};

struct unit {
	const char *name;
	char *path;
	pid_t pid; /* 0: the unit has failed */
};

static sd_bus *bus;
static struct unit *units;
static int unit_count;
static enum manner manner;
static long late_ms;
static unsigned calls, jobs; /* so far */

/* Calls whose reply is delayed. */
static struct {
	sd_bus_message *call;
	long when;
} late[LATE_MAX];
static int late_count;

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

/* --- units ------------------------------------------------------------------------------------ */

static struct unit *find(const char *name, const char *path)
{
	for (int i = 0; i < unit_count; i++)
		if ((name != NULL && strcmp(units[i].name, name) == 0) ||
			(path != NULL && strcmp(units[i].path, path) == 0))
			return &units[i];
	return NULL;
}

static void start(struct unit *unit)
{
	pid_t parent = getpid();

	unit->pid = fork();
	if (unit->pid < 0)
		die("fork");
	if (unit->pid > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGTERM, SIG_DFL);
	for (int fd = 0; fd < 64; fd++)
		close(fd);
	for (;;)
		pause();
}

static void tell_of(const struct unit *unit)
{
	static const char properties[] = "org.freedesktop.DBus.Properties";

	if (manner == LYING)
		sd_bus_emit_signal(bus, unit->path, properties, "PropertiesChanged", "sa{sv}as",
			NAME ".Unit", 2, "ActiveState", "u", 7, "MainPID", "s", "banana", 0);
	else if (manner != SILENT)
		sd_bus_emit_signal(bus, unit->path, properties, "PropertiesChanged", "sa{sv}as",
			NAME ".Unit", 2, "ActiveState", "s", unit->pid ? "active" : "failed",
			"SubState", "s", unit->pid ? "running" : "failed", 0);
}

static void reap(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		for (int i = 0; i < unit_count; i++)
			if (units[i].pid == pid) {
				units[i].pid = 0;
				tell_of(&units[i]);
			}
}

/* --- right replies ---------------------------------------------------------------------------- */

static int append_row(sd_bus_message *answer, const char *name)
{
	const struct unit *unit = find(name, NULL);
	const char *active = unit == NULL ? "inactive" : unit->pid ? "active" : "failed";
	const char *sub = unit == NULL ? "dead" : unit->pid ? "running" : "failed";

	return sd_bus_message_append(answer, "(" ROW ")", name, name, unit ? "loaded" : "not-found",
		active, sub, "", unit ? unit->path : OBJECT "/unit/none", 0, "", "/");
}

static int answer_list(sd_bus_message *call, sd_bus_message *answer)
{
	const char *name;
	int r = sd_bus_message_enter_container(call, 'a', "s");

	if (r >= 0)
		r = sd_bus_message_open_container(answer, 'a', "(" ROW ")");
	while (r >= 0 && (r = sd_bus_message_read_basic(call, 's', &name)) > 0)
		r = append_row(answer, name);
	return r < 0 ? r : sd_bus_message_close_container(answer);
}

/* Properties with the same value for each unit. */
static int answer_constant(const char *property, sd_bus_message *answer)
{
	static const char *const lists[] = {"Conflicts", "ConflictedBy", "TriggeredBy",
		"ConsistsOf", "Names", "WantedBy", "RequiredBy"};
	static const char *const conditions[] = {"Conditions", "Asserts"};
	static const char *const met[] = {"ConditionResult", "AssertResult"};
	static const char *const unset[] = {"RemainAfterExit", "StopWhenUnneeded"};
	static const char *const texts[] = {"Type", "ControlGroup", "SourcePath"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (strcmp(property, lists[i]) == 0)
			return sd_bus_message_append(answer, "v", "as", 0);
	for (size_t i = 0; i < sizeof(conditions) / sizeof(*conditions); i++)
		if (strcmp(property, conditions[i]) == 0)
			return sd_bus_message_append(answer, "v", "a(sbbsi)", 0);
	for (size_t i = 0; i < sizeof(met) / sizeof(*met); i++)
		if (strcmp(property, met[i]) == 0)
			return sd_bus_message_append(answer, "v", "b", 1);
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (strcmp(property, texts[i]) == 0)
			return sd_bus_message_append(answer, "v", "s", "");
	for (size_t i = 0; i < sizeof(unset) / sizeof(*unset); i++)
		if (strcmp(property, unset[i]) == 0)
			return sd_bus_message_append(answer, "v", "b", 0);
	return 0;
}

static int answer_get(sd_bus_message *call, sd_bus_message *answer)
{
	const struct unit *unit = find(NULL, sd_bus_message_get_path(call));
	const char *interface, *property;
	int r = sd_bus_message_read(call, "ss", &interface, &property);

	if (r < 0)
		return r;
	if (strcmp(property, "SystemState") == 0)
		return sd_bus_message_append(answer, "v", "s", "running");
	if (strcmp(property, "MainPID") == 0)
		return sd_bus_message_append(answer, "v", "u", unit ? unit->pid : 0);
	if (strcmp(property, "NRestarts") == 0)
		return sd_bus_message_append(answer, "v", "u", 0);
	if (strcmp(property, "Result") == 0)
		return sd_bus_message_append(
			answer, "v", "s", unit && unit->pid ? "success" : "signal");
	if (strcmp(property, "ExecMainStatus") == 0)
		return sd_bus_message_append(answer, "v", "i", unit && unit->pid ? 0 : SIGKILL);
	r = answer_constant(property, answer);
	return r != 0 ? r : sd_bus_message_append(answer, "v", "t", (uint64_t)jobs);
}

/* The unit whose restart is signalled after the reply. */
static struct unit *restarted;

static int answer_restart(sd_bus_message *call, sd_bus_message *answer)
{
	const char *name, *mode;
	char job[64];
	int r = sd_bus_message_read(call, "ss", &name, &mode);

	restarted = r < 0 ? NULL : find(name, NULL);
	if (restarted == NULL)
		return r < 0 ? r : -ENOENT;
	if (restarted->pid)
		kill(restarted->pid, SIGKILL);
	start(restarted);
	snprintf(job, sizeof(job), JOB, ++jobs);
	return sd_bus_message_append(answer, "o", job);
}

static int tell_of_restart(void)
{
	char job[64];

	if (restarted == NULL)
		return 0;
	tell_of(restarted);
	snprintf(job, sizeof(job), JOB, jobs);
	return sd_bus_emit_signal(bus, OBJECT, NAME ".Manager", "JobRemoved", "uoss", jobs, job,
		restarted->name, "done");
}

static int answer_truly(sd_bus_message *call, sd_bus_message *answer)
{
	const char *member = sd_bus_message_get_member(call);

	if (strcmp(member, "ListUnitsByNames") == 0)
		return answer_list(call, answer);
	if (strcmp(member, "Get") == 0)
		return answer_get(call, answer);
	if (strcmp(member, "RestartUnit") == 0)
		return answer_restart(call, answer);
	return 0; /* Subscribe, ResetFailedUnit: an empty reply */
}

/* --- wrong replies ---------------------------------------------------------------------------- */

/* Invalid rows, or rows of other units; the kind selects one of several errors. */
static int lie_of_row(sd_bus_message *answer, const char *name, unsigned kind, unsigned n)
{
	static char long_text[200000];
	const char *active = kind == 1 ? "banana" : kind == 2 ? "" : long_text;
	int r = 0;

	memset(long_text, 'x', sizeof(long_text) - 1);
	switch (kind) {
	case 4: /* a row of another unit */
		return sd_bus_message_append(answer, "(" ROW ")", "other.service", "", "loaded",
			"failed", "failed", "", OBJECT "/unit/other_2eservice", 0, "", "/");
	case 5: /* the first row is missing */ return n > 0 ? append_row(answer, name) : 0;
	case 6: /* each row is there twice */
		r = append_row(answer, name);
		return r < 0 ? r : append_row(answer, name);
	default:
		return sd_bus_message_append(answer, "(" ROW ")", name, "", "loaded", active,
			active, "", OBJECT "/unit/x", 0, active, "/");
	}
}

static int lie_of_rows(sd_bus_message *call, sd_bus_message *answer, unsigned kind)
{
	const char *name;
	unsigned n = 0;
	int r = sd_bus_message_enter_container(call, 'a', "s");

	if (r >= 0)
		r = sd_bus_message_open_container(answer, 'a', "(" ROW ")");
	while (r >= 0 && (r = sd_bus_message_read_basic(call, 's', &name)) > 0)
		r = lie_of_row(answer, name, kind, n++);
	return r < 0 ? r : sd_bus_message_close_container(answer);
}

static int lie(sd_bus_message *call, sd_bus_message *answer)
{
	const char *member = sd_bus_message_get_member(call);
	unsigned kind = calls % 8;

	if (strcmp(member, "ListUnitsByNames") == 0 && kind > 0 && kind < 7)
		return lie_of_rows(call, answer, kind);
	if (strcmp(member, "ListUnitsByNames") == 0 && kind == 7)
		return sd_bus_message_append(answer, "a(ss)", 1, "one", "two");
	if (strcmp(member, "Get") == 0 && kind % 2 == 0)
		return sd_bus_message_append(answer, "v", "s", "banana");
	if (strcmp(member, "Get") == 0)
		return sd_bus_message_append(answer, "v", "u", kind == 1 ? 1 : UINT32_MAX);
	return sd_bus_message_append(answer, "s", "nothing of the kind");
}

static int err(sd_bus_message *call)
{
	static const char *const names[] = {SD_BUS_ERROR_ACCESS_DENIED, SD_BUS_ERROR_NO_REPLY,
		SD_BUS_ERROR_UNKNOWN_OBJECT, SD_BUS_ERROR_LIMITS_EXCEEDED, SD_BUS_ERROR_FAILED,
		SD_BUS_ERROR_UNKNOWN_METHOD, SD_BUS_ERROR_DISCONNECTED, NAME ".Banana"};

	return sd_bus_reply_method_errorf(
		call, names[calls % (sizeof(names) / sizeof(names[0]))], "not today");
}

/* --- calls ------------------------------------------------------------------------------------ */

static void reply(sd_bus_message *call)
{
	sd_bus_message *answer = NULL;
	int r = sd_bus_message_new_method_return(call, &answer);

	restarted = NULL;
	if (r >= 0)
		r = manner == LYING ? lie(call, answer) : answer_truly(call, answer);
	if (r >= 0)
		r = sd_bus_send(bus, answer, NULL);
	if (r >= 0)
		r = tell_of_restart();
	if (r < 0)
		sd_bus_reply_method_errno(call, r, NULL);
	sd_bus_message_unref(answer);
}

static int on_message(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	const char *interface = sd_bus_message_get_interface(message);

	if (!sd_bus_message_is_method_call(message, NULL, NULL) ||
		(interface != NULL && strcmp(interface, "org.freedesktop.DBus.Peer") == 0))
		return 0;
	calls++;
	if (sd_bus_message_is_method_call(message, NULL, "RestartUnit"))
		tell("restart");
	if (manner == MORTAL)
		_exit(EXIT_SUCCESS);
	if (manner == ERRING)
		err(message);
	else if (manner == LATE && late_count < LATE_MAX) {
		late[late_count].call = sd_bus_message_ref(message);
		late[late_count++].when = now_ms() + late_ms;
	} else if (manner == WELL || manner == LYING)
		reply(message);
	return 1;
}

static void reply_late(void)
{
	int n = 0;

	while (n < late_count && late[n].when <= now_ms()) {
		reply(late[n].call);
		sd_bus_message_unref(late[n++].call);
	}
	late_count -= n;
	memmove(late, late + n, (size_t)late_count * sizeof(late[0]));
}

/* --- orders ----------------------------------------------------------------------------------- */

static void obey(char *order)
{
	char *word = strtok(order, " \n"), *argument = strtok(NULL, " \n");
	struct unit *unit = argument ? find(argument, NULL) : NULL;

	if (word == NULL)
		return;
	for (size_t i = 0; i < sizeof(manners) / sizeof(manners[0]); i++)
		if (strcmp(word, manners[i]) == 0)
			manner = (enum manner)i;
	if (strcmp(word, "late") == 0)
		late_ms = argument ? atol(argument) : 0;
	if (strcmp(word, "crash") == 0 && unit != NULL && unit->pid > 0)
		kill(unit->pid, SIGKILL);
	tell("did %s", word);
}

/* Reads complete lines; false at the end. */
static bool read_orders(void)
{
	static char text[4096];
	static size_t length;
	ssize_t n = read(STDIN_FILENO, text + length, sizeof(text) - 1 - length);
	char *line = text, *end;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	text[length += (size_t)n] = '\0';
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		obey(line);
	}
	length = strlen(line);
	memmove(text, line, length + 1);
	return true;
}

static void serve(void)
{
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}};
	int r;

	for (;;) {
		while ((r = sd_bus_process(bus, NULL)) > 0)
			;
		if (r < 0)
			return;
		reap();
		reply_late();
		fds[1] = (struct pollfd){
			.fd = sd_bus_get_fd(bus), .events = (short)sd_bus_get_events(bus)};
		if (poll(fds, 2, 10) > 0 && fds[0].revents != 0 && !read_orders())
			return;
	}
}

int main(int argc, char **argv)
{
	int r;

	units = calloc((size_t)argc, sizeof(*units));
	if (units == NULL)
		die("calloc");
	for (unit_count = 0; unit_count < argc - 1; unit_count++) {
		struct unit *unit = &units[unit_count];

		unit->name = argv[unit_count + 1];
		if (sd_bus_path_encode(OBJECT "/unit", unit->name, &unit->path) < 0)
			die(unit->name);
		start(unit);
	}
	r = sd_bus_open_system(&bus);
	if (r >= 0)
		r = sd_bus_add_filter(bus, NULL, on_message, NULL);
	if (r >= 0)
		r = sd_bus_request_name(bus, NAME, 0);
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], strerror(-r));
		return EXIT_FAILURE;
	}
	tell("ready");
	serve();
	return EXIT_SUCCESS;
}
