/*
 * option: see option.h.  option_value.c parses both the values of a file and the defaults of the
 * schema, so a default is checked like any value.
 */
#include "config/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/ini.h"
#include "config/range.h"

/* Most daemons set only a few options of their module.  All daemons of a module share the defaults
 * of the others. */
struct option_set {
	unsigned refs;
	const vigil_option *schema;
	struct option_set *defaults;  /* NULL: this is the set of defaults, in schema order */
	SLIST_ENTRY(option_set) link; /* in the list of the sets of defaults */
	size_t count;
	struct option_value own[]; /* the configured values, in their order */
};

static SLIST_HEAD(, option_set) all_defaults = SLIST_HEAD_INITIALIZER(all_defaults);

/* --- schemas ---------------------------------------------------------------------------------- */

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

bool option_schema_has(const vigil_option *schema, const char *name)
{
	return schema_find(schema, name) != NULL;
}

static bool has_choices(const vigil_option *row)
{
	const char *rest = row->choices != NULL ? row->choices : "";
	char word[OPTION_CHOICE_MAX];
	bool any = false;

	for (; rest != NULL && rest[strspn(rest, " ")] != '\0'; any = true)
		rest = option_next_choice(rest, word, sizeof(word));
	return any && rest != NULL;
}

static bool has_text(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static int wrong(char why[OPTION_WHY], const char *what)
{
	snprintf(why, OPTION_WHY, "%s", what);
	return -EINVAL;
}

static int check_row(const vigil_option *schema, const vigil_option *row, char why[OPTION_WHY])
{
	struct option_value probe = {.schema = row};
	int err;

	if (row->name[0] == '\0' || strcmp(row->name, "module") == 0)
		return wrong(why, "is not a valid option name");
	if (!option_type_exists(row->type))
		return wrong(why, "has an unknown type");
	if (row->type == VIGIL_CHOICE && !has_choices(row))
		return wrong(why, "has no choices, or one that is too long");
	if (row->flags & VIGIL_DAEMONS && (row->type != VIGIL_LIST || has_text(row->value)))
		return wrong(why, "names daemons, so it must be a list without a default");
	if (row->flags & VIGIL_POINTERS && row->type != VIGIL_LIST)
		return wrong(why, "has pointers to numbers of daemons, so it must be a list");
	if (row->needs != NULL && !(row->flags & VIGIL_DAEMONS))
		return wrong(why, "needs something of daemons, so it must name daemons");
	if (row->flags & VIGIL_OWN_NAME &&
		((row->type != VIGIL_TEXT && row->type != VIGIL_NAME) || has_text(row->value) ||
			row->flags & VIGIL_REQUIRED))
		return wrong(
			why, "is the daemon's own name, so it must be a text without a default");
	if (row->flags & VIGIL_ACYCLIC && !(row->flags & VIGIL_DAEMONS))
		return wrong(why, "is acyclic, so it must name daemons");
	if (schema_find(schema, row->name) != row)
		return wrong(why, "is listed twice");
	if (row->excludes != NULL && schema_find(schema, row->excludes) == NULL)
		return wrong(why, "excludes an option that does not exist");
	if (row->max < row->min)
		return wrong(why, "has a minimum above its maximum");
	err = option_value_parse(&probe, row->value, why);
	option_value_clear(&probe);
	return err;
}

int option_schema_check(const vigil_option *schema, char *why, size_t size)
{
	char reason[OPTION_WHY];

	for (const vigil_option *row = schema; row != NULL && row->name != NULL; row++) {
		if (check_row(schema, row, reason) != 0) {
			snprintf(why, size, "\"%.64s\" %s", row->name, reason);
			return -EINVAL;
		}
	}
	return 0;
}

/* --- sets ------------------------------------------------------------------------------------- */

struct place {
	const char *where, *file;
	int line;
	char *room;                 /* for the text of the configured values */
	const vigil_option *others; /* another schema, whose options are ignored; NULL: none */
	struct diagnostics *diagnostics;
};

static const char *section_of(const struct option_given *given, const struct place *place)
{
	return given->section != NULL ? given->section : place->where;
}

static void diagnose_unknown(
	const vigil_option *schema, const struct option_given *given, const struct place *place)
{
	char key[TEXT_SHORT];
	struct text_suggest suggest;

	text_truncate(key, sizeof(key), given->key);
	text_suggest_init(&suggest, given->key);
	for (; schema != NULL && schema->name != NULL; schema++)
		text_suggest_add(&suggest, schema->name);
	for (schema = place->others; schema != NULL && schema->name != NULL; schema++)
		text_suggest_add(&suggest, schema->name);
	if (text_suggest_get(&suggest) != NULL)
		diagnostic_add(place->diagnostics, given->file, given->line,
			"unknown option \"%s\" in %s; did you mean \"%s\"?", key,
			section_of(given, place), text_suggest_get(&suggest));
	else
		diagnostic_add(place->diagnostics, given->file, given->line,
			"unknown option \"%s\" in %s", key, section_of(given, place));
}

/* An empty value removes a text, a list, times or a range that the default sets.  The other types
 * have no value that means "none": an empty duration would be read as 0. */
static bool may_be_empty(const vigil_option *row)
{
	if (row->flags & (VIGIL_REQUIRED | VIGIL_OWN_NAME))
		return false;
	switch (row->type) {
	case VIGIL_TEXT:
	case VIGIL_LIST:
	case VIGIL_CALENDAR:
	case VIGIL_TIMES:
	case VIGIL_RANGE:
	case VIGIL_REGEX:
	case VIGIL_PATHS: return true;
	default: return !has_text(row->value);
	}
}

/* Allocates a set with room for its own values and for their text. */
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

/* Returns the own value of the set, or the default. */
static const struct option_value *value_of(const struct option_set *set, const vigil_option *row)
{
	for (size_t i = set->count; i-- > 0;) /* the last one wins */
		if (set->own[i].schema == row)
			return &set->own[i];
	return &set->defaults->own[row - set->schema];
}

/* Returns the set of defaults of this schema, which is created if there is none. */
static struct option_set *defaults_of(const vigil_option *schema)
{
	struct option_set *set;
	char why[OPTION_WHY];

	SLIST_FOREACH(set, &all_defaults, link)
		if (set->schema == schema)
			return option_set_ref(set);
	set = set_new(schema, schema_length(schema), 0);
	for (; schema != NULL && schema->name != NULL; schema++)
		option_value_parse(own_value(set, schema), schema->value, why); /* checked before */
	SLIST_INSERT_HEAD(&all_defaults, set, link);
	return set;
}

const char *option_shown(const vigil_option *row, const char *text)
{
	return row->flags & VIGIL_SECRET ? "***" : text;
}

static void diagnose_value(const vigil_option *row, const struct option_given *given,
	const char *why, const struct place *place)
{
	const char *hint = ini_hint(given->value);
	char value[TEXT_SHORT];

	/* The reason may quote a part of the value. */
	if ((row->flags & VIGIL_SECRET) && strchr(why, '"') != NULL)
		why = "invalid value (not shown, because the option is secret)";
	diagnostic_add(place->diagnostics, given->file, given->line, "%s = \"%s\": %s%s",
		given->key, text_truncate(value, sizeof(value), option_shown(row, given->value)),
		why, strstr(why, hint) == NULL ? hint : "");
}

/* A text may begin with a quote, but that is rarely intended. */
static void note_looks(
	const vigil_option *row, const struct option_given *given, const struct place *place)
{
	char value[TEXT_SHORT];

	if (ini_hint(given->value)[0] != '\0')
		diagnostic_note(place->diagnostics, given->file, given->line,
			"%s = \"%s\": this whole text is the value%s", given->key,
			text_truncate(value, sizeof(value), option_shown(row, given->value)),
			ini_hint(given->value));
}

static void take_given(
	struct option_set *set, const struct option_given *given, struct place *place)
{
	const vigil_option *row = schema_find(set->schema, given->key);
	char why[OPTION_WHY];
	struct option_value *v;
	const char *text;

	if (row == NULL) {
		if (!option_schema_has(place->others, given->key))
			diagnose_unknown(set->schema, given, place);
		return;
	}
	v = own_value(set, row);
	v->given = true;
	text = strcpy(place->room, given->value);
	place->room += strlen(text) + 1;
	if (option_value_parse(v, text, why) != 0)
		diagnose_value(row, given, why, place);
	else if (!v->present && !may_be_empty(row))
		diagnostic_add(place->diagnostics, given->file, given->line,
			row->flags & VIGIL_REQUIRED
				? "%s is empty in %s"
				: "%s is empty in %s; remove the line to use the default",
			row->name, section_of(given, place));
	else if (row->type == VIGIL_TEXT || row->type == VIGIL_REGEX)
		note_looks(row, given, place);
}

static void diagnose_missing(const struct option_set *set, const struct place *place)
{
	const vigil_option *row = set->schema;

	for (; row != NULL && row->name != NULL; row++)
		if (row->flags & VIGIL_REQUIRED && !value_of(set, row)->given)
			diagnostic_add(place->diagnostics, place->file, place->line,
				"%s is missing in %s: %s", row->name, place->where, row->help);
}

/* Returns the raw option with that name and a value; NULL: there is none. */
static const struct option_given *find_set(
	const struct option_given *given, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(given[i].key, name) == 0 && given[i].value[0] != '\0')
			return &given[i];
	return NULL;
}

