/* check_control_socket_file: the file of the control socket, and which file it may replace. */
#include "control/control_socket.h"

#include "fixture_control.h"
#include "suite.h"

START_TEST(only_the_user_of_vigild_may_connect)
{
	struct stat st;

	ck_assert_int_eq(stat(sock, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_uint_eq(st.st_uid, geteuid());
	control_close(control);
	control = NULL;
	ck_assert_int_eq(access(sock, F_OK), -1);
	ck_assert(!scratch_has("control.pipe"));
}
END_TEST

START_TEST(a_socket_in_use_is_not_replaced)
{
	int fd;

	errno = 0;
	ck_assert_ptr_null(control_open(host));
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert(scratch_has("control.pipe"));
	fd = dial();
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

START_TEST(an_unused_socket_is_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	control_close(control);
	strcpy(address.sun_path, sock);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	ck_assert_int_eq(access(sock, F_OK), 0);
	control = control_open(host);
	ck_assert_ptr_nonnull(control);
	fd = dial();
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

/* A program that was being started when vigild was killed may hold the socket. */
START_TEST(a_socket_that_is_released_soon_is_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	control_close(control);
	strcpy(address.sun_path, sock);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	if (fork() == 0) {
		usleep(200 * 1000);
		_exit(0);
	}
	close(fd);
	control = control_open(host);
	ck_assert_ptr_nonnull(control);
	fd = dial();
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

START_TEST(a_file_that_is_not_a_socket_is_never_removed)
{
	static const char *const kinds[] = {"file", "folder", "link"};

	control_close(control);
	for (int i = 0; i < 3; i++) {
		if (i == 0)
			scratch_put("control.sock", 0644, "precious\n");
		else if (i == 1)
			ck_assert_int_eq(mkdir(sock, 0755), 0);
		else
			ck_assert_int_eq(symlink("/nowhere", sock), 0);
		errno = 0;
		control = control_open(host);
		ck_assert_msg(control == NULL && errno == EEXIST, "%s: %d", kinds[i], errno);
		ck_assert_int_eq(i == 1 ? rmdir(sock) : unlink(sock), 0);
	}
}
END_TEST

START_TEST(the_socket_of_the_next_vigild_is_not_removed)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(unlink(sock), 0);
	strcpy(address.sun_path, sock);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	control_close(control);
	control = NULL;
	ck_assert_int_eq(access(sock, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(the_folder_is_created_if_its_parent_exists)
{
	char path[192];
	struct stat st;

	control_close(control);
	host_free(host);
	start_in(scratch_path("made/control.sock"), "no-such-group");
	control = control_open(host);
	ck_assert_ptr_nonnull(control);
	ck_assert_int_eq(stat(scratch_path("made"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0750);
	control_close(control);
	control = NULL;
	ck_assert(!scratch_has("made/control.sock"));
	ck_assert_ptr_null(control_socket_open(host, scratch_path("a/b/control.sock"), NULL));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert(!scratch_has("a"));
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_ptr_null(control_socket_open(host, path, NULL));
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

SUITE("control_socket_file", setup, teardown)
{
	TIMEOUT(300);
	TEST(only_the_user_of_vigild_may_connect);
	TEST(a_socket_in_use_is_not_replaced);
	TEST(an_unused_socket_is_replaced);
	TEST(a_socket_that_is_released_soon_is_replaced);
	TEST(a_file_that_is_not_a_socket_is_never_removed);
	TEST(the_socket_of_the_next_vigild_is_not_removed);
	TEST(the_folder_is_created_if_its_parent_exists);
}
