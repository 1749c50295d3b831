/*
 * files: watches files and directories: existence, age, size, number, mode, owner, changes of the
 * content, and lines of logs.
 *
 * The module itself accesses no file. The program vigil-files does, in a process of its own,
 * because each access may block (see vigil_files.c).
 */
#include "files.h"

static void on_tick(vigil_daemon *d, void *arg)
{
	(void)d;
	files_ask(arg);
}

static int check(vigil_daemon *d)
{
	struct files *f = vigil_alloc(d, sizeof(*f));

	f->d = d;
	return files_read_options(f);
}

static int start(vigil_daemon *d)
{
	struct files *f = vigil_alloc(d, sizeof(*f));
	int err;

	f->d = d;
	err = files_read_options(f);
	if (err == 0)
		err = vigil_persist(d, "kept");
	if (err != 0)
		return err;
	files_load(f);
	vigil_set_data(d, f);
	err = files_start_child(f);
	if (err == 0)
		err = vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, f);
	return err;
}

static void stop(vigil_daemon *d)
{
	struct files *f = vigil_data(d);

	for (size_t i = 0; f != NULL && i < f->count; i++) {
		struct files_path *path = &f->paths[i];

		json_decref(path->problems);
		json_decref(path->last_match);
		json_decref(path->last_change);
		json_decref(path->bookmarks);
		json_decref(path->sums);
	}
}

static const vigil_option options[] = {
	VIGIL_OPTION("path", VIGIL_PATHS, NULL, "the files or directories, or patterns of glob(7)",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("interval", VIGIL_DURATION, "1m", "the time between two checks", .min = 1,
		.max = 86400),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "30s",
		"the time after which a check that does not end makes the daemon UNKNOWN", .min = 1,
		.max = 86400),
	VIGIL_OPTION("user", VIGIL_TEXT, NULL, "the user who accesses the files; unset: vigild's"),
	VIGIL_OPTION("exists", VIGIL_BOOL, "yes", "no: it is a problem if a path exists"),
	VIGIL_OPTION("type", VIGIL_CHOICE, NULL, "what a path must be",
		.choices = "file directory fifo socket device"),
	VIGIL_OPTION("newest", VIGIL_BOOL, "no",
		"the limits apply to the newest file of a pattern only"),
	VIGIL_OPTION("max_age", VIGIL_DURATION, NULL, "the maximum time since the modification",
		.min = 1, .max = 1e9),
	VIGIL_OPTION("max_age_warning", VIGIL_DURATION, NULL, "like max_age, for WARNING", .min = 1,
		.max = 1e9),
	VIGIL_OPTION("min_size", VIGIL_SIZE, NULL, "the minimum size of each file", .min = 0,
		.max = 1e18),
	VIGIL_OPTION("max_size", VIGIL_SIZE, NULL, "the maximum size of each file", .min = 0,
		.max = 1e18),
	VIGIL_OPTION("min_count", VIGIL_INT, NULL, "the minimum number of files of each pattern",
		.min = 0, .max = 1e6),
	VIGIL_OPTION("max_count", VIGIL_INT, NULL, "the maximum number of files of each pattern",
		.min = 0, .max = 1e6),
	VIGIL_OPTION("mode", VIGIL_TEXT, NULL, "the mode of each file, as octal digits"),
	VIGIL_OPTION("owner", VIGIL_TEXT, NULL, "the user who must own each file"),
	VIGIL_OPTION("group", VIGIL_TEXT, NULL, "the group that must own each file"),
	VIGIL_OPTION("level", VIGIL_CHOICE, "critical", "the level if a limit above is exceeded",
		.choices = "warning critical"),
	VIGIL_OPTION("changed", VIGIL_CHOICE, "no", "the level after a change of the content",
		.choices = "no warning critical"),
	VIGIL_OPTION("changed_for", VIGIL_DURATION, "1h", "how long a change is a problem",
		.min = 1, .max = 1e9),
	VIGIL_OPTION("match", VIGIL_REGEX, NULL,
		"an extended regular expression; new lines that match it are a problem"),
	VIGIL_OPTION("match_not", VIGIL_REGEX, NULL,
		"lines that match this expression, too, are no problem"),
	VIGIL_OPTION("match_level", VIGIL_CHOICE, "critical", "the level after a line that matches",
		.choices = "ok warning critical"),
	VIGIL_OPTION("match_min", VIGIL_INT, "1",
		"so many lines within match_for are needed for the problem", .min = 1,
		.max = ALARM_EVENTS),
	VIGIL_OPTION("match_for", VIGIL_DURATION, "10m", "how long a line is a problem", .min = 1,
		.max = 1e9),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "files", .summary = "watches files, directories and lines of logs",
	.options = options, .start = start, .stop = stop, .check = check);
