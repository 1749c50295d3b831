/* check_names: hostile names and paths never reach a program, for each manager. */
#include "service/manager.h"

#include <errno.h>
#include <regex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/dropin.h"
#include "service/request.h"
#include "scratch.h"
#include "suite.h"
#include "base/text.h"
#ifdef HAVE_SYSTEMD
#include "service/systemd/unit_info.h"
#endif

/* --- names ------------------------------------------------------------------------------------ */

/* Names that do harm if they are taken for an option, a path, a pattern or a command. */
static const char *const seeds[] = {"", "-", "--", "-x", "-h", "--help", "-Hroot@evil", "--user",
	"-t", "-C", "--root=/", "--machine=x", "-e id", "+x", "=", "~", "~root", "!!", "#", "# x",
	";", "; id", "&", "& id", "&&id", "|", "|id", "||id", "`id`", "$(id)", "${HOME}", "$HOME",
	"$0", "$$", "<x", ">x", ">>x", "*", "?", "[a-z]", "[!a]", "{a,b}", "**", "'", "\"",
	"' id '", "\" id \"", "\\", "\\n", "\\x2d", "%", "%s", "%n", "%i", "%I", "%%", "%s%s%s%n",
	"%1$n", "(", ")", "()", "^", ",", " ", "  ", "\t", "a b", " a", "a ", "a\tb", "\n", "a\nb",
	"a\n", "\r", "a\rb", "\v", "\f", "\a", "\b", "\x01", "\x1b", "\x1b[2J", "\x1b]0;x\a",
	"\x7f", "\x80", "\xff", "\xfe\xff", "\xc0\xae", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80",
	"\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xae",
	"\xef\xbb\xbf", "\xc3\xa4", "\xce\xb1", "\xe6\x97\xa5", "\xf0\x9f\x98\x80", "\xef\xbc\x8f",
	".", "..", "...", "./", "../", "./x", "../x", "../evil", "../../evil",
	"../../../../../../etc/passwd", "/", "//", "/evil", "/etc/passwd", "/bin/sh", "x/", "x/y",
	"x/../evil", "x/./y", "x//y", "..\\evil", "x..", "x..y", ".x", ".evil", ".hidden", "a:b",
	"a@b", "a@", "@", "@a", ":", ":a", "_", "_a", "a.", "a.b", "a-", "a-b", "a\\x2db", "A", "0",
	"00", "1e9", "a--help", "a=b", "a;b", "a,b", "a+b", "a~", "a#", "evil", "root@evil", "con",
	"README", "skeleton"};

/* Prefixes and suffixes that make the name of another file, unit or line. */
static const char *const suffixes[] = {".service", ".service.service", ".SERVICE", ".target",
	".socket", ".timer", ".mount", ".automount", ".path", ".slice", ".scope", ".swap",
	".device", ".conf", ".d", ".wants", "@.service", "@%i.service", "@x.service", ".service/",
	".service\n", ".service ", ".service\t", ".service;id", ".service\x1b[m", "/../../evil",
	"/run", "\n[vigil]", "\n[daemons]\nevil = yes", " -Hroot@evil", "\\", "%s", "$(id)", "~",
	":0"};
static const char *const stems[] = {"a", "a@b", "-a", ".", "..", "a b", "a-b_c.d:e", "\xc3\xa4"};
static const size_t lengths[] = {63, 64, 65, 250, 254, 255, 256, 257, 4095, 4096, 70000};

#define NAMES_MAX 1024
static char *corpus[NAMES_MAX];
static size_t names;
static regex_t service_rule, daemon_rule;

static void add(const char *stem, const char *suffix)
{
	ck_assert_uint_lt(names, NAMES_MAX);
	corpus[names] = malloc(strlen(stem) + strlen(suffix) + 1);
	ck_assert_ptr_nonnull(corpus[names]);
	strcat(strcpy(corpus[names++], stem), suffix);
}

static void add_long(size_t length, char c)
{
	char *name = malloc(length + 1);

	ck_assert_ptr_nonnull(name);
	memset(name, c, length);
	name[length] = '\0';
	add(name, "");
	free(name);
}

/* The rules for names, expressed independently. */
static void setup(void)
{
	char one[2] = "";
	size_t i, j;

	scratch_setup();
	for (i = 0; i < COUNT(seeds); i++)
		add(seeds[i], "");
	for (i = 0; i < COUNT(stems); i++)
		for (j = 0; j < COUNT(suffixes); j++)
			add(stems[i], suffixes[j]);
	for (i = 0; i < COUNT(lengths); i++)
		for (j = 0; j < 3; j++)
			add_long(lengths[i], "a-."[j]);
	for (i = 1; i < 256; i++) { /* each byte, as a part of a name */
		one[0] = (char)i;
		add("a", one);
	}
	ck_assert_int_eq(regcomp(&service_rule, "^[A-Za-z0-9_][A-Za-z0-9_:.\\@-]*$",
				 REG_EXTENDED | REG_NOSUB),
		0);
	ck_assert_int_eq(
		regcomp(&daemon_rule, "^[A-Za-z0-9_][A-Za-z0-9_.@-]*$", REG_EXTENDED | REG_NOSUB),
		0);
}

