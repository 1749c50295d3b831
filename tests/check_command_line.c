/* check_command_line: command line words as the parameters of a verb. */
#include "command/command.h"

#include <string.h>

#include "suite.h"

/* Returns the JSON of "VERB WORD WORD ...", or the reason why it is refused. */
static const char *read_words(const char *line)
{
	static char why[256];
	char copy[256], *words[16], *rest = copy;
	size_t count = 0;
	json_t *params;
	char *text;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((words[count] = strsep(&rest, " ")) != NULL)
		count++;
	params = command_params(command_find(words[0]), words + 1, why, sizeof(why));
	if (params == NULL)
		return why;
	text = json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS);
	snprintf(why, sizeof(why), "%s", text);
	free(text);
	json_decref(params);
	return why;
}

#define W(v) "{\"name\":\"web\",\"pointer\":\"/p\",\"warning\":\"" v "\"}"

static const char *const lines[][2] = {
	{"check web", "{\"name\":\"web\"}"},
	{"check web -w 6 /p", W("6")},
	{"check web -w6 /p", W("6")},
	{"check web /p -w6", W("6")},
	{"check -w6 web /p", W("6")},
	{"check web --warning 6 /p", W("6")},
	{"check web --warning=6 /p", W("6")},
	{"check web --warning= /p", W("")},
	{"check web -w-5:5 /p", W("-5:5")},
	{"check web -w -5:5 /p", W("-5:5")},
	{"check web -w@1:2 /p", W("@1:2")},
	{"check -w6 -- web /p", W("6")},
	{"check web -w6 -- /p", W("6")},
	{"check web -w5 -w6 /p", W("6")},
	{"check web -w6 -c7 /p",
		"{\"critical\":\"7\",\"name\":\"web\",\"pointer\":\"/p\",\"warning\":\"6\"}"},
	{"check -- -w6", "{\"name\":\"-w6\"}"},
	{"check web -5", "{\"name\":\"web\",\"pointer\":\"-5\"}"},
	{"check web -", "{\"name\":\"web\",\"pointer\":\"-\"}"},
	{"check web -w", "--warning requires a value"},
	{"check web --warning", "--warning requires a value"},
	{"check web -x6 /p", "check: unknown option \"-x6\""},
	{"check web --warn=6 /p", "check: unknown option \"--warn\""},
	{"status -o json", "status: unknown option \"-o\"; write it before the verb"},
	{"status --output=json", "status: unknown option \"--output\"; write it before the verb"},
	{"status --wrost", "status: unknown option \"--wrost\"; did you mean \"--worst\"?"},
	{"pause a --fro=2h", "pause: unknown option \"--fro\"; did you mean \"--for\"?"},
	{"check web --name=x", "check: unknown option \"--name\""},
	{"check web /p x", "too many arguments: \"x\""},
	{"check -w6", "check requires NAME [-w RANGE] [-c RANGE] [POINTER]"},
	{"get -r /p", "{\"pointer\":\"/p\",\"raw\":true}"},
	{"get /p -r", "{\"pointer\":\"/p\",\"raw\":true}"},
	{"get -rx /p", "--raw does not take a value: \"-rx\""},
	{"status --watch=no", "--watch does not take a value: \"--watch=no\""},
	{"pause a b --for 2h c", "{\"for\":\"2h\",\"names\":[\"a\",\"b\",\"c\"]}"},
	{"pause --for=2h a -r why b",
		"{\"for\":\"2h\",\"names\":[\"a\",\"b\"],\"reason\":\"why\"}"},
	{"pause -f2h -- --all", "{\"for\":\"2h\",\"names\":[\"--all\"]}"},
	{"pause --all", "{\"all\":true}"},
	{"pause -all", "--all does not take a value: \"-all\""},
	{"pause", "{}"},
	{"reload --dry-run", "{\"dry_run\":true}"},
	{"reload -d", "{\"dry_run\":true}"},
	{"reload --dry_run", "reload: unknown option \"--dry_run\"; did you mean \"--dry-run\"?"},
	{"reload --dry-run=yes", "--dry-run does not take a value: \"--dry-run=yes\""},
	{"register web a=1 -- --b=2", "{\"name\":\"web\",\"options\":[\"a=1\",\"--b=2\"]}"},
	{"register -x module=service", "register: unknown option \"-x\""},
	{"module test x -t 5 a=1",
		"{\"module\":\"x\",\"options\":[\"a=1\"],\"ticks\":\"5\",\"what\":\"test\"}"},
	{"list", "{}"},
	{"list --", "{}"},
	{"run /\xff", "an argument is not UTF-8"},
};

START_TEST(options_and_operands_come_in_any_order)
{
	ck_assert_str_eq(read_words(lines[_i][0]), lines[_i][1]);
}
END_TEST

SUITE("command_line", NULL, NULL)
{
	LOOP_TEST(options_and_operands_come_in_any_order, COUNT(lines));
}
