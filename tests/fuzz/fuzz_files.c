/*
 * fuzz_files: files that other programs or people write: configuration, state, pidfiles, and status
 * files of supervisors.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/text.h"
#include "config/config.h"
#include "config/config_load.h"
#include "loop/loop.h"
#include "persist/store.h"
#include "service/manager.h"
#include "service/pidfile.h"

void fuzz_config(const uint8_t *data, size_t size)
{
	struct diagnostics diagnostics = {0};
	struct config *config = config_load(fuzz_file("vigil.conf", data, size), &diagnostics);

	FUZZ_HOLDS((config == NULL) == (diagnostics.errors > 0));
	for (size_t i = 0; i < diagnostics.count; i++)
		FUZZ_HOLDS(fuzz_is_clean(diagnostics.list[i].text));
	for (size_t i = 0; config != NULL && i < config->count; i++)
		FUZZ_HOLDS(text_is_daemon_name(config->daemons[i].name));
	diagnostics_clear(&diagnostics);
	config_free(config);
}

/* Whatever the file has, the store opens, can be written to, and reads what it wrote. */
void fuzz_store(const uint8_t *data, size_t size)
{
	struct loop *loop = loop_new();
	struct store *store;
	json_t *value = json_integer(7);

	FUZZ_HOLDS(loop != NULL);
	fuzz_file("state.json", data, size);
	store = store_open(loop, fuzz_directory());
	FUZZ_HOLDS(store != NULL);
	store_put(store, "kept", "a", "b", value);
	store_close(store);
	store = store_open(loop, fuzz_directory());
	FUZZ_HOLDS(store != NULL && json_equal(store_get(store, "kept", "a", "b"), value));
	store_close(store);
	json_decref(value);
	loop_free(loop);
}

void fuzz_pidfile(const uint8_t *data, size_t size)
{
	struct pidfile found;

	pidfile_look(fuzz_file("x.pid", data, size), "x", NULL, &found);
	FUZZ_HOLDS(memchr(found.why, '\0', sizeof(found.why)) != NULL);
	FUZZ_HOLDS(found.verdict != PIDFILE_UNKNOWN);
	FUZZ_HOLDS((found.verdict == PIDFILE_NONE) == (size == 0));
	FUZZ_HOLDS(memchr(data, '\0', size) == NULL || found.verdict == PIDFILE_DISTRUST);
	if (found.verdict == PIDFILE_ALIVE || found.verdict == PIDFILE_DEAD)
		FUZZ_HOLDS(found.pid > 0);
}

/* Makes a service x in the directory. Its supervisor seems to run, because the fifo is held
 * open. */
static void make_service(const char *fifo)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/x", fuzz_directory());
	if (mkdir(path, 0700) < 0)
		return;
	strcat(path, "/supervise");
	FUZZ_HOLDS(mkdir(path, 0700) == 0);
	strcat(path, "/");
	strcat(path, fifo);
	FUZZ_HOLDS(mkfifo(path, 0600) == 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	FUZZ_HOLDS(fd >= 0);
}

static void supervised(
	const struct manager *manager, const char *fifo, const uint8_t *data, size_t size)
{
	char name[] = "x";
	struct manager_request request = {.name = name,
		.manager = manager,
		.service_dir = (char *)fuzz_directory(),
		.deadline = clock_now() + 10 * CLOCK_SECOND};
	struct manager_reply reply = {0};

	make_service(fifo);
	fuzz_file("x/supervise/status", data, size);
	manager->query(&request, &reply);
	FUZZ_HOLDS(reply.pid >= 0);
	FUZZ_HOLDS((reply.error != 0) == (reply.fault != VIGIL_FAULT_NONE));
}

void fuzz_runit(const uint8_t *data, size_t size)
{
	supervised(&manager_runit, "ok", data, size);
}

/* Files of other sizes are left out, because s6-svstat would be run for each. */
void fuzz_s6(const uint8_t *data, size_t size)
{
	if (size == 35 || size == 43)
		supervised(&manager_s6, "control", data, size);
}
