/*
 * fuzz_bus: messages of systemd with any content and of any type.
 *
 * The bytes say how to make a message: which reader it is for, its types, and its values. The
 * message is then read as if it had come over the bus. A message of other types than systemd's must
 * be refused, and a unit counts as running only if its state says so.
 */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "service/systemd/unit_cache.h"
#include "service/systemd/unit_info.h"
#include "service/systemd/unit_message.h"

#define JOB          SYSTEMD_OBJECT "/job/1"
#define DEPTH        4
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- making the message ----------------------------------------------------------------------- */

struct input {
	const uint8_t *data;
	size_t left;
};

static uint8_t take_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

static uint64_t take_number(struct input *in, unsigned bytes)
{
	uint64_t number = 0;

	while (bytes-- > 0)
		number = number << 8 | take_byte(in);
	return number;
}

static const char *const words[] = {"active", "inactive", "failed", "activating", "deactivating",
	"reloading", "maintenance", "loaded", "masked", "not-found", "start", "restart", "stop",
	"done", "ActiveState", "SubState", "MainPID", "exit-code", "start-limit-hit",
	"auto-restart", "exited", UNIT_SHUTDOWN, "a.service", "running", ""};

/* A byte from 0xe0 on stands for a word that systemd uses; any other one is the length of a
 * text. */
static const char *take_text(struct input *in, char text[1024])
{
	size_t length = take_byte(in);

	if (length >= 0xe0)
		return words[(length - 0xe0) % COUNT(words)];
	for (size_t i = 0; i < length; i++)
		text[i] = (char)take_byte(in);
	text[length] = '\0';
	if (length == 0xdf) { /* a long one */
		memset(text, 'x', 1023);
		text[1023] = '\0';
	}
	return text;
}

/* libsystemd refuses what is not UTF-8, and characters such as U+FDD0.  Before version 248 it does
 * so only when it reads the message. */
static bool is_valid(const char *text)
{
	uint32_t c = 0;
	size_t n = 1;

	for (; *text != '\0' && n > 0 && c < 0xfdd0; text += n)
		n = text_decode(text, strlen(text), &c);
	return n > 0 && c < 0xfdd0;
}

static void append_basic(sd_bus_message *m, struct input *in, char type)
{
	char room[1024];
	const char *text = "";
	union {
		uint8_t byte;
		uint32_t number;
		uint64_t time;
	} value = {0};

	switch (type) {
	case 's':
		text = take_text(in, room);
		if (!is_valid(text))
			text = "odd";
		FUZZ_HOLDS(sd_bus_message_append_basic(m, 's', text) >= 0);
		return;
	case 'o':
		text = take_byte(in) % 2 == 0 ? JOB : "/";
		FUZZ_HOLDS(sd_bus_message_append_basic(m, 'o', text) >= 0);
		return;
	case 't': value.time = take_number(in, 8); break;
	case 'b': value.number = take_byte(in) % 2; break;
	default: value.number = (uint32_t)take_number(in, 4);
	}
	FUZZ_HOLDS(sd_bus_message_append_basic(m, type, &value) >= 0);
}

/* The length of the first complete type of a signature. */
static size_t type_length(const char *types)
{
	size_t n = 0, depth = 0;

	while (types[n] == 'a')
		n++;
	do {
		depth += types[n] == '(' || types[n] == '{';
		depth -= types[n] == ')' || types[n] == '}';
		n++;
	} while (depth > 0);
	return n;
}

static void append(sd_bus_message *m, struct input *in, const char *types, unsigned depth);

static void append_container(
	sd_bus_message *m, struct input *in, char kind, const char *contents, unsigned depth)
{
	unsigned count = kind == 'a' ? take_byte(in) % 4 : 1;

	FUZZ_HOLDS(sd_bus_message_open_container(m, kind, contents) >= 0);
	while (count-- > 0)
		append(m, in, contents, depth);
	FUZZ_HOLDS(sd_bus_message_close_container(m) >= 0);
}

static void append_variant(sd_bus_message *m, struct input *in, unsigned depth)
{
	static const char *const kinds[] = {
		"s", "u", "t", "as", "a(sbbsi)", "b", "i", "o", "a{sv}", "v", "(su)", "au"};
	const char *kind = kinds[take_byte(in) % COUNT(kinds)];

	append_container(m, in, 'v', depth >= DEPTH ? "s" : kind, depth + 1);
}

