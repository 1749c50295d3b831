/* judge: see judge.h. */
#include "judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plain_text.h"

/* Seconds. Clocks of file servers differ by less. */
#define FUTURE 60.0

void judge_add(
	struct problems *problems, enum level level, const char *name, const char *format, ...)
{
	char clean[PLAIN_PATH], what[256], reason[sizeof(what)], text[PLAIN_PATH + sizeof(what)];
	va_list ap;

	problems->count++;
	if (json_array_size(problems->list) >= PROBLEMS_MAX)
		return;
	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	plain_text(clean, sizeof(clean), name, strlen(name));
	plain_text(reason, sizeof(reason), what, strlen(what)); /* names of users may be anything */
	snprintf(text, sizeof(text), "%s %s", clean, reason);
	json_array_append_new(problems->list, json_pack("[i,s]", (int)level, text));
}

static void judge_age(
	struct problems *problems, const struct limits *l, const char *name, double age)
{
	bool critical = l->max_age >= 0 && age > l->max_age;
	bool warning = l->max_age_warning >= 0 && age > l->max_age_warning;
	char is[PLAIN_SPAN], limit[PLAIN_SPAN];

	if (critical || warning)
		judge_add(problems, critical ? l->level : LEVEL_WARNING, name,
			"was last modified %s ago, more than %s", plain_age(is, age),
			plain_age(limit, critical ? l->max_age : l->max_age_warning));
	else if (age < -FUTURE && (l->max_age >= 0 || l->max_age_warning >= 0))
		judge_add(problems, LEVEL_WARNING, name,
			"was last modified %s in the future, so its age is not known",
			plain_age(is, -age));
}

static void judge_size(
	struct problems *problems, const struct limits *l, const char *name, double size)
{
	char is[PLAIN_SPAN], limit[PLAIN_SPAN];

	if (l->min_size >= 0 && size < l->min_size)
		judge_add(problems, l->level, name, "has %s, less than %s", plain_size(is, size),
			plain_size(limit, l->min_size));
	if (l->max_size >= 0 && size > l->max_size)
		judge_add(problems, l->level, name, "has %s, more than %s", plain_size(is, size),
			plain_size(limit, l->max_size));
}

/* Returns whether a user or group is the wanted one, by its name or number. */
static bool is_id(const char *wanted, const char *name, unsigned id)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", id);
	return strcmp(wanted, name) == 0 || strcmp(wanted, number) == 0;
}

static void judge_owner(
	struct problems *problems, const struct limits *l, const char *name, const struct stat *st)
{
	if (l->owner != NULL && !is_id(l->owner, facts_user(st->st_uid), st->st_uid))
		judge_add(problems, l->level, name, "belongs to the user %s, not %s",
			facts_user(st->st_uid), l->owner);
	if (l->group != NULL && !is_id(l->group, facts_group(st->st_gid), st->st_gid))
		judge_add(problems, l->level, name, "belongs to the group %s, not %s",
			facts_group(st->st_gid), l->group);
}

void judge_file(struct problems *problems, const struct limits *l, const char *name,
	const struct facts *facts)
{
	int mode = (int)(facts->st.st_mode & 07777);

	if (l->type != NULL && strcmp(l->type, facts_type(facts)) != 0)
		judge_add(
			problems, l->level, name, "is a %s, not a %s", facts_type(facts), l->type);
	judge_age(problems, l, name, facts_age(facts));
	if (S_ISREG(facts->st.st_mode))
		judge_size(problems, l, name, (double)facts->st.st_size);
	if (l->mode >= 0 && mode != l->mode)
		judge_add(problems, l->level, name, "has the mode %04o, not %04o", (unsigned)mode,
			(unsigned)l->mode);
	judge_owner(problems, l, name, &facts->st);
}

void judge_count(struct problems *problems, const struct limits *l, const struct path *path,
	long count, bool complete)
{
	double least = !complete ? 0 : l->min_count >= 0 ? l->min_count : 1;
	const char *pattern = path->pattern;
	bool is_glob = path->is_glob;

	if (l->absent) {
		if (count > 0 && is_glob)
			judge_add(problems, l->level, pattern,
				"matches %ld files, and none should exist", count);
		else if (count > 0)
			judge_add(problems, l->level, pattern, "exists, and should not");
		return;
	}
	if ((double)count < least && !is_glob)
		judge_add(problems, l->level, pattern, "does not exist");
	else if ((double)count < least && least <= 1)
		judge_add(problems, l->level, pattern, "matches no file");
	else if ((double)count < least)
		judge_add(problems, l->level, pattern, "matches %ld files, less than %.0f", count,
			least);
	if (l->max_count >= 0 && (double)count > l->max_count)
		judge_add(problems, l->level, pattern, "matches %ld files, more than %.0f", count,
			l->max_count);
}
