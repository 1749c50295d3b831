/*
 * supervised_replaced: tests, for runit and s6, of a service directory that is replaced while its
 * supervisor runs.
 *
 * The scan directory has a link to the service directory "real", as on Debian, so that the scanner
 * does not notice the replacement. If `apart` is set, supervise is a link to the directory "apart".
 */
#ifndef SUPERVISED_REPLACED_H
#define SUPERVISED_REPLACED_H

#include <sys/resource.h>

#include "supervised.h"

static const struct replacement {
	bool apart, renamed, scanner_dies;
} replacements[] = {
	{.apart = false},
	{.apart = true},
	{.renamed = true},
	{.scanner_dies = true},
	{.apart = true, .scanner_dies = true},
};

static void remove_tree(const char *name)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf %s", scratch_path(name));
	ck_assert_int_eq(system(command), 0);
}

static void make_real(bool apart)
{
	ck_assert_int_eq(mkdir(scratch_path("real"), 0755), 0);
	scratch_put("real/run", 0755, "#!/bin/sh\necho $$ >>%s\nexec sleep 1000\n",
		scratch_path("started"));
	if (apart)
		ck_assert_int_eq(symlink("../apart", scratch_path("real/supervise")), 0);
}

/* Starts a service and stops the scanner, because runsvdir examines a new service again after a
 * second and would then notice the replacement. Returns the pid of the service. */
static pid_t run_real(bool apart)
{
	if (apart && the_manager == &manager_runit) /* s6-supervise creates it itself */
		ck_assert_int_eq(mkdir(scratch_path("apart"), 0755), 0);
	make_real(apart);
	ck_assert_int_eq(symlink("../real", scratch_path("scan/svc")), 0);
	scan();
	wait_for(VIGIL_SERVICE_RUNNING);
	/* The shell has opened its script, which is removed soon. */
	ck_assert_int_eq(scratch_number("started"), reply.pid);
	ck_assert_int_eq(kill(scanner, SIGSTOP), 0);
	return reply.pid;
}

static void replace_real(const struct replacement *how)
{
	if (how->renamed)
		ck_assert_int_eq(rename(scratch_path("real"), scratch_path("old")), 0);
	else
		remove_tree("real");
	make_real(how->apart);
}

static void is_said_of(pid_t supervisor)
{
	char said[64];

	snprintf(said, sizeof(said), "end process %d,", (int)supervisor);
	ck_assert_ptr_nonnull(strstr(reply.text, "its service directory was replaced"));
	ck_assert_ptr_nonnull(strstr(reply.text, said));
}

static void is_refused(pid_t supervisor)
{
	ck_assert_int_eq(restart(5), -ESTALE);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	is_said_of(supervisor);
}

/* Without enough descriptors to search for the old supervisor, vigild must not report that there is
 * none. */
static void lacks_descriptors(void)
{
	struct rlimit enough, few;
	int lowest = dup(STDOUT_FILENO);

	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	few = enough;
	few.rlim_cur = (rlim_t)lowest + 2;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -EMFILE);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_int_eq(restart(5), -EMFILE);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);
}

START_TEST(a_directory_that_was_replaced)
{
	const struct replacement *how = &replacements[_i];
	pid_t pid = run_real(how->apart), supervisor = parent_of(pid);

	if (how->scanner_dies) {
		ck_assert_int_eq(kill(scanner, SIGKILL), 0);
		wait_dead(scanner);
	}
	replace_real(how);
	/* vigild must not stop a running service whose supervisor could not start it again. */
	ck_assert_int_eq(query(), how->apart ? VIGIL_SERVICE_RUNNING : VIGIL_SERVICE_UNKNOWN);
	is_refused(supervisor);
	ck_assert_int_eq(kill(pid, 0), 0);

	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	wait_for(VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ESTALE);
	is_said_of(supervisor);
	ck_assert_ptr_nonnull(strstr(reply.text, how->renamed ? "/old; " : "the deleted one"));
	ck_assert_ptr_nonnull(strstr(reply.evidence, "was replaced"));
	is_refused(supervisor);
	lacks_descriptors();
	if (how->scanner_dies)
		return;
	if (the_manager == &manager_s6) /* s6-supervise does not start if the directory exists */
		remove_tree("apart");
	ck_assert_int_eq(kill(supervisor, SIGTERM), 0);
	ck_assert_int_eq(kill(scanner, SIGCONT), 0);
	wait_for(VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(restart(30), 0);
}
END_TEST

/* The supervisor continues in the old directory. Its fifo and status are shared with the new
 * one. */
START_TEST(a_directory_that_was_renamed_with_supervise_elsewhere)
{
	pid_t pid = run_real(true);

	replace_real(&(struct replacement){.apart = true, .renamed = true});
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	pid = wait_for_other(pid);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);
}
END_TEST

/* The supervisor of a service with the same name in another scan directory must not be taken for
 * the supervisor of this one. */
START_TEST(a_directory_that_was_replaced_elsewhere)
{
	pid_t first = parent_of(run_real(false)), elsewhere = scanner, supervisor;

	replace_real(&replacements[2]);
	ck_assert_int_eq(mkdir(scratch_path("another"), 0755), 0);
	request.service_dir = scratch_path("another");
	ck_assert_int_eq(rename(scratch_path("real"), scratch_path("another/svc")), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(reply.text, "watches"));
	scan_at("another");
	wait_for(VIGIL_SERVICE_RUNNING);
	supervisor = parent_of(reply.pid);
	ck_assert_int_ne(supervisor, first);
	ck_assert_int_eq(kill(scanner, SIGKILL), 0);
	wait_dead(scanner);
	ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
	wait_dead(supervisor);
	wait_for(VIGIL_SERVICE_UNKNOWN); /* it may have been about to start the service */
	ck_assert_ptr_nonnull(strstr(reply.text, "another/svc has died"));
	ck_assert_int_eq(kill(first, 0), 0);
	ck_assert_int_eq(kill(elsewhere, 0), 0);
}
END_TEST

static void add_replaced(TCase *tcase)
{
	LOOP_TEST(a_directory_that_was_replaced, COUNT(replacements));
	TEST(a_directory_that_was_renamed_with_supervise_elsewhere);
	TEST(a_directory_that_was_replaced_elsewhere);
}

#endif
