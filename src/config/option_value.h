/*
 * option_value: one value of an option, read from text by its type.  For option.c.
 */
#ifndef OPTION_VALUE_H
#define OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <vigil/vigil.h>

#define OPTION_WHY        384
#define OPTION_CHOICE_MAX 64

struct option_value {
	const vigil_option *schema;
	bool given;       /* by the file, not by default */
	bool present;     /* there is a value at all */
	bool boolean;     /* BOOL */
	const char *text; /* as it was written; NULL when not present */
	union {
		int64_t integer; /* INT, SIZE */
		double number;   /* NUMBER, DURATION (seconds) */
		char **list;     /* LIST, COMMAND: ended by NULL; never NULL for these */
	};
};

/* Reads the text (NULL or "": no value), which is borrowed, by the type of v->schema.  0, or a
 * negative errno and the reason in why, which follows `NAME = "VALUE": `. */
int option_value_parse(struct option_value *v, const char *text, char why[OPTION_WHY]);
void option_value_clear(struct option_value *v);

bool option_type_exists(vigil_option_type type);
/* The words of a schema's choices, one after the other into word; what follows, or NULL. */
const char *option_next_choice(const char *choices, char *word, size_t size);

#endif
