/* death: see death.h. */
#include "service/death.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/signal_name.h"
#include "base/text.h"

/* Two sources that name the same process speak about the same death if their times differ by less,
 * in seconds, because a pid is used again only later. */
#define SAME_PROCESS 30
/* The same without the pid.  A supervisor waits for a second between two starts. */
#define SAME_TIME 0.9

struct death death_of(enum death_kind kind)
{
	return (struct death){.kind = kind, .ran = -1, .exit_status = -1};
}

void death_set_wait_status(struct death *death, int wait_status)
{
	if (wait_status < 0)
		return;
	if (WIFSIGNALED(wait_status)) {
		death->signal = WTERMSIG(wait_status);
		death->core = WCOREDUMP(wait_status);
	} else if (WIFEXITED(wait_status)) {
		death->exit_status = WEXITSTATUS(wait_status);
	}
}

bool death_is_explained(const struct death *death)
{
	return death->exit_status >= 0 || death->signal > 0 || death->kind == DEATH_SKIPPED;
}

bool death_is_dependency(const struct death *death)
{
	return death->kind == DEATH_SKIPPED && strcmp(death->result, DEATH_DEPENDENCY) == 0;
}

bool death_is_unexecuted(const struct death *death)
{
	return strcmp(death->word, "EXEC") == 0;
}

/* A shell adds 128 to the signal that has ended its command. */
bool death_is_wanted(const struct death *death)
{
	int signal = death->signal > 0 ? death->signal : death->exit_status - 128;

	if (death->kind != DEATH_REQUESTED || death->core || death->oom)
		return false;
	return death->exit_status == 0 || signal == SIGTERM || signal == SIGINT ||
	       signal == SIGHUP || !death_is_explained(death);
}

/* --- several sources -------------------------------------------------------------------------- */

static bool is_same_end(const struct death *a, const struct death *b)
{
	return !death_is_explained(a) || !death_is_explained(b) ||
	       (a->exit_status == b->exit_status && a->signal == b->signal);
}

static bool is_same(const struct death *a, const struct death *b)
{
	double apart = fabs(a->ended - b->ended);
	bool skipped = a->kind == DEATH_SKIPPED, other = b->kind == DEATH_SKIPPED;

	if (skipped != other || (skipped && strcmp(a->result, b->result) != 0))
		return false;
	if (a->pid > 0 && b->pid > 0 && a->pid != b->pid)
		return false;
	if (a->ended <= 0 || b->ended <= 0)
		return is_same_end(a, b);
	return apart < (a->pid > 0 && a->pid == b->pid ? SAME_PROCESS : SAME_TIME);
}

static void set_text(char *to, size_t size, const char *from)
{
	if (from[0] != '\0')
		snprintf(to, size, "%s", from);
}

/* Fills in what was not known.  The id stays the same. */
static void complete(struct death *known, const struct death *news)
{
	if (news->kind > known->kind)
		known->kind = news->kind;
	if (known->ended <= 0)
		known->ended = news->ended;
	if (news->ran >= 0)
		known->ran = news->ran;
	if (!death_is_explained(known)) {
		known->exit_status = news->exit_status;
		known->signal = news->signal;
	}
	known->core |= news->core;
	known->oom |= news->oom;
	if (known->pid == 0)
		known->pid = news->pid;
	if (known->result[0] == '\0' || strcmp(news->result, "success") != 0)
		set_text(known->result, sizeof(known->result), news->result);
	set_text(known->word, sizeof(known->word), news->word);
	set_text(known->detail, sizeof(known->detail), news->detail);
	set_text(known->journal, sizeof(known->journal), news->journal);
}

/* The same for the same facts, also in the next vigild. */
static uint64_t id_of(const struct death *death)
{
	char facts[128];
	uint32_t first, second;

	snprintf(facts, sizeof(facts), "%.2f %d %d %d %s", death->ended, (int)death->pid,
		death->exit_status, death->signal,
		death->kind == DEATH_SKIPPED ? death->result : "");
	first = text_hash(facts, TEXT_HASH);
	second = text_hash(facts, first);
	return (uint64_t)first << 32 | second;
}

static void replace(struct death *known, const struct death *news)
{
	uint64_t last = known->id;

	*known = *news;
	known->id = id_of(known);
	while (known->id == 0 || known->id == last)
		known->id++;
}