static void diagnose_excluded(const vigil_option *schema, const struct option_given *given,
	size_t count, const struct place *place)
{
	const struct option_given *one, *other;
	char value[TEXT_SHORT];

	for (const vigil_option *row = schema; row != NULL && row->name != NULL; row++) {
		one = row->excludes != NULL ? find_set(given, count, row->name) : NULL;
		other = one != NULL ? find_set(given, count, row->excludes) : NULL;
		if (other != NULL)
			diagnostic_add(place->diagnostics, one->file, one->line,
				"%s = \"%s\": cannot be set together with %s (%s:%d)", one->key,
				text_truncate(value, sizeof(value), option_shown(row, one->value)),
				other->key, other->file, other->line);
	}
}

/* Most daemons set none of the options that the host uses, and share the set of defaults. */
static struct option_set *defaults_instead(struct option_set *set)
{
	struct option_set *defaults = option_set_ref(set->defaults);

	option_set_unref(set);
	return defaults;
}

static struct option_set *new_checked(const vigil_option *schema, const struct option_given *given,
	size_t count, struct place place, bool complete)
{
	size_t before = place.diagnostics->errors, texts = 0;
	struct option_set *set;

	for (size_t i = 0; i < count; i++)
		texts += strlen(given[i].value) + 1;
	set = set_new(schema, count, texts);
	place.room = (char *)&set->own[count];
	set->defaults = defaults_of(schema);
	for (size_t i = 0; i < count; i++)
		take_given(set, &given[i], &place);
	diagnose_excluded(schema, given, count, &place);
	if (complete)
		diagnose_missing(set, &place);
	if (place.diagnostics->errors == before)
		return set->count > 0 ? set : defaults_instead(set);
	option_set_unref(set);
	return NULL;
}

