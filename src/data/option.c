/*
 * option: values checked against a schema.
 *
 * One parser for each type, in a table.  The same parsers read what a file gives and what the
 * schema itself gives as default, so a default can no more be wrong than a value can.
 */
#include "data/option.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "base/text.h"

/* Most daemons are given a few of a module's options, and all share the defaults of the rest. */
struct option_set {
	unsigned refs;
	const vigil_option *schema;
	struct option_set *defaults;  /* NULL: this is the set of them, in the schema's order */
	SLIST_ENTRY(option_set) link; /* among the sets of defaults */
	size_t count;
	struct option_value own[]; /* what was given, in the order it was */
};

static SLIST_HEAD(, option_set) all_defaults = SLIST_HEAD_INITIALIZER(all_defaults);

/* --- one parser a type --------------------------------------------------------------------------- */

#define WHY 256

typedef int parse_fn(struct option_value *v, const char *text, char why[WHY]);

static int wrong(char why[WHY], const char *what)
{
	snprintf(why, WHY, "%s", what);
	return -EINVAL;
}

/* A limit as one would write it: 10MiB, not 10485760. */
static void show_limit(char *buf, size_t size, vigil_option_type type, double limit)
{
	static const struct unit {
		double factor;
		const char *name;
	} durations[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}, {0.001, "ms"}, {0, NULL}},
	  sizes[] = {{1073741824, "GiB"}, {1048576, "MiB"}, {1024, "KiB"}, {0, NULL}},
	  none[] = {{0, NULL}};
	const struct unit *u = type == VIGIL_DURATION ? durations
			       : type == VIGIL_SIZE   ? sizes
						      : none;

	while (u->name != NULL && (limit < u->factor || fmod(limit, u->factor) > u->factor * 1e-9))
		u++;
	snprintf(buf, size, "%.12g%s", u->name != NULL ? limit / u->factor : limit,
		u->name != NULL ? u->name : "");
}

static int in_range(const vigil_option *s, double number, char why[WHY])
{
	char low[32], high[32];

	if ((s->min == 0 && s->max == 0) || (number >= s->min && number <= s->max))
		return 0;
	show_limit(low, sizeof(low), s->type, s->min);
	show_limit(high, sizeof(high), s->type, s->max);
	snprintf(why, WHY, "must be from %s to %s", low, high);
	return -ERANGE;
}

static int parse_text(struct option_value *v, const char *text, char why[WHY])
{
	return 0;
}

static int parse_bool(struct option_value *v, const char *text, char why[WHY])
{
	return text_bool(text, &v->boolean) == 0
		       ? 0
		       : wrong(why, "is neither yes nor no (true false on off 1 0 do as well)");
}

static int parse_int(struct option_value *v, const char *text, char why[WHY])
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		return wrong(why, "is not a whole number");
	v->integer = value;
	return in_range(v->schema, (double)value, why);
}

static int parse_number(struct option_value *v, const char *text, char why[WHY])
{
	char *end;

	v->number = strtod(text, &end);
	/* strtod also takes "0x1p3", "inf" and "nan". */
	if (end == text || text[strspn(text, "+-.0123456789eE")] != '\0' || *end != '\0' ||
		!isfinite(v->number))
		return wrong(why, "is not a number");
	return in_range(v->schema, v->number, why);
}

static int parse_duration(struct option_value *v, const char *text, char why[WHY])
{
	if (text_duration(text, &v->number) != 0)
		return wrong(why, "is not a duration (such as 250ms, 5s, 2m, 1h, 1d)");
	return in_range(v->schema, v->number, why);
}

static int parse_size(struct option_value *v, const char *text, char why[WHY])
{
	int err = text_size(text, &v->integer);

	if (err != 0)
		return wrong(why, err == -ERANGE ? "is too large"
						 : "is not a size (such as 512, 64KiB, 10MiB)");
	return in_range(v->schema, (double)v->integer, why);
}

#define CHOICE_MAX 64

/* The words of a schema's choices, one after the other into word; what follows, or NULL. */
static const char *next_choice(const char *choices, char *word, size_t size)
{
	size_t n;

	choices += strspn(choices, " ");
	n = strcspn(choices, " ");
	if (n == 0 || n >= size)
		return NULL;
	memcpy(word, choices, n);
	word[n] = '\0';
	return choices + n;
}

