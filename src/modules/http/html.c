/*
 * html: see html.h.  Each text that a daemon, a program or an administrator wrote is written with
 * the %s of html_put, which escapes it.  If a text was not escaped by mistake, the
 * Content-Security-Policy of the page would still let no script run except the one with the nonce
 * of that reply.
 */
#include "html.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>
#include <jansson.h>

#include "printable.h"

static void put_escaped(struct evbuffer *out, const char *raw)
{
	static const struct {
		char c;
		const char *html;
	} escapes[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
	char *made;
	const char *text = printable(raw, &made);

	while (*text != '\0') {
		size_t plain = strcspn(text, "&<>\"'");

		evbuffer_add(out, text, plain);
		text += plain;
		for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
			if (*text == escapes[i].c)
				evbuffer_add(out, escapes[i].html, strlen(escapes[i].html));
		text += *text != '\0';
	}
	free(made);
}

void html_put(struct evbuffer *out, const char *html, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, html);
	while (*html != '\0') {
		size_t plain = strcspn(html, "%");

		evbuffer_add(out, html, plain);
		html += plain;
		if (*html == '\0')
			break;
		switch (*++html) {
		case 's': put_escaped(out, va_arg(ap, const char *)); break;
		case 'r':
			text = va_arg(ap, const char *);
			evbuffer_add(out, text, strlen(text));
			break;
		case 'd': evbuffer_add_printf(out, "%d", va_arg(ap, int)); break;
		case 'l':
			evbuffer_add_printf(out, "%lld", (long long)va_arg(ap, json_int_t));
			break;
		default: evbuffer_add(out, html, 1);
		}
		html++;
	}
	va_end(ap);
}

/* --- times ------------------------------------------------------------------------------------ */

/* Returns seconds since 1970, or NAN if the text is not a time. */
static double parse_time(const char *at)
{
	struct tm tm = {0};

	return strptime(at, "%Y-%m-%dT%H:%M:%S", &tm) != NULL ? (double)timegm(&tm) : NAN;
}

static void put_length(char *words, size_t size, double seconds)
{
	long s = seconds > 0 ? (long)seconds : 0;

	if (s < 60)
		snprintf(words, size, "%ld s", s);
	else if (s < 3600)
		snprintf(words, size, "%ld min", s / 60);
	else if (s < 48 * 3600)
		snprintf(words, size, "%ld h %ld min", s / 3600, s / 60 % 60);
	else
		snprintf(words, size, "%ld d", s / 86400);
}

static const struct {
	const char *way;
	const char *past, *future;
} ways[] = {
	{"ago", "%s ago", "now"},
	{"length", "%s", "0 s"},
	{"for", "for %s", "for 0 s"},
	{"in", "now", "in %s"},
};

char *html_time_words(char words[HTML_TIME], const char *at, const char *way)
{
	double when = parse_time(at), age;
	struct timespec now;
	char length[32];

	clock_gettime(CLOCK_REALTIME, &now);
	age = isnan(when) ? 0 : (double)now.tv_sec - when;
	put_length(length, sizeof(length), fabs(age));
	words[0] = '\0';
	if (strlen(at) >= 19) /* 2026-01-31T12:34:56 */
		snprintf(words, HTML_TIME, "%s%.10s %.8s UTC",
			strcmp(way, "until") == 0 ? "until " : "", at, at + 11);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		const char *format = age >= 0 ? ways[i].past : ways[i].future;
		const char *place = strstr(format, "%s");

		if (strcmp(ways[i].way, way) != 0)
			continue;
		if (place == NULL)
			snprintf(words, HTML_TIME, "%s", format);
		else
			snprintf(words, HTML_TIME, "%.*s%s%s", (int)(place - format), format,
				length, place + 2);
	}
	return words;
}

void html_time(struct evbuffer *out, const char *at, const char *way, bool live)
{
	char words[HTML_TIME], exact[HTML_TIME];

	if (at[0] == '\0')
		return;
	html_put(out, "<time data-way=\"%s\" datetime=\"%s\" title=\"%s\">%s</time>", way, at,
		html_time_words(exact, at, "at"), live ? "" : html_time_words(words, at, way));
}
