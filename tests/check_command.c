/* check_command: the table of verbs, access rights, and each verb on a real host. */
#include "command/command.h"

#include "daemon/daemon.h"
#include "fixture_command.h"
#include "suite.h"

/* --- the table -------------------------------------------------------------------------------- */

START_TEST(each_row_is_complete)
{
	for (const struct command *c = commands; c->verb != NULL; c++) {
		bool optional = false, watch = strcmp(c->verb, "watch") == 0;

		ck_assert_ptr_eq(command_find(c->verb), c); /* so no name occurs twice */
		ck_assert_ptr_nonnull(c->usage);
		ck_assert_msg(c->help != NULL && c->help[0] != '\0', "%s", c->verb);
		ck_assert_msg(c->access != ACCESS_NONE, "%s", c->verb);
		ck_assert_int_eq(c->run == NULL, c->access == ACCESS_LOCAL || watch);
		ck_assert(!c->pipe || c->access == ACCESS_WRITE);
		/* required parameters come first, because vigilctl assigns operands in order */
		for (int i = 0; i < COMMAND_PARAMS_MAX && c->params[i].name != NULL; i++) {
			ck_assert(!(optional && c->params[i].required));
			optional = !c->params[i].required;
			if (c->params[i].required)
				ck_assert_int_ne(c->usage[0], '[');
		}
	}
	ck_assert_ptr_null(command_find("statu"));
	ck_assert_ptr_null(command_find(""));
	ck_assert_str_eq(command_suggest("stauts"), "status");
	ck_assert_str_eq(command_suggest("relaod"), "reload");
	ck_assert_ptr_null(command_suggest("frobnicate"));
}
END_TEST