static int parse_choice(struct option_value *v, const char *text, char why[WHY])
{
	char word[CHOICE_MAX], near[CHOICE_MAX] = "";
	const char *rest = v->schema->choices;
	struct text_suggest suggest;

	text_suggest_init(&suggest, text);
	while ((rest = next_choice(rest, word, sizeof(word))) != NULL) {
		if (strcmp(word, text) == 0)
			return 0;
		text_suggest_add(&suggest, word);
		if (text_suggest_get(&suggest) == word) {
			memcpy(near, word, sizeof(near));
			suggest.best = near;
		}
	}
	if (text_suggest_get(&suggest) != NULL)
		snprintf(why, WHY, "is not one of: %s; did you mean \"%s\"?", v->schema->choices,
			near);
	else
		snprintf(why, WHY, "is not one of: %s", v->schema->choices);
	return -EINVAL;
}

/* Takes the list, and keeps it in one piece. */
static int keep_list(struct option_value *v, char **list, char why[WHY])
{
	v->list = list != NULL ? text_copy_list((const char *const *)list) : NULL;
	text_free_list(list);
	return v->list != NULL ? 0 : wrong(why, "does not fit into memory");
}

static int parse_list(struct option_value *v, const char *text, char why[WHY])
{
	return keep_list(v, text_split_list(text), why);
}

static int parse_path(struct option_value *v, const char *text, char why[WHY])
{
	if (text[0] != '/')
		return wrong(why, "is not an absolute path");
	return strlen(text) < PATH_MAX ? 0 : wrong(why, "is too long for a path");
}

static int parse_command(struct option_value *v, const char *text, char why[WHY])
{
	const char *reason;
	char **list;

	if (text_split_command(text, &list, &reason) != 0)
		return wrong(why, reason);
	return keep_list(v, list, why);
}

static int parse_name(struct option_value *v, const char *text, char why[WHY])
{
	return text_is_service_name(text)
		       ? 0
		       : wrong(why, "cannot be the name of a service: letters, digits and _ : . @ "
				    "\\ - are "
				    "allowed, a letter, digit or _ first, no \"..\", at most 255");
}

static parse_fn *const parsers[] = {
	[VIGIL_TEXT] = parse_text,
	[VIGIL_BOOL] = parse_bool,
	[VIGIL_INT] = parse_int,
	[VIGIL_NUMBER] = parse_number,
	[VIGIL_DURATION] = parse_duration,
	[VIGIL_SIZE] = parse_size,
	[VIGIL_CHOICE] = parse_choice,
	[VIGIL_LIST] = parse_list,
	[VIGIL_PATH] = parse_path,
	[VIGIL_COMMAND] = parse_command,
	[VIGIL_NAME] = parse_name,
};

#define TYPES (sizeof(parsers) / sizeof(*parsers))

static bool has_list(const vigil_option *schema)
{
	return schema->type == VIGIL_LIST || schema->type == VIGIL_COMMAND;
}

static void value_clear(struct option_value *v)
{
	if (has_list(v->schema))
		free(v->list);
	*v = (struct option_value){.schema = v->schema};
}

/* NULL or "": no value.  The text is borrowed. */
static int value_parse(struct option_value *v, const char *text, char why[WHY])
{
	int err = 0;

	if (text != NULL && text[0] != '\0') {
		v->present = true;
		v->text = text;
		err = parsers[v->schema->type](v, text, why);
	}
	if (err == 0 && has_list(v->schema) && v->list == NULL)
		v->list = memory_zero(sizeof(*v->list));
	return err;
}

/* --- schemas ------------------------------------------------------------------------------------------ */

static size_t schema_length(const vigil_option *schema)
{
	size_t n = 0;

	while (schema != NULL && schema[n].name != NULL)
		n++;
	return n;
}

static const vigil_option *schema_find(const vigil_option *schema, const char *name)
{
	for (; schema != NULL && schema->name != NULL; schema++)
		if (strcmp(schema->name, name) == 0)
			return schema;
	return NULL;
}

