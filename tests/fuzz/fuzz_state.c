/*
 * fuzz_state: the state file as vigild reads it at its start: pauses, crashes, days, the boot.
 *
 * A host is started with the bytes as its state.json.  It must start with all its daemons, a daemon
 * may be paused only if the bytes have a pause for it, and what it writes at its end must be a
 * state file.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "base/diagnostic.h"
#include "daemon/daemon.h"
#include "state/state.h"
#include "host/day.h"
#include "host/host.h"
#include "loop/loop.h"

static const char *path_in(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/whole", fuzz_directory());
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/whole/%s", fuzz_directory(), name);
	return path;
}

static struct host *start_host(void)
{
	struct diagnostics diagnostics = {0};
	struct host *host;
	char conf[512];

	snprintf(conf, sizeof(conf),
		"[vigil]\nstate_dir = %s\nlog = stderr\nmodules = /nowhere\n"
		"socket = %s/whole.sock\n[daemons]\na = yes\nb = yes\n",
		path_in(""), fuzz_directory());
	host = host_new(fuzz_file("whole.conf", (const uint8_t *)conf, strlen(conf)), &diagnostics);
	FUZZ_HOLDS(host != NULL && diagnostics.errors == 0);
	diagnostics_clear(&diagnostics);
	host_start(host);
	loop_run_once(host_loop(host), false);
	loop_run_once(host_loop(host), false);
	return host;
}

/* Whether the bytes have a pause for the daemon. One whose end is damaged is a pause too, because
 * an admin sees a pause. */
static bool is_kept_paused(const json_t *doc, const char *name)
{
	return json_object_get(json_object_get(json_object_get(doc, "paused"), name), "until") !=
	       NULL;
}

static void account_holds(struct host *host, struct vigil_daemon *d)
{
	json_t *account = host_run_status(host, d);
	const char *levels =
		json_string_value(json_object_get(json_object_get(account, "day"), "levels"));
	char *text = json_dumps(account, 0);

	FUZZ_HOLDS(text != NULL && fuzz_is_clean(daemon_reason(d)));
	FUZZ_HOLDS(levels == NULL ||
		   (strlen(levels) == DAY_SLOTS && strspn(levels, DAY_LETTERS) == DAY_SLOTS));
	free(text);
	json_decref(account);
}

void fuzz_state(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"a", "b"};
	json_t *doc = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL), *whole;
	struct vigil_daemon *d;
	struct host *host;

	remove(path_in("state.json.old"));
	path_in("");
	fuzz_file("whole/state.json", data, size);
	host = start_host();
	for (size_t i = 0; i < 2; i++) {
		d = host_find(host, names[i]);
		FUZZ_HOLDS(d != NULL);
		FUZZ_HOLDS(daemon_status(d) != DAEMON_PAUSED || is_kept_paused(doc, names[i]));
		account_holds(host, d);
	}
	host_free(host);
	whole = json_load_file(path_in("state.json"), JSON_REJECT_DUPLICATES, NULL);
	FUZZ_HOLDS(json_is_object(whole));
	json_decref(whole);
	json_decref(doc);
}
