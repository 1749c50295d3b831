/*
 * news: decides whether a change from one word to another is sent.
 *
 * The functions are pure. records.c stores the words of each address and calls them.
 */
#ifndef NEWS_H
#define NEWS_H

#include <stdbool.h>

#define NEWS_ABSENT "absent"

enum news_kind {
	NEWS_PLAIN, /* any value */
	NEWS_LEVEL, /* a health level */
	NEWS_VIGILD /* a reason why vigild is degraded; `from` and `to` do not apply */
};

/* The options `from` and `to`: lists of globs, each ended by NULL; borrowed. */
struct news_rule {
	const char *const *from, *const *to;
};

struct news_change {
	enum news_kind kind;
	const char *before; /* the previous settled word; NULL: this is the first word */
	const char *now;
	const char *told; /* the problem that was sent last and has not ended; NULL: none */
};

/* Returns whether the change matches the options alone. An empty list matches every word except
 * "absent"; an empty `from` also matches "absent" if `to` is not empty. */
bool news_matches(const struct news_rule *rule, const char *before, const char *now);
/* Returns whether the change is sent. */
bool news_is_wanted(const struct news_rule *rule, const struct news_change *change);
/* Returns whether `from` or `to` matches the word. Used for "absent" and other words that only mean
 * that the value is not known. */
bool news_names(const struct news_rule *rule, const char *word);
/* Returns whether changes to this word can be sent at all. */
bool news_may_be(const struct news_rule *rule, enum news_kind kind, const char *word);

/* Returns whether the word is OK or one of the words with the same meaning: running, 0, false. */
bool news_is_good(const char *word);
/* Returns the severity; a higher value is worse. The order is CRITICAL and failed, UNKNOWN,
 * WARNING, other words, absent, good words. */
int news_severity(const char *word);

#endif