START_TEST(access_is_denied_unless_it_was_granted)
{
	const struct command forgotten = {.verb = "forgotten"}, local = {.access = ACCESS_LOCAL},
			     reads = {.access = ACCESS_READ}, writes = {.access = ACCESS_WRITE},
			     roots = {.access = ACCESS_ROOT}, unknown = {.access = (enum access)99};
	const struct peer own = {.uid = geteuid()}, member = {.uid = 12345, .reader = true},
			  stranger = {.uid = 12345};
	const struct {
		const struct command *command;
		bool root, own, member;
	} rows[] = {
		{&forgotten, false, false, false},
		{&local, false, false, false},
		{&unknown, false, false, false},
		{&reads, true, true, true},
		{&writes, true, true, false},
		{&roots, true, geteuid() == 0, false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_int_eq(command_allowed(rows[i].command, &root), rows[i].root);
		ck_assert_int_eq(command_allowed(rows[i].command, &own), rows[i].own);
		ck_assert_int_eq(command_allowed(rows[i].command, &member), rows[i].member);
		ck_assert(!command_allowed(rows[i].command, &stranger));
	}
}
END_TEST

START_TEST(a_host_of_another_user_belongs_to_that_user)
{
	const struct command writes = {.access = ACCESS_WRITE}, roots = {.access = ACCESS_ROOT};
	const struct peer own = {.uid = 65534}, other = {.uid = 65533};

	if (geteuid() != 0) {
		puts("SKIP: only root can be another user");
		return;
	}
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert(command_allowed(&writes, &own));
	ck_assert(!command_allowed(&roots, &own));
	ck_assert(!command_allowed(&writes, &other));
	ck_assert(command_allowed(&writes, &root));
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(no_handler_runs_without_access)
{
	const struct peer stranger = {.uid = 12345}, member = {.uid = 12345, .reader = true};

	for (const struct command *c = commands; c->verb != NULL; c++) {
		forget();
		command_run(host, &stranger, c->verb, NULL, &reply);
		ck_assert_int_eq(
			reply.code, c->access == ACCESS_LOCAL ? COMMAND_NO_METHOD : COMMAND_DENIED);
		forget();
		if (c->access == ACCESS_READ)
			continue;
		command_run(host, &member, c->verb, NULL, &reply);
		ck_assert_int_eq(
			reply.code, c->access == ACCESS_LOCAL ? COMMAND_NO_METHOD : COMMAND_DENIED);
	}
}
END_TEST

START_TEST(parameters_are_checked_before_the_handler)
{
	static const struct {
		const char *verb, *params, *said;
	} wrong[] = {
		{"run", NULL, "run: \"name\" is missing"},
		{"run", "{}", "run: \"name\" is missing"},
		{"run", "{\"name\":7}", "run: wrong type of \"name\""},
		{"run", "{\"name\":null}", "run: wrong type of \"name\""},
		{"run", "{\"name\":\"web\",\"nmae\":\"web\"}", "run: unknown parameter \"nmae\""},
		{"run", "[\"web\"]", "run: params must be an object"},
		{"run", "[]", "run: \"name\" is missing"},
		{"list", "[1]", "list: params must be an object"},
		{"list", "[{}]", "list: params must be an object"},
		{"list", "{\"x\":1}", "list: unknown parameter \"x\""},
		{"get", "{\"pointer\":\"daemons\"}",
			"\"daemons\" is not a JSON Pointer: it does not begin with a slash"},
		{"get", "{\"pointer\":\"/a~2\"}",
			"\"/a~2\" is not a JSON Pointer: it has a ~ that is not followed by 0 or "
			"1"},
		{"call", "{\"name\":\"web\",\"verb\":\"v\",\"arguments\":[\"a\",5,\"b\"]}",
			"call: \"arguments\" contains a NUL character, or an element that is no "
			"text"},
		{"log", "{\"level\":\"loud\"}", "invalid log level \"loud\""},
	};

	for (size_t i = 0; i < COUNT(wrong); i++) {
		ck_assert_int_eq(run(wrong[i].verb, wrong[i].params), COMMAND_PARAMS);
		ck_assert_msg(
			strstr(reply.message, wrong[i].said) == reply.message, "%s", reply.message);
	}
}
END_TEST

START_TEST(an_empty_array_of_params_is_no_params)
{
	static const char *const verbs[] = {
		"version", "list", "modules", "reload", "status", "get"};

	for (size_t i = 0; i < COUNT(verbs); i++)
		ck_assert_msg(run(verbs[i], "[]") == 0, "%s: %s", verbs[i], reply.message);
}
END_TEST

/* An error message must be valid text, because a socket cannot send half a character. */
START_TEST(long_names_are_cut_between_characters)
{
	static const char *const forms[][2] = {
		{"run", "{\"name\":\"%s\"}"},
		{"get", "{\"pointer\":\"/%s\"}"},
		{"get", "{\"pointer\":\"%s\"}"},
		{"log", "{\"level\":\"%s\"}"},
		{"list", "{\"%s\":1}"},
		{"run", "{\"name\":\"web\",\"%s\":1}"},
	};
	char name[1200], params[1300];
	json_t *text;

	for (size_t shift = 0; shift < 3; shift++) {
		memset(name, 'x', shift);
		for (size_t at = shift; at + 3 < sizeof(name); at += 3)
			strcpy(name + at, "\xe2\x82\xac");
		for (size_t i = 0; i < COUNT(forms); i++) {
			const char *at = strstr(forms[i][1], "%s");

			snprintf(params, sizeof(params), "%.*s%s%s", (int)(at - forms[i][1]),
				forms[i][1], name, at + 2);
			ck_assert_int_ne(run(forms[i][0], params), 0);
			text = json_string(reply.message);
			ck_assert_msg(text != NULL, "%s %s", forms[i][0], reply.message);
			json_decref(text);
		}
		ck_assert_int_eq(run(name, NULL), COMMAND_NO_METHOD);
		text = json_string(reply.message);
		ck_assert_ptr_nonnull(text);
		json_decref(text);
	}
}
END_TEST

/* --- the verbs -------------------------------------------------------------------------------- */

START_TEST(status_reports_all_daemons_or_one)
{
	ck_assert_int_eq(run("status", NULL), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 2);
	ck_assert_str_eq(text_at("/0/name"), "broken");
	ck_assert_str_eq(text_at("/0/status"), "failed");
	ck_assert_ptr_nonnull(strstr(text_at("/0/reason"), "no such module \"no-such-module\""));
	ck_assert_str_eq(text_at("/1/name"), "web");
	ck_assert_str_eq(text_at("/1/module"), "service");
	ck_assert_str_eq(text_at("/1/status"), "running");
	ck_assert_str_eq(text_at("/1/reason"), "");
	/* no service; and a service that was not queried yet */
	ck_assert_str_eq(text_at("/0/state"), "failed");
	ck_assert_str_eq(text_at("/1/service"), "web-server");
	ck_assert(json_is_null(json_pointer_follow(reply.result, "/1/state")));
	ck_assert(json_is_null(json_pointer_follow(reply.result, "/1/last_tick")));
	ck_assert(json_is_null(json_pointer_follow(reply.result, "/1/health")));

	ck_assert_int_eq(run("status", "{\"name\":\"web\"}"), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 1);
	ck_assert_str_eq(text_at("/0/name"), "web");

	ck_assert_int_eq(run("status", "{\"name\":\"wbe\"}"), COMMAND_NOT_FOUND);
	ck_assert_str_eq(reply.message, "no such daemon \"wbe\"; did you mean \"web\"?");
	ck_assert_int_eq(run("status", "{\"name\":\"\"}"), COMMAND_NOT_FOUND);
	ck_assert_int_eq(run("status", "{\"name\":\"spare\"}"), COMMAND_NOT_FOUND);
}
END_TEST

START_TEST(run_makes_a_tick_and_get_returns_the_result)
{
	uint64_t until = clock_now() + PATIENCE;

	ck_assert_int_eq(run("run", "{\"name\":\"web\"}"), 0);
	ck_assert_str_eq(text_at("/ticked/0"), "web");
	ck_assert_int_eq(run("get", "{\"pointer\":\"/runs/web/ticks\"}"), 0);
	ck_assert_int_eq(number_at(""), 1);
	while (run("get", "{\"pointer\":\"/daemons/web/service_state/value\"}") != 0) {
		ck_assert_int_eq(reply.code, COMMAND_NOT_FOUND);
		ck_assert(clock_now() < until);
		turn();
	}
	ck_assert_str_eq(text_at(""), "running");
	ck_assert_int_eq(run("status", "{\"name\":\"web\"}"), 0);
	ck_assert_str_eq(text_at("/0/state"), "running");
	ck_assert_int_eq(
		json_string_length(json_pointer_follow(reply.result, "/0/state_since")), 24);
	ck_assert_str_eq(text_at("/0/health/level"), "OK");
	ck_assert_int_eq(json_string_length(json_pointer_follow(reply.result, "/0/last_tick")), 24);

	ck_assert_int_eq(run("get", NULL), 0);
	ck_assert_str_eq(text_at("/daemons/web/service_state/value"), "running");
	ck_assert_str_eq(text_at("/vigil/version"), PACKAGE_VERSION);
	ck_assert_int_eq(run("get", "{\"pointer\":\"\"}"), 0);
	ck_assert_int_eq(run("get", "{\"pointer\":\"/daemons/nobody\"}"), COMMAND_NOT_FOUND);
	ck_assert_str_eq(reply.message, "no value at /daemons/nobody");

	ck_assert_int_eq(run("run", "{\"name\":\"broken\"}"), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "broken is failed");
	ck_assert_int_eq(run("run", "{\"name\":\"nobody\"}"), COMMAND_NOT_FOUND);
}
END_TEST

START_TEST(the_name_of_a_service_finds_its_daemon)
{
	static const char *const verbs[] = {"run", "explain", "status", "check"};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		ck_assert_int_eq(run(verbs[i], "{\"name\":\"web-server\"}"), 0);
		ck_assert_int_eq(run(verbs[i], "{\"name\":\"web-server.service\"}"), 0);
	}
	ck_assert_ptr_null(strstr(text_at("/output"), "no such daemon"));
	ck_assert_int_eq(run("status", "{\"name\":\"web-s*\"}"), 0);
	ck_assert_str_eq(text_at("/0/name"), "web");
	ck_assert_int_eq(run("run", "{\"name\":\"web-sever\"}"), COMMAND_NOT_FOUND);
	ck_assert_str_eq(
		reply.message, "no such daemon \"web-sever\"; did you mean \"web-server\"?");
	ck_assert_int_eq(run("pause", "{\"names\":[\"web-server\"]}"), 0);
	ck_assert_str_eq(text_at("/paused/0"), "web");
	/* while a daemon does not act, its own status matters more */
	ck_assert_int_eq(run("status", "{\"name\":\"web\"}"), 0);
	ck_assert_str_eq(text_at("/0/state"), "paused");
	ck_assert_int_eq(run("resume", "{\"names\":[\"web-*r\"]}"), 0);
	ck_assert_str_eq(text_at("/resumed/0"), "web");
}
END_TEST

/* A daemon that failed or is in quarantine has no service open. */
START_TEST(the_name_of_a_service_finds_a_failed_daemon)
{
	daemon_fail(host_find(host, "web"), "no reason");
	ck_assert_int_eq(run("status", "{\"name\":\"web-server\"}"), 0);
	ck_assert_str_eq(text_at("/0/state"), "failed");
	ck_assert_int_eq(run("run", "{\"name\":\"web-server\"}"), COMMAND_REFUSED);
	ck_assert_int_eq(run("resume", "{\"names\":[\"web-server\"]}"), 0);
}
END_TEST

START_TEST(a_group_names_all_its_daemons)
{
	write_config("[module:service]\nmanager = command\nrestart_on = never\ninterval = 1h\n"
		     "[daemons]\na = service\nb = service\nc = service\n"
		     "[daemon:a]\nstatus_command = /bin/true\ngroup = web, edge\n"
		     "[daemon:b]\nstatus_command = /bin/false\ngroup = web\n"
		     "[daemon:c]\nstatus_command = /bin/true\ngroup = backend\n");
	ck_assert_int_eq(run("reload", NULL), 0);
	ck_assert_int_eq(run("status", "{\"name\":\"@web\"}"), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 2);
	ck_assert_str_eq(text_at("/1/name"), "b");
	ck_assert_int_eq(run("status", "{\"name\":\"@*e*\"}"), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 3);
	ck_assert_int_eq(run("status", "{\"name\":\"@nosuch\"}"), COMMAND_NOT_FOUND);
	ck_assert_str_eq(
		reply.message, "no daemon is in the group \"nosuch\"; see the option group");
	ck_assert_int_eq(run("pause", "{\"names\":[\"@edge\",\"c\"]}"), 0);
	ck_assert_str_eq(text_at("/paused/0"), "a");
	ck_assert_str_eq(text_at("/paused/1"), "c");
	ck_assert_int_eq(run("resume", "{\"names\":[\"@edge\",\"@backend\"]}"), 0);
	ck_assert_int_eq(run("explain", "{\"name\":\"@web\"}"), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 2);
	ck_assert_str_eq(text_at("/0/name"), "a");
	ck_assert_str_eq(text_at("/1/run/module"), "service");
	ck_assert_int_eq(run("explain", "{\"name\":\"@nosuch\"}"), COMMAND_NOT_FOUND);
	ck_assert_int_eq(run("run", "{\"name\":\"?\"}"), 0);
	ck_assert_str_eq(text_at("/ticked/0"), "a");
	ck_assert_str_eq(text_at("/ticked/2"), "c");
	ck_assert_int_eq(run("run", "{\"name\":\"@nosuch\"}"), COMMAND_NOT_FOUND);
}
END_TEST

START_TEST(check_of_several_daemons_returns_the_worst)
{
	uint64_t until = clock_now() + PATIENCE;

	write_config("[module:service]\nmanager = command\nrestart_on = never\ninterval = 1h\n"
		     "group = all\n"
		     "[daemons]\na = service\nb = service\nc = service\n"
		     "[daemon:a]\nstatus_command = /bin/true\n"
		     "[daemon:b]\nstatus_command = /bin/false\nrestart_command = /bin/true\n"
		     "restart_on = stopped\n"
		     "[daemon:c]\nstatus_command = /bin/true\n");
	ck_assert_int_eq(run("reload", NULL), 0);
	do {
		ck_assert(clock_now() < until);
		turn();
		ck_assert_int_eq(run("check", "{\"name\":\"@all\"}"), 0);
	} while (strstr(text_at("/output"), "1 of 3") == NULL ||
		 strstr(text_at("/perfdata"), "'b::restarts'=1c") == NULL);
	ck_assert_int_eq(number_at("/status"), 2);
	ck_assert_ptr_nonnull(
		strstr(text_at("/output"), "CRITICAL - 1 of 3 daemons are not OK: b: "));
	ck_assert_uint_eq(json_array_size(json_object_get(reply.result, "long_output")), 1);
	ck_assert_int_eq(run("check", "{\"name\":\"[ac]*\"}"), 0);
	ck_assert_int_eq(number_at("/status"), 3);
	ck_assert_int_eq(run("pause", "{\"names\":[\"b\"]}"), 0);
	ck_assert_int_eq(run("check", "{\"name\":\"@all\"}"), 0);
	ck_assert_str_eq(text_at("/output"), "OK - all 3 daemons are OK");
	ck_assert_int_eq(run("check", "{\"name\":\"@nosuch\"}"), 0);
	ck_assert_int_eq(number_at("/status"), 3);
	ck_assert_int_eq(run("check", "{\"name\":\"@all\",\"warning\":\"1\"}"), 0);
	ck_assert_str_eq(
		text_at("/output"), "UNKNOWN - a number can be compared for one daemon only");
}
END_TEST

START_TEST(an_invalid_name_of_a_group_is_refused)
{
	write_config("[daemons]\na = service\n[daemon:a]\nmanager = command\n"
		     "status_command = /bin/true\nrestart_on = never\ngroup = web, @edge\n");
	ck_assert_int_eq(run("reload", NULL), COMMAND_REFUSED);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_pointer_follow(reply.data, "/complaints/0")),
			"vigil.conf:11: group = \"@edge\": invalid name of a group"));
}
END_TEST

