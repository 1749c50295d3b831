/*
 * fuzz_probe: what services answer to probes and status commands, and what the option `probe`
 * names.
 *
 * The first byte says which of these it is, the next two are the status of a command.  An answer
 * counts as a success only where it says so in full, and what -t accepts is what the daemon can
 * use.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "daemon/candidate.h"
#include "process/spawn.h"
#include "modules/service/check.h"
#include "modules/service/options.h"
#include "modules/service/probe_answer.h"
#include "modules/service/probe_target.h"
#include "service/managers/plain_command.h"

static void why_holds(enum probe_outcome outcome, const char *why)
{
	FUZZ_HOLDS(memchr(why, '\0', PROBE_WHY) != NULL && fuzz_is_clean(why));
	FUZZ_HOLDS((outcome == PROBE_SUCCEEDED) == (why[0] == '\0'));
}

static void answer_http(const uint8_t *data, size_t size)
{
	char why[PROBE_WHY], *text = fuzz_text(data, size);
	enum probe_outcome outcome = probe_answer_http(text, size, why);
	const char *status = strchr(text, ' ');

	why_holds(outcome, why);
	FUZZ_HOLDS(outcome != PROBE_IMPOSSIBLE);
	if (outcome == PROBE_SUCCEEDED) {
		FUZZ_HOLDS(strncmp(text, "HTTP/", 5) == 0 && status != NULL);
		status += strspn(status, " ");
		FUZZ_HOLDS((status[0] == '2' || status[0] == '3') &&
			   strspn(status, "0123456789") == 3);
	}
	free(text);
}

static void answer_exit(int status, bool late, const char *output, size_t length)
{
	const vigil_child_exit e = {.status = status,
		.timed_out = late,
		.output = output,
		.length = length,
		.errors = ""};
	char why[PROBE_WHY];
	enum probe_outcome outcome = probe_answer_exit(&e, why);
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	why_holds(outcome, why);
	FUZZ_HOLDS((outcome == PROBE_SUCCEEDED) == (code == 0 && !late));
	FUZZ_HOLDS((outcome == PROBE_IMPOSSIBLE) == ((code == 126 || code == 127) && !late));
}

static void status_command(int code, const char *output, size_t length)
{
	char name[] = "x";
	struct manager_request request = {.name = name, .manager = &manager_command};
	struct manager_reply reply = {.manager = &manager_command};
	struct evidence e = manager_evidence(&request, "status_command");
	struct spawn_result result = {.length = length};

	memcpy(result.output, output, length);
	plain_command_take(code, &result, &e, &reply);
	manager_conclude(&reply, &e);
	FUZZ_HOLDS(memchr(reply.text, '\0', sizeof(reply.text)) != NULL);
	FUZZ_HOLDS((reply.status == VIGIL_SERVICE_RUNNING) == (code == 0));
	FUZZ_HOLDS(!vigil_service_is_down(reply.status) || code == 1 || code == 3);
	FUZZ_HOLDS(reply.status != VIGIL_SERVICE_ABSENT || code == 4);
	FUZZ_HOLDS((reply.status == VIGIL_SERVICE_UNKNOWN) == (reply.error != 0));
}

/* Whether the module takes it as its option `probe`. */
static bool is_accepted(const char *text)
{
	static const vigil_module module = {
		.name = "service", .options = service_options, .check = service_check};
	const struct option_given given[] = {
		{"service", "x", "fuzz", 1, NULL}, {"probe", text, "fuzz", 1, NULL}};
	struct candidate candidate = {.name = "a",
		.module = "service",
		.descriptor = &module,
		.file = "fuzz",
		.line = 1,
		.given = given,
		.count = 2};
	struct diagnostics diagnostics = {0};
	bool accepted;

	candidate.options =
		option_set_new(service_options, given, 2, "[daemon:a]", "fuzz", 1, &diagnostics);
	if (candidate.options != NULL)
		candidate_check(&candidate, &diagnostics);
	accepted = diagnostics.errors == 0;
	for (size_t i = 0; i < diagnostics.count; i++)
		FUZZ_HOLDS(fuzz_is_clean(diagnostics.list[i].text));
	diagnostics_clear(&diagnostics);
	option_set_unref(candidate.options);
	return accepted;
}

static void target_holds(const char *text)
{
	struct probe_target target;
	char why[256] = "";
	bool built_in = strncmp(text, "tcp://", 6) == 0 || strncmp(text, "http://", 7) == 0;
	int err = probe_target_parse(text, &target, why, sizeof(why));
	const char *end = strstr(target.request, "\r\n");

	FUZZ_HOLDS(target.command == !built_in && (err == 0 || why[0] != '\0'));
	if (err != 0 || !built_in)
		return;
	FUZZ_HOLDS(target.count >= 1 && target.count <= PROBE_ADDRESSES);
	FUZZ_HOLDS((target.request[0] == '\0') == (text[0] == 't'));
	/* One line of request, two blanks in it. */
	FUZZ_HOLDS(end == NULL || (strncmp(target.request, "GET /", 5) == 0 &&
					  strncmp(end - 9, " HTTP/1.0", 9) == 0 &&
					  strcspn(target.request + 4, " \r\n") ==
						  (size_t)(end - target.request) - 13));
}

/* The option is a command line, whose first word is the target. */
static void accepted_is_usable(const char *text)
{
	struct probe_target target;
	const char *reason;
	char **words, why[256];

	target_holds(text);
	if (text_split_command(text, &words, &reason) != 0)
		return;
	target_holds(words[0]);
	if (strncmp(words[0], "tcp://", 6) == 0 || strncmp(words[0], "http://", 7) == 0) {
		int err = probe_target_parse(words[0], &target, why, sizeof(why));

		FUZZ_HOLDS(!is_accepted(text) || (err == 0 && words[1] == NULL));
	}
	text_free_list(words);
}

void fuzz_probe(const uint8_t *data, size_t size)
{
	char *text;
	int status;

	if (size < 3)
		return;
	status = data[1] << 8 | data[2];
	text = fuzz_text(data + 3, size - 3);
	switch (data[0] % 4) {
	case 0: answer_http(data + 3, size - 3); break;
	case 1: answer_exit(status & 0xff7f, data[2] >= 0x80, text, size - 3); break;
	case 2: status_command(data[1], text, size - 3); break;
	default: accepted_is_usable(text);
	}
	free(text);
}
