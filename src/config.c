/*
 * config: INI files into one checked, immutable snapshot.
 *
 * First all files are read and parsed; where the syntax of any is wrong, all that is wrong with
 * it is said and no more, since what a broken file means is guesswork.  Then each line is taken
 * to its place by a table of sections, later files over earlier ones, and all that is wrong
 * with the meaning is said.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "ini.h"
#include "memory.h"
#include "text.h"

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

const vigil_option config_schema[] = {
	VIGIL_OPTION("modules", VIGIL_LIST, MODULEDIR, "directories with modules, by commas"),
	VIGIL_OPTION("socket", VIGIL_PATH, RUNSTATEDIR "/vigil/control.sock", "the control socket"),
	VIGIL_OPTION("pipe", VIGIL_PATH, RUNSTATEDIR "/vigil/control.pipe", "the control pipe"),
	VIGIL_OPTION("state_dir", VIGIL_PATH, LOCALSTATEDIR "/lib/vigil",
		"where state that outlives vigild is kept"),
	VIGIL_OPTION("group", VIGIL_TEXT, "vigil", "its members may read over the socket"),
	VIGIL_OPTION("log", VIGIL_TEXT, "auto", "auto, stderr, syslog, journal, or a file's path"),
	VIGIL_OPTION("log_level", VIGIL_CHOICE, "info", "how much is logged",
		.choices = "error warning notice info debug"),
	VIGIL_OPTION("workers", VIGIL_INT, "4", "threads kept for calls to service managers",
		.min = 1, .max = 64),
	VIGIL_OPTION("workers_max", VIGIL_INT, "32", "how many there may be when calls hang",
		.min = 1, .max = 256),
	VIGIL_OPTION("restart_rate", VIGIL_TEXT, "20/10s",
		"at most so many restarts in so long, all services together; 0: no limit"),
	VIGIL_OPTION("deny", VIGIL_LIST, NULL, "services never restarted: names or globs"),
	VIGIL_OPTION_END,
};

/* A [vigil] key as it is gathered; later files over earlier ones. */
struct builder {
	struct config *config;
	struct complaints *complaints;
	struct option_given *vigil;
	size_t vigil_count;
	const char *file; /* the one being read */
};

/* --- files --------------------------------------------------------------------------------------- */

static const char *note_file(struct config *config, const char *file)
{
	size_t n = 0;

	while (config->files[n] != NULL)
		n++;
	config->files = memory_grow(config->files, n + 2, sizeof(*config->files));
	config->files[n] = memory_text(file);
	config->files[n + 1] = NULL;
	return config->files[n];
}

static int is_dropin(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && fnmatch("*.conf", entry->d_name, 0) == 0;
}

static int in_byte_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void find_dropins(struct config *config)
{
	struct dirent **entries;
	int count = scandir(config->dropin, &entries, is_dropin, in_byte_order);
	char *path;

	if (count < 0)
		return;
	for (int i = 0; i < count; i++) {
		path = memory_format("%s/%s", config->dropin, entries[i]->d_name);
		note_file(config, path);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

static char *dropin_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	return memory_format("%.*sconf.d", slash != NULL ? (int)(slash - file) + 1 : 0, file);
}

/* --- daemons --------------------------------------------------------------------------------------- */

/* Finds or makes the daemon of that name; NULL where it is not to be. */
static struct config_daemon *daemon_of(struct builder *b, const char *name, int line)
{
	struct config *config = b->config;
	struct config_daemon *cd;

	if (!text_is_daemon_name(name)) {
		complaint_add(b->complaints, b->file, line,
			"\"%s\" cannot be the name of a daemon: letters, digits and _ . @ - are "
			"allowed, a letter, digit or _ first, at most 64",
			name);
		return NULL;
	}
	for (size_t i = 0; i < config->count; i++) {
		cd = &config->daemons[i];
		if (strcmp(cd->name, name) == 0)
			return cd;
		if (strcasecmp(cd->name, name) == 0) {
			complaint_add(b->complaints, b->file, line,
				"\"%s\" and \"%s\" (%s:%d) differ only by case, so they are one "
				"name",
				name, cd->name, cd->file, cd->line);
			return NULL;
		}
	}
	config->daemons = memory_grow(config->daemons, config->count + 1, sizeof(*cd));
	cd = &config->daemons[config->count++];
	*cd = (struct config_daemon){.name = memory_text(name), .file = b->file, .line = line};
	return cd;
}

static void give(
	struct option_given **list, size_t *count, const char *file, const struct ini_line *l)
{
	struct option_given *given = NULL;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*list)[i].key, l->key) == 0)
			given = &(*list)[i];
	if (given == NULL) {
		*list = memory_grow(*list, *count + 1, sizeof(**list));
		given = &(*list)[(*count)++];
		*given = (struct option_given){.key = memory_text(l->key)};
	}
	free((char *)given->value);
	given->value = memory_text(l->value);
	given->file = file;
	given->line = l->line;
}

