/*
 * text: the small languages of config files and command lines: names, durations, sizes,
 * lists, quoting, and the word that was probably meant.  Pure functions; any thread.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A daemon's name: [A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}. */
bool text_is_daemon_name(const char *name);

/* A name that may be handed to a service manager: [A-Za-z0-9_][A-Za-z0-9:_.\\@-]*, at most 255
 * bytes, no "..".  It holds no slash, so it is also one path component, and begins with no
 * dash, so it is never an option. */
bool text_is_service_name(const char *name);

/* "250ms" "5s" "2m" "1h" "1d" "5" "1.5s": seconds.  "1h30m" too.  0 or -EINVAL. */
int text_duration(const char *text, double *seconds);
/* "512" "64KiB" "10MiB" "1GiB", also "64K" "10M" "1G": bytes.  0 or -EINVAL, -ERANGE. */
int text_size(const char *text, int64_t *bytes);
/* "yes no true false on off 1 0", in any case.  0 or -EINVAL. */
int text_bool(const char *text, bool *value);

/* Seconds as people read them: "0.3s" "12s" "3m12s" "2h05m" "4d03h".  Returns buf. */
#define TEXT_AGE 24
char *text_format_age(char buf[TEXT_AGE], double seconds);

/* The length of the UTF-8 sequence at text, with its character in *c; 0: it is none. */
size_t text_decode(const char *text, size_t left, uint32_t *c);
/* Copies text to dst (size bytes, at least 4); one too long is cut between two characters and
 * ends in "...".  Returns dst. */
char *text_truncate(char *dst, size_t size, const char *text);
#define TEXT_SHORT 84 /* room for as much of a user's text as a message should repeat */

/* Comma-separated texts, blanks around each dropped, empty ones dropped.  A NULL-ended array to
 * be freed with text_free_list; NULL when out of memory. */
char **text_split_list(const char *text);
/* A command line in shell quoting (blanks, '...', "...", backslash) into argv; nothing is
 * expanded, no shell is run.  0 or -EINVAL with *why set to static text; *argv is freed with
 * text_free_list. */
int text_split_command(const char *text, char ***argv, const char **why);
void text_free_list(char **list);
/* A copy of a NULL-ended array (NULL is an empty one), in one piece: to be freed with free. */
char **text_copy_list(const char *const *list);
/* Likewise, NULL is an empty one. */
bool text_equal_lists(const char *const *a, const char *const *b);

/* The candidate nearest to word, when it is near enough to be meant: edit distance (swaps of
 * neighbours count one) at most 1 for words up to 4 letters, 2 up to 8, else 3.  Feed the
 * candidates one by one; NULL at the end when none was near. */
struct text_suggest {
	const char *word;
	const char *best;
	unsigned distance;
};
void text_suggest_init(struct text_suggest *s, const char *word);
void text_suggest_add(struct text_suggest *s, const char *candidate);
const char *text_suggest_get(const struct text_suggest *s);

/* Whether name matches a glob of the forms the config knows: * and ? only. */
bool text_glob(const char *glob, const char *name);

#endif