START_TEST(a_service_of_two_daemons_names_neither)
{
	write_config("[daemons]\nweb = yes\nsecond = yes\nhttpd = yes\n"
		     "[daemon:web]\nmodule = service\nservice = httpd\nmanager = command\n"
		     "status_command = /bin/true\n"
		     "[daemon:second]\nmodule = service\nservice = x\nmanager = command\n"
		     "status_command = /bin/true\n"
		     "[daemon:httpd]\nmodule = service\nservice = x\nmanager = command\n"
		     "status_command = /bin/true\n");
	ck_assert_int_eq(run("reload", NULL), 0);
	ck_assert_int_eq(run("run", "{\"name\":\"x\"}"), COMMAND_PARAMS);
	ck_assert_str_eq(reply.message,
		"several daemons watch the service \"x\", such as \"httpd\" and "
		"\"second\"; name one daemon");
	ck_assert_int_eq(run("status", "{\"name\":\"x\"}"), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 2);
	/* the name of a daemon comes first */
	ck_assert_int_eq(run("run", "{\"name\":\"httpd\"}"), 0);
	ck_assert_str_eq(text_at("/ticked/0"), "httpd");
	ck_assert_int_eq(run("status", "{\"name\":\"httpd\"}"), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 1);
	ck_assert_int_eq(run("pause", "{\"names\":[\"httpd\"]}"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(reply.result, "paused")), 1);
	ck_assert_str_eq(text_at("/paused/0"), "httpd");
	ck_assert_int_eq(run("resume", "{\"names\":[\"httpd\"]}"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(reply.result, "resumed")), 1);
}
END_TEST