static void free_given(struct option_given *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((char *)list[i].key);
		free((char *)list[i].value);
	}
	free(list);
}

/* --- sections: each takes its lines ------------------------------------------------------------------- */

static void take_vigil(struct builder *b, const char *rest, const struct ini_line *l)
{
	if (l->key != NULL)
		give(&b->vigil, &b->vigil_count, b->file, l);
}

static void take_daemons(struct builder *b, const char *rest, const struct ini_line *l)
{
	struct config_daemon *cd;
	bool enabled;

	if (l->key == NULL)
		return;
	if (text_bool(l->value, &enabled) != 0) {
		complaint_add(b->complaints, b->file, l->line,
			"%s = \"%.128s\": a daemon is enabled with yes or no", l->key, l->value);
		return;
	}
	cd = daemon_of(b, l->key, l->line);
	if (cd != NULL)
		cd->enabled = enabled;
}

static void take_daemon(struct builder *b, const char *name, const struct ini_line *l)
{
	struct config_daemon *cd;

	/* The header comes first, and says what is wrong with the name once for all its keys. */
	if (l->key != NULL && !text_is_daemon_name(name))
		return;
	cd = daemon_of(b, name, l->line);
	if (cd == NULL)
		return;
	if (l->key == NULL) {
		cd->file = b->file;
		cd->line = l->line;
	} else if (strcmp(l->key, "module") != 0) {
		give(&cd->options, &cd->count, b->file, l);
	} else if (!text_is_daemon_name(l->value)) {
		complaint_add(b->complaints, b->file, l->line,
			"module = \"%.128s\": that cannot be the name of a module", l->value);
	} else {
		free(cd->module);
		cd->module = memory_text(l->value);
	}
}

static const struct section {
	const char *name; /* one that ends in a colon has a name of its own after it */
	void (*take)(struct builder *b, const char *rest, const struct ini_line *l);
} sections[] = {{"vigil", take_vigil}, {"daemons", take_daemons}, {"daemon:", take_daemon}};

#define SECTIONS (sizeof(sections) / sizeof(*sections))

static const struct section *find_section(const char *name, const char **rest)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		size_t n = strlen(sections[i].name);
		bool open_ended = sections[i].name[n - 1] == ':';

		if (strncmp(name, sections[i].name, n) == 0 && (open_ended || name[n] == '\0')) {
			*rest = name + n;
			return &sections[i];
		}
	}
	return NULL;
}

static void complain_section(struct builder *b, const struct ini_line *l)
{
	const char *colon = strchr(l->section, ':');
	char *head = colon != NULL
			     ? memory_format("%.*s", (int)(colon - l->section) + 1, l->section)
			     : memory_text(l->section);
	struct text_suggest suggest;

	text_suggest_init(&suggest, head);
	for (size_t i = 0; i < SECTIONS; i++)
		text_suggest_add(&suggest, sections[i].name);
	if (text_suggest_get(&suggest) != NULL)
		complaint_add(b->complaints, b->file, l->line,
			"unknown section [%s]; did you mean [%s%s]?", l->section,
			text_suggest_get(&suggest), colon != NULL ? colon + 1 : "");
	else
		complaint_add(b->complaints, b->file, l->line,
			"unknown section [%s]; there are [vigil], [daemons] and [daemon:NAME]",
			l->section);
	free(head);
}

static void take_line(struct builder *b, const struct ini_line *l)
{
	const char *rest;
	const struct section *section = find_section(l->section, &rest);

	if (section != NULL)
		section->take(b, rest, l);
	else if (l->key == NULL)
		complain_section(b, l); /* once, at the header */
}

/* --- [vigil] ---------------------------------------------------------------------------------------------- */

static int parse_rate(const char *text, unsigned *count, double *seconds)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*count = (unsigned)n;
	*seconds = 0;
	if (end == text || n > 1000000 || text[0] == '-')
		return -EINVAL;
	if (*end == '\0' && n == 0)
		return 0;
	if (*end != '/' || text_duration(end + 1, seconds) != 0 || *seconds <= 0)
		return -EINVAL;
	return 0;
}

static void complain_value(struct builder *b, const char *key, const char *what)
{
	const char *file = b->config->file;
	int line = 0;

	for (size_t i = 0; i < b->vigil_count; i++) {
		if (strcmp(b->vigil[i].key, key) == 0) {
			file = b->vigil[i].file;
			line = b->vigil[i].line;
		}
	}
	complaint_add(b->complaints, file, line, "%s = \"%.128s\": %s", key,
		config_vigil(b->config, key)->text, what);
}

