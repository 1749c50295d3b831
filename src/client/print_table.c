/*
 * print_table: prints the replies of vigild that are tables: status, list, modules and services.
 *
 * Each table is an array of columns, and a column is a heading and the function that makes a cell
 * of a row of the reply.  Colours are used only on a terminal, and not if NO_COLOR is set or the
 * terminal is dumb.
 */
#include "client/print_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/print_services.h"
#include "client/print_time.h"
#include "client/table.h"
#include "state/json_text.h"

struct column {
	const char *heading;
	void (*add)(struct table *table, const json_t *row, const char *key);
	const char *key; /* of the value in the row; NULL: the function reads several values */
	bool verbose;    /* with PRINT_VERBOSE only */
};

bool print_can_control(void)
{
	const char *type = getenv("TERM");

	return isatty(STDOUT_FILENO) && (type == NULL || strcmp(type, "dumb") != 0);
}

static bool use_colours(void)
{
	const char *no = getenv("NO_COLOR");

	return print_can_control() && (no == NULL || no[0] == '\0');
}

static unsigned terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* An empty cell is "-", so that a line can be split at its spaces. */
static void add_cell(struct table *table, enum colour colour, const char *text)
{
	table_add(table, colour, text[0] != '\0' ? text : "-");
}

static void add_text(struct table *table, const json_t *row, const char *key)
{
	add_cell(table, COLOUR_NONE, json_text(row, key));
}

static void add_number(struct table *table, const json_t *row, const char *key)
{
	const json_t *number = json_object_get(row, key);
	char text[32] = "-";

	if (json_is_integer(number))
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(number));
	table_add(table, COLOUR_NONE, text);
}

static void add_age(struct table *table, const json_t *row, const char *key)
{
	char age[TEXT_AGE];

	table_add(table, COLOUR_NONE, print_age(age, json_text(row, key)));
}

/* --- status ----------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum colour colour;
} colours[] = {
	{"running", COLOUR_GOOD},
	{"OK", COLOUR_GOOD},
	{"paused", COLOUR_WARN},
	{"starting", COLOUR_WARN},
	{"stopping", COLOUR_WARN},
	{"reloading", COLOUR_WARN},
	{"unknown", COLOUR_WARN},
	{"degraded", COLOUR_WARN},
	{"WARNING", COLOUR_WARN},
	{"UNKNOWN", COLOUR_WARN},
	{"stopped", COLOUR_BAD},
	{"failed", COLOUR_BAD},
	{"CRITICAL", COLOUR_BAD},
};

static enum colour colour_of(const char *word)
{
	for (size_t i = 0; i < sizeof(colours) / sizeof(*colours); i++)
		if (strcmp(colours[i].word, word) == 0)
			return colours[i].colour;
	return COLOUR_NONE;
}

static void add_word(struct table *table, const json_t *row, const char *key)
{
	const char *word = json_text(row, key);

	add_cell(table, colour_of(word), word);
}

/* A daemon that has failed reports no health, and is CRITICAL for `vigilctl check`, too. */
static const char *level_of(const json_t *row)
{
	const char *level = json_text(json_object_get(row, "health"), "level");

	return json_text(row, "reason")[0] != '\0' ? "CRITICAL" : level;
}

static void add_health(struct table *table, const json_t *row, const char *key)
{
	add_cell(table, colour_of(level_of(row)), level_of(row));
}

static void add_message(struct table *table, const json_t *row, const char *key)
{
	const char *reason = json_text(row, "reason");

	if (reason[0] != '\0')
		table_add(table, COLOUR_BAD, reason);
	else
		table_add(table, COLOUR_NONE, json_text(json_object_get(row, "health"), "text"));
}

static const struct column status_columns[] = {
	{"NAME", add_text, "name", false},
	{"STATE", add_word, "state", false},
	{"SINCE", add_age, "state_since", false},
	{"RESTARTS", add_number, "restarts", false},
	{"HEALTH", add_health, NULL, false},
	{"MODULE", add_text, "module", true},
	{"SERVICE", add_text, "service", true},
	{"STATUS", add_word, "status", true},
	{"TICKS", add_number, "ticks", true},
	{"MISSED", add_number, "missed", true},
	{"LAST", add_age, "last_tick", true},
	{"MESSAGE", add_message, NULL, false},
};

/* --- list ------------------------------------------------------------------------------------- */

static void add_enabled(struct table *table, const json_t *row, const char *key)
{
	bool enabled = json_is_true(json_object_get(row, key));

	table_add(table, enabled ? COLOUR_GOOD : COLOUR_DIM, enabled ? "yes" : "no");
}

static void add_options(struct table *table, const json_t *row, const char *key)
{
	char *all = memory_text(""), *longer;
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(row, key), name, value) {
		longer = memory_format("%s%s%s=%s", all, all[0] ? " " : "", name,
			json_is_string(value) ? json_string_value(value) : "");
		free(all);
		all = longer;
	}
	table_add(table, COLOUR_NONE, all);
	free(all);
}

static void add_time_left(struct table *table, const json_t *row, const char *key)
{
	char left[TEXT_AGE];

	table_add(table, COLOUR_NONE, print_time_left(left, json_text(row, key)));
}

static const struct column list_columns[] = {
	{"NAME", add_text, "name", false},
	{"MODULE", add_text, "module", false},
	{"ENABLED", add_enabled, "enabled", false},
	{"NEXT", add_time_left, "next_tick", false},
	{"OPTIONS", add_options, "options", false},
};

/* --- modules ---------------------------------------------------------------------------------- */

