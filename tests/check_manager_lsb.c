/*
 * check_manager_lsb: a real daemon with a real init script, and the status according to scripts and
 * pidfiles of all kinds.
 */
#include "service/manager.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture_manager_lsb.h"
#include "service/managers/init_status.h"

START_TEST(the_life_of_a_service)
{
	char header[128];
	pid_t first, second;

	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	snprintf(header, sizeof(header), "# pidfile: %s/pid", scratch);
	put_daemon(header);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.pid, 0);

	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	first = reply.pid;
	ck_assert_int_eq(first, scratch_number("pid"));

	/* The process may still be a zombie, for which the script may say anything. */
	ck_assert_int_eq(kill(first, SIGKILL), 0);
	while (query() == VIGIL_SERVICE_RUNNING)
		; /* until the kernel has ended it */
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_ptr_nonnull(strstr(reply.text, "process "));

	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	second = reply.pid;
	ck_assert_int_ne(first, second);
	script("stop");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(unlink(scratch_path("vigil-check")), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(restart(30), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
}
END_TEST

static const struct {
	int code;
	vigil_service_status status;
	int error;
} codes[] = {
	{0, VIGIL_SERVICE_RUNNING, 0},
	{1, VIGIL_SERVICE_FAILED, 0},
	{2, VIGIL_SERVICE_FAILED, 0},
	{3, VIGIL_SERVICE_STOPPED, 0},
	{4, VIGIL_SERVICE_UNKNOWN, -EIO},
	{5, VIGIL_SERVICE_UNKNOWN, -EIO},
	{127, VIGIL_SERVICE_UNKNOWN, -EIO},
	{150, VIGIL_SERVICE_UNKNOWN, -EIO},
};

START_TEST(the_exit_status_of_the_script_is_the_status)
{
	char body[128];

	snprintf(
		body, sizeof(body), "echo memory usage: low; echo $1, $#; exit %d", codes[_i].code);
	put_script(body);
	ck_assert_int_eq(query(), codes[_i].status);
	ck_assert_int_eq(reply.error, codes[_i].error);
	ck_assert_int_eq(reply.fault, codes[_i].error ? VIGIL_FAULT_FAILED : VIGIL_FAULT_NONE);
	if (codes[_i].code)
		ck_assert_ptr_nonnull(strstr(reply.text, "low\nstatus, 1"));
}
END_TEST

/* The pidfile has the pid of a process that has ended. */
START_TEST(a_dead_process_overrules_the_script)
{
	char body[128];

	put_script("echo $$ >pid");
	script("status");
	request.pidfile = scratch_path("pid");
	snprintf(body, sizeof(body), "exit %d", codes[_i].code);
	put_script(body);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_NONE);
	ck_assert_ptr_nonnull(strstr(reply.text, "has ended"));

	/* a pidfile that others may write is ignored */
	ck_assert_int_eq(chmod(scratch_path("pid"), 0666), 0);
	ck_assert_int_eq(query(), codes[_i].status);
	ck_assert_int_eq(reply.pid, 0);
}
END_TEST

static const char *const usages[] = {
	"echo 'Usage: x {start|stop}' >&2; exit 2",
	"printf '\\033[33mUsage:\\033[0m x start\\n'; exit 1",
	"echo 'x {start|stop|restart}' >&2; exit 1",
	"echo 'Unknown action: status' >&2; exit 1",
	"echo 'usage: x {start|stop}'; exit 3",
	"echo unknown verb; echo ' * USAGE x start'; exit 1",
	"echo 'Usage: x'; exit 64",
};

START_TEST(a_script_without_the_verb_status)
{
	put_script(usages[_i]);
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN); /* and there is no pidfile */
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "no \"status\" action"));

	request.pidfile = scratch_path("pid");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.error, 0);
	scratch_put("pid", 0644, "%d\n", (int)getpid());
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, getpid());
	scratch_put("pid", 0644, "no pid\n");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	put_script("echo $$ >pid");
	script("status");
	put_script(usages[_i]);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(reply.error, 0);
}
END_TEST

