/*
 * news: see news.h.
 *
 * The first word of an address is not a change, because it only shows that something has started.
 * It is sent only if it is a problem. The end of a problem is sent only if the problem was sent. A
 * level that was sent is not sent again after a level that was not sent: a plugin that sometimes
 * hangs does not repeat its CRITICAL.
 */
#include "news.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

static const char *const good_words[] = {"OK", "running", "0", "false"};
static const char *const problem_levels[] = {"CRITICAL", "UNKNOWN", "WARNING"};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static bool matches_one(const char *const *globs, const char *word)
{
	for (; *globs != NULL; globs++)
		if (fnmatch(*globs, word, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

bool news_is_good(const char *word)
{
	for (size_t i = 0; i < COUNT(good_words); i++)
		if (strcmp(word, good_words[i]) == 0)
			return true;
	return false;
}

int news_severity(const char *word)
{
	static const struct {
		const char *word;
		int severity;
	} table[] = {
		{"CRITICAL", 5}, {"failed", 5}, {"UNKNOWN", 4}, {"WARNING", 3}, {NEWS_ABSENT, 1}};

	for (size_t i = 0; i < COUNT(table); i++)
		if (strcmp(word, table[i].word) == 0)
			return table[i].severity;
	return news_is_good(word) ? 0 : 2;
}

bool news_matches(const struct news_rule *rule, const char *before, const char *now)
{
	bool from_any = strcmp(before, NEWS_ABSENT) != 0 || rule->to[0] != NULL;
	bool to_any = strcmp(now, NEWS_ABSENT) != 0;

	return (rule->from[0] != NULL ? matches_one(rule->from, before) : from_any) &&
	       (rule->to[0] != NULL ? matches_one(rule->to, now) : to_any);
}

bool news_names(const struct news_rule *rule, const char *word)
{
	return matches_one(rule->from, word) || matches_one(rule->to, word);
}

bool news_may_be(const struct news_rule *rule, enum news_kind kind, const char *word)
{
	return kind == NEWS_VIGILD || rule->to[0] == NULL || matches_one(rule->to, word);
}

/* Before the first check the word of an address counts as good, so that a `from` of good words
 * matches it. */
static bool from_good(const struct news_rule *rule)
{
	for (size_t i = 0; i < COUNT(good_words); i++)
		if (matches_one(rule->from, good_words[i]))
			return true;
	return rule->from[0] == NULL;
}

static bool is_first_wanted(const struct news_rule *rule, const struct news_change *change)
{
	/* `from` names "absent": first values are wanted */
	if (matches_one(rule->from, NEWS_ABSENT))
		return news_matches(rule, NEWS_ABSENT, change->now);
	if (news_is_good(change->now) || !from_good(rule))
		return false;
	return rule->to[0] != NULL ? matches_one(rule->to, change->now)
				   : change->kind == NEWS_LEVEL;
}

/* Returns whether the options allow any problem to be sent when it begins. */
static bool sends_problems(const struct news_rule *rule)
{
	for (size_t i = 0; i < COUNT(problem_levels); i++)
		if (news_matches(rule, "OK", problem_levels[i]))
			return true;
	return false;
}

bool news_is_wanted(const struct news_rule *rule, const struct news_change *change)
{
	bool good = news_is_good(change->now);

	if (change->kind == NEWS_VIGILD)
		return good ? change->told != NULL : true;
	if (change->before == NULL)
		return is_first_wanted(rule, change);
	if (!news_matches(rule, change->before, change->now))
		return false;
	if (change->kind != NEWS_LEVEL)
		return true;
	if (good)
		return change->told != NULL || !sends_problems(rule);
	return change->told == NULL || strcmp(change->told, change->now) != 0;
}