struct option_set *option_set_new(const vigil_option *schema, const struct option_given *given,
	size_t count, const char *where, const char *file, int line,
	struct diagnostics *diagnostics)
{
	return option_set_new_besides(schema, NULL, given, count, where, file, line, diagnostics);
}

struct option_set *option_set_new_besides(const vigil_option *schema, const vigil_option *others,
	const struct option_given *given, size_t count, const char *where, const char *file,
	int line, struct diagnostics *diagnostics)
{
	return new_checked(schema, given, count,
		(struct place){.where = where,
			.file = file,
			.line = line,
			.others = others,
			.diagnostics = diagnostics},
		true);
}

bool option_check_given(const vigil_option *schema, const vigil_option *others,
	const struct option_given *given, size_t count, const char *where,
	struct diagnostics *diagnostics)
{
	struct option_set *set = new_checked(schema, given, count,
		(struct place){.where = where, .others = others, .diagnostics = diagnostics},
		false);

	option_set_unref(set);
	return set != NULL;
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
		option_value_clear(&set->own[i]);
	free(set);
}

/* Compares the meaning and not the text: 5s equals 5000ms. */
static bool values_differ(const struct option_value *a, const struct option_value *b)
{
	if (a == b || a->present != b->present)
		return a != b;
	if (!a->present)
		return false;
	if (option_type_is_list(a->schema->type))
		return !text_equal_lists(
			(const char *const *)a->list, (const char *const *)b->list);
	switch (a->schema->type) {
	case VIGIL_BOOL: return a->boolean != b->boolean;
	case VIGIL_INT:
	case VIGIL_SIZE: return a->integer != b->integer;
	case VIGIL_NUMBER:
	case VIGIL_DURATION: return a->number != b->number;
	case VIGIL_RANGE: return !range_equal(&a->range, &b->range);
	case VIGIL_CALENDAR: return !calendar_equal(a->calendar, b->calendar);
	case VIGIL_TIMES: return !calendar_equal_times(a->times, b->times);
	default: return strcmp(a->text, b->text) != 0;
	}
}

/* Returns true if every configured value of a equals the value in b. */
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

const vigil_option *option_set_schema(const struct option_set *set)
{
	return set->schema;
}

const struct option_value *option_get(const struct option_set *set, const char *name)
{
	const vigil_option *row = schema_find(set->schema, name);

	return row != NULL ? value_of(set, row) : NULL;
}

const char *const *option_list(const struct option_set *set, const char *name)
{
	const struct option_value *value = option_get(set, name);

	return value != NULL && value->schema->type == VIGIL_LIST ? (const char *const *)value->list
								  : NULL;
}

const struct option_value *option_set_given(const struct option_set *set, size_t index)
{
	return set->defaults != NULL && index < set->count ? &set->own[index] : NULL;
}