/* What the schema cannot say. */
static void check_vigil(struct builder *b)
{
	const struct config *config = b->config;
	const char *log = config_vigil(config, "log")->text;
	unsigned count;
	double seconds;

	for (char **dir = config_vigil(config, "modules")->list; *dir != NULL; dir++)
		if (**dir != '/')
			complain_value(b, "modules", "each must be an absolute path");
	if (strlen(config_vigil(config, "socket")->text) > SOCKET_PATH_MAX)
		complain_value(b, "socket", "is too long for a socket, at most 107 bytes");
	if (log[0] != '/' && strcmp(log, "auto") != 0 && strcmp(log, "stderr") != 0 &&
		strcmp(log, "syslog") != 0 && strcmp(log, "journal") != 0)
		complain_value(
			b, "log", "is none of auto stderr syslog journal, nor an absolute path");
	if (config_vigil(config, "workers_max")->integer < config_vigil(config, "workers")->integer)
		complain_value(b, "workers_max", "is less than workers");
	if (parse_rate(config_vigil(config, "restart_rate")->text, &count, &seconds) != 0)
		complain_value(b, "restart_rate", "is not N/DURATION, such as 20/10s, nor 0");
}

static void complain_of_empties(struct builder *b)
{
	/* An empty value of [vigil] is as good as none: there is nothing to run on otherwise. */
	for (size_t i = 0; i < b->vigil_count; i++)
		if (b->vigil[i].value[0] == '\0')
			complaint_add(b->complaints, b->vigil[i].file, b->vigil[i].line,
				"%s is empty; leave the line out for the default", b->vigil[i].key);
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static bool read_syntax(struct config *config, struct ini *inis, struct complaints *complaints)
{
	int err;

	for (size_t i = 0; config->files[i] != NULL; i++) {
		err = ini_read(config->files[i], &inis[i], complaints);
		if (err == -ENOENT && i == 0)
			complaint_add(complaints, config->files[i], 0,
				"there is no such file; name one with -c");
		else if (err == -ENOENT)
			complaint_add(complaints, config->files[i], 0,
				"the link leads nowhere, or the file has just gone");
	}
	return complaints->count == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct config_daemon *)a)->name, ((const struct config_daemon *)b)->name);
}

static void read_meaning(struct builder *b, const struct ini *inis)
{
	struct config *config = b->config;

	for (size_t i = 0; config->files[i] != NULL; i++) {
		b->file = config->files[i];
		for (size_t j = 0; j < inis[i].count; j++)
			take_line(b, &inis[i].lines[j]);
	}
	for (size_t i = 0; i < config->count; i++)
		if (config->daemons[i].module == NULL)
			config->daemons[i].module = memory_text(config->daemons[i].name);
	if (config->count > 0)
		qsort(config->daemons, config->count, sizeof(*config->daemons), by_name);
	complain_of_empties(b);
	config->vigil = option_set_new(
		config_schema, b->vigil, b->vigil_count, "[vigil]", config->file, 0, b->complaints);
	if (b->complaints->count == 0)
		check_vigil(b);
}

struct config *config_load(const char *file, struct complaints *complaints)
{
	struct builder b = {.config = memory_zero(sizeof(*b.config)), .complaints = complaints};
	struct config *config = b.config;
	struct ini *inis;
	size_t count = 0;

	config->file = memory_text(file);
	config->dropin = dropin_of(file);
	config->files = memory_zero(sizeof(*config->files));
	note_file(config, file);
	find_dropins(config);
	while (config->files[count] != NULL)
		count++;
	inis = memory_zero(count * sizeof(*inis));
	if (read_syntax(config, inis, complaints))
		read_meaning(&b, inis);
	for (size_t i = 0; i < count; i++)
		ini_clear(&inis[i]);
	free(inis);
	free_given(b.vigil, b.vigil_count);
	if (complaints->count == 0)
		return config;
	complaints_sort(complaints);
	config_free(config);
	return NULL;
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->count; i++) {
		free(config->daemons[i].name);
		free(config->daemons[i].module);
		free_given(config->daemons[i].options, config->daemons[i].count);
	}
	free(config->daemons);
	option_set_unref(config->vigil);
	text_free_list(config->files);
	free(config->dropin);
	free(config->file);
	free(config);
}

const struct config_daemon *config_find(const struct config *config, const char *name)
{
	const struct config_daemon key = {.name = (char *)name};

	if (config->count == 0)
		return NULL;
	return bsearch(&key, config->daemons, config->count, sizeof(key), by_name);
}

const struct option_value *config_vigil(const struct config *config, const char *key)
{
	return option_get(config->vigil, key);
}

void config_restart_rate(const struct config *config, unsigned *count, double *seconds)
{
	parse_rate(config_vigil(config, "restart_rate")->text, count, seconds);
}
