/*
 * head: the top of the status page: the host, what needs attention, and how many there are of what.
 */
#include "head.h"

#include <unistd.h>

#include <event2/buffer.h>

#include "html.h"
#include "view.h"

void head_count(struct head *head, enum tone tone, bool watch)
{
	head->count[tone]++;
	head->watches += watch;
}

enum tone head_tone(const struct head *head, const json_t *degraded)
{
	if (head->count[TONE_BAD] > 0)
		return TONE_BAD;
	if (head->count[TONE_WARN] > 0 || json_array_size(degraded) > 0)
		return TONE_WARN;
	if (head->count[TONE_UNKNOWN] > 0)
		return TONE_UNKNOWN;
	return head->watches > 0 ? TONE_OK : TONE_NONE;
}

char *head_host(char name[HEAD_HOST])
{
	char host[256] = "";

	gethostname(host, sizeof(host) - 1);
	return vigil_clean(name, HEAD_HOST, host);
}

struct part {
	enum tone tone;
	const char *words;
};

static const struct part troubles[] = {
	{TONE_BAD, "critical"}, {TONE_WARN, "warning"}, {TONE_UNKNOWN, "unknown"}};
static const struct part others[] = {
	{TONE_REST, "paused"}, {TONE_NONE, "without data"}, {TONE_OK, "OK"}};

/* Returns how many there are in all. */
static unsigned put_parts(struct evbuffer *out, const struct head *head, const struct part *parts,
	size_t count, const char *before)
{
	unsigned sum = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned n = head->count[parts[i].tone];

		if (n == 0)
			continue;
		html_put(out, "%s<span class=\"%s\">%d %s</span>", before,
			row_tone_name(parts[i].tone), (int)n, parts[i].words);
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
		row_tone_name(head_tone(head, degraded)));
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

/* What a new administrator needs to know first. */
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
		{"vigilctl status", "what vigil says about each of them"},
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
	const enum tone tone = head_tone(head, degraded);
	char host[HEAD_HOST];
	unsigned all = 0, troubled;

	for (enum tone t = 0; t < TONES; t++)
		all += head->count[t];
	troubled = head->count[TONE_BAD] + head->count[TONE_WARN] + head->count[TONE_UNKNOWN] +
		   (unsigned)json_array_size(degraded);
	html_put(out, "<header id=\"head\" data-tone=\"%s\" data-troubled=\"%d\">",
		row_tone_name(tone), (int)troubled);
	html_put(out, "<h1>%s</h1><p class=\"facts\"><span>vigil %s</span> <span>up ",
		head_host(host), view_text(vigil, "version"));
	html_time(out, view_text(vigil, "started"), "length", live);
	html_put(out, "</span> <span>%d daemon%s</span></p>", (int)all, all == 1 ? "" : "s");
	put_headline(out, head, degraded);
	if (head->watches == 0)
		put_begin(out);
	html_put(out, "</header>");
}