bool death_merge(struct death *known, const struct death *news)
{
	bool replaces = known->kind == DEATH_NONE || known->vague;

	if (news->kind == DEATH_NONE || (news->vague && known->kind != DEATH_NONE))
		return false;
	if (!replaces && is_same(known, news))
		complete(known, news);
	else if (replaces || news->ended <= 0 || news->ended > known->ended)
		replace(known, news);
	else
		return false;
	return true;
}

/* --- in words --------------------------------------------------------------------------------- */

static void add(char text[DEATH_TEXT], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(char text[DEATH_TEXT], const char *format, ...)
{
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(text + n, DEATH_TEXT - n, format, ap);
	va_end(ap);
}

/* Adds " after 12 s". */
static void add_duration(const struct death *death, char text[DEATH_TEXT])
{
	char age[TEXT_AGE];

	if (death->ran < 0)
		return;
	if (death->ran < 0.1)
		add(text, " after %.0f ms", 1000 * death->ran);
	else if (death->ran < 10)
		add(text, " after %.1f s", death->ran);
	else if (death->ran < 60)
		add(text, " after %.0f s", death->ran);
	else
		add(text, " after %s", text_format_age(age, death->ran));
}

/* Adds how the process ended. */
static void add_end(const struct death *death, char text[DEATH_TEXT])
{
	char signal[SIGNAL_NAME];

	if (death->oom && (death->signal == SIGKILL || !death_is_explained(death)))
		add(text, "killed by the OOM killer");
	else if (death->signal > 0)
		add(text, "killed by %s", signal_name(death->signal, signal));
	else if (death->exit_status >= 0)
		add(text, "exited with status %d%s%s", death->exit_status,
			death->word[0] != '\0' ? "/" : "", death->word);
	else if (death->kind == DEATH_START)
		add(text, "no process of it ran");
	else
		add(text, "it ended");
	add_duration(death, text);
	if (!death->oom && death->kind != DEATH_START && !death_is_explained(death))
		add(text, ", and nothing shows how");
	if (death->core)
		add(text, ", core dumped");
	if (death->oom && death->signal != SIGKILL && death_is_explained(death))
		add(text, "; the OOM killer killed a process of it");
}

/* What a word of systemd means; the first text is for a failed start. */
static const struct {
	const char *result, *start, *run;
} causes[] = {
	{"timeout", "its start timed out", "it exceeded a time limit"},
	{"watchdog", "it sent no watchdog signal in time", "it sent no watchdog signal in time"},
	{"protocol", "it did not report its start to systemd",
		"it did not report its start to systemd"},
	{"resources", "systemd could not provide its resources",
		"systemd could not provide its resources"},
	{"exec-condition", "its ExecCondition= is not met", "its ExecCondition= is not met"},
};

static void add_cause(const struct death *death, char text[DEATH_TEXT])
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (strcmp(death->result, causes[i].result) == 0)
			add(text, "%s: ",
				death->kind == DEATH_START ? causes[i].start : causes[i].run);
}

/* For a source that does not say more. */
static const char *skip_cause(const struct death *death)
{
	if (death_is_dependency(death))
		return "a unit that it needs could not be started";
	return strcmp(death->result, DEATH_ASSERT) == 0 ? "one of its assertions is not met"
							: "one of its conditions is not met";
}

static void describe_start(const struct death *death, char text[DEATH_TEXT])
{
	if (death->exit_status >= 0 && death->word[0] != '\0') {
		add(text, "could not be started: %d/%s", death->exit_status, death->word);
		if (death->detail[0] != '\0')
			add(text, " (%s)", death->detail);
		return;
	}
	add(text, "could not be started: ");
	add_cause(death, text);
	if (death->detail[0] != '\0')
		add(text, "%s", death->detail);
	else
		add_end(death, text);
}

const char *death_describe(const struct death *death, char text[DEATH_TEXT])
{
	text[0] = '\0';
	switch (death->kind) {
	case DEATH_NONE: break;
	case DEATH_SKIPPED:
		add(text, "not started: %s",
			death->detail[0] != '\0' ? death->detail : skip_cause(death));
		break;
	case DEATH_START: describe_start(death, text); break;
	case DEATH_REQUESTED:
		add(text, "stopped on request: ");
		add_end(death, text);
		break;
	case DEATH_END:
		add_cause(death, text);
		add_end(death, text);
		if (death->detail[0] != '\0')
			add(text, "; %s", death->detail);
	}
	if (strcmp(death->result, "start-limit-hit") == 0)
		add(text, "; systemd does not start it again (start-limit-hit)");
	return text;
}
