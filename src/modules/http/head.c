/*
 * head: writes the head of the status page; see head.h.
 */
#include "head.h"

#include <unistd.h>

#include <event2/buffer.h>

#include "html.h"
#include "state_reader.h"

void head_count(struct head *head, enum severity severity, bool watch)
{
	head->count[severity]++;
	head->watches += watch;
}

enum severity head_severity(const struct head *head, const json_t *degraded)
{
	if (head->count[SEVERITY_BAD] > 0)
		return SEVERITY_BAD;
	if (head->count[SEVERITY_WARN] > 0 || json_array_size(degraded) > 0)
		return SEVERITY_WARN;
	if (head->count[SEVERITY_UNKNOWN] > 0)
		return SEVERITY_UNKNOWN;
	return head->watches > 0 ? SEVERITY_OK : SEVERITY_NONE;
}

char *head_host(char name[HEAD_HOST])
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	return vigil_sanitize(name, HEAD_HOST, host);
}

struct part {
	enum severity severity;
	const char *words;
};

static const struct part troubles[] = {
	{SEVERITY_BAD, "critical"}, {SEVERITY_WARN, "warning"}, {SEVERITY_UNKNOWN, "unknown"}};
static const struct part others[] = {
	{SEVERITY_REST, "paused"}, {SEVERITY_NONE, "without data"}, {SEVERITY_OK, "OK"}};

/* Returns how many daemons the written parts count in total. */
static unsigned put_parts(struct evbuffer *out, const struct head *head, const struct part *parts,
	size_t count, const char *before)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned n = head->count[parts[i].severity];

		if (n == 0)
			continue;
		html_put(out, "%s<span class=\"%s\">%d %s</span>", before,
			status_row_severity_name(parts[i].severity), (int)n, parts[i].words);
		before = ", ";
		sum += n;
	}
	return sum;
}

static void put_headline(struct evbuffer *out, const struct head *head, const json_t *degraded)
{
	size_t reasons = json_array_size(degraded);
	unsigned troubled;

	html_put(out, "<p id=\"headline\" class=\"%s\" aria-live=\"polite\">",
		status_row_severity_name(head_severity(head, degraded)));
	if (reasons > 0)
		html_put(out, "<span class=\"warn\">vigild is degraded</span>");
	troubled = put_parts(
		out, head, troubles, sizeof(troubles) / sizeof(*troubles), reasons > 0 ? ", " : "");
	if (troubled == 0 && reasons == 0)
		html_put(out, head->watches > 0 ? "All OK" : "Nothing is watched");
	html_put(out, "</p><p id=\"others\">");
	put_parts(out, head, others, sizeof(others) / sizeof(*others), "");
	html_put(out, "</p>");
}

/* Writes the first steps for a new administrator. */
static void put_begin(struct evbuffer *out)
{
	static const struct {
		const char *command, *does;
	} lines[] = {
		{"vigilctl register nginx module=service", "keep the service nginx running"},
		{"vigilctl register host module=system",
			"watch load, memory and disks of this host"},
		{"vigilctl register disk module=exec command='/usr/lib/nagios/plugins/check_disk "
		 "-w "
		 "20% -c 10%'",
			"run a Nagios plugin every minute"},
		{"vigilctl status", "show the health of each of them"},
	};

	html_put(out,
		"<section id=\"begin\"><h2>How to begin</h2>"
		"<p>No daemon is enabled that watches something. On this host, as root:</p><dl>");
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		html_put(out, "<dt><code>%s</code></dt><dd>%s</dd>", lines[i].command,
			lines[i].does);
	html_put(out, "</dl><p>What is registered appears here without a reload of the page. More: "
		      "<code>man vigilctl</code>, <code>man vigil.conf</code>.</p></section>");
}

void head_put(struct evbuffer *out, const struct head *head, const json_t *vigil, bool live)
{
	const json_t *degraded = json_object_get(vigil, "degraded");
	const enum severity severity = head_severity(head, degraded);
	char host[HEAD_HOST];
	unsigned all = 0, troubled;

	for (enum severity t = 0; t < SEVERITIES; t++)
		all += head->count[t];
	troubled = head->count[SEVERITY_BAD] + head->count[SEVERITY_WARN] +
		   head->count[SEVERITY_UNKNOWN] + (unsigned)json_array_size(degraded);
	html_put(out, "<header id=\"head\" data-tone=\"%s\" data-troubled=\"%d\">",
		status_row_severity_name(severity), (int)troubled);
	html_put(out, "<h1>%s</h1><p class=\"facts\"><span>vigil %s</span> <span>up ",
		head_host(host), reader_text(vigil, "version"));
	html_time(out, reader_text(vigil, "started"), "length", live);
	html_put(out, "</span> <span>%d daemon%s</span></p>", (int)all, all == 1 ? "" : "s");
	put_headline(out, head, degraded);
	if (head->watches == 0)
		put_begin(out);
	html_put(out, "</header>");
}