static void teardown(void)
{
	regfree(&service_rule);
	regfree(&daemon_rule);
	while (names > 0)
		free(corpus[--names]);
	scratch_teardown();
}

static bool is_fit(const regex_t *rule, const char *name, size_t most)
{
	return strlen(name) <= most && regexec(rule, name, 0, NULL, 0) == 0;
}

static bool is_service(const char *name)
{
	return is_fit(&service_rule, name, 255) && strstr(name, "..") == NULL;
}

/* --- requests --------------------------------------------------------------------------------- */

START_TEST(only_valid_names_become_requests)
{
	char words[128], *word, *rest = words;
	size_t fit = 0;

	ck_assert_uint_ge(names, 300);
	snprintf(words, sizeof(words), "%s", manager_names());
	while ((word = strsep(&rest, " ")) != NULL) {
		for (size_t i = 0; i < names; i++) {
			const vigil_service_spec spec = {
				.size = sizeof(spec), .name = corpus[i], .manager = word};
			struct manager_request request;
			int err = request_from_spec(&request, &spec);

			ck_assert_msg(err == (is_service(corpus[i]) ? 0 : -EINVAL),
				"%s: \"%.80s\": %d", word, corpus[i], err);
			fit += err == 0;
			if (err == 0)
				request_clear(&request);
		}
	}
	ck_assert_uint_gt(fit, 100); /* the valid names are used below */
}
END_TEST

/* --- valid names ------------------------------------------------------------------------------ */

static const char recorder[] = "#!/bin/sh\nprintf '%%s|' \"$#\" \"$0\" \"$@\" >>%s/said\n";

static struct manager_reply ask(const struct manager *manager, const char *name, const char *dir)
{
	char *command[] = {scratch_path("record"), "status", NULL};
	struct manager_request request = {.name = (char *)name,
		.manager = manager,
		.init_dir = (char *)dir,
		.service_dir = (char *)dir,
		.status_command = command,
		.deadline = clock_now() + 60 * CLOCK_SECOND};
	struct manager_reply reply;

	scratch_put("said", 0666, "%s", "");
	manager_query(&request, &reply);
	return reply;
}

__attribute__((format(printf, 1, 2))) static void assert_said(const char *format, ...)
{
	char said[1024] = "", expected[1024];
	FILE *file = fopen(scratch_path("said"), "r");
	va_list ap;

	ck_assert_ptr_nonnull(file);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	fclose(file);
	va_start(ap, format);
	vsnprintf(expected, sizeof(expected), format, ap);
	va_end(ap);
	ck_assert_str_eq(said, expected);
}

static void put_recorder(const char *name)
{
	scratch_put(name, 0755, recorder, scratch);
}

/* Creates programs that only a name that leads out of the directory would find. */
static void put_tripwires(void)
{
	static const char *const outside[] = {"evil", "x", "run", "inside/x", "inside/.evil"};

	ck_assert_int_eq(mkdir(scratch_path("inside"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("inside/init.d"), 0755), 0);
	for (size_t i = 0; i < COUNT(outside); i++)
		scratch_put(outside[i], 0755, "#!/bin/sh\n: >%s/tripped\n", scratch);
	put_recorder("record");
}

START_TEST(a_script_is_run_by_its_path_with_one_argument)
{
	char path[512], dir[128];

	put_tripwires();
	snprintf(dir, sizeof(dir), "%s/inside/init.d", scratch);
	for (size_t i = 0; i < names; i++) {
		if (!is_service(corpus[i]) || strlen(corpus[i]) > 200)
			continue; /* this path is too long for the checks of scripts */
		snprintf(path, sizeof(path), "%s/%s", dir, corpus[i]);
		if (access(path, F_OK) == 0)
			continue;
		ck_assert_int_eq(ask(&manager_lsb, corpus[i], dir).status, VIGIL_SERVICE_ABSENT);
		assert_said("%s", "");
		ck_assert_int_eq(link(scratch_path("record"), path), 0);
		ask(&manager_lsb, corpus[i], dir);
		assert_said("1|%s|status|", path);
		ck_assert_int_eq(unlink(path), 0);
	}
	ck_assert(!scratch_has("tripped"));
}
END_TEST

START_TEST(a_command_never_gets_the_name)
{
	char path[128];

	put_tripwires();
	snprintf(path, sizeof(path), "%s", scratch_path("record"));
	for (size_t i = 0; i < names; i += 7) {
		if (!is_service(corpus[i]))
			continue;
		ask(&manager_command, corpus[i], NULL);
		assert_said("1|%s|status|", path);
	}
}
END_TEST

START_TEST(supervisors_are_searched_only_in_their_directory)
{
	static const struct manager *const supervisors[] = {&manager_runit, &manager_s6};
	struct manager_reply reply;
	char dir[128];

	put_tripwires();
	snprintf(dir, sizeof(dir), "%s/inside", scratch);
	for (size_t i = 0; i < names; i++) {
		for (size_t j = 0; is_service(corpus[i]) && j < 2; j++) {
			if (strcmp(corpus[i], "x") == 0)
				continue;
			reply = ask(supervisors[j], corpus[i], dir);
			ck_assert_int_eq(reply.status, VIGIL_SERVICE_ABSENT);
			assert_said("%s", "");
		}
	}
	ck_assert(!scratch_has("tripped"));
}
END_TEST

/* Makes OpenRC seem to run this machine, in a separate mount namespace. */
static bool pretend_openrc(void)
{
	FILE *file;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "/run", "tmpfs", 0, NULL) < 0)
		return false;
	ck_assert_int_eq(mkdir("/run/openrc", 0755), 0);
	file = fopen("/run/openrc/softlevel", "w");
	ck_assert_ptr_nonnull(file);
	return fclose(file) == 0;
}

