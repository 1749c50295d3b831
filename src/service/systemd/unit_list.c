/*
 * unit_list: see unit_list.h.  ListUnitsByPatterns returns the loaded units, and among them the
 * sockets, timers and paths that start services.  The other installed units and whether a unit is
 * enabled come from the file system (unit_files.c).  A unit that is not loaded and is not enabled
 * is stopped, and nothing more is asked about it.
 */
#include "service/systemd/unit_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "base/memory.h"
#include "service/listing.h"
#include "service/systemd/unit_files.h"
#include "service/systemd/unit_list_internal.h"

#define SUFFIX ".service"

/* --- names ------------------------------------------------------------------------------------ */

static int compare_names(const void *a, const void *b)
{
	return strcmp(
		((const struct unit_list_name *)a)->name, ((const struct unit_list_name *)b)->name);
}

const struct unit_list_name *unit_list_find(const struct unit_list *list, const char *name)
{
	struct unit_list_name key = {.name = name};

	if (list->names_count == 0)
		return NULL;
	return bsearch(&key, list->names, list->names_count, sizeof(key), compare_names);
}

static void add_name(struct unit_list *list, const char *name, bool at_work, size_t item)
{
	if (list->names_count == list->names_room) {
		list->names_room = list->names_room != 0 ? 2 * list->names_room : 256;
		list->names = memory_grow(list->names, list->names_room, sizeof(*list->names));
	}
	list->names[list->names_count++] =
		(struct unit_list_name){.name = name, .at_work = at_work, .item = item};
}

static bool is_service(const char *unit)
{
	size_t n = strlen(unit), tail = strlen(SUFFIX);

	return n > tail && strcmp(unit + n - tail, SUFFIX) == 0;
}

static struct unit_list_item *add_item(struct unit_list *list, const char *unit)
{
	char name[MANAGER_UNIT];
	vigil_service_entry *entry =
		listing_add(list->listing, manager_systemd.name, unit_short_name(unit, name));

	if (entry == NULL)
		return NULL;
	entry->unit = listing_text(list->listing, "%s", unit);
	if (list->count == list->room) {
		list->room = list->room != 0 ? 2 * list->room : 256;
		list->items = memory_grow(list->items, list->room, sizeof(*list->items));
	}
	list->items[list->count] = (struct unit_list_item){.list = list, .entry = entry};
	return &list->items[list->count++];
}

/* --- the loaded units ------------------------------------------------------------------------- */

