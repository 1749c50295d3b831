/*
 * text: parsers for the small formats of configuration files and command lines (names, durations,
 * sizes, lists, quoting), and suggestions for misspelled words.  Pure functions; any thread.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Checks the name of a daemon: [A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}. */
bool text_is_daemon_name(const char *name);

/* Checks a name that may be passed to a service manager: [A-Za-z0-9_][A-Za-z0-9:_.\\@-]*, at most
 * 255 bytes, without "..".  It contains no slash, so it is a single path component.  It does not
 * begin with a dash, so it is never an option. */
bool text_is_service_name(const char *name);

/* Parses "250ms" "5s" "2m" "1h" "1d" "5" "1.5s" "1h30m" to seconds.  Returns 0 or -EINVAL. */
int text_duration(const char *text, double *seconds);
/* Parses "512" "64KiB" "10MiB" "1GiB" "1TiB", also "64K" "10M" "1G" "1T" and "512B", to bytes; case
 * is ignored.  Returns 0, -EINVAL or -ERANGE. */
int text_size(const char *text, int64_t *bytes);
/* Parses yes, no, true, false, on, off, 1 and 0; case is ignored.  Returns 0 or -EINVAL. */
int text_bool(const char *text, bool *value);

/* Formats seconds for people: "0.3s" "12s" "3m12s" "2h05m" "4d03h".  Returns buf. */
#define TEXT_AGE 24
char *text_format_age(char buf[TEXT_AGE], double seconds);

/* Returns the length of the UTF-8 sequence at text, with its character in *c; 0: invalid UTF-8. */
size_t text_decode(const char *text, size_t left, uint32_t *c);
/* Copies text to dst (size bytes, at least 4).  A text that does not fit is truncated between two
 * characters and ends in "...".  Returns dst. */
char *text_truncate(char *dst, size_t size, const char *text);
#define TEXT_SHORT 84 /* a buffer for a user's text that is quoted in a message */

/* Compares two texts, each of which may be NULL. */
bool text_equal(const char *a, const char *b);

/* Splits comma-separated text.  Blanks around an element and empty elements are dropped.  Returns a
 * NULL-terminated array, which the caller frees with text_free_list, or NULL if there is no
 * memory. */
char **text_split_list(const char *text);
/* Splits a command line in shell quoting (blanks, '...', "...", backslash) into argv.  Nothing is
 * expanded, and no shell is run.  Returns 0, or -EINVAL with static text in *why.  The caller frees
 * *argv with text_free_list. */
int text_split_command(const char *text, char ***argv, const char **why);
void text_free_list(char **list);
/* Copies a NULL-terminated array (NULL: an empty one) into a single block, which the caller frees
 * with free. */
char **text_copy_list(const char *const *list);
size_t text_count_list(const char *const *list);
/* Compares two such arrays; NULL equals an empty array. */
bool text_equal_lists(const char *const *a, const char *const *b);

/* Finds the candidate that is nearest to a misspelled word.  The edit distance (swapped neighbours
 * count 1) may be at most 1 for words of up to 4 letters, 2 up to 8, otherwise 3.  Call
 * text_suggest_add for each candidate.  text_suggest_get returns the nearest one, or NULL if none
 * is near enough. */
struct text_suggest {
	const char *word;
	const char *best;
	unsigned distance;
};
void text_suggest_init(struct text_suggest *s, const char *word);
void text_suggest_add(struct text_suggest *s, const char *candidate);
const char *text_suggest_get(const struct text_suggest *s);

/* Returns true if name matches a glob with * and ?, the only wildcards that the configuration
 * knows. */
bool text_glob(const char *glob, const char *name);

/* The 32-bit FNV-1a hash of the text.  hash: TEXT_HASH, or the hash of the text before it. */
#define TEXT_HASH 2166136261u
uint32_t text_hash(const char *text, uint32_t hash);

/* Copies length bytes of text to dst (size bytes, always NUL-terminated) and escapes it.  Control
 * characters and invalid UTF-8 become \n, \t, \r or \xHH.  The control characters of Unicode, line
 * separators, zero-width characters and directional marks become \u{XXXX}.  Escaping an escaped
 * text changes nothing.  If the result does not fit, it is truncated between two characters and
 * ends in "...".  Returns dst. */
char *text_escape(char *dst, size_t size, const char *text, size_t length);
/* The same, but the control characters in keep are not escaped. */
char *text_escape_keep(char *dst, size_t size, const char *text, size_t length, const char *keep);

#endif
