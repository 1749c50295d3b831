/* check_page: the parts of the status page: texts, times, amounts, bars, rows and plots. */
#include "../src/modules/http/amount.h"
#include "../src/modules/http/day_bar.h"
#include "../src/modules/http/detail.h"
#include "../src/modules/http/html.h"
#include "../src/modules/http/plot.h"
#include "../src/modules/http/status_row.h"

#include <event2/buffer.h>

#include "fixture_environment.h"

static struct vigil_daemon *d;
static struct evbuffer *out;

static int start(vigil_daemon *daemon)
{
	return 0;
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.start = start};

static void setup(void)
{
	environment_setup();
	d = daemon_new(&environment, "a", "test", &module, NULL);
	ck_assert_int_eq(daemon_start(d), 0);
	out = evbuffer_new();
	ck_assert_ptr_nonnull(out);
}

static void teardown(void)
{
	evbuffer_free(out);
	daemon_free(d);
	environment_teardown();
}

/* Returns the output, and clears it. */
static const char *written(void)
{
	static char text[65536];
	ev_ssize_t n = evbuffer_remove(out, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)) != NULL; text += strlen(what))
		count++;
	return count;
}

START_TEST(amounts_have_no_exponent)
{
	static const struct {
		double number;
		const char *unit, *text;
	} rows[] = {{0, "", "0"}, {0.25, "s", "0.25 s"}, {12.5, "%", "12.5 %"},
		{18814599168, "B", "18.81 GB"}, {1000, "B", "1 kB"}, {999, "B", "999 B"},
		{84123, "MB", "84123 MB"}, {1e6, "MB", "1000000 MB"}, {1234567, "%", "1234567 %"},
		{150000, "", "150 k"}, {-2e9, "", "-2 G"}, {0.12345, "", "0.1235"}};
	char text[AMOUNT_TEXT];

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_str_eq(amount_text(text, rows[i].number, rows[i].unit), rows[i].text);
}
END_TEST

START_TEST(spans_have_the_most_readable_unit)
{
	char text[AMOUNT_TEXT];

	ck_assert_str_eq(amount_span(text, 45), "45 s");
	ck_assert_str_eq(amount_span(text, 60), "1 min");
	ck_assert_str_eq(amount_span(text, 90), "90 s");
	ck_assert_str_eq(amount_span(text, 1200), "20 min");
	ck_assert_str_eq(amount_span(text, 5400), "90 min");
	ck_assert_str_eq(amount_span(text, 10800), "3 h");
	ck_assert_str_eq(amount_span(text, 3 * 86400), "3 d");
}
END_TEST

START_TEST(text_is_escaped_in_content_and_in_attributes)
{
	html_put(
		out, "<p title=\"%s\">%s %r %d %l %%</p>", "\"'&", "<b>", "<i>", -3, (json_int_t)4);
	ck_assert_str_eq(written(), "<p title=\"&quot;&#39;&amp;\">&lt;b&gt; <i> -3 4 %</p>");
}
END_TEST

START_TEST(a_text_has_no_control_or_bidirectional_characters)
{
	html_put(out, "<p title=\"%s\">%s</p>", "a\x1b[31m\xc2\x9b\x7f",
		"caf\xc3\xa9\n\xe2\x80\xae<\xff");
	ck_assert_str_eq(written(),
		"<p title=\"a\\x1B[31m\\u{9B}\\x7F\">caf\xc3\xa9\n\\u{202E}&lt;\\xFF</p>");
}
END_TEST

START_TEST(times_are_relative_or_have_a_zone)
{
	json_t *past = vigil_time_in(-7300), *future = vigil_time_in(90.5);
	const char *at = json_string_value(past);
	char words[HTML_TIME];

	ck_assert_str_eq(html_time_words(words, at, "ago"), "2 h 1 min ago");
	ck_assert_str_eq(html_time_words(words, at, "for"), "for 2 h 1 min");
	ck_assert_str_eq(html_time_words(words, at, "length"), "2 h 1 min");
	ck_assert_str_eq(html_time_words(words, at, "in"), "now");
	ck_assert_str_eq(html_time_words(words, json_string_value(future), "in"), "in 1 min");
	ck_assert_str_eq(html_time_words(words, "2026-01-31T12:34:56.789Z", "at"),
		"2026-01-31 12:34:56 UTC");
	ck_assert_str_eq(html_time_words(words, "2026-01-31T12:34:56.789Z", "until"),
		"until 2026-01-31 12:34:56 UTC");
	html_time(out, "", "ago", false);
	ck_assert_str_eq(written(), "");
	html_time(out, at, "ago", true);
	ck_assert_ptr_nonnull(strstr(written(), "\"></time>"));
	json_decref(past);
	json_decref(future);
}
END_TEST