/* The detailed state, unless it says no more than the status. */
static const char *sub_text(const char *sub)
{
	static const char *const plain[] = {"running", "dead", "failed"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (strcmp(plain[i], sub) == 0)
			return "";
	return sub;
}

static void take_row(struct unit_list *list, const struct unit_row *row)
{
	bool at_work = !vigil_service_is_down(unit_status(row->active)) &&
		       strcmp(row->sub, "elapsed") != 0;
	struct unit_list_item *item = NULL;
	const char *name;

	if (is_service(row->name) && !unit_row_is_absent(row)) {
		item = add_item(list, row->name);
		if (item == NULL)
			return;
		item->path = listing_text(list->listing, "%s", row->path);
		item->entry->status = unit_status(row->active);
		item->matters = !vigil_service_is_down(item->entry->status) ||
				item->entry->status == VIGIL_SERVICE_FAILED;
		item->exited = unit_row_is_exited(row);
		item->entry->text = listing_text(list->listing, "%s", sub_text(row->sub));
		if (strcmp(row->load, "masked") == 0)
			item->entry->hold = "the unit is masked";
	}
	name = item != NULL ? item->entry->unit : listing_text(list->listing, "%s", row->name);
	add_name(list, name, at_work, item != NULL ? list->count - 1 : SIZE_MAX);
}

static int ask_patterns(struct unit_list *list, sd_bus_message **answer, const char *method,
	const char *const *patterns)
{
	sd_bus_message *message = NULL;
	int r = systemd_method(&list->call, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, method);

	if (r >= 0)
		r = sd_bus_message_append_strv(message, NULL);
	if (r >= 0)
		r = sd_bus_message_append_strv(message, (char **)patterns);
	if (r >= 0)
		r = systemd_send(&list->call, answer, message);
	sd_bus_message_unref(message);
	return r;
}

static int list_units(struct unit_list *list)
{
	static const char *const patterns[] = {
		"*" SUFFIX, "*.socket", "*.timer", "*.path", "*.target", NULL};
	sd_bus_message *answer = NULL;
	struct unit_row row;
	int r = ask_patterns(list, &answer, "ListUnitsByPatterns", patterns);

	if (r >= 0)
		r = unit_rows_enter(answer);
	while (r >= 0 && (r = unit_row_read(answer, &row)) > 0)
		take_row(list, &row);
	sd_bus_message_unref(answer);
	if (list->names_count > 1)
		qsort(list->names, list->names_count, sizeof(*list->names), compare_names);
	return r;
}

/* --- the unit files --------------------------------------------------------------------------- */

static void take_state(struct unit_list_item *item, const struct unit_file *file)
{
	snprintf(item->file_state, sizeof(item->file_state), "%s", file->state);
	item->wanted = file->wanted;
	if (strncmp(file->state, "masked", 6) == 0)
		item->entry->hold = "the unit is masked";
	else if (strncmp(file->state, "enabled", 7) == 0 ||
		 (file->wanted && strcmp(file->state, "generated") == 0))
		item->matters = true;
}

/* Adds a file of which systemd has not loaded the unit, or has not found it. */
static void take_file(struct unit_list *list, const struct unit_file *file)
{
	const struct unit_list_name *known = unit_list_find(list, file->name);
	struct unit_list_item *item;

	if (known != NULL && known->item < list->count)
		return;
	item = add_item(list, file->name);
	if (item == NULL)
		return;
	item->entry->status = VIGIL_SERVICE_STOPPED;
	take_state(item, file);
}

/* Reads the directories in which systemd searches for units. */
static int read_files(struct unit_list *list, struct unit_files *files)
{
	sd_bus_message *answer = NULL;
	char **directories = NULL;
	int r = systemd_get(&list->call, &answer, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "UnitPath");

	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'v', "as");
	if (r > 0)
		r = sd_bus_message_read_strv(answer, &directories);
	if (r > 0 && directories != NULL)
		unit_files_read(files, list->listing, (const char *const *)directories,
			list->call.deadline);
	for (char **directory = directories; directory != NULL && *directory != NULL; directory++)
		free(*directory);
	free(directories);
	sd_bus_message_unref(answer);
	return r;
}

static int list_files(struct unit_list *list)
{
	struct unit_files files = {.count = 0};
	struct unit_file file;
	size_t loaded = list->count;
	int r = read_files(list, &files);

	for (size_t i = 0; i < loaded; i++)
		if (unit_files_find(&files, list->items[i].entry->unit, &file))
			take_state(&list->items[i], &file);
	for (size_t i = 0; i < files.length; i++)
		take_file(list, &files.list[i]);
	unit_files_clear(&files);
	return r;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What is known without the properties. */
static void describe(struct unit_list_item *item)
{
	struct unit_traits traits = {.down = true, .masked = item->entry->hold != NULL};

	traits.wanted = item->wanted;
	snprintf(traits.file_state, sizeof(traits.file_state), "%s", item->file_state);
	item->entry->boot = unit_boot(&traits);
	item->entry->crash = VIGIL_CRASH_NONE;
	if (item->matters) {
		item->entry->crash = VIGIL_CRASH_UNKNOWN;
		item->entry->crash_text = "systemd did not say";
	}
}

static void fault(struct unit_list *list, int r)
{
	struct manager_reply reply = {.error = 0};

	unit_fault(&reply, r, &list->call.error);
	listing_fault(list->listing, reply.error != 0 ? reply.error : r, "systemd: %s", reply.text);
}

static int list_all(struct unit_list *list)
{
	int r = list_units(list);

	if (r >= 0)
		r = list_files(list);
	for (size_t i = 0; i < list->count; i++)
		describe(&list->items[i]);
	if (r >= 0)
		r = unit_list_read_properties(list);
	return r;
}

void unit_list(struct listing *listing, uint64_t deadline)
{
	struct unit_list list = {.listing = listing, .call.deadline = deadline};
	int r = 0;

	if (sd_booted() <= 0)
		return;
	for (int tries = 0; tries < 2; tries++) {
		r = systemd_bus_open(deadline);
		if (r >= 0)
			r = list_all(&list);
		if (!systemd_bus_is_dead(r))
			break;
		systemd_bus_drop();
		if (list.count > 0)
			break; /* a second attempt would list the services again */
	}
	if (r < 0)
		fault(&list, r);
	sd_bus_error_free(&list.call.error);
	free(list.items);
	free(list.names);
}