START_TEST(the_header_names_the_pidfile)
{
	static const struct {
		const char *before, *after;
		bool found;
	} cases[] = {
		{"# pidfile: ", "", true},
		{"#pidfile:", "", true},
		{"### PidFile:\t", " and more", true},
		{"# config: /etc/x\n# pidfile: ", "\n# pidfile: /none", true},
		{"# pidfile: .", "", false},
		{"# see the pidfile: ", "", false},
		{": pidfile: ", "", false},
	};
	char body[256];
	size_t i;

	scratch_put("pid", 0644, "%d\n", (int)getpid());
	for (i = 0; i < COUNT(cases); i++) {
		snprintf(
			body, sizeof(body), "%s%s/pid%s", cases[i].before, scratch, cases[i].after);
		put_script(body);
		ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
		ck_assert_int_eq(reply.pid, cases[i].found ? getpid() : 0);
	}
	/* the pidfile of the request overrides the header */
	request.pidfile = scratch_path("other");
	snprintf(body, sizeof(body), "# pidfile: %s/pid", scratch);
	put_script(body);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, 0);
}
END_TEST

/* The rest of the script may be an archive of any size. A path that was cut would name another
 * file. */
START_TEST(only_the_first_bytes_of_a_script_are_searched_for_a_header)
{
	static const char head[] = "#!/bin/sh\n", line[] = "# pidfile: /run/x.pid\n";
	size_t size = INIT_STATUS_HEAD, n = strlen(line);
	char *text = calloc(1, size + 1), path[INIT_SCRIPT_PATH];

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', size);
	memcpy(text, head, strlen(head));
	text[size - n - 1] = '\n';
	memcpy(text + size - n, line, n);
	ck_assert(init_status_header(text, size, path));
	ck_assert_str_eq(path, "/run/x.pid");
	text[size - n - 1] = 'x';
	text[size - n + 1] = '\n';
	memcpy(text + size - n + 2, line, n - 2);
	ck_assert(!init_status_header(text, size, path));
	ck_assert_str_eq(path, "");
	/* A shorter script is read completely, also without a newline at its end. */
	snprintf(text, size, "%s%.*s", head, (int)n - 1, line);
	ck_assert(init_status_header(text, strlen(text), path));
	free(text);
}
END_TEST

START_TEST(the_pidfile_is_guessed)
{
	char name[32], path[64];
	FILE *file;

	if (geteuid() != 0)
		return; /* only root can write to /run */
	snprintf(name, sizeof(name), "vigil-check-%d", (int)getpid());
	snprintf(path, sizeof(path), "/run/%s.pid", name);
	request.name = name;
	scratch_put(name, 0755, "#!/bin/sh\nexit 0\n");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, 0);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "%d\n", (int)getpid());
	fclose(file);
	query();
	unlink(path);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, getpid());

	/* when it is gone, the stop is clean only if vigild has seen the file before */
	scratch_put(name, 0755, "#!/bin/sh\nexit 3\n");
	request.memory.seen = reply.memory.seen;
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert(!reply.unclear_stop);
	request.memory.seen.pid = 0;
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert(reply.unclear_stop);
}
END_TEST

/* Queries as a user who may execute the script but not read it. */
static int ask_as_stranger(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		ck_assert_int_eq(setresgid(65534, 65534, 65534), 0);
		ck_assert_int_eq(setresuid(65534, 65534, 65534), 0);
		_exit((int)query());
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A guessed pidfile may be stale, so there is no guess if the header cannot be read. */
START_TEST(a_header_that_cannot_be_read_is_not_replaced_by_a_guess)
{
	char name[32], path[64], copy[512];
	FILE *file;
	int seen;

	if (geteuid() != 0)
		return; /* only root can write to /run */
	snprintf(name, sizeof(name), "vigil-check-%d", (int)getpid());
	snprintf(path, sizeof(path), "/run/%s.pid", name);
	request.name = name;
	/* a binary, because a shell would need to read it */
	snprintf(copy, sizeof(copy), "cp /bin/true %s/%s && chmod 711 %s/%s && chmod 755 %s",
		scratch, name, scratch, name, scratch);
	ck_assert_int_eq(system(copy), 0);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs("4194303\n", file);
	fclose(file);
	query(); /* root reads the script, finds no header and guesses */
	seen = ask_as_stranger();
	unlink(path);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(seen, VIGIL_SERVICE_RUNNING);
}
END_TEST

SUITE("manager_lsb", setup, scratch_teardown)
{
	TIMEOUT(120);
	TEST(the_life_of_a_service);
	LOOP_TEST(the_exit_status_of_the_script_is_the_status, COUNT(codes));
	LOOP_TEST(a_dead_process_overrules_the_script, COUNT(codes));
	LOOP_TEST(a_script_without_the_verb_status, COUNT(usages));
	TEST(the_header_names_the_pidfile);
	TEST(only_the_first_bytes_of_a_script_are_searched_for_a_header);
	TEST(the_pidfile_is_guessed);
	TEST(a_header_that_cannot_be_read_is_not_replaced_by_a_guess);
}
