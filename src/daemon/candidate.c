/*
 * candidate: see candidate.h.  A candidate is a vigil_daemon without an environment, which means
 * without loop, state and services.  `vigild -t` and `vigilctl register` can therefore create one,
 * although they have no environment.  The functions of vigil.h call daemon_is_candidate before they
 * use the environment.  vigild calls the check function as it calls other callbacks: it measures
 * the duration, and if vigild crashes in the function, the next start logs the name of the daemon.
 */
#include "daemon/candidate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "config/ini.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"

struct candidate_check {
	const struct candidate *of;
	struct diagnostics *diagnostics;
	bool misused; /* a call of a forbidden function by check has been logged */
};

/* The log belongs to the loop thread, so the message is written directly. */
__attribute__((noreturn)) static void end_thread(const struct vigil_daemon *d, const char *function)
{
	char text[256];
	int n = snprintf(text, sizeof(text),
		"vigild: daemon %s called %s on another thread than that of its callbacks\n",
		d->name, function);

	if (write(STDERR_FILENO, text, (size_t)n) < n)
		abort();
	abort();
}

void daemon_check_thread(const struct vigil_daemon *d, const char *function)
{
	if (loop_owner_checked && d->candidate == NULL && !loop_is_owner())
		end_thread(d, function);
}

bool daemon_is_candidate(struct vigil_daemon *d, const char *function)
{
	daemon_check_thread(d, function);
	if (d->candidate == NULL)
		return false;
	if (!d->candidate->misused)
		log_write(LEVEL_ERROR, d->name,
			"the check of module %s calls %s, which does nothing before the daemon is "
			"started",
			d->module, function);
	d->candidate->misused = true;
	errno = EPERM;
	return true;
}

int candidate_check(const struct candidate *candidate, struct diagnostics *diagnostics)
{
	struct candidate_check check = {.of = candidate, .diagnostics = diagnostics};
	size_t before = diagnostics->errors;
	struct vigil_daemon *d;
	uint64_t entered;
	int err;

	if (candidate->descriptor->check == NULL)
		return 0;
	d = daemon_new(NULL, candidate->name, candidate->module, candidate->descriptor,
		candidate->options);
	d->candidate = &check;
	entered = daemon_enter(d, "check");
	err = candidate->descriptor->check(d);
	daemon_leave(d, entered);
	if (err != 0 && diagnostics->errors == before)
		diagnostic_add(diagnostics, candidate->file, candidate->line,
			"daemon \"%s\": the check of module %s returned %d (%s) without a reason",
			candidate->name, candidate->module, err, strerror(err < 0 ? -err : err));
	daemon_free(d);
	return diagnostics->errors == before ? 0 : -EINVAL;
}

/* --- diagnostics ------------------------------------------------------------------------------ */

/* Returns the configuration line that sets the option; NULL: no line sets it, or option is NULL. */
static const struct option_given *find_given(const struct candidate *candidate, const char *option)
{
	for (size_t i = 0; option != NULL && i < candidate->count; i++)
		if (strcmp(candidate->given[i].key, option) == 0)
			return &candidate->given[i];
	return NULL;
}

/* Writes 'OPTION = "VALUE": ', or 'OPTION: ' if the option has no value, or "" if option is
 * NULL. */
static void print_subject(char *text, size_t size, const struct vigil_daemon *d, const char *option)
{
	const struct option_value *value = NULL;
	char cut[TEXT_SHORT];

	text[0] = '\0';
	if (option == NULL)
		return;
	if (d->options != NULL)
		value = option_get(d->options, option);
	if (value != NULL && value->present)
		snprintf(text, size, "%.64s = \"%s\": ", option,
			text_truncate(cut, sizeof(cut), option_shown(value->schema, value->text)));
	else
		snprintf(text, size, "%.64s: ", option);
}

static const char *hint_for(const struct vigil_daemon *d, const char *option, const char *text)
{
	const struct option_value *value =
		option != NULL && d->options != NULL ? option_get(d->options, option) : NULL;
	const char *hint = value != NULL && value->present ? ini_hint(value->text) : "";

	return strstr(text, hint) == NULL ? hint : "";
}

typedef void diagnose_fn(
	struct diagnostics *c, const char *file, int line, const char *format, ...);

static void add_diagnostic(
	struct vigil_daemon *d, diagnose_fn *fn, const char *option, const char *text)
{
	const struct candidate *candidate = d->candidate->of;
	const struct option_given *given = find_given(candidate, option);
	char subject[TEXT_SHORT + 80];

	print_subject(subject, sizeof(subject), d, option);
	fn(d->candidate->diagnostics, given != NULL ? given->file : candidate->file,
		given != NULL ? given->line : candidate->line, "%s%s%s", subject, text,
		hint_for(d, option, text));
}

void candidate_report(vigil_daemon *d, size_t given, bool note, const char *text)
{
	const struct candidate *candidate = d->candidate->of;
	bool known = given < candidate->count;

	(note ? diagnostic_note : diagnostic_add)(d->candidate->diagnostics,
		known ? candidate->given[given].file : candidate->file,
		known ? candidate->given[given].line : candidate->line, "%s", text);
}

const struct candidate *candidate_of(const vigil_daemon *d)
{
	return d->candidate != NULL ? d->candidate->of : NULL;
}

int vigil_diagnose(vigil_daemon *d, const char *option, const char *format, ...)
{
	char text[2 * DAEMON_TEXT], subject[TEXT_SHORT + 80];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (d->candidate != NULL) {
		add_diagnostic(d, diagnostic_add, option, text);
		return -EINVAL;
	}
	print_subject(subject, sizeof(subject), d, option);
	return daemon_refuse(d, EINVAL, "%s%s%s", subject, text, hint_for(d, option, text));
}

void vigil_note(vigil_daemon *d, const char *option, const char *format, ...)
{
	char text[2 * DAEMON_TEXT];
	va_list ap;

	if (d->candidate == NULL)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	add_diagnostic(d, diagnostic_note, option, text);
}