static void append(sd_bus_message *m, struct input *in, const char *types, unsigned depth)
{
	char contents[64];

	for (size_t n; *types != '\0'; types += n) {
		n = type_length(types);
		if (*types == 'v') {
			append_variant(m, in, depth);
		} else if (n == 1) {
			append_basic(m, in, *types);
		} else if (*types == 'a') {
			snprintf(contents, sizeof(contents), "%.*s", (int)n - 1, types + 1);
			append_container(m, in, 'a', contents, depth);
		} else {
			snprintf(contents, sizeof(contents), "%.*s", (int)n - 2, types + 1);
			append_container(m, in, *types == '(' ? 'r' : 'e', contents, depth);
		}
	}
}

/* --- the readers ------------------------------------------------------------------------------ */

static void read_property(sd_bus_message *m, struct input *in)
{
	static const char *const types[UNIT_PROPERTIES] = {
		[UNIT_PROPERTY_PID] = "u",
		[UNIT_PROPERTY_RESPAWNS] = "u",
		[UNIT_PROPERTY_ENTERED] = "t",
		[UNIT_PROPERTY_RESULT] = "s",
		[UNIT_PROPERTY_EXIT] = "i",
		[UNIT_PROPERTY_CHANGED] = "t",
		[UNIT_PROPERTY_START_LIMIT] = "t",
		[UNIT_PROPERTY_STOP_LIMIT] = "t",
		[UNIT_PROPERTY_RESTART_DELAY] = "t",
		[UNIT_PROPERTY_CONFLICTED_BY] = "as",
		[UNIT_PROPERTY_TRIGGERED_BY] = "as",
	};
	enum unit_property property = take_byte(in) % UNIT_PROPERTIES;
	struct unit_properties before = {0}, after = {0};
	const char *contents = NULL;
	char type = '\0';
	int r, is;

	is = sd_bus_message_peek_type(m, &type, &contents) > 0 && type == 'v' &&
	     strcmp(contents, types[property]) == 0;
	r = unit_property_read(property, m, &after);
	FUZZ_HOLDS(is || r < 0);
	FUZZ_HOLDS(!is || r >= 0 || property == UNIT_PROPERTY_PID);
	FUZZ_HOLDS(r >= 0 || memcmp(&before, &after, sizeof(before)) == 0);
	FUZZ_HOLDS(after.pid >= 0);
	FUZZ_HOLDS(memchr(after.result, '\0', sizeof(after.result)) != NULL);
}

#define ENDS(text) FUZZ_HOLDS(memchr(text, '\0', sizeof(text)) != NULL)

static void judge_row(const struct unit_row *row, struct input *in)
{
	struct unit_properties properties = {.pid = (pid_t)(take_number(in, 4) & 0x7fffffff),
		.changed = take_number(in, 8),
		.limit = take_number(in, 8),
		.started = take_number(in, 8),
		.left = take_number(in, 8),
		.ended = take_number(in, 8),
		.run_limit = take_byte(in) % 2 == 0 ? UINT64_MAX : 1};
	struct manager_reply reply = {.manager = &manager_systemd};
	char room[1024];

	snprintf(properties.result, sizeof(properties.result), "%.31s", take_text(in, room));
	unit_evaluate(row, &properties, &reply);
	ENDS(reply.text), ENDS(reply.evidence), ENDS(reply.hold), ENDS(reply.idle);
	ENDS(reply.unit), ENDS(reply.load), ENDS(reply.active), ENDS(reply.sub), ENDS(reply.job);
	FUZZ_HOLDS(
		reply.status >= VIGIL_SERVICE_UNKNOWN && reply.status <= VIGIL_SERVICE_RELOADING);
	FUZZ_HOLDS(isfinite(reply.busy) && reply.busy >= 0);
	FUZZ_HOLDS(reply.busy_limit == 0 || reply.busy_limit >= reply.busy);
	FUZZ_HOLDS(reply.pid >= 0 && reply.respawns == properties.respawns);
	FUZZ_HOLDS((reply.error != 0) == (reply.fault != VIGIL_FAULT_NONE));
	if (reply.status == VIGIL_SERVICE_RUNNING)
		FUZZ_HOLDS(strcmp(row->active, "active") == 0);
	if (reply.status == VIGIL_SERVICE_ABSENT)
		FUZZ_HOLDS(strcmp(row->load, "not-found") == 0);
}

static void read_rows(sd_bus_message *m, struct input *in)
{
	bool is = strcmp(sd_bus_message_get_signature(m, true), "a(ssssssouso)") == 0;
	struct unit_row row;
	unsigned count;
	int r = unit_rows_count(m, &count);

	FUZZ_HOLDS((r >= 0) == is);
	if (r < 0)
		return;
	FUZZ_HOLDS(unit_rows_enter(m) >= 0);
	while ((r = unit_row_read(m, &row)) > 0) {
		FUZZ_HOLDS(row.name && row.load && row.active && row.sub && row.path && row.job);
		judge_row(&row, in);
		FUZZ_HOLDS(count-- > 0);
	}
	FUZZ_HOLDS(r == 0 && count == 0);
}

