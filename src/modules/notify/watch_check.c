/*
 * watch_check: checks whether `watch`, `from` and `to` can ever match.
 *
 * At addresses that vigild itself writes, such as /runs/NAME/health, all possible words are known.
 * An element of `from` or `to` that matches none of them would never match, and the daemon would
 * never send anything. Other daemons may write any word.
 */
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "watch.h"

#define WORDS_MAX 16
#define LIST_TEXT 256
#define STEP_TEXT 128

/* The possible words of an address. */
static const struct known {
	const char *pattern; /* pattern of the address */
	const char *words[8];
} known[] = {
	{"/runs/*/health", {"OK", "WARNING", "CRITICAL", "UNKNOWN", "absent"}},
	{"/runs/*/health/level", {"OK", "WARNING", "CRITICAL", "UNKNOWN", "absent"}},
	{"/runs/*/status", {"starting", "running", "paused", "failed", "stopping", "absent"}},
	{"/runs/*/paused", {"true", "false", "absent"}},
	{"/vigil/degraded", {"WARNING", "OK"}},
};

static size_t steps_of(const char *pattern)
{
	size_t steps = 0;

	for (; *pattern != '\0'; pattern++)
		steps += *pattern == '/';
	return steps;
}

static const struct known *find_known(const char *pattern)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (watch_matches(known[i].pattern, pattern) &&
			steps_of(known[i].pattern) == steps_of(pattern))
			return &known[i];
	return NULL;
}

/* Collects all words that the patterns can give. Returns 0 if a pattern matches an address that may
 * have any word. */
static size_t gather_words(const char *const *patterns, const char *words[WORDS_MAX])
{
	size_t count = 0, n;

	for (; *patterns != NULL; patterns++) {
		const struct known *k = find_known(*patterns);

		if (k == NULL)
			return 0;
		for (const char *const *word = k->words; *word != NULL; word++) {
			for (n = 0; n < count && strcmp(words[n], *word) != 0; n++)
				;
			if (n == count && count < WORDS_MAX)
				words[count++] = *word;
		}
	}
	return count;
}

static bool may_match(const char *glob, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(glob, words[i], FNM_NOESCAPE) == 0)
			return true;
	return false;
}

/* Returns the word that was probably meant: one that begins with the element, ignoring case, or
 * else one with the same first letter. NULL: there is none. */
static const char *suggest(const char *element, const char *const *words, size_t count)
{
	size_t length = strlen(element);

	for (size_t i = 0; i < count; i++)
		if (strncasecmp(words[i], element, length) == 0)
			return words[i];
	for (size_t i = 0; i < count; i++)
		if (strncasecmp(words[i], element, 1) == 0)
			return words[i];
	return NULL;
}

static int check_word(vigil_daemon *d, const char *option, const char *element,
	const char *const *words, size_t count)
{
	char list[LIST_TEXT] = "";
	const char *meant = suggest(element, words, count);

	if (may_match(element, words, count))
		return 0;
	for (size_t i = 0; i < count; i++) {
		strncat(list, i > 0 ? " " : "", sizeof(list) - strlen(list) - 1);
		strncat(list, words[i], sizeof(list) - strlen(list) - 1);
	}
	if (element[strcspn(element, " \t;")] != '\0')
		return vigil_diagnose(d, option,
			"its element \"%.80s\" never matches: separate words with commas; the "
			"words are: %s",
			element, list);
	if (meant != NULL)
		return vigil_diagnose(d, option,
			"its element \"%.80s\" never matches; did you mean \"%s\"?  The words are: "
			"%s",
			element, meant, list);
	return vigil_diagnose(
		d, option, "its element \"%.80s\" never matches; the words are: %s", element, list);
}

static int check_words(vigil_daemon *d, const char *option, const char *const *words, size_t count)
{
	const char *const *element = vigil_option_list(d, option);
	int err = 0;

	for (; count > 0 && *element != NULL; element++)
		if (check_word(d, option, *element, words, count) != 0)
			err = -EINVAL;
	return err;
}

/* Copies a step of a pattern; the first step is 0. Returns false if the pattern has no such
 * step. */
static bool copy_step(const char *pattern, size_t number, char step[STEP_TEXT])
{
	size_t length;

	for (; number > 0 && pattern != NULL; number--)
		pattern = strchr(pattern + 1, '/');
	if (pattern == NULL)
		return false;
	length = strcspn(pattern + 1, "/");
	if (length >= STEP_TEXT)
		length = STEP_TEXT - 1;
	memcpy(step, pattern + 1, length);
	step[length] = '\0';
	return true;
}

static bool is_among(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Checks that the pattern can match an address whose changes vigild announces. Other parts of the
 * state never notify a subscriber. */
static int check_places(vigil_daemon *d, const char *pattern)
{
	static const char *const roots[] = {"runs", "daemons", "vigil", "*", "", NULL};
	static const char *const of_runs[] = {"health", "status", "paused", "*", NULL};
	static const char *const of_vigil[] = {"degraded", "*", NULL};
	char root[STEP_TEXT], step[STEP_TEXT];

	for (size_t i = 0; copy_step(pattern, i, step); i++)
		if (strchr(step, '*') != NULL && strcmp(step, "*") != 0)
			return vigil_diagnose(d, "watch",
				"its element \"%.80s\" never matches: a * matches a whole step "
				"only",
				pattern);
	copy_step(pattern, 0, root);
	if (!is_among(root, roots))
		return vigil_diagnose(d, "watch",
			"its element \"%.80s\" never matches: an address begins with /runs, "
			"/daemons or /vigil",
			pattern);
	if (strcmp(root, "runs") == 0 && copy_step(pattern, 2, step) && !is_among(step, of_runs))
		return vigil_diagnose(d, "watch",
			"its element \"%.80s\" never matches: of /runs/NAME only health, status "
			"and "
			"paused are announced",
			pattern);
	if (strcmp(root, "vigil") == 0 && copy_step(pattern, 1, step) && !is_among(step, of_vigil))
		return vigil_diagnose(d, "watch",
			"its element \"%.80s\" never matches: of /vigil only degraded is announced",
			pattern);
	return 0;
}

static int check_pattern(vigil_daemon *d, const char *pattern)
{
	if (pattern[0] != '/')
		return vigil_diagnose(d, "watch",
			"its element \"%.80s\" is not an address such as /runs/*/health", pattern);
	if (strpbrk(pattern, " \t\"'") != NULL)
		return vigil_diagnose(d, "watch",
			"its element \"%.80s\" is not an address: it contains a blank or a quote; "
			"separate addresses with commas",
			pattern);
	if (strlen(pattern) >= WATCH_POINTER_MAX)
		return vigil_diagnose(d, "watch", "its element \"%.80s...\" is too long", pattern);
	return check_places(d, pattern);
}

int watch_check(vigil_daemon *d)
{
	const char *const *patterns = vigil_option_list(d, "watch");
	const char *words[WORDS_MAX];
	size_t count = gather_words(patterns, words);
	int err = 0;

	if (patterns[0] == NULL)
		err = vigil_diagnose(d, "watch", "is empty");
	for (const char *const *pattern = patterns; *pattern != NULL; pattern++)
		if (check_pattern(d, *pattern) != 0)
			err = -EINVAL;
	if (check_words(d, "from", words, count) != 0 || check_words(d, "to", words, count) != 0)
		err = -EINVAL;
	return err;
}
