/* check_complete: completion of the word at the cursor, by its position. */
#include "console/complete.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

static json_t *state, *list;
static unsigned looks;

/* A connection to a vigild with one state and one list of daemons. */
static json_t *on_look(const char *verb, json_t *params, void *arg)
{
	const char *pointer = json_string_value(json_object_get(params, "pointer"));
	json_t *value = strcmp(verb, "list") == 0 ? list : state;
	char path[256] = "", *step, *rest = path;

	ck_assert_ptr_eq(arg, &looks);
	looks++;
	if (pointer != NULL)
		strcpy(path, pointer);
	strsep(&rest, "/");
	while (rest != NULL && (step = strsep(&rest, "/")) != NULL)
		value = json_is_array(value) ? json_array_get(value, (size_t)atoi(step))
					     : json_object_get(value, step);
	json_decref(params);
	return json_incref(value);
}

static void setup(void)
{
	looks = 0;
	state = json_pack("{s:{s:{s:i,s:i,s:s},s:{}},s:{s:[i,{s:i}]},s:i,s:{s:i,s:i},s:{s:i,s:i}}",
		"daemons", "web", "pid", 1, "ping", 2, "used space", "x", "web.2", "runs", "list",
		1, "a", 2, "a/b~c", 5, "k", "\xc3\xa4", 1, "\xc3\xb6", 2, "bad", "x\033[2J", 1,
		"xy", 2);
	list = json_pack("[{s:s},{s:s},{s:s}]", "name", "web", "name", "web.2", "name", "mail");
}

static void teardown(void)
{
	json_decref(state);
	json_decref(list);
}

/* insert: the text to insert, or NULL; choices: the candidates, separated by spaces. */
static void expect(const char *before, const char *insert, const char *choices)
{
	struct completions found;
	char shown[1024] = "";

	complete(before, on_look, &looks, &found);
	for (size_t i = 0; i < found.count; i++) {
		strcat(shown, i > 0 ? " " : "");
		strcat(shown, found.list[i]);
	}
	ck_assert_str_eq(shown, choices);
	if (insert == NULL)
		ck_assert_msg(found.insert == NULL, "%s: %s", before, found.insert);
	else
		ck_assert_msg(found.insert != NULL && strcmp(found.insert, insert) == 0,
			"%s: \"%s\", not \"%s\"", before, found.insert, insert);
	completions_clear(&found);
}

START_TEST(the_first_word_is_completed_as_a_verb)
{
	expect("stat", "us ", "");
	expect("  stat", "us ", "");
	expect("g", "et ", "");
	expect("get", " ", "");
	expect("qu", "it ", "");
	expect("re", NULL, "register reload restart resume");
	expect("res", NULL, "restart resume");
	expect("u", "nregister ", "");
	expect("z", NULL, "");
	expect("help exp", "lain ", "");
	expect("help explain ", NULL, "");
	ck_assert_uint_eq(looks, 0);
}
END_TEST

START_TEST(daemon_names_are_completed)
{
	expect("explain m", "ail ", "");
	expect("status w", "eb", "");
	expect("status web", NULL, "web web.2");
	expect("status mail ", NULL, "");
	expect("run \t  web.", "2 ", "");
	expect("pause web m", "ail ", "");
	expect("pause --for 2h m", "ail ", "");
	expect("pause --all m", "ail ", "");
	expect("pause --for m", NULL, "");
	expect("pause --f", "or ", "");
	expect("reload --d", "ry-run ", "");
	expect("pause --", NULL, "--all --for --reason");
	expect("resume --", "all ", "");
	expect("unregister m", "ail ", "");
	expect("register m", NULL, "");
	expect("nonsense m", NULL, "");
	json_decref(list);
	list = NULL;
	expect("explain m", NULL, "");
}
END_TEST

START_TEST(log_levels_are_completed)
{
	expect("log d", "ebug ", "");
	expect("log ", NULL, "debug error info notice warning");
	expect("log debug i", NULL, "");
}
END_TEST

START_TEST(state_pointers_are_completed)
{
	expect("get ", "/", "");
	expect("get /d", "aemons", "");
	expect("get -r /d", "aemons", "");
	expect("watch /d", "aemons", "");
	expect("get /daemons", "/", "");
	expect("get /daemons/", "web", "");
	expect("get /daemons/web", NULL, "/daemons/web /daemons/web.2");
	expect("get /daemons/web.", "2 ", "");
	expect("get /daemons/web/p", "i", "");
	expect("get /daemons/web/pi", NULL, "/daemons/web/pid /daemons/web/ping");
	expect("get /daemons/web/pid", " ", "");
	expect("get /runs/list/", NULL, "/runs/list/0 /runs/list/1");
	expect("get /runs/list/1", "/", "");
	expect("get /runs/list/1/", "a ", "");
	expect("get /nothing/", NULL, "");
	expect("get no slash", NULL, "");
}
END_TEST

START_TEST(unusual_names_are_quoted_or_left_out)
{
	expect("get /a", "~1b~0c ", "");
	expect("get /daemons/web/u", "sed\\ space ", "");
	expect("get /daemons/web/used\\ s", "pace ", "");
	expect("get '/daemons/web/u", NULL, "");
	expect("get \"/daemons/web/u", NULL, "");
	/* no character is cut */
	expect("get /k/", NULL, "/k/\xc3\xa4 /k/\xc3\xb6");
	expect("get /k/\xc3\xa4", " ", "");
	/* a terminal would act on these characters */
	expect("get /bad/", "xy ", "");
}
END_TEST

START_TEST(any_line_can_be_completed)
{
	char line[4096];

	expect("", NULL,
		"call check console exit explain get help list log module modules pause quit "
		"register reload restart resume run services start status stop unregister version "
		"watch");
	expect("\\", NULL, "");
	expect("get \\", NULL, "");
	memset(line, ' ', sizeof(line));
	for (size_t i = 0; i < sizeof(line) - 1; i += 2)
		line[i] = 'w';
	line[sizeof(line) - 1] = '\0';
	expect(line, NULL, "");
	memcpy(line, "run ", 4);
	expect(line, NULL, "");
}
END_TEST

SUITE("complete", setup, teardown)
{
	TEST(the_first_word_is_completed_as_a_verb);
	TEST(daemon_names_are_completed);
	TEST(log_levels_are_completed);
	TEST(state_pointers_are_completed);
	TEST(unusual_names_are_quoted_or_left_out);
	TEST(any_line_can_be_completed);
}