static void read_change(sd_bus_message *m, struct input *in)
{
	struct unit_cache cache;
	struct cached_unit unit = {0};
	struct unit_change change;
	char names[1024];

	if (unit_change_read(m, &change) < 0)
		return;
	FUZZ_HOLDS(strncmp(sd_bus_message_get_signature(m, true), "sa{sv}", 6) == 0);
	FUZZ_HOLDS(change.pid >= -1);
	unit_cache_init(&cache);
	FUZZ_HOLDS(unit_cache_add(&cache, &unit, "a.service") == 0);
	cached_unit_take_row(
		&unit, &(struct unit_row){.load = "loaded",
			       .active = change.states.active != NULL ? change.states.active : "",
			       .sub = change.states.sub != NULL ? change.states.sub : "",
			       .job = ""});
	unit.properties.pid = change.pid;
	if (change.states.active == NULL || strlen(change.states.active) < sizeof(unit.active))
		if (change.states.sub == NULL || strlen(change.states.sub) < sizeof(unit.sub))
			FUZZ_HOLDS(change.states.active != NULL && change.states.active[0] == '\0'
					   ? true
					   : !cached_unit_differs(&unit, change.states.active,
						     change.states.sub, change.pid));
	unit_cache_relate(&cache, &unit, take_text(in, names));
	unit_cache_remove(&cache, &unit);
	FUZZ_HOLDS(cache.count == 0 && cache.paths == 0);
	unit_cache_clear(&cache);
}

static void read_job(sd_bus_message *m, struct input *in)
{
	const char *result = unit_job_result(m, JOB), *path, *same;

	if (result == NULL)
		return;
	FUZZ_HOLDS(sd_bus_message_rewind(m, true) >= 0);
	FUZZ_HOLDS(sd_bus_message_read(m, "uoss", NULL, &path, NULL, &same) > 0);
	FUZZ_HOLDS(strcmp(path, JOB) == 0 && strcmp(same, result) == 0);
}

static void read_conditions(sd_bus_message *m, struct input *in)
{
	char unmet[UNIT_SAID] = "";
	unsigned count = 0;
	int r = unit_conditions_read(m, &count, unmet, sizeof(unmet));

	ENDS(unmet);
	FUZZ_HOLDS(count > 0 || unmet[0] == '\0');
	FUZZ_HOLDS(r >= 0 || count == 0);
}

static const struct {
	const char *types;
	void (*read)(sd_bus_message *m, struct input *in);
} readers[] = {
	{"v", read_property},
	{"a(ssssssouso)", read_rows},
	{"sa{sv}as", read_change},
	{"uoss", read_job},
	{"v", read_conditions},
};

static sd_bus *bus;
static int fds[2];

static void free_bus(void)
{
	sd_bus_close(bus);
	sd_bus_unref(bus);
	close(fds[1]);
}

/* A message needs a bus. This one is a socket whose other end is never read. */
static sd_bus *the_bus(void)
{
	static pid_t owner;

	if (owner == getpid())
		return bus;
	owner = getpid();
	FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	FUZZ_HOLDS(sd_bus_new(&bus) >= 0 && sd_bus_set_fd(bus, fds[0], fds[0]) >= 0);
	FUZZ_HOLDS(sd_bus_start(bus) >= 0);
	atexit(free_bus);
	return bus;
}

void fuzz_bus(const uint8_t *data, size_t size)
{
	static const char *const wrong[] = {
		"", "s", "as", "a(ssssss)", "sa{ss}as", "uos", "a{sv}", "t"};
	struct input in = {.data = data, .left = size};
	size_t reader = take_byte(&in) % COUNT(readers);
	uint8_t form = take_byte(&in);
	const char *types = form < 0xe0 ? readers[reader].types : wrong[form % COUNT(wrong)];
	sd_bus_message *m = NULL;

	FUZZ_HOLDS(sd_bus_message_new_signal(the_bus(), &m, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "X") >=
		   0);
	append(m, &in, types, 0);
	FUZZ_HOLDS(sd_bus_message_seal(m, 1, 0) >= 0);
	FUZZ_HOLDS(sd_bus_message_rewind(m, true) >= 0);
	readers[reader].read(m, &in);
	sd_bus_message_unref(m);
}