START_TEST(a_bar_has_a_rectangle_for_each_run_and_a_description)
{
	json_t *day = json_pack("{s:i,s:s}", "slot_seconds", 600, "levels", "..OOOOOOCxW");
	const char *text;

	day_bar_put(out, day);
	text = written();
	ck_assert_ptr_nonnull(strstr(text, "aria-label=\"Last 24 hours: CRITICAL 10 min, WARNING "
					   "10 min, OK 1 h, no data 20 min\""));
	ck_assert_uint_eq(count_of(text, "<rect"), 5);
	ck_assert_ptr_nonnull(
		strstr(text, "<rect class=\"ok\" x=\"2\" y=\"15\" width=\"6\" height=\"5\"/>"));
	json_decref(day);
	day_bar_put(out, NULL);
	ck_assert_str_eq(written(), "");
}
END_TEST

static const char *row_text(const char *level, const char *text)
{
	json_t *row = json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", "a", "module", "m", "tone", "bad",
		"level", level, "text", text);

	status_row_put(out, row, false, false);
	json_decref(row);
	return written();
}

START_TEST(a_level_is_not_shown_twice)
{
	ck_assert_ptr_nonnull(strstr(row_text("CRITICAL", "CRITICAL - 14 mails"), ">14 mails<"));
	ck_assert_ptr_nonnull(strstr(row_text("CRITICAL", "CRITICAL: 14 mails"), ">14 mails<"));
	ck_assert_ptr_nonnull(strstr(row_text("CRITICAL", "CRITICALLY slow"), ">CRITICALLY slow<"));
	ck_assert_ptr_nonnull(strstr(row_text("CRITICAL", "OK - no"), ">OK - no<"));
	ck_assert_ptr_nonnull(strstr(row_text("CRITICAL", "CRITICAL - "), ">CRITICAL - <"));
	ck_assert_ptr_nonnull(strstr(row_text("CRITICAL", "CRITICAL"), ">CRITICAL<"));
}
END_TEST

START_TEST(a_long_text_is_cut_between_characters)
{
	char text[2000];
	const char *row;

	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa4", 3);
	memmove(text + 1, text, sizeof(text) - 2);
	text[sizeof(text) - 1] = '\0';
	text[0] = 'x';
	row = row_text("WARNING", text);
	ck_assert_ptr_nonnull(strstr(row, "\xc3\xa4\xe2\x80\xa6</span>"));
	ck_assert_uint_lt(strlen(row), 1200);
}
END_TEST

START_TEST(rows_are_ordered_by_severity_and_name)
{
	char a[STATUS_ROW_ORDER], b[STATUS_ROW_ORDER];

	ck_assert_int_lt(strcmp(status_row_order(a, "z", SEVERITY_BAD),
				 status_row_order(b, "a", SEVERITY_WARN)),
		0);
	ck_assert_int_lt(strcmp(status_row_order(a, "z", SEVERITY_WARN),
				 status_row_order(b, "a", SEVERITY_UNKNOWN)),
		0);
	ck_assert_int_lt(strcmp(status_row_order(a, "z", SEVERITY_UNKNOWN),
				 status_row_order(b, "a", SEVERITY_NONE)),
		0);
	ck_assert_int_lt(strcmp(status_row_order(a, "z", SEVERITY_NONE),
				 status_row_order(b, "a", SEVERITY_REST)),
		0);
	ck_assert_int_lt(strcmp(status_row_order(a, "z", SEVERITY_REST),
				 status_row_order(b, "a", SEVERITY_OK)),
		0);
	ck_assert_int_lt(strcmp(status_row_order(a, "a", SEVERITY_OK),
				 status_row_order(b, "b", SEVERITY_OK)),
		0);
}
END_TEST

/* Returns the plots of a daemon with this value at "values". */
static const char *plots(const char *json)
{
	json_error_t error;
	json_t *value = json_loads(json, 0, &error);

	ck_assert_msg(value != NULL, "%s", error.text);
	ck_assert_int_eq(vigil_state_set(d, "values", value), 0);
	plot_put_all(out, d, "a");
	return written();
}

START_TEST(a_plot_has_labels_unit_and_time_span)
{
	const char *text =
		plots("{\"load\": {\"ring\": [1, 2, 3], \"ring_seconds\": 600, \"unit\": \"x\"}}");

	ck_assert_ptr_nonnull(
		strstr(text, "aria-label=\"load: now 3 x, lowest 1 x, highest 3 x, over 20 min\""));
	ck_assert_ptr_nonnull(
		strstr(text, "<span>3 x</span><span>2 x</span><span>1 x</span><span>0 x</span>"));
	ck_assert_ptr_nonnull(strstr(text, "<path d=\"M0.0,40.0L120.0,20.0L240.0,0.0\"/>"));
	ck_assert_ptr_nonnull(strstr(text, "<span>20 min ago</span><span>now</span>"));
}
END_TEST

