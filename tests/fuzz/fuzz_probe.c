/*
 * fuzz_probe: what services answer to probes and status commands, and what the option `probe`
 * names.
 *
 * The first byte says which of these it is, the next two are the status of a command.  An answer
 * counts as a success only if it is complete, and -t accepts only what the daemon can use.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/text.h"
#include "daemon/candidate.h"
#include "process/spawn.h"
#include "modules/service/check.h"
#include "modules/service/options.h"
#include "modules/probe/probe_answer.h"
#include "modules/probe/probe_target.h"
#include "service/managers/plain_command.h"

static void why_holds(enum probe_outcome outcome, const char *why)
{
	FUZZ_HOLDS(memchr(why, '\0', PROBE_WHY) != NULL && fuzz_is_clean(why));
	FUZZ_HOLDS((outcome == PROBE_SUCCEEDED) == (why[0] == '\0'));
}

/* Evaluates an answer that arrives in pieces of `step` bytes. */
static enum probe_outcome answer_in_steps(
	const uint8_t *data, size_t size, size_t step, bool with_body, char why[PROBE_WHY])
{
	static const struct probe_plan plan = {.name = "www.example.org"};
	struct probe_http *http = probe_http_new(with_body);
	struct probe_expect *expect = with_body ? probe_expect_new("~o.*k", why, PROBE_WHY) : NULL;
	enum probe_http_result result = PROBE_HTTP_MORE;
	enum probe_outcome outcome = PROBE_FAILED;

	for (size_t at = 0; at < size && result == PROBE_HTTP_MORE; at += step)
		result = probe_http_read(
			http, (const char *)data + at, size - at < step ? size - at : step);
	if (result == PROBE_HTTP_MORE)
		result = probe_http_end(http);
	FUZZ_HOLDS(result != PROBE_HTTP_MORE);
	snprintf(why, PROBE_WHY, "%s", probe_http_why(http));
	if (result == PROBE_HTTP_DONE) {
		FUZZ_HOLDS(probe_http_status(http) >= 200 && probe_http_status(http) < 600);
		outcome = probe_answer_http(&plan, http, expect, why);
	}
	probe_expect_free(expect);
	probe_http_free(http);
	return outcome;
}

/* The sizes of the pieces in which the bytes arrive make no difference. */
static void answer_http(const uint8_t *data, size_t size, size_t step, bool with_body)
{
	char why[PROBE_WHY], other[PROBE_WHY];
	enum probe_outcome outcome = answer_in_steps(data, size, size + 1, with_body, why);

	why_holds(outcome, why);
	FUZZ_HOLDS(outcome != PROBE_IMPOSSIBLE);
	FUZZ_HOLDS(outcome == answer_in_steps(data, size, step, with_body, other));
	FUZZ_HOLDS(strcmp(why, other) == 0);
	FUZZ_HOLDS(outcome != PROBE_SUCCEEDED || memcmp(data, "HTTP/1.", 7) == 0);
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

/* Whether the module accepts it as its option `probe`. */
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

static bool is_address(const char *text)
{
	static const char *const schemes[] = {
		"tcp://", "tls://", "http://", "https://", "unix:", "http+unix:"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

static void request_holds(const struct probe_plan *plan)
{
	const char *request = plan->send.bytes, *end = strstr(request, "\r\n");

	/* One request line with two blanks, one header Host, and one end. */
	FUZZ_HOLDS(end != NULL && strlen(request) == plan->send.length);
	FUZZ_HOLDS(strncmp(request, "GET /", 5) == 0 && strncmp(end - 9, " HTTP/1.1", 9) == 0);
	FUZZ_HOLDS(strcspn(request + 4, " \r\n") == (size_t)(end - request) - 13);
	FUZZ_HOLDS(strstr(request, "\r\n\r\n") == request + plan->send.length - 4);
}

static int target_holds(const char *text)
{
	static const char *const none[] = {NULL};
	const struct probe_settings settings = {.target = text, .status = none};
	struct probe_plan plan;
	const char *option;
	char why[256] = "";
	int err = probe_plan_make(&settings, &plan, &option, why, sizeof(why));

	FUZZ_HOLDS(plan.target.command == !is_address(text) && (err == 0 || why[0] != '\0'));
	if (err != 0 || plan.target.command)
		return err;
	FUZZ_HOLDS((plan.target.host[0] != '\0') == (plan.target.port != 0));
	FUZZ_HOLDS((plan.target.host[0] != '\0') != (plan.target.path[0] == '/'));
	if (plan.target.http)
		request_holds(&plan);
	return 0;
}

/* An expected text is found in itself. */
static void expect_holds(const char *text, const uint8_t *data, size_t size)
{
	char why[256] = "";
	struct probe_expect *expect = probe_expect_new(text, why, sizeof(why));
	struct probe_bytes bytes;

	FUZZ_HOLDS((expect == NULL) == (why[0] != '\0'));
	if (expect == NULL)
		return;
	probe_expect_found(expect, (const char *)data, size, size / 2);
	if (text[0] != '~' && probe_unescape(text, &bytes, why, sizeof(why)) == 0)
		FUZZ_HOLDS(probe_expect_found(expect, bytes.bytes, bytes.length, 0));
	probe_expect_free(expect);
}

/* The option is a command line, whose first word is the target. */
static void accepted_is_usable(const char *text)
{
	const char *reason;
	char **words;

	target_holds(text);
	if (text_split_command(text, &words, &reason) != 0)
		return;
	if (is_address(words[0]))
		FUZZ_HOLDS(target_holds(words[0]) == 0 ? words[1] == NULL || !is_accepted(text)
						       : !is_accepted(text));
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
	switch (data[0] % 5) {
	case 0: answer_http(data + 3, size - 3, 1 + data[1] % 16, data[2] % 2); break;
	case 1: answer_exit(status & 0xff7f, data[2] >= 0x80, text, size - 3); break;
	case 2: status_command(data[1], text, size - 3); break;
	case 3: accepted_is_usable(text); break;
	default: expect_holds(text, data, size);
	}
	free(text);
}
