/*
 * option_value: parses the value of an option by its type.  For option.c.
 */
#ifndef OPTION_VALUE_H
#define OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <vigil/vigil.h>

#include "base/calendar.h"

struct option_regex;

#define OPTION_WHY        384
#define OPTION_CHOICE_MAX 64

struct option_value {
	const vigil_option *schema;
	bool given;       /* true: configured; false: the default */
	bool present;     /* there is a value */
	bool boolean;     /* BOOL */
	const char *text; /* the raw text, borrowed; NULL: not present */
	union {
		int64_t integer; /* INT, SIZE */
		double number;   /* NUMBER, DURATION (seconds) */
		char **list;     /* LIST, PATHS, COMMAND: ends with NULL; never NULL itself */
		vigil_range range;
		struct option_regex *regex;   /* REGEX; NULL: not present */
		struct calendar *calendar;    /* CALENDAR; NULL: not present */
		struct calendar_times *times; /* TIMES; NULL: not present */
	};
};

/* Parses the text (NULL or "": no value) by the type of v->schema.  The text is borrowed and must
 * outlive the value.  Returns 0, or a negative errno and the reason in why, which is printed after
 * `NAME = "VALUE": `. */
int option_value_parse(struct option_value *v, const char *text, char why[OPTION_WHY]);
void option_value_clear(struct option_value *v);

/* Whether the values of the type are lists. */
bool option_type_is_list(vigil_option_type type);
/* For a REGEX: returns true if it has a value and a part of the text matches it. */
bool option_value_matches(const struct option_value *v, const char *text);

bool option_type_exists(vigil_option_type type);
/* Returns the name of a type that exists, such as "list", as static text. */
const char *option_type_name(vigil_option_type type);
/* Copies the first word of a schema's choices to word.  Returns the rest, or NULL if there is none
 * or if it does not fit. */
const char *option_next_choice(const char *choices, char *word, size_t size);

#endif