START_TEST(explain_returns_the_status_and_the_state)
{
	uint64_t until = clock_now() + PATIENCE;

	do {
		ck_assert(clock_now() < until);
		turn();
		ck_assert_int_eq(run("explain", "{\"name\":\"web\"}"), 0);
	} while (text_at("/state/service_state/value")[0] == '\0');
	ck_assert_str_eq(text_at("/name"), "web");
	ck_assert_str_eq(text_at("/run/health/level"), "OK");
	ck_assert_ptr_nonnull(strstr(text_at("/run/health/text"), "web-server"));
	ck_assert(json_is_array(json_pointer_follow(reply.result, "/run/history")));
	ck_assert_int_eq(run("explain", "{\"name\":\"broken\"}"), 0);
	ck_assert_ptr_nonnull(strstr(text_at("/run/reason"), "no-such-module"));
	ck_assert(json_is_object(json_pointer_follow(reply.result, "/state")));
	ck_assert_int_eq(run("explain", "{\"name\":\"nobody\"}"), COMMAND_NOT_FOUND);
}
END_TEST

SUITE("command", bring_up, take_down)
{
	TIMEOUT(300);
	TEST(each_row_is_complete);
	TEST(access_is_denied_unless_it_was_granted);
	TEST(a_host_of_another_user_belongs_to_that_user);
	TEST(no_handler_runs_without_access);
	TEST(parameters_are_checked_before_the_handler);
	TEST(an_empty_array_of_params_is_no_params);
	TEST(long_names_are_cut_between_characters);
	TEST(status_reports_all_daemons_or_one);
	TEST(the_name_of_a_service_finds_its_daemon);
	TEST(the_name_of_a_service_finds_a_failed_daemon);
	TEST(a_group_names_all_its_daemons);
	TEST(check_of_several_daemons_returns_the_worst);
	TEST(an_invalid_name_of_a_group_is_refused);
	TEST(a_service_of_two_daemons_names_neither);
	TEST(run_makes_a_tick_and_get_returns_the_result);
	TEST(explain_returns_the_status_and_the_state);
}
