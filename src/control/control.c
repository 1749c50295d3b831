/*
 * control: opens the socket and the pipe that the configuration names, and checks their
 * directories.
 */
#include "control/control.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/trust.h"
#include "config/config.h"
#include "control/control_pipe.h"
#include "control/control_socket.h"
#include "host/host.h"

struct control {
	struct control_socket *socket;
	struct control_pipe *pipe;
};

#define NSS_NEEDS (256 * 1024)

/* Errors that mean that the lookup failed. getgrnam sets various other errors if the group does not
 * exist. */
static bool is_trouble(int err)
{
	return err == ENOMEM || err == EMFILE || err == ENFILE || err == EIO;
}

/* The group with read access.  NULL: only root and vigild's own user have access. */
static const gid_t *find_group(const char *name)
{
	const struct group *found = NULL;

	errno = ENOMEM;
	/* memory_ahead is checked because the first lookup in glibc's databases crashes if memory
	 * is short. */
	if (name != NULL && memory_ahead(NSS_NEEDS)) {
		errno = 0;
		found = getgrnam(name);
	}
	if (name != NULL && found == NULL && is_trouble(errno))
		log_warn("the group \"%s\" could not be looked up: %s; only root and the user of "
			 "vigild may read",
			name, strerror(errno));
	else if (name != NULL && found == NULL)
		log_info("no such group \"%s\"; only root and the user of vigild may read", name);
	return found != NULL ? &found->gr_gid : NULL;
}

/* Creates the directory if it does not exist.  Usually the service manager creates it. */
static void make_directory(const char *path, const gid_t *group)
{
	char *dir = memory_text(path);
	char *slash = strrchr(dir, '/');

	if (slash != dir && slash != NULL) {
		*slash = '\0';
		if (mkdir(dir, 0750) == 0 && group != NULL)
			(void)!lchown(dir, (uid_t)-1, *group);
	}
	free(dir);
}

/* Rejects a directory that other users may write, because they could replace the socket with their
 * own and read root's requests.  Other errors of the directory are reported when it is used. */
static int check_directory(const char *option, const char *path)
{
	char *dir = memory_text(path), *slash = strrchr(dir, '/'), why[TRUST_WHY];
	int err;

	slash[slash == dir] = '\0';
	err = trust_path(dir, NULL, 0, why, sizeof(why));
	free(dir);
	if (err != -EPERM)
		return 0;
	log_error("%s = %s: %s", option, path, why);
	return err;
}

struct control *control_open(struct host *host)
{
	const struct config *config = host_config(host);
	const char *socket = config_vigil(config, "socket")->text;
	const char *pipe = config_vigil(config, "pipe")->text;
	const gid_t *group = find_group(config_vigil(config, "group")->text);
	struct control *control = memory_zero(sizeof(*control));
	int err;

	make_directory(socket, group);
	make_directory(pipe, group);
	err = check_directory("socket", socket);
	if (err == 0)
		err = check_directory("pipe", pipe);
	if (err != 0)
		goto fail;
	/* The pipe is opened first, because its lock decides which of two vigild processes may
	 * remove a stale socket. */
	control->pipe = control_pipe_open(host, pipe);
	if (control->pipe != NULL)
		control->socket = control_socket_open(host, socket, group);
	if (control->socket != NULL)
		return control;
	err = -errno;
fail:
	control_close(control);
	errno = -err;
	return NULL;
}

struct control_work *control_clients(const struct control *control)
{
	return control_socket_clients(control->socket);
}

void control_close(struct control *control)
{
	if (control == NULL)
		return;
	control_pipe_close(control->pipe);
	control_socket_close(control->socket);
	free(control);
}
