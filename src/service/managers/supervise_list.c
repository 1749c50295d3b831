/*
 * supervise_list: lists the services of runit and s6.
 *
 * A supervisor that wants its service up starts it again whatever ended it.  So the service stays
 * down after a crash only if it was started once (sv once, s6-svc -o), or if its script `finish`
 * prevents the restart.  The file `down` is about the start of the supervisor, that is, about the
 * boot.
 */
#include "service/managers/supervise_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/process.h"
#include "service/listing.h"

#define FINISH_MAX ((size_t)16 * 1024)

struct scan {
	const struct supervise_kind *kind;
	const struct manager *manager;
	struct listing *listing;
	const char *directory;
};

static bool has(const struct supervise_place *place, const char *file)
{
	return faccessat(place->service, file, F_OK, 0) == 0;
}

/* --- after a crash ---------------------------------------------------------------------------- */

static vigil_service_crash read_finish(const struct scan *scan, const struct supervise_place *place)
{
	char *text;
	vigil_service_crash crash = VIGIL_CRASH_RESTARTED;

	if (!has(place, "finish"))
		return crash;
	text = malloc(FINISH_MAX);
	if (text == NULL)
		return VIGIL_CRASH_UNKNOWN;
	if (process_read_file(place->service, "finish", text, FINISH_MAX) > 0)
		crash = scan->kind->finish(text);
	free(text);
	return crash;
}

/* error: why there is no status, a negative errno; 0: there is one. */
static void set_crash(const struct scan *scan, const struct supervise_place *place, int error,
	const struct supervise_status *status, vigil_service_entry *entry)
{
	const char *supervisor = scan->kind->supervisor;

	if (error != 0 && error != -ENXIO && error != -ENOENT) {
		entry->crash = VIGIL_CRASH_UNKNOWN;
		entry->crash_text = "its status cannot be read";
	} else if (error != 0) {
		entry->crash = VIGIL_CRASH_NONE;
		entry->crash_text = listing_text(scan->listing, "no %s watches it", supervisor);
	} else if (status->state == SUPERVISE_UP && !status->want_up) {
		entry->crash = VIGIL_CRASH_DOWN;
		entry->crash_text = "stays down: it was started once";
	} else {
		entry->crash = read_finish(scan, place);
		entry->crash_text = listing_text(scan->listing,
			entry->crash == VIGIL_CRASH_RESTARTED ? "restarted by %s"
			: entry->crash == VIGIL_CRASH_DOWN
				? "stays down: its finish script tells %s so"
				: "its finish script decides whether %s restarts it",
			supervisor);
	}
}

/* --- one service ------------------------------------------------------------------------------ */

/* s6-rc creates a file `down` in every directory, because it starts the services itself. */
static vigil_service_boot boot(const struct supervise_place *place)
{
	char path[SUPERVISE_PATH], *real;
	vigil_service_boot boot = VIGIL_BOOT_NO;

	if (!has(place, "down"))
		return VIGIL_BOOT_YES;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", place->service);
	real = realpath(path, NULL);
	if (real != NULL && strstr(real, "/s6-rc") != NULL)
		boot = VIGIL_BOOT_UNKNOWN;
	free(real);
	return boot;
}

static void fill(const struct scan *scan, const struct manager_request *request,
	const struct supervise_place *place, vigil_service_entry *entry)
{
	struct manager_reply reply = {.manager = scan->manager};
	struct supervise_status status;
	struct evidence e = manager_evidence(request, scan->kind->supervisor);
	bool read = supervise_read(scan->kind, request, place, &status, &reply) == 0;

	e.basis = BASIS_WATCHED;
	e.said = reply.text;
	if (read) {
		supervise_take(scan->kind, &status, &e, &reply);
		manager_evaluate(&reply, &e);
		entry->since = supervise_time(scan->kind, status.stamp);
		entry->status = reply.status;
		entry->pid = reply.pid;
	}
	entry->text = listing_text(scan->listing, "%s", reply.text);
	entry->daemon = true;
	entry->boot = read ? boot(place) : VIGIL_BOOT_UNKNOWN;
	set_crash(scan, place, read ? 0 : reply.error, &status, entry);
}

/* Whether another kind of supervisor watches the service. */
static bool is_of_other(const struct scan *scan, const struct manager_request *request,
	const struct supervise_place *place)
{
	return has(place, SUPERVISE "/" SUPERVISE_STATUS) &&
	       !supervise_present(scan->kind, request);
}

static void add(const struct scan *scan, const char *name, uint64_t deadline)
{
	const struct manager_request request = {.name = (char *)name,
		.manager = scan->manager,
		.service_dir = (char *)scan->directory,
		.deadline = deadline};
	struct supervise_place place;
	vigil_service_entry *entry = NULL;

	if (supervise_place_open(scan->kind, &request, &place) != 0)
		return;
	if (has(&place, "run") && !is_of_other(scan, &request, &place) &&
		!listing_has(scan->listing, scan->manager->name, name))
		entry = listing_add(scan->listing, scan->manager->name, name);
	if (entry != NULL)
		fill(scan, &request, &place, entry);
	close(place.service);
}

/* --- the scan directories --------------------------------------------------------------------- */

static void scan_directory(const struct scan *scan, uint64_t deadline)
{
	DIR *directory = opendir(scan->directory);
	const struct dirent *file;

	if (directory == NULL) {
		if (errno != ENOENT && errno != ENOTDIR)
			listing_fault(
				scan->listing, -errno, "%s: %s", scan->directory, strerror(errno));
		return;
	}
	while ((file = readdir(directory)) != NULL) {
		if (clock_now() >= deadline) {
			listing_fault(scan->listing, -ETIMEDOUT,
				"%s: the deadline was over before all services were read",
				scan->directory);
			break;
		}
		if (file->d_name[0] != '.') /* the supervisors ignore these names, too */
			add(scan, file->d_name, deadline);
	}
	closedir(directory);
}

void supervise_list(const struct supervise_kind *kind, const struct manager *manager,
	struct listing *listing, uint64_t deadline)
{
	struct scan scan = {.kind = kind, .manager = manager, .listing = listing};

	for (const char *const *directory = kind->directories; *directory != NULL; directory++) {
		scan.directory = *directory;
		scan_directory(&scan, deadline);
	}
}
