/* check_control_socket: who may connect, how many clients may connect, and the socket file. */
#include "control/control_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "command/command.h"
#include "fixture_control.h"
#include "suite.h"

#define CLIENTS_MAX 64

/* --- places for clients ----------------------------------------------------------------------- */

/* Returns the number of clients that the user of this test may connect. */
static int places(void)
{
	return geteuid() == 0 ? CLIENTS_MAX : CLIENTS_MAX - 4;
}

START_TEST(the_client_that_was_idle_longest_is_closed_for_a_new_one)
{
	int fds[CLIENTS_MAX], late;

	hold_open(fds, 0, places(), NULL);
	/* the first two are not the longest idle: one watches, the other was the last to send */
	ck_assert_int_eq(ask(fds[0], WATCH_ALL), 0);
	ck_assert_int_eq(ask(fds[1], ASK), 0);
	late = dial();
	ck_assert_int_eq(ask(late, ASK), 0);
	ck_assert(closes(fds[2]));
	ck_assert(is_open(fds[0]));
	ck_assert(is_open(fds[1]));
	ck_assert(is_open(fds[3]));
	close(late);
	close_all(fds, places());
}
END_TEST

START_TEST(a_new_client_is_refused_if_all_others_are_busy)
{
	int fds[CLIENTS_MAX], late;
	json_t *reply;

	hold_open(fds, 0, places(), WATCH_ALL);
	late = dial();
	reply = get_object(late);
	ck_assert_int_eq(code_of(reply), COMMAND_BUSY);
	ck_assert(json_is_null(json_object_get(reply, "id")));
	ck_assert_ptr_null(get_line(late));
	json_decref(reply);
	close(late);
	close(fds[7]);
	for (int i = 0; i < 5; i++)
		turn();
	fds[7] = dial();
	ck_assert_int_eq(ask(fds[7], ASK), 0);
	close_all(fds, places());
}
END_TEST

START_TEST(a_burst_of_connections_is_accepted)
{
	int fds[200], served = 0;
	char *line;

	for (int i = 0; i < 120; i++) { /* the backlog holds this many */
		fds[i] = dial();
		(void)!send(fds[i], ASK "\n", sizeof(ASK), MSG_NOSIGNAL);
	}
	/* each client gets a reply, or an error because there is no room; no client with a request
	 * is closed for another */
	for (int i = 0; i < 120; i++) {
		line = get_line(fds[i]);
		ck_assert_ptr_nonnull(line);
		if (strstr(line, "\"result\"") != NULL)
			served++;
		free(line);
	}
	ck_assert_int_ge(served, places());
	close_all(fds, 120);
}
END_TEST

START_TEST(accepting_pauses_while_there_are_no_descriptors)
{
	static const char no_more[] = "no connection can be accepted";
	struct rlimit limit, none;
	int fd = dial(), spare, turns;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	spare = open("/dev/null", O_RDONLY);
	none = limit;
	none.rlim_cur = (rlim_t)spare;
	close(spare);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (turns = 0; log_holds(no_more) == 0 && turns < 1000; turns++)
		turn();
	for (turns = 0; turns < 10; turns++)
		turn();
	ck_assert_uint_ge(log_holds(no_more), 1);
	ck_assert_uint_le(log_holds(no_more), 2);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

/* --- other users ------------------------------------------------------------------------------ */

static bool is_root(void)
{
	if (geteuid() == 0)
		return true;
	puts("SKIP: only root can be another user");
	return false;
}

/* Runs the function as uid 65534 with two groups, and returns its exit status. */
static int as_nobody(gid_t primary, gid_t other, int (*client)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (setgroups(1, &other) < 0 || setgid(primary) < 0 || setuid(65534) < 0)
			_exit(99);
		_exit(client());
	}
	ck_assert_int_gt(pid, 0);
	while (waitpid(pid, &status, WNOHANG) == 0)
		turn();
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Returns a blocking connection, or -errno. */
static int dial_blocking(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, sock);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : fd;
}

static int ask_blocking(int fd, const char *line)
{
	char reply[4096];
	const char *code;
	ssize_t n;

	/* a client that is refused gets its reply before it sends a request */
	(void)!send(fd, line, strlen(line), MSG_NOSIGNAL);
	n = recv(fd, reply, sizeof(reply) - 1, 0);
	if (n <= 0)
		return 1;
	reply[n] = '\0';
	code = strstr(reply, "\"code\":");
	return code != NULL ? atoi(code + 7) : 0;
}

static int get_and_reload(void)
{
	int fd = dial_blocking(), get, reload;

	if (fd < 0)
		return fd == -EACCES ? 13 : 98;
	get = ask_blocking(fd, ASK "\n");
	reload = ask_blocking(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"reload\"}\n");
	return (get == 0                       ? 1
		       : get == COMMAND_DENIED ? 0
					       : 50) +
	       (reload == 0                       ? 2
		       : reload == COMMAND_DENIED ? 0
						  : 50);
}