static bool is_loaded(const json_t *row)
{
	return json_is_true(json_object_get(row, "loaded"));
}

static bool is_refused(const json_t *row)
{
	return json_object_get(row, "why") != NULL;
}

static void add_loaded(struct table *table, const json_t *row, const char *key)
{
	if (json_is_true(json_object_get(row, "changed")))
		table_add(table, COLOUR_BAD, "changed");
	else if (is_loaded(row))
		table_add(table, COLOUR_GOOD, "yes");
	else
		table_add(table, is_refused(row) ? COLOUR_BAD : COLOUR_NONE,
			is_refused(row) ? "refused" : "no");
}

static void add_summary(struct table *table, const json_t *row, const char *key)
{
	table_add(table, COLOUR_NONE, json_text(row, is_refused(row) ? "why" : "summary"));
}

static const struct column modules_columns[] = {
	{"NAME", add_text, "name", false},
	{"LOADED", add_loaded, NULL, false},
	{"FILE", add_text, "path", false},
	{"SUMMARY", add_summary, NULL, false},
};

/* --- services --------------------------------------------------------------------------------- */

static void add_service_state(struct table *table, const json_t *row, const char *key)
{
	const char *word = print_services_state(row);

	add_cell(table, colour_of(word), word);
}

static const struct column services_columns[] = {
	{"NAME", add_text, "name", false},
	{"STATE", add_service_state, NULL, false},
	{"SINCE", add_age, "since", false},
	{"BOOT", print_services_boot, NULL, false},
	{"AFTER A CRASH", print_services_crash, NULL, false},
	{"WATCHED", print_services_watched, NULL, false},
};

/* The same with all words about a crash. */
static const struct column services_verbose_columns[] = {
	{"NAME", add_text, "name", false},
	{"MANAGER", add_text, "manager", false},
	{"STATE", add_service_state, NULL, false},
	{"SINCE", add_age, "since", false},
	{"BOOT", print_services_boot, NULL, false},
	{"WATCHED", print_services_watched, NULL, false},
	{"AFTER A CRASH", print_services_crash_text, NULL, false},
};

/* --- tables ----------------------------------------------------------------------------------- */

#define COUNT(columns) (sizeof(columns) / sizeof(*(columns)))

static const struct {
	const char *verb;
	const struct column *columns;
	size_t count;
	bool sorted;       /* can be sorted by health */
	const char *empty; /* the text instead of a table without rows; NULL: the headings alone */
} tables[] = {
	{"status", status_columns, COUNT(status_columns), true, "no daemon is enabled\n"},
	{"list", list_columns, COUNT(list_columns), false, NULL},
	{"modules", modules_columns, COUNT(modules_columns), false, NULL},
};

static int rank_of(const json_t *row)
{
	static const char *const levels[] = {"CRITICAL", "WARNING", "UNKNOWN", "OK"};
	int rank = 0;

	while (rank < (int)COUNT(levels) && strcmp(levels[rank], level_of(row)) != 0)
		rank++;
	return rank;
}

/* Returns the rows with the worst health first, in their order where it is equal.  A new
 * reference. */
static json_t *sort_worst_first(json_t *rows)
{
	json_t *sorted = json_array(), *row;
	size_t index;

	for (int rank = 0; json_array_size(sorted) < json_array_size(rows); rank++)
		json_array_foreach(rows, index, row)
			if (rank_of(row) == rank)
				json_array_append(sorted, row);
	return sorted;
}

static void print_columns(
	FILE *to, const struct column *columns, size_t count, json_t *rows, bool verbose)
{
	const char *headings[COUNT(status_columns)];
	size_t shown = 0, index;
	struct table *table;
	json_t *row;

	for (size_t i = 0; i < count; i++)
		if (verbose || !columns[i].verbose)
			headings[shown++] = columns[i].heading;
	table = table_new(headings, shown, terminal_width(), use_colours());
	json_array_foreach(rows, index, row)
		for (size_t i = 0; i < count; i++)
			if (verbose || !columns[i].verbose)
				columns[i].add(table, row, columns[i].key);
	table_print(table, to);
	table_free(table);
}

/* The reply of services is an object with the rows in it. */
static void print_services(FILE *to, json_t *result, unsigned flags)
{
	json_t *rows = json_object_get(result, "services");
	bool unprotected = json_is_true(json_object_get(result, "unprotected"));

	if (json_array_size(rows) == 0)
		fputs(unprotected ? "no service would stay down after a crash\n"
				  : "no service manager knows a service\n",
			to);
	else if ((flags & PRINT_VERBOSE) != 0)
		print_columns(
			to, services_verbose_columns, COUNT(services_verbose_columns), rows, true);
	else
		print_columns(to, services_columns, COUNT(services_columns), rows, false);
}

bool print_table(FILE *to, const char *verb, json_t *result, unsigned flags)
{
	bool worst = (flags & PRINT_WORST_FIRST) != 0 || isatty(STDOUT_FILENO);
	size_t i = 0;
	json_t *rows;

	if (strcmp(verb, "services") == 0) {
		print_services(to, result, flags);
		return true;
	}
	while (i < COUNT(tables) && strcmp(tables[i].verb, verb) != 0)
		i++;
	if (i == COUNT(tables))
		return false;
	if (json_array_size(result) == 0 && tables[i].empty != NULL) {
		fputs(tables[i].empty, to);
		return true;
	}
	rows = tables[i].sorted && worst ? sort_worst_first(result) : json_incref(result);
	print_columns(to, tables[i].columns, tables[i].count, rows, (flags & PRINT_VERBOSE) != 0);
	json_decref(rows);
	return true;
}
