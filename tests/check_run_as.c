/* check_run_as: programs that run as another user, with the environment of that user. */
#include "process/run_as.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "scratch.h"
#include "process/spawn.h"
#include "suite.h"

static struct run_as *user;

static void teardown(void)
{
	run_as_free(user);
	scratch_teardown();
}

/* Returns a user who is not the present one; NULL: this machine cannot run the test. */
static const struct passwd *other_user(void)
{
	static struct passwd copy;
	static char name[64], home[256], shell[256];
	const struct passwd *entry = geteuid() == 0 ? getpwnam("nobody") : NULL;

	if (entry == NULL ||
		(access("/usr/bin/setpriv", X_OK) != 0 && access("/bin/setpriv", X_OK) != 0)) {
		puts("SKIP: that needs root, setpriv and a user nobody");
		return NULL;
	}
	copy = *entry;
	snprintf(name, sizeof(name), "%s", entry->pw_name);
	snprintf(home, sizeof(home), "%s", entry->pw_dir);
	snprintf(shell, sizeof(shell), "%s", entry->pw_shell);
	copy.pw_name = name;
	copy.pw_dir = home;
	copy.pw_shell = shell;
	return &copy;
}

/* Returns the output of a shell command that runs as the user. */
static const char *run(const char *line, const char *const *environment)
{
	static struct spawn_result result;
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	const char **as = run_as_argv(user, argv, NULL),
		   **with = run_as_environment(user, environment);
	struct spawn spawn = {.argv = as, .environment = with, .merge_stderr = true};

	ck_assert_ptr_nonnull(as);
	ck_assert_ptr_nonnull(with);
	ck_assert_int_eq(spawn_run(&spawn, clock_now() + 30 * CLOCK_SECOND, false, &result), 0);
	ck_assert(!result.timed_out);
	free(as);
	free(with);
	return result.output;
}

START_TEST(a_program_has_the_ids_and_groups_of_the_user)
{
	const struct passwd *entry = other_user();
	char expected[256];

	if (entry == NULL)
		return;
	ck_assert_int_eq(run_as_find(entry->pw_name, &user), 0);
	snprintf(expected, sizeof(expected), "%u %u %u %u\n", (unsigned)entry->pw_uid,
		(unsigned)entry->pw_gid, (unsigned)entry->pw_uid, (unsigned)entry->pw_gid);
	ck_assert_str_eq(run("echo $(id -u) $(id -g) $(id -ru) $(id -rg)", NULL), expected);
	/* no group of root is left */
	snprintf(expected, sizeof(expected), "%u\n", (unsigned)entry->pw_gid);
	ck_assert_str_eq(run("id -G", NULL), expected);
	/* and no capability */
	ck_assert_str_eq(run("sed -n 's/^CapEff:.0*$/none/p' /proc/self/status", NULL), "none\n");
}
END_TEST

START_TEST(a_program_has_the_environment_of_the_user)
{
	static const char *const own[] = {"HOME=/elsewhere", "HOMEX=y", "X=a b", NULL};
	const struct passwd *entry = other_user();
	char expected[1024];

	if (entry == NULL)
		return;
	ck_assert_int_eq(run_as_find(entry->pw_name, &user), 0);
	snprintf(expected, sizeof(expected), "%s %s %s %s\n", entry->pw_dir, entry->pw_name,
		entry->pw_name, entry->pw_shell);
	ck_assert_str_eq(run("echo $HOME $USER $LOGNAME $SHELL", NULL), expected);
	/* the given environment overrides it */
	snprintf(expected, sizeof(expected), "/elsewhere y %s a b\n", entry->pw_name);
	ck_assert_str_eq(run("echo $HOME $HOMEX $USER $X", own), expected);
}
END_TEST

START_TEST(the_pid_is_that_of_the_program)
{
	const struct passwd *entry = other_user();
	const char *argv[] = {"/bin/sh", "-c", "echo $$; exec sleep 1000", NULL}, **as;
	int out, pidfd, number = 0;
	char text[32] = "";
	pid_t pid;

	if (entry == NULL)
		return;
	ck_assert_int_eq(run_as_find(entry->pw_name, &user), 0);
	as = run_as_argv(user, argv, NULL);
	pid = spawn_start(&(struct spawn){.argv = as}, &out, NULL, &pidfd);
	ck_assert_int_gt(pid, 0);
	for (int i = 0; i < 3000 && read(out, text, sizeof(text) - 1) <= 0; i++)
		usleep(10000);
	ck_assert_int_eq(sscanf(text, "%d", &number), 1);
	ck_assert_int_eq(number, pid); /* there is no process in between */
	ck_assert_int_eq(spawn_kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(out);
	close(pidfd);
	free(as);
}
END_TEST

START_TEST(for_the_present_user_the_command_is_unchanged)
{
	const struct passwd *entry = getpwuid(geteuid());
	const char *argv[] = {"/bin/true", "--", NULL}, **as;

	if (entry == NULL) {
		puts("SKIP: this uid has no name");
		return;
	}
	ck_assert_int_eq(run_as_find(entry->pw_name, &user), 0);
	as = run_as_argv(user, argv, NULL);
	ck_assert_str_eq(as[0], "/bin/true");
	ck_assert_str_eq(as[1], "--");
	ck_assert_ptr_null(as[2]);
	free(as);
	ck_assert_str_eq(run("echo \"$X\"", (const char *const[]){"X=1", NULL}), "1\n");
}
END_TEST

START_TEST(an_argument_is_never_taken_for_an_option)
{
	const struct passwd *entry = other_user();
	const char *argv[] = {"--reset-env", NULL}, **as;
	size_t n = 0;

	if (entry == NULL)
		return;
	ck_assert_int_eq(run_as_find(entry->pw_name, &user), 0);
	as = run_as_argv(user, argv, NULL);
	while (as[n] != NULL)
		n++;
	ck_assert_str_eq(as[n - 2], "--");
	ck_assert_str_eq(as[n - 1], "--reset-env");
	free(as);
}
END_TEST

START_TEST(a_user_that_cannot_be_used_is_reported)
{
	ck_assert_int_eq(run_as_find("no-such-user", &user), -ENOENT);
	ck_assert_int_eq(run_as_find("", &user), -ENOENT);
	if (geteuid() != 0)
		ck_assert_int_eq(run_as_find("root", &user), -EPERM);
	else if (seteuid(65534) == 0) {
		ck_assert_int_eq(run_as_find("root", &user), -EPERM);
		ck_assert_int_eq(seteuid(0), 0);
	}
	ck_assert_ptr_null(user);
}
END_TEST

SUITE("run_as", scratch_setup, teardown)
{
	TEST(a_program_has_the_ids_and_groups_of_the_user);
	TEST(a_program_has_the_environment_of_the_user);
	TEST(the_pid_is_that_of_the_program);
	TEST(for_the_present_user_the_command_is_unchanged);
	TEST(an_argument_is_never_taken_for_an_option);
	TEST(a_user_that_cannot_be_used_is_reported);
}
