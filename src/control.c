/*
 * control: the doors to command that the configuration names.
 */
#include "control.h"

#include <errno.h>
#include <stdlib.h>

#include "config.h"
#include "control_pipe.h"
#include "control_socket.h"
#include "host.h"
#include "memory.h"

struct control {
	struct control_socket *socket;
	struct control_pipe *pipe;
};

struct control *control_open(struct host *host)
{
	const struct config *config = host_config(host);
	struct control *control = memory_zero(sizeof(*control));
	int err;

	/* The socket first: it finds out whether another vigild is there. */
	control->socket = control_socket_open(
		host, config_vigil(config, "socket")->text, config_vigil(config, "group")->text);
	if (control->socket != NULL)
		control->pipe = control_pipe_open(host, config_vigil(config, "pipe")->text);
	if (control->pipe != NULL)
		return control;
	err = errno;
	control_close(control);
	errno = err;
	return NULL;
}

void control_close(struct control *control)
{
	if (control == NULL)
		return;
	control_pipe_close(control->pipe);
	control_socket_close(control->socket);
	free(control);
}