START_TEST(the_uid_of_the_kernel_decides_about_access)
{
	struct group *group = getgrnam("daemon");
	struct stat st;
	gid_t in, out = 12345;

	if (!is_root() || group == NULL)
		return;
	in = group->gr_gid;
	control_close(control);
	host_free(host);
	start_for("daemon");
	ck_assert_int_eq(stat(sock, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	ck_assert_uint_eq(st.st_gid, in);
	ck_assert_int_eq(as_nobody(in, out, get_and_reload), 1);
	ck_assert_int_eq(as_nobody(out, in, get_and_reload), 1);
	ck_assert_int_eq(as_nobody(out, out, get_and_reload), 13);
	/* a client that can open the socket file still needs access */
	ck_assert_int_eq(chmod(sock, 0666), 0);
	ck_assert_int_eq(as_nobody(out, out, get_and_reload), 0);
	ck_assert_int_eq(as_nobody(in, out, get_and_reload), 1);
}
END_TEST

static int sixty_and_one(void)
{
	int fds[CLIENTS_MAX], code, i;

	for (i = 0; i < CLIENTS_MAX - 4; i++) {
		fds[i] = dial_blocking();
		if (fds[i] < 0 || ask_blocking(fds[i], WATCH_ALL "\n") != 0)
			return 1;
	}
	fds[i] = dial_blocking();
	code = ask_blocking(fds[i], ASK "\n");
	return code == COMMAND_BUSY ? 0 : 2;
}

static int ends_of_child[2];

/* Like sixty_and_one(), and then waits until it is killed. */
static int sixty_and_one_and_wait(void)
{
	int status = sixty_and_one();
	char byte = (char)status;

	close(ends_of_child[0]);
	if (status == 0)
		status = write(ends_of_child[1], &byte, 1) == 1 ? 0 : 3;
	for (;;)
		pause();
	return status;
}

START_TEST(four_places_are_reserved_for_root)
{
	struct group *group = getgrnam("daemon");
	int idle[CLIENTS_MAX], fds[4];
	char byte;
	pid_t pid;

	if (!is_root() || group == NULL)
		return;
	control_close(control);
	host_free(host);
	start_for("daemon");
	/* the idle clients of root do not reserve places for other users */
	hold_open(idle, 0, CLIENTS_MAX, NULL);
	ck_assert_int_eq(pipe2(ends_of_child, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (setgroups(1, &group->gr_gid) < 0 || setuid(65534) < 0)
			_exit(99);
		_exit(sixty_and_one_and_wait());
	}
	close(ends_of_child[1]);
	fcntl(ends_of_child[0], F_SETFL, O_NONBLOCK);
	while (read(ends_of_child[0], &byte, 1) < 0 && errno == EAGAIN)
		turn();
	ck_assert_int_eq(byte, 0);
	hold_open(fds, 0, 4, WATCH_ALL);
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close_all(fds, 4);
	close_all(idle, CLIENTS_MAX);
	close(ends_of_child[0]);
}
END_TEST

static unsigned wanted_by_child;
static const char *said_by_child;

/* Opens the connections, sends the line on each, reports to the parent, and waits until it is
 * killed. */
static void hold_and_wait(gid_t group, uid_t uid)
{
	char byte = 0;
	int fd;

	if (setgroups(1, &group) < 0 || setuid(uid) < 0)
		_exit(99);
	close(ends_of_child[0]);
	for (unsigned i = 0; i < wanted_by_child; i++) {
		fd = dial_blocking();
		if (fd < 0 || send(fd, said_by_child, strlen(said_by_child), MSG_NOSIGNAL) < 0)
			byte++;
	}
	(void)!write(ends_of_child[1], &byte, 1);
	for (;;)
		pause();
}

/* Starts a process of this user that does so. Returns when all its connections are open. */
static pid_t start_holder(gid_t group, uid_t uid, unsigned count, const char *line)
{
	char byte = 1;
	pid_t pid;

	wanted_by_child = count;
	said_by_child = line;
	ck_assert_int_eq(pipe2(ends_of_child, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		hold_and_wait(group, uid);
	ck_assert_int_gt(pid, 0);
	close(ends_of_child[1]);
	ck_assert_int_eq(read(ends_of_child[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 0);
	close(ends_of_child[0]);
	return pid;
}

static void end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(root_is_accepted_behind_a_full_backlog_when_descriptors_are_used_up)
{
	struct group *group = getgrnam("daemon");
	struct rlimit limit, none;
	uint64_t began;
	pid_t pid;
	int fd;

	if (!is_root() || group == NULL)
		return;
	control_close(control);
	host_free(host);
	start_for("daemon");
	pid = start_holder(group->gr_gid, 65534, 100, ASK "\n");
	fd = dial();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	began = clock_now();
	ck_assert_int_eq(ask(fd, ASK), 0);
	printf("root was answered after %.3f s\n", (double)(clock_now() - began) / CLOCK_SECOND);
	ck_assert_uint_eq(log_holds("no connection can be accepted"), 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	end_holder(pid);
	close(fd);
}
END_TEST

static int ask_once(void)
{
	int fd = dial_blocking();

	return fd < 0 ? 1 : -ask_blocking(fd, ASK "\n") & 0xff;
}

START_TEST(a_user_cannot_keep_another_user_out)
{
	struct group *group = getgrnam("daemon");
	pid_t pid;
	gid_t gid;

	if (!is_root() || group == NULL)
		return;
	gid = group->gr_gid;
	control_close(control);
	host_free(host);
	start_for("daemon");
	pid = start_holder(gid, 65533, CLIENTS_MAX - 4, WATCH_ALL "\n");
	for (int i = 0; i < 10; i++)
		turn();
	/* uid 65534 gets a place although all clients of uid 65533 are busy */
	ck_assert_int_eq(as_nobody(gid, gid, ask_once), 0);
	end_holder(pid);
}
END_TEST

SUITE("control_socket", setup, teardown)
{
	TIMEOUT(300);
	TEST(the_client_that_was_idle_longest_is_closed_for_a_new_one);
	TEST(a_new_client_is_refused_if_all_others_are_busy);
	TEST(a_burst_of_connections_is_accepted);
	TEST(accepting_pauses_while_there_are_no_descriptors);
	TEST(the_uid_of_the_kernel_decides_about_access);
	TEST(root_is_accepted_behind_a_full_backlog_when_descriptors_are_used_up);
	TEST(a_user_cannot_keep_another_user_out);
	TEST(four_places_are_reserved_for_root);
}
