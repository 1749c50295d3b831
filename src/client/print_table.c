/*
 * print_table: prints the replies of vigild that are tables: status, list and modules.
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
#include "client/print_time.h"
#include "client/table.h"
#include "state/json_text.h"

struct column {
	const char *heading;
	void (*add)(struct table *table, json_t *row);
	bool verbose; /* with PRINT_VERBOSE only */
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
static void add_text(struct table *table, enum colour colour, const char *text)
{
	table_add(table, colour, text[0] != '\0' ? text : "-");
}

static void add_number(struct table *table, const json_t *number)
{
	char text[32] = "-";

	if (json_is_integer(number))
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(number));
	table_add(table, COLOUR_NONE, text);
}

static void add_age(struct table *table, const char *time)
{
	char age[TEXT_AGE];

	table_add(table, COLOUR_NONE, print_age(age, time));
}

static void add_name(struct table *table, json_t *row)
{
	add_text(table, COLOUR_NONE, json_text(row, "name"));
}

static void add_module(struct table *table, json_t *row)
{
	add_text(table, COLOUR_NONE, json_text(row, "module"));
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

static void add_word(struct table *table, const char *word)
{
	add_text(table, colour_of(word), word);
}

static void add_state(struct table *table, json_t *row)
{
	add_word(table, json_text(row, "state"));
}

static void add_since(struct table *table, json_t *row)
{
	add_age(table, json_text(row, "state_since"));
}

static void add_restarts(struct table *table, json_t *row)
{
	add_number(table, json_object_get(row, "restarts"));
}

/* A daemon that has failed reports no health, and is CRITICAL for `vigilctl check`, too. */
static const char *level_of(const json_t *row)
{
	const char *level = json_text(json_object_get(row, "health"), "level");

	return json_text(row, "reason")[0] != '\0' ? "CRITICAL" : level;
}

static void add_health(struct table *table, json_t *row)
{
	add_word(table, level_of(row));
}

static void add_status(struct table *table, json_t *row)
{
	add_word(table, json_text(row, "status"));
}

static void add_service(struct table *table, json_t *row)
{
	add_text(table, COLOUR_NONE, json_text(row, "service"));
}

static void add_ticks(struct table *table, json_t *row)
{
	add_number(table, json_object_get(row, "ticks"));
}

static void add_missed(struct table *table, json_t *row)
{
	add_number(table, json_object_get(row, "missed"));
}

static void add_last_tick(struct table *table, json_t *row)
{
	add_age(table, json_text(row, "last_tick"));
}

static void add_message(struct table *table, json_t *row)
{
	const char *reason = json_text(row, "reason");

	if (reason[0] != '\0')
		table_add(table, COLOUR_BAD, reason);
	else
		table_add(table, COLOUR_NONE, json_text(json_object_get(row, "health"), "text"));
}

static const struct column status_columns[] = {
	{"NAME", add_name, false},
	{"STATE", add_state, false},
	{"SINCE", add_since, false},
	{"RESTARTS", add_restarts, false},
	{"HEALTH", add_health, false},
	{"MODULE", add_module, true},
	{"SERVICE", add_service, true},
	{"STATUS", add_status, true},
	{"TICKS", add_ticks, true},
	{"MISSED", add_missed, true},
	{"LAST", add_last_tick, true},
	{"MESSAGE", add_message, false},
};

/* --- list ------------------------------------------------------------------------------------- */

static void add_enabled(struct table *table, json_t *row)
{
	bool enabled = json_is_true(json_object_get(row, "enabled"));

	table_add(table, enabled ? COLOUR_GOOD : COLOUR_DIM, enabled ? "yes" : "no");
}

static void add_options(struct table *table, json_t *row)
{
	char *all = memory_text(""), *longer;
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(row, "options"), key, value) {
		longer = memory_format("%s%s%s=%s", all, all[0] ? " " : "", key,
			json_is_string(value) ? json_string_value(value) : "");
		free(all);
		all = longer;
	}
	table_add(table, COLOUR_NONE, all);
	free(all);
}

static const struct column list_columns[] = {
	{"NAME", add_name, false},
	{"MODULE", add_module, false},
	{"ENABLED", add_enabled, false},
	{"OPTIONS", add_options, false},
};

/* --- modules ---------------------------------------------------------------------------------- */

static bool is_loaded(const json_t *row)
{
	return json_is_true(json_object_get(row, "loaded"));
}

static void add_loaded(struct table *table, json_t *row)
{
	table_add(table, is_loaded(row) ? COLOUR_GOOD : COLOUR_BAD,
		is_loaded(row) ? "yes" : "refused");
}

static void add_path(struct table *table, json_t *row)
{
	table_add(table, COLOUR_NONE, json_text(row, "path"));
}

static void add_summary(struct table *table, json_t *row)
{
	table_add(table, COLOUR_NONE, json_text(row, is_loaded(row) ? "summary" : "why"));
}

static const struct column modules_columns[] = {
	{"NAME", add_name, false},
	{"LOADED", add_loaded, false},
	{"FILE", add_path, false},
	{"SUMMARY", add_summary, false},
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
				columns[i].add(table, row);
	table_print(table, to);
	table_free(table);
}

bool print_table(FILE *to, const char *verb, json_t *result, unsigned flags)
{
	bool worst = (flags & PRINT_WORST_FIRST) != 0 || isatty(STDOUT_FILENO);
	size_t i = 0;
	json_t *rows;

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
