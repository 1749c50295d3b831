/*
 * fileage: watches the age and the size of files, such as backups.
 *
 * Each file has a condition, which is a word.  When it changes, the daemon adds a line to its
 * history, which `vigilctl explain` prints.
 */
#include <errno.h>
#include <sys/stat.h>
#include <time.h>

#include <vigil/vigil.h>

enum condition { GOOD, SMALL, LARGE, OLD, MISSING }; /* from the best to the worst */

static const struct {
	const char *word;
	vigil_health_level level;
} conditions[] = {
	[GOOD] = {"good", VIGIL_OK},
	[SMALL] = {"too small", VIGIL_WARNING},
	[LARGE] = {"too large", VIGIL_WARNING},
	[OLD] = {"too old", VIGIL_CRITICAL},
	[MISSING] = {"missing", VIGIL_CRITICAL},
};

struct file {
	const char *path;
	enum condition condition;
	bool checked;
};

struct fileage {
	double age_max;             /* seconds */
	int64_t size_min, size_max; /* bytes */
	size_t count;
	struct file *files;
	vigil_part *parts; /* one for each file */
};

static enum condition judge(const struct fileage *f, int64_t size, double age)
{
	if (f->age_max > 0 && age > f->age_max)
		return OLD;
	if (size < f->size_min)
		return SMALL;
	return f->size_max > 0 && size > f->size_max ? LARGE : GOOD;
}

/* Returns a time in the format of the state. */
static json_t *time_text(time_t time)
{
	struct tm tm;
	char text[32];

	gmtime_r(&time, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static void set_condition(vigil_daemon *d, struct file *file, enum condition condition)
{
	if (file->checked && condition != file->condition)
		vigil_event(d, "%s is %s (was %s)", file->path, conditions[condition].word,
			conditions[file->condition].word);
	file->condition = condition;
	file->checked = true;
}

/* Checks a file and adds its values to two objects.  The age changes with every check, so it is
 * only in the performance data.  The values in files change when the file does. */
static void check_file(vigil_daemon *d, const struct fileage *f, struct file *file, json_t *files,
	json_t *perfdata)
{
	json_t *values = json_object(), *entry;
	struct stat st;
	double age;

	if (stat(file->path, &st) != 0) {
		set_condition(d, file, MISSING);
	} else {
		age = difftime(time(NULL), st.st_mtime);
		set_condition(d, file, judge(f, st.st_size, age));
		json_object_set_new(values, "size", json_integer(st.st_size));
		json_object_set_new(values, "modified", time_text(st.st_mtime));
		entry = json_pack("{sI ss}", "value", (json_int_t)age, "unit", "s");
		json_object_set_new(perfdata, file->path, entry);
	}
	json_object_set_new(values, "condition", json_string(conditions[file->condition].word));
	json_object_set_new(files, file->path, values);
}

/* The health is that of the worst file, and its text names the files that are not good. */
static void report(vigil_daemon *d, struct fileage *f)
{
	for (size_t i = 0; i < f->count; i++)
		f->parts[i] = (vigil_part){.name = f->files[i].path,
			.level = conditions[f->files[i].condition].level,
			.text = conditions[f->files[i].condition].word};
	vigil_health_parts(d, f->parts, f->count, "files", "all files are good");
}

static void check(vigil_daemon *d, void *arg)
{
	struct fileage *f = arg;
	json_t *files = json_object(), *perfdata = json_object();

	for (size_t i = 0; i < f->count; i++)
		check_file(d, f, &f->files[i], files, perfdata);
	vigil_state_set(d, "files", files);
	vigil_state_set(d, "perfdata", perfdata);
	report(d, f);
}

static int start(vigil_daemon *d)
{
	const char *const *paths = vigil_option_list(d, "files");
	struct fileage *f = vigil_alloc(d, sizeof *f);

	f->age_max = vigil_option_seconds(d, "age_max");
	f->size_min = vigil_option_int(d, "size_min");
	f->size_max = vigil_option_int(d, "size_max");
	while (paths[f->count] != NULL)
		f->count++;
	f->files = vigil_alloc(d, f->count * sizeof f->files[0]);
	f->parts = vigil_alloc(d, f->count * sizeof f->parts[0]);
	if (f->files == NULL || f->parts == NULL) /* only possible above 64 KiB */
		return -ENOMEM;
	for (size_t i = 0; i < f->count; i++)
		f->files[i].path = paths[i];
	return vigil_every(d, vigil_option_seconds(d, "interval"), check, f);
}

static const vigil_option options[] = {
	VIGIL_OPTION("files", VIGIL_PATHS, NULL, "the paths of the files", .flags = VIGIL_REQUIRED),
	VIGIL_OPTION("interval", VIGIL_DURATION, "10s", "the time between two checks", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("age_max", VIGIL_DURATION, "0", "CRITICAL if a file is older; 0: no limit"),
	VIGIL_OPTION("size_min", VIGIL_SIZE, "0", "WARNING if a file is smaller"),
	VIGIL_OPTION("size_max", VIGIL_SIZE, "0", "WARNING if a file is larger; 0: no limit"),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "fileage", .summary = "watches the age and the size of files",
	.options = options, .start = start);
