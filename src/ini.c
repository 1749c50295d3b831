/*
 * ini: one INI file as a list of lines that mean something, each with its place.
 *
 * libini_config parses: it knows the line of every value and of every mistake.  What it does
 * not do is done here around it: it takes a NUL byte for the end of the file, folds sections
 * that differ only by case into one without a word, and does not say where a header stands.  So
 * the text is read by us, checked, scanned once for its headers, and then given to the library.
 */
#include "ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <collection.h>
#include <ini_configobj.h>
#include <ini_valueobj.h>

#include "log.h"
#include "memory.h"

/* What the library calls the keys that stand before any header. */
#define NO_SECTION "default"

struct reader {
	const char *file;
	struct ini *ini;
	struct complaints *complaints;
};

/* --- reading ------------------------------------------------------------------------------------- */

static int complain(struct reader *r, int line, const char *text)
{
	complaint_add(r->complaints, r->file, line, "%s", text);
	return -EINVAL;
}

static int read_all(int fd, char *text, size_t size, size_t *length)
{
	ssize_t n;

	*length = 0;
	while ((n = read(fd, text + *length, size - *length)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			*length += (size_t)n;
		if (*length == size)
			return -EFBIG;
	}
	text[*length] = '\0';
	return 0;
}

/* The whole file, NUL-terminated; NULL with err. */
static char *slurp(struct reader *r, size_t *length, int *err)
{
	int fd = open(r->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;

	if (fd < 0 || fstat(fd, &st) < 0) {
		*err = -errno;
	} else if (!S_ISREG(st.st_mode)) {
		*err = -EISDIR;
	} else {
		text = malloc(INI_SIZE_MAX + 1);
		*err = text != NULL ? read_all(fd, text, INI_SIZE_MAX + 1, length) : -ENOMEM;
	}
	if (fd >= 0)
		close(fd);
	if (*err == 0)
		return text;
	free(text);
	if (*err == -EISDIR)
		*err = complain(r, 0, "it is not a regular file");
	else if (*err == -EFBIG)
		*err = complain(r, 0, "it is longer than a megabyte");
	else if (*err != -ENOENT)
		*err = complain(r, 0, strerror(-*err));
	return NULL;
}

static int check_bytes(struct reader *r, const char *text, size_t length)
{
	int line = 1;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			line++;
		else if (text[i] == '\0')
			return complain(r, line, "there is a NUL byte in this line");
	}
	return 0;
}

/* --- headers ------------------------------------------------------------------------------------------ */

static void add(struct reader *r, const char *section, const char *key, const char *value, int line)
{
	struct ini *ini = r->ini;

	ini->lines = memory_grow(ini->lines, ini->count + 1, sizeof(*ini->lines));
	ini->lines[ini->count++] = (struct ini_line){.section = memory_text(section),
		.key = memory_text(key),
		.value = memory_text(value),
		.line = line};
}

static void check_repeated(struct reader *r, const char *section, int line)
{
	for (size_t i = 0; i < r->ini->count; i++) {
		const struct ini_line *other = &r->ini->lines[i];

		if (strcasecmp(other->section, section) != 0)
			continue;
		if (strcmp(other->section, section) == 0)
			complaint_add(r->complaints, r->file, line,
				"section [%s] stands here again; it began at line %d", section,
				other->line);
		else
			complaint_add(r->complaints, r->file, line,
				"[%s] and [%s] (line %d) differ only by case, so they are one name",
				section, other->section, other->line);
		return;
	}
}

static void scan_headers(struct reader *r, const char *text)
{
	const char *end, *close;
	char *section;

	for (int line = 1; *text != '\0'; line++, text = *end != '\0' ? end + 1 : end) {
		end = text + strcspn(text, "\n");
		text += strspn(text, " \t");
		if (*text != '[')
			continue;
		close = memchr(text, ']', (size_t)(end - text));
		if (close == NULL)
			continue; /* the library says so */
		section = strndup(text + 1, (size_t)(close - text - 1));
		check_repeated(r, section, line);
		add(r, section, NULL, NULL, line);
		free(section);
	}
}

/* --- the library ---------------------------------------------------------------------------------------- */

/* "Error (5) on line 2: Equal sign is missing." in our words. */
static void complain_of(struct reader *r, const char *error)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = {
		{"Equal sign is missing",
			"there is no \"=\" in this line; comments begin with # or ;"},
		{"No closing bracket", "the section's name has no closing bracket"},
		{"Property name is missing", "there is no key before the \"=\""},
		{"Duplicate key is not allowed", "this key stands twice in its section"},
		{"Duplicate key is detected", "this section repeats keys of an earlier one"},
	};
	const char *text = strstr(error, ": ");
	int line = 0;

	sscanf(error, "%*[^0-9]%*d%*[^0-9]%d", &line);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strstr(error, words[i].theirs) != NULL) {
			complain(r, line, words[i].ours);
			return;
		}
	}
	complain(r, line, text != NULL ? text + 2 : error);
}