static bool has_choices(const vigil_option *row)
{
	const char *rest = row->choices != NULL ? row->choices : "";
	char word[CHOICE_MAX];
	bool any = false;

	for (; rest != NULL && rest[strspn(rest, " ")] != '\0'; any = true)
		rest = next_choice(rest, word, sizeof(word));
	return any && rest != NULL;
}

static int check_row(const vigil_option *schema, const vigil_option *row, char why[WHY])
{
	struct option_value probe = {.schema = row};
	int err;

	if (row->name[0] == '\0' || strcmp(row->name, "module") == 0)
		return wrong(why, "cannot be the name of an option");
	if ((unsigned)row->type >= TYPES)
		return wrong(why, "has an unknown type");
	if (row->type == VIGIL_CHOICE && !has_choices(row))
		return wrong(why, "has no choices, or one that is too long");
	if (schema_find(schema, row->name) != row)
		return wrong(why, "stands twice");
	if (row->max < row->min)
		return wrong(why, "has its range the wrong way round");
	err = value_parse(&probe, row->value, why);
	value_clear(&probe);
	return err;
}

int option_schema_check(const vigil_option *schema, char *why, size_t size)
{
	char reason[WHY];

	for (const vigil_option *row = schema; row != NULL && row->name != NULL; row++) {
		if (check_row(schema, row, reason) != 0) {
			snprintf(why, size, "\"%.64s\" %s", row->name, reason);
			return -EINVAL;
		}
	}
	return 0;
}

/* --- sets ----------------------------------------------------------------------------------------------- */

struct place {
	const char *where, *file;
	int line;
	char *room; /* for the texts of what is given */
	struct complaints *complaints;
};

static void complain_unknown(
	const vigil_option *schema, const struct option_given *given, const struct place *place)
{
	char key[TEXT_SHORT];
	struct text_suggest suggest;

	text_cut(key, sizeof(key), given->key);
	text_suggest_init(&suggest, given->key);
	for (; schema != NULL && schema->name != NULL; schema++)
		text_suggest_add(&suggest, schema->name);
	if (text_suggest_get(&suggest) != NULL)
		complaint_add(place->complaints, given->file, given->line,
			"unknown key \"%s\" in %s; did you mean \"%s\"?", key, place->where,
			text_suggest_get(&suggest));
	else
		complaint_add(place->complaints, given->file, given->line,
			"unknown key \"%s\" in %s", key, place->where);
}

/* A key without a value takes a text or a list away that the default gives.  Of the other types
 * there is no value that would say so: a duration that is not there would be read as 0. */
static bool may_be_empty(const vigil_option *row)
{
	if (row->flags & VIGIL_REQUIRED)
		return false;
	return row->type == VIGIL_TEXT || row->type == VIGIL_LIST || row->value == NULL ||
	       row->value[0] == '\0';
}

/* Room for so many values of its own, and their texts behind them. */
static struct option_set *set_new(const vigil_option *schema, size_t own, size_t texts)
{
	struct option_set *set = memory_zero(sizeof(*set) + own * sizeof(set->own[0]) + texts);

	set->refs = 1;
	set->schema = schema;
	return set;
}

static struct option_value *own_value(struct option_set *set, const vigil_option *row)
{
	struct option_value *v = &set->own[set->count++];

	v->schema = row;
	return v;
}

/* Its own value, or the default. */
static const struct option_value *value_of(const struct option_set *set, const vigil_option *row)
{
	for (size_t i = set->count; i-- > 0;) /* a later one counts */
		if (set->own[i].schema == row)
			return &set->own[i];
	return &set->defaults->own[row - set->schema];
}

/* The one there is for this schema, or a new one. */
static struct option_set *defaults_of(const vigil_option *schema)
{
	struct option_set *set;
	char why[WHY];

	SLIST_FOREACH(set, &all_defaults, link)
	if (set->schema == schema)
		return option_set_ref(set);
	set = set_new(schema, schema_length(schema), 0);
	for (; schema != NULL && schema->name != NULL; schema++)
		value_parse(own_value(set, schema), schema->value, why); /* it was checked */
	SLIST_INSERT_HEAD(&all_defaults, set, link);
	return set;
}

