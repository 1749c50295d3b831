/* check_control_pipe: the control pipe, which takes one verb per line. */
#include "control/control_pipe.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>

#include "fixture_control.h"
#include "suite.h"

static void write_pipe(const char *text)
{
	int fd = open(scratch_path("control.pipe"), O_WRONLY | O_NONBLOCK);
	size_t length = strlen(text);
	int left;
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	while (length > 0) {
		n = write(fd, text, length < 4096 ? length : 4096);
		if (n > 0) {
			text += n;
			length -= (size_t)n;
		} else {
			ck_assert_int_eq(errno, EAGAIN);
			turn();
		}
	}
	do
		turn();
	while (ioctl(fd, FIONREAD, &left) == 0 && left > 0);
	close(fd);
	for (int i = 0; i < 3; i++)
		turn();
}

static json_int_t reloads(void)
{
	json_t *value = state_get(host_state(host), "/vigil/reloads");
	json_int_t count = json_integer_value(value);

	json_decref(value);
	return count;
}

START_TEST(the_verbs_of_the_pipe_are_executed)
{
	struct stat st;

	ck_assert_int_eq(stat(scratch_path("control.pipe"), &st), 0);
	ck_assert(S_ISFIFO(st.st_mode));
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	log_set_level(LEVEL_INFO);
	write_pipe("log debug\n");
	ck_assert_int_eq(log_level(), LEVEL_DEBUG);
	write_pipe("log notice\nreload\r\nlog debug\n");
	ck_assert_int_eq(log_level(), LEVEL_DEBUG);
	ck_assert_int_eq(reloads(), 1);
	/* a line may come in pieces, from several writers */
	write_pipe("rel");
	ck_assert_int_eq(reloads(), 1);
	write_pipe("oad\n");
	ck_assert_int_eq(reloads(), 2);
	write_pipe("  log \t error  \n\n");
	ck_assert_int_eq(log_level(), LEVEL_ERROR);
}
END_TEST

START_TEST(any_other_line_is_logged_and_not_executed)
{
	static const struct {
		const char *line, *said;
	} wrong[] = {
		{"status\n", "unknown verb \"status\""},
		{"explode\n", "unknown verb \"explode\""},
		{"reload now\n", "reload: too many arguments: \"now\""},
		{"reload --dry-run\n", "reload: --dry-run is not allowed here"},
		{"log debug please\n", "log: too many arguments: \"please\""},
		{"log\n", "log requires LEVEL"},
		{"log loud\n", "invalid log level \"loud\""},
		{"run nobody\n", "no such daemon \"nobody\""},
		{"\033]0;title\007\n", "\\x1B]0;title\\x07"},
	};

	log_set_level(LEVEL_NOTICE);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		logged_lines = 0;
		write_pipe(wrong[i].line);
		ck_assert_msg(log_holds(wrong[i].said) == 1, "%s%s", wrong[i].line, logged[0]);
		ck_assert_uint_eq(logged_lines, 1);
	}
	ck_assert_int_eq(log_level(), LEVEL_NOTICE);
	ck_assert_int_eq(reloads(), 0);
}
END_TEST

START_TEST(the_end_of_a_long_line_is_not_executed)
{
	char line[20000];

	for (size_t length = 400; length < sizeof(line) - 16; length += 331) {
		memset(line, 'x', length);
		strcpy(line + length, " reload\n");
		for (size_t i = 0; i < length; i += 7)
			line[i] = ' ';
		line[0] = 'x';
		logged_lines = 0;
		write_pipe(line);
		ck_assert_int_eq(reloads(), 0);
		ck_assert_uint_eq(logged_lines, 1);
	}
	write_pipe("reload\n");
	ck_assert_int_eq(reloads(), 1);
}
END_TEST