static void take_errors(struct reader *r, struct ini_cfgobj *cfg)
{
	char **errors = NULL;

	if (ini_config_get_errors(cfg, &errors) != 0)
		return;
	for (char **e = errors; e != NULL && *e != NULL; e++)
		complain_of(r, *e);
	ini_config_free_errors(errors);
}

static void take_value(
	struct reader *r, struct ini_cfgobj *cfg, const char *section, const char *key)
{
	struct value_obj *vo = NULL;
	const char *value;
	uint32_t line = 0;

	if (ini_get_config_valueobj(section, key, cfg, INI_GET_FIRST_VALUE, &vo) != 0 || vo == NULL)
		return;
	value_get_line(vo, &line);
	value = ini_get_const_string_config_value(vo, NULL);
	if (strcmp(section, NO_SECTION) == 0)
		complaint_add(r->complaints, r->file, (int)line,
			"\"%s\" stands before any [section]", key);
	else
		add(r, section, key, value != NULL ? value : "", (int)line);
}

static void take_values(struct reader *r, struct ini_cfgobj *cfg)
{
	int sections = 0, keys = 0;
	char **section = ini_get_section_list(cfg, &sections, NULL), **key;

	for (int i = 0; i < sections; i++) {
		key = ini_get_attribute_list(cfg, section[i], &keys, NULL);
		for (int j = 0; j < keys; j++)
			take_value(r, cfg, section[i], key[j]);
		ini_free_attribute_list(key);
	}
	ini_free_section_list(section);
}

static int parse(struct reader *r, const char *text, size_t length)
{
	struct ini_cfgobj *cfg = NULL;
	struct ini_cfgfile *file = NULL;
	int err = -ENOMEM;

	if (ini_config_create(&cfg) != 0)
		goto out;
	if (ini_config_file_from_mem((void *)text, (uint32_t)length, &file) != 0) {
		err = complain(r, 0, "it is not text in UTF-8");
		goto out;
	}
	err = ini_config_parse(file, INI_STOP_ON_NONE,
		INI_MS_MERGE | INI_MV1S_DETECT | INI_MV2S_DETECT,
		INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, cfg);
	if (err != 0) {
		take_errors(r, cfg);
		if (r->complaints->count == 0)
			complain(r, 0, "it cannot be parsed");
		err = -EINVAL;
		goto out;
	}
	take_values(r, cfg);
out:
	if (file != NULL)
		ini_config_file_destroy(file);
	if (cfg != NULL)
		ini_config_destroy(cfg);
	return err;
}

static int by_line(const void *a, const void *b)
{
	return ((const struct ini_line *)a)->line - ((const struct ini_line *)b)->line;
}

int ini_read(const char *file, struct ini *ini, struct complaints *complaints)
{
	struct reader r = {file, ini, complaints};
	size_t before = complaints->count, length = 0;
	int err = 0;
	char *text;

	*ini = (struct ini){0};
	text = slurp(&r, &length, &err);
	if (text == NULL)
		return err;
	err = check_bytes(&r, text, length);
	if (err == 0)
		scan_headers(&r, text);
	/* An empty file is an error to the library, and none to us. */
	if (err == 0 && length > 0)
		err = parse(&r, text, length);
	free(text);
	if (err == 0 && complaints->count > before)
		err = -EINVAL;
	if (err != 0)
		ini_clear(ini);
	else if (ini->count > 0)
		qsort(ini->lines, ini->count, sizeof(*ini->lines), by_line);
	return err;
}

void ini_clear(struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		free(ini->lines[i].section);
		free(ini->lines[i].key);
		free(ini->lines[i].value);
	}
	free(ini->lines);
	*ini = (struct ini){0};
}