START_TEST(openrc_gets_a_path_or_a_name_and_one_argument)
{
	char path[512], program[128], search[256], dir[128];

	if (!pretend_openrc())
		return;
	put_tripwires();
	put_recorder("rc-service");
	snprintf(dir, sizeof(dir), "%s/inside/init.d", scratch);
	snprintf(program, sizeof(program), "%s", scratch_path("rc-service"));
	snprintf(search, sizeof(search), "%s:%s", scratch, getenv("PATH"));
	ck_assert_int_eq(setenv("PATH", search, 1), 0);
	for (size_t i = 0; i < names; i += 3) {
		if (!is_service(corpus[i]) || strlen(corpus[i]) > 200)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, corpus[i]);
		if (access(path, F_OK) == 0)
			continue;
		ask(&manager_openrc, corpus[i], dir);
		assert_said("%s", ""); /* rc-service is not run for a service without a script */
		ck_assert_int_eq(link(scratch_path("record"), path), 0);
		ask(&manager_openrc, corpus[i], dir);
		assert_said("3|%s|-C|%s|status|", program, path);
		ck_assert_int_eq(unlink(path), 0);
	}
	ck_assert(!scratch_has("tripped"));
}
END_TEST

#ifdef HAVE_SYSTEMD
START_TEST(only_names_of_service_units_are_sent_to_the_bus)
{
	char unit[MANAGER_UNIT];

	for (size_t i = 0; i < names; i++) {
		const char *suffix = ".service";
		size_t length;

		if (!is_service(corpus[i]) || !unit_name(corpus[i], unit))
			continue;
		length = strlen(unit);
		ck_assert_uint_lt(length, 256);
		ck_assert_uint_gt(length, strlen(suffix));
		ck_assert_str_eq(unit + length - strlen(suffix), suffix);
		ck_assert_int_eq(strncmp(unit, corpus[i], strlen(corpus[i])), 0);
		ck_assert_int_eq(regexec(&service_rule, unit, 0, NULL, 0), 0);
	}
	ck_assert(!unit_name("reboot.target", unit));
	ck_assert(!unit_name("a.mount", unit));
}
END_TEST
#endif

/* --- names of daemons, which become names of files -------------------------------------------- */

START_TEST(no_file_is_created_for_an_invalid_daemon_name)
{
	char conf[128];
	char *pairs[] = {"module=none-such", NULL};
	struct diagnostics diagnostics = {0};

	snprintf(conf, sizeof(conf), "%s", scratch_put("vigil.conf", 0644, "[vigil]\n"));
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	for (size_t i = 0; i < names; i++) {
		bool fit = is_fit(&daemon_rule, corpus[i], 64);

		ck_assert_msg(text_is_daemon_name(corpus[i]) == fit, "\"%.80s\"", corpus[i]);
		if (fit)
			continue;
		ck_assert_int_eq(dropin_add(conf, corpus[i], pairs, &diagnostics), -EINVAL);
		ck_assert_int_eq(dropin_remove(conf, corpus[i], &diagnostics), -EINVAL);
		for (size_t j = 0; j < diagnostics.count; j++)
			for (const char *p = diagnostics.list[j].text; *p != '\0'; p++)
				ck_assert_msg((unsigned char)*p >= ' ' && *p != 0x7f, "%s",
					diagnostics.list[j].text);
		diagnostics_clear(&diagnostics);
	}
	ck_assert_int_eq(rmdir(scratch_path("conf.d")), 0); /* the directory is empty */
}
END_TEST

SUITE("names", setup, teardown)
{
	TEST(only_valid_names_become_requests);
	TEST(a_script_is_run_by_its_path_with_one_argument);
	TEST(a_command_never_gets_the_name);
	TEST(supervisors_are_searched_only_in_their_directory);
	TEST(openrc_gets_a_path_or_a_name_and_one_argument);
#ifdef HAVE_SYSTEMD
	TEST(only_names_of_service_units_are_sent_to_the_bus);
#endif
	TEST(no_file_is_created_for_an_invalid_daemon_name);
}