START_TEST(a_path_that_is_not_a_pipe_of_vigild_is_refused)
{
	const char *path = scratch_path("pipe");

	scratch_put("pipe", 0600, "precious\n");
	ck_assert_ptr_null(control_pipe_open(host, path));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert(scratch_has("pipe"));
	ck_assert_int_eq(unlink(path), 0);

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(chmod(path, 0622), 0);
	ck_assert_ptr_null(control_pipe_open(host, path));
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(chmod(path, 0600), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path, 12345, 12345), 0);
		ck_assert_ptr_null(control_pipe_open(host, path));
		ck_assert_int_eq(errno, EEXIST);
	}
	ck_assert(scratch_has("pipe"));
	ck_assert_int_eq(unlink(path), 0);

	ck_assert_int_eq(symlink(scratch_path("control.pipe"), path), 0);
	ck_assert_ptr_null(control_pipe_open(host, path));
	ck_assert_int_eq(errno, ELOOP);
	ck_assert_ptr_null(control_pipe_open(host, scratch_path("no/pipe")));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(a_pipe_that_a_killed_vigild_left_is_used)
{
	const char *path = scratch_path("pipe");
	struct control_pipe *pipe;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	pipe = control_pipe_open(host, path);
	ck_assert_ptr_nonnull(pipe);
	control_pipe_close(pipe);
	ck_assert(!scratch_has("pipe"));
}
END_TEST

/* A program that was being started when vigild was killed may hold the lock. */
START_TEST(a_lock_that_is_released_soon_is_waited_for)
{
	const char *path = scratch_path("pipe");
	struct control_pipe *pipe;
	int fd;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_NONBLOCK);
	ck_assert_int_eq(flock(fd, LOCK_EX), 0);
	if (fork() == 0) {
		usleep(200 * 1000);
		_exit(0);
	}
	close(fd);
	pipe = control_pipe_open(host, path);
	ck_assert_ptr_nonnull(pipe);
	ck_assert_uint_eq(log_holds("another vigild"), 0);
	control_pipe_close(pipe);
}
END_TEST

START_TEST(a_second_vigild_does_not_take_the_pipe)
{
	const char *path = scratch_path("control.pipe");

	ck_assert_ptr_null(control_pipe_open(host, path));
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_uint_eq(log_holds("another vigild reads it"), 1);
	ck_assert(scratch_has("control.pipe"));
	write_pipe("reload\n");
	ck_assert_int_eq(reloads(), 1);
}
END_TEST

/* A configuration whose reload takes some milliseconds. */
static void write_long_conf(void)
{
	FILE *conf = fopen(scratch_path("vigil.conf"), "a");

	ck_assert_ptr_nonnull(conf);
	fputs("[daemons]\n", conf);
	for (unsigned i = 0; i < 5000; i++)
		fprintf(conf, "d%u = no\n", i);
	ck_assert_int_eq(fclose(conf), 0);
}

START_TEST(a_burst_of_lines_leaves_time_for_other_events)
{
	const json_int_t all = 70, most_in_a_turn = 35;
	json_int_t before, now = 0;
	char lines[512] = "";
	int fd = open(scratch_path("control.pipe"), O_WRONLY | O_NONBLOCK);

	write_long_conf();
	for (int i = 0; i < all; i++)
		strcat(lines, "reload\n");
	ck_assert_int_eq(write(fd, lines, strlen(lines)), (ssize_t)strlen(lines));
	close(fd);
	while (now < all) {
		before = now;
		turn();
		now = reloads();
		ck_assert_int_le(now - before, most_in_a_turn);
	}
}
END_TEST

SUITE("control_pipe", setup, teardown)
{
	TIMEOUT(300);
	TEST(the_verbs_of_the_pipe_are_executed);
	TEST(any_other_line_is_logged_and_not_executed);
	TEST(the_end_of_a_long_line_is_not_executed);
	TEST(a_path_that_is_not_a_pipe_of_vigild_is_refused);
	TEST(a_pipe_that_a_killed_vigild_left_is_used);
	TEST(a_lock_that_is_released_soon_is_waited_for);
	TEST(a_burst_of_lines_leaves_time_for_other_events);
	TEST(a_second_vigild_does_not_take_the_pipe);
}
