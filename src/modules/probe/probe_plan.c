/*
 * probe_plan: see probe_plan.h.
 */
#include "probe_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe_resolver.h"
#include "probe_tls.h"

void probe_settings_read(vigil_daemon *d, struct probe_settings *settings)
{
	const char *const *words = vigil_option_list(d, "probe");

	*settings = (struct probe_settings){.target = words[0],
		.command = words,
		.send = vigil_option_text(d, "probe_send"),
		.expect = vigil_option_text(d, "probe_expect"),
		.host = vigil_option_text(d, "probe_host"),
		.ca = vigil_option_text(d, "probe_tls_ca"),
		.status = vigil_option_list(d, "probe_status"),
		.verify = vigil_option_bool(d, "probe_tls_verify"),
		.timeout = vigil_option_seconds(d, "probe_timeout")};
}

/* --- the target ------------------------------------------------------------------------------- */

static int check_build(const struct probe_target *target, char *why, size_t size)
{
	const char *literals[PROBE_LITERALS];

	if (target->tls && !probe_tls_is_built()) {
		snprintf(why, size,
			"vigil is built without OpenSSL, so tls:// and https:// are not supported; "
			"use a command");
		return -EINVAL;
	}
	if (target->host[0] != '\0' && probe_target_literals(target, literals) == 0 &&
		!probe_resolver_is_built()) {
		snprintf(why, size,
			"vigil is built without libevent_extra, so host names are not supported; "
			"write a numeric address or localhost");
		return -EINVAL;
	}
	return 0;
}

static int check_host(const char *host, char *why, size_t size)
{
	if (host == NULL || probe_target_is_host(host))
		return 0;
	snprintf(why, size, "is not a host name");
	return -EINVAL;
}

static void make_name(const struct probe_settings *s, struct probe_plan *plan)
{
	const char *host = plan->target.host;

	plan->name = s->host != NULL ? s->host : host[0] != '\0' ? host : "localhost";
}

/* --- what is sent and expected ---------------------------------------------------------------- */

static void make_request(const struct probe_settings *s, struct probe_plan *plan)
{
	char authority[PROBE_AUTHORITY];
	int n;

	probe_target_authority(&plan->target, s->host, authority);
	/* The parts are limited, so it always fits. */
	n = snprintf(plan->send.bytes, sizeof(plan->send.bytes),
		"GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: vigil\r\nAccept: */*\r\n"
		"Connection: close\r\n\r\n",
		plan->target.uri, authority);
	plan->send.length = (size_t)n;
}

static int make_send(
	const struct probe_settings *s, struct probe_plan *plan, char *why, size_t size)
{
	plan->send.length = 0;
	if (plan->target.http)
		make_request(s, plan);
	else if (s->send != NULL)
		return probe_unescape(s->send, &plan->send, why, size);
	return 0;
}

static int make_expect(
	const struct probe_settings *s, struct probe_plan *plan, char *why, size_t size)
{
	struct probe_expect *expect;

	plan->expect = s->expect;
	if (s->expect == NULL)
		return 0;
	expect = probe_expect_new(s->expect, why, size);
	probe_expect_free(expect);
	return expect != NULL ? 0 : -EINVAL;
}

/* --- HTTP statuses ---------------------------------------------------------------------------- */

/* Parses "200" or "300-399". */
static int parse_range(const char *text, int *first, int *last)
{
	static const char digits[] = "0123456789";
	bool range = text[0] != '\0' && strlen(text) == 7 && text[3] == '-';

	if (strspn(text, digits) != 3 || (!range && text[3] != '\0') ||
		(range && strspn(text + 4, digits) != 3))
		return -EINVAL;
	*first = atoi(text);
	*last = range ? atoi(text + 4) : *first;
	return *first >= 100 && *last <= 599 && *first <= *last ? 0 : -EINVAL;
}

static int make_ranges(
	const struct probe_settings *s, struct probe_plan *plan, char *why, size_t size)
{
	plan->range_count = 0;
	for (const char *const *text = s->status; *text != NULL; text++) {
		unsigned i = plan->range_count++;

		if (i == PROBE_RANGES) {
			snprintf(why, size, "has more than %d elements", PROBE_RANGES);
			return -EINVAL;
		}
		if (parse_range(*text, &plan->ranges[i].first, &plan->ranges[i].last) != 0) {
			snprintf(why, size,
				"\"%.32s\" is not an HTTP status such as 200 and not a range such "
				"as "
				"300-399",
				*text);
			return -EINVAL;
		}
	}
	return 0;
}

/* --- all of it -------------------------------------------------------------------------------- */

int probe_plan_make(const struct probe_settings *s, struct probe_plan *plan, const char **option,
	char *why, size_t size)
{
	int err;

	memset(plan, 0, sizeof(*plan));
	plan->command = s->command;
	plan->ca = s->ca;
	plan->verify = s->verify;
	plan->timeout = s->timeout;
	*option = "probe";
	err = probe_target_parse(s->target, &plan->target, why, size);
	if (err == 0)
		err = check_build(&plan->target, why, size);
	if (err != 0)
		return err;
	make_name(s, plan);
	*option = "probe_host";
	if (check_host(s->host, why, size) != 0)
		return -EINVAL;
	*option = "probe_send";
	if (make_send(s, plan, why, size) != 0)
		return -EINVAL;
	*option = "probe_expect";
	if (make_expect(s, plan, why, size) != 0)
		return -EINVAL;
	*option = "probe_status";
	return make_ranges(s, plan, why, size);
}