START_TEST(a_missing_number_is_a_gap)
{
	const char *text = plots("{\"a\": {\"ring\": [0, null, 4, 4, null]}}");

	ck_assert_ptr_nonnull(strstr(text, "<path d=\"M0.0,60.0M120.0,"));
	ck_assert_ptr_nonnull(strstr(text, "now not known"));
	ck_assert_ptr_nonnull(strstr(text, "5 values"));
}
END_TEST

START_TEST(constant_values_are_a_line_and_other_values_have_no_plot)
{
	static const char *const none[] = {"{\"a\": {\"ring\": [1]}}",
		"{\"a\": {\"ring\": [\"x\", 2]}}", "{\"a\": {\"ring\": []}}",
		"{\"a\": {\"ring\": [null, null, 1]}}", "{\"ring\": 5}"};
	const char *text = plots("{\"a\": {\"ring\": [0, 0, 0]}}");

	ck_assert_ptr_null(strstr(text, "nan"));
	ck_assert_ptr_null(strstr(text, "inf"));
	text = plots("{\"a\": {\"ring\": [7, 7]}, \"b\": {\"ring\": [-7, -7]}, \"c\": {\"ring\": "
		     "[1e300, 1e300]}}");
	ck_assert_uint_eq(count_of(text, "<path"), 3);
	ck_assert_ptr_null(strstr(text, "nan"));
	ck_assert_ptr_null(strstr(text, "inf"));
	for (size_t i = 0; i < COUNT(none); i++)
		ck_assert_str_eq(plots(none[i]), "");
}
END_TEST

START_TEST(a_plot_has_the_unit_of_its_source_and_is_stale_with_it)
{
	static const char json[] =
		"{\"a\": {\"ring\": [1, 2], \"source\": \"/daemons/b/disk/value\"}}";
	struct vigil_daemon *b = daemon_new(&environment, "b", "test", &module, NULL);
	const char *text;

	ck_assert_int_eq(daemon_start(b), 0);
	vigil_state_set(b, "disk", json_pack("{s:i,s:s}", "value", 1, "unit", "rpm"));
	text = plots(json);
	ck_assert_ptr_nonnull(strstr(text, "<span class=\"last\">2 rpm</span>"));
	ck_assert_ptr_null(strstr(text, "stale"));
	vigil_state_set(b, "stale", json_true());
	text = plots(json);
	ck_assert_ptr_nonnull(strstr(text, "<figure class=\"stale\""));
	daemon_free(b);
}
END_TEST

START_TEST(the_details_have_the_last_deaths_escaped)
{
	json_t *list = json_array(), *account;
	const char *text;

	for (int i = 1; i <= 5; i++)
		json_array_append_new(list,
			json_pack("{s:s,s:o,s:[s,s]}", "time", "2026-01-31T12:00:00Z", "reason",
				json_sprintf("<b>death %d", i), "output", "<script>\"&", "last"));
	json_object_set_new(json_array_get(list, 4), "output_note", json_string("<i>"));
	json_object_set_new(json_array_get(list, 4), "more", json_integer(7));
	json_array_append_new(list, json_pack("{s:i,s:[i]}", "reason", 5, "output", 7));
	vigil_state_set(d, "service_state/deaths", list);
	account = json_pack("{s:{s:s,s:s}}", "health", "text", "down", "long_text",
		"last death at: it is not shown twice");
	detail_put(out, d, "a", account);
	json_decref(account);
	text = written();
	ck_assert_ptr_null(strstr(text, "<script>"));
	ck_assert_ptr_null(strstr(text, "<b>"));
	ck_assert_ptr_null(strstr(text, "<i>"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;b&gt;death 5, and 7 more in the same way"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;script&gt;"));
	ck_assert_ptr_null(strstr(text, "death 3")); /* only the last ones */
	ck_assert_ptr_null(strstr(text, "not shown twice"));
}
END_TEST

SUITE("page", setup, teardown)
{
	TEST(amounts_have_no_exponent);
	TEST(spans_have_the_most_readable_unit);
	TEST(text_is_escaped_in_content_and_in_attributes);
	TEST(a_text_has_no_control_or_bidirectional_characters);
	TEST(times_are_relative_or_have_a_zone);
	TEST(a_bar_has_a_rectangle_for_each_run_and_a_description);
	TEST(a_level_is_not_shown_twice);
	TEST(a_long_text_is_cut_between_characters);
	TEST(rows_are_ordered_by_severity_and_name);
	TEST(a_plot_has_labels_unit_and_time_span);
	TEST(a_missing_number_is_a_gap);
	TEST(constant_values_are_a_line_and_other_values_have_no_plot);
	TEST(a_plot_has_the_unit_of_its_source_and_is_stale_with_it);
	TEST(the_details_have_the_last_deaths_escaped);
}
