/*
 * news: whether a change from one word to another is sent.
 *
 * Pure functions: records.c holds what is known of each address and asks here.
 */
#ifndef NEWS_H
#define NEWS_H

#include <stdbool.h>

#define NEWS_ABSENT "absent"

enum news_kind {
	NEWS_PLAIN, /* a value of any kind */
	NEWS_LEVEL, /* a level of health */
	NEWS_VIGILD /* a reason why vigild is degraded: `from` and `to` do not apply */
};

/* The options `from` and `to`: globs, each list ended by NULL. */
struct news_rule {
	const char *const *from, *const *to;
};

struct news_change {
	enum news_kind kind;
	const char *before; /* the word that lasted before; NULL: this is the first */
	const char *now;
	const char *told; /* the problem that was sent last, with nothing good since; NULL: none */
};

/* Whether the options alone want the change.  An empty list is any word but "absent". */
bool news_matches(const struct news_rule *rule, const char *before, const char *now);
/* Whether the change is sent. */
bool news_is_wanted(const struct news_rule *rule, const struct news_change *change);
/* Whether the options name "absent" (or another word that only says that nothing is known). */
bool news_names(const struct news_rule *rule, const char *word);
/* Whether changes to this word are sent at all. */
bool news_may_be(const struct news_rule *rule, enum news_kind kind, const char *word);

/* OK and what means the same elsewhere: running, 0, false. */
bool news_is_good(const char *word);
/* The higher, the worse: CRITICAL, UNKNOWN, WARNING, other words, absent, what is good. */
int news_severity(const char *word);

#endif
