/* without: runs a command whose system calls fail as on a kernel that lacks them.
 *
 *     without pidfd command ...    pidfd_open, new in Linux 5.3: ENOSYS
 *     without ipv6 command ...     sockets of AF_INET6: EAFNOSUPPORT
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(f)               BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, f))
#define SKIP_UNLESS(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (n))
#define FAIL(error)           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW                 BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter no_pidfd[] = {
	LOAD(nr),
	SKIP_UNLESS(SYS_pidfd_open, 1),
	FAIL(ENOSYS),
	SKIP_UNLESS(SYS_pidfd_send_signal, 1),
	FAIL(ENOSYS),
	ALLOW,
};

/* The domain is the first argument; its lower half, on a machine with little-endian byte order. */
static struct sock_filter no_ipv6[] = {
	LOAD(nr),
	SKIP_UNLESS(SYS_socket, 3),
	LOAD(args[0]),
	SKIP_UNLESS(AF_INET6, 1),
	FAIL(EAFNOSUPPORT),
	ALLOW,
};

static const struct {
	const char *name;
	struct sock_fprog program;
} filters[] = {
	{"pidfd", {sizeof(no_pidfd) / sizeof(*no_pidfd), no_pidfd}},
	{"ipv6", {sizeof(no_ipv6) / sizeof(*no_ipv6), no_ipv6}},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 2 && i < sizeof(filters) / sizeof(*filters); i++) {
		if (strcmp(argv[1], filters[i].name) != 0)
			continue;
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filters[i].program) == 0 ||
			(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
				prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filters[i].program) ==
					0))
			execvp(argv[2], argv + 2);
		perror("without");
		return 126;
	}
	fputs("usage: without pidfd|ipv6 COMMAND...\n", stderr);
	return 2;
}