static void take_given(
	struct option_set *set, const struct option_given *given, struct place *place)
{
	const vigil_option *row = schema_find(set->schema, given->key);
	char why[WHY], value[TEXT_SHORT];
	struct option_value *v;
	const char *text;

	if (row == NULL) {
		complain_unknown(set->schema, given, place);
		return;
	}
	v = own_value(set, row);
	v->given = true;
	text = strcpy(place->room, given->value);
	place->room += strlen(text) + 1;
	if (value_parse(v, text, why) != 0)
		complaint_add(place->complaints, given->file, given->line, "%s = \"%s\": %s",
			row->name, text_cut(value, sizeof(value), given->value), why);
	else if (!v->present && !may_be_empty(row))
		complaint_add(place->complaints, given->file, given->line,
			row->flags & VIGIL_REQUIRED
				? "%s is empty in %s"
				: "%s is empty in %s; leave the line out for the default",
			row->name, place->where);
}

static void complain_missing(const struct option_set *set, const struct place *place)
{
	const vigil_option *row = set->schema;

	for (; row != NULL && row->name != NULL; row++)
		if (row->flags & VIGIL_REQUIRED && !value_of(set, row)->given)
			complaint_add(place->complaints, place->file, place->line,
				"%s is missing in %s: %s", row->name, place->where, row->help);
}

struct option_set *option_set_new(const vigil_option *schema, const struct option_given *given,
	size_t count, const char *where, const char *file, int line, struct complaints *complaints)
{
	size_t before = complaints->count, texts = 0;
	struct option_set *set;
	struct place place;

	for (size_t i = 0; i < count; i++)
		texts += strlen(given[i].value) + 1;
	set = set_new(schema, count, texts);
	place = (struct place){where, file, line, (char *)&set->own[count], complaints};
	set->defaults = defaults_of(schema);
	for (size_t i = 0; i < count; i++)
		take_given(set, &given[i], &place);
	complain_missing(set, &place);
	if (complaints->count == before)
		return set;
	option_set_unref(set);
	return NULL;
}

struct option_set *option_set_ref(struct option_set *set)
{
	set->refs++;
	return set;
}

void option_set_unref(struct option_set *set)
{
	if (set == NULL || --set->refs > 0)
		return;
	if (set->defaults == NULL)
		SLIST_REMOVE(&all_defaults, set, option_set, link);
	option_set_unref(set->defaults);
	for (size_t i = 0; i < set->count; i++)
		value_clear(&set->own[i]);
	free(set);
}

/* In what they mean: 5s and 5000ms are one. */
static bool values_differ(const struct option_value *a, const struct option_value *b)
{
	if (a == b || a->present != b->present)
		return a != b;
	if (!a->present)
		return false;
	switch (a->schema->type) {
	case VIGIL_BOOL: return a->boolean != b->boolean;
	case VIGIL_INT:
	case VIGIL_SIZE: return a->integer != b->integer;
	case VIGIL_NUMBER:
	case VIGIL_DURATION: return a->number != b->number;
	case VIGIL_LIST:
	case VIGIL_COMMAND:
		return !text_equal_lists(
			(const char *const *)a->list, (const char *const *)b->list);
	default: return strcmp(a->text, b->text) != 0;
	}
}

/* Whether all that one was given is in the other, too. */
static bool is_in(const struct option_set *a, const struct option_set *b)
{
	const vigil_option *row;

	for (size_t i = 0; i < a->count; i++) {
		row = a->own[i].schema;
		if (values_differ(value_of(a, row), value_of(b, row)))
			return false;
	}
	return true;
}

bool option_set_equal(const struct option_set *a, const struct option_set *b)
{
	return a->schema == b->schema && is_in(a, b) && is_in(b, a);
}

bool option_set_differs(const struct option_set *a, const struct option_set *b, const char *name)
{
	const struct option_value *x = option_get(a, name), *y = option_get(b, name);

	return x == NULL || y == NULL ? x != y : values_differ(x, y);
}

const struct option_value *option_get(const struct option_set *set, const char *name)
{
	const vigil_option *row = schema_find(set->schema, name);

	return row != NULL ? value_of(set, row) : NULL;
}

const struct option_value *option_set_given(const struct option_set *set, size_t index)
{
	return index < set->count ? &set->own[index] : NULL;
}
