/*
 * ini: see ini.h.  All errors in a file are reported, each with its line, and a file with an error
 * has no effect: no line is ignored silently.  vigild has its own parser because the existing
 * libraries do not guarantee that.  They merge names that differ only by case, drop keys before the
 * first header, stop at a NUL byte, truncate long lines, or dereference NULL when there is no
 * memory.  The code that prevented this in one of them was longer than this parser.
 *
 * A line is a header, a key with its value, a comment (which begins with # or ;) or blank.  Blanks
 * around these parts are ignored.  There are no continuation lines and no quotes: a value is used
 * literally.
 */
#include "config/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

struct reader {
	const char *path; /* the file that is read */
	const char *file; /* its name in diagnostics */
	struct ini *ini;
	struct diagnostics *diagnostics;
	const char *section; /* the current section; NULL: none yet, or its header is invalid */
	bool in_section;
	size_t first; /* the index in ini of its first key */
};

/* --- reading ---------------------------------------------------------------------------------- */

static int complain(struct reader *r, int line, const char *text)
{
	diagnostic_add(r->diagnostics, r->file, line, "%s", text);
	return -EINVAL;
}

/* Reads the rest of the file into a buffer that has size bytes at first.  The result is
 * NUL-terminated. */
static int read_all(int fd, char **text, size_t size, size_t *length)
{
	ssize_t n = 1;
	char *more = malloc(size);

	while (n != 0) {
		if (more == NULL)
			return -ENOMEM;
		*text = more;
		n = read(fd, *text + *length, size - 1 - *length);
		if (n < 0 && errno != EINTR)
			return -errno;
		*length += n > 0 ? (size_t)n : 0;
		if (*length > INI_SIZE_MAX)
			return -EFBIG;
		if (*length + 1 == size) /* the file has grown since fstat */
			more = realloc(*text, size *= 2);
	}
	(*text)[*length] = '\0';
	return 0;
}

/* Returns the whole file, NUL-terminated; or NULL and sets *err. */
static char *read_file(struct reader *r, size_t *length, int *err)
{
	int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *text = NULL;

	if (fd < 0 || fstat(fd, &st) < 0)
		*err = -errno;
	else if (!S_ISREG(st.st_mode))
		*err = -EISDIR;
	else
		*err = st.st_size > INI_SIZE_MAX
			       ? -EFBIG
			       : read_all(fd, &text, (size_t)st.st_size + 2, length);
	if (fd >= 0)
		close(fd);
	if (*err == 0)
		return text;
	free(text);
	if (*err == -EISDIR)
		*err = complain(r, 0, "it is not a regular file");
	else if (*err == -EFBIG)
		*err = complain(r, 0, "it is larger than 16 MiB");
	else if (*err != -ENOENT)
		diagnostic_add(r->diagnostics, r->file, 0, "cannot be read: %s", strerror(-*err)),
			*err = -EINVAL;
	return NULL;
}

/* Checks that the file is text: UTF-8 without NUL bytes, and a carriage return only before a
 * newline or at the end. */
static int check_bytes(struct reader *r, const char *text, size_t length)
{
	size_t before = r->diagnostics->errors, n;
	int line = 1, said = 0;
	const char *wrong;
	uint32_t c;

	for (size_t i = 0; i < length; i += n) {
		n = text_decode(text + i, length - i, &c);
		wrong = n == 0      ? "is not UTF-8"
			: c == '\0' ? "contains a NUL byte"
			: c == '\r' && i + 1 < length && text[i + 1] != '\n'
				? "contains a carriage return"
				: NULL;
		if (wrong != NULL && said != line) {
			diagnostic_add(r->diagnostics, r->file, line, "this line %s", wrong);
			said = line; /* one diagnostic for each line */
		}
		line += n == 1 && c == '\n';
		n = n > 0 ? n : 1;
	}
	return r->diagnostics->errors > before ? -EINVAL : 0;
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *name_of(const struct ini_line *l)
{
	return l->key != NULL ? l->key : l->section;
}

static int by_name(const void *a, const void *b)
{
	const struct ini_line *x = *(struct ini_line *const *)a, *y = *(struct ini_line *const *)b;
	int order = strcasecmp(name_of(x), name_of(y));

	return order != 0 ? order : x->line - y->line;
}

static void diagnose_repeated(
	struct reader *r, const struct ini_line *first, const struct ini_line *l)
{
	const char *left = l->key != NULL ? "\"" : "[", *right = l->key != NULL ? "\"" : "]";
	char name[TEXT_SHORT], other[TEXT_SHORT];

	text_truncate(name, sizeof(name), name_of(l));
	text_truncate(other, sizeof(other), name_of(first));
	if (strcmp(name_of(first), name_of(l)) == 0)
		diagnostic_add(r->diagnostics, r->file, l->line,
			"duplicate %s %s%s%s (first defined at line %d)",
			l->key != NULL ? "key" : "section", left, name, right, first->line);
	else
		diagnostic_add(r->diagnostics, r->file, l->line,
			"%s%s%s and %s%s%s (line %d) differ only in case, which is not allowed",
			left, name, right, left, other, right, first->line);
}

/* Checks the headers, or the keys, from first on for duplicates. */
static void check_repeated(struct reader *r, size_t first, bool headers)
{
	struct ini *ini = r->ini;
	const struct ini_line **names = memory_zero((ini->count - first + 1) * sizeof(*names));
	const struct ini_line *one = NULL;
	size_t count = 0;

	for (size_t i = first; i < ini->count; i++)
		if ((ini->lines[i].key == NULL) == headers)
			names[count++] = &ini->lines[i];
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		if (one != NULL && strcasecmp(name_of(one), name_of(names[i])) == 0)
			diagnose_repeated(r, one, names[i]);
		else
			one = names[i];
	}
	free(names);
}

static bool is_plain(const char *name)
{
	while (*name >= ' ' && *name < 0x7f)
		name++;
	return *name == '\0';
}

/* --- lines ------------------------------------------------------------------------------------ */

static void add(struct reader *r, const char *key, const char *value, int line)
{
	struct ini *ini = r->ini;

	if (ini->count == ini->room) {
		ini->room = ini->room > 0 ? 2 * ini->room : 16;
		ini->lines = memory_grow(ini->lines, ini->room, sizeof(*ini->lines));
	}
	ini->lines[ini->count++] =
		(struct ini_line){.section = r->section, .key = key, .value = value, .line = line};
}

/* Removes the blanks at both ends. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	for (end = text + strlen(text); end > text && strchr(" \t", end[-1]) != NULL; end--)
		;
	*end = '\0';
	return text;
}

/* "[name]": begins a section, or adds the diagnostic of an invalid header. */
static void take_header(struct reader *r, char *text, int line)
{
	char *last = text + strlen(text) - 1, *name = NULL;
	const char *wrong = NULL;

	r->section = NULL;
	r->in_section = true;
	if (*last == ']') {
		*last = '\0';
		name = trim(text + 1);
	}
	if (name == NULL && strchr(text, ']') != NULL)
		wrong = "unexpected text after the ] of a section; write a comment on a separate "
			"line";
	else if (name == NULL)
		wrong = "missing ] after the section name";
	else if (name[0] == '\0')
		wrong = "empty section name";
	else if (!is_plain(name))
		wrong = "invalid section name: only printable ASCII is allowed";
	if (wrong != NULL) {
		complain(r, line, wrong);
		return;
	}
	r->section = name;
	add(r, NULL, NULL, line);
}

/* "key = value" */
static void take_key(struct reader *r, char *text, int line)
{
	char *equals = strchr(text, '='), *key, cut[TEXT_SHORT];

	if (equals == NULL) {
		complain(r, line, "missing \"=\"; a comment begins with # or ;");
		return;
	}
	*equals = '\0';
	key = trim(text);
	text_truncate(cut, sizeof(cut), key);
	if (key[0] == '\0')
		complain(r, line, "missing key before \"=\"");
	else if (!r->in_section)
		diagnostic_add(r->diagnostics, r->file, line,
			"\"%s\" comes before the first [section]", cut);
	else if (!is_plain(key))
		diagnostic_add(r->diagnostics, r->file, line,
			"invalid key \"%s\": only printable ASCII is allowed", cut);
	else if (r->section != NULL)
		add(r, key, trim(equals + 1), line);
}

/* --- the whole file --------------------------------------------------------------------------- */

static void begin_section(struct reader *r)
{
	check_repeated(r, r->first, false);
	r->first = r->ini->count;
}

static void take_lines(struct reader *r, char *text)
{
	char *next, *end;
	int line = 1;

	for (; text != NULL; text = next, line++) {
		next = strchr(text, '\n');
		end = next != NULL ? next++ : text + strlen(text);
		*end = '\0';
		if (end > text && end[-1] == '\r')
			end[-1] = '\0';
		text = trim(text);
		if (*text == '[') {
			begin_section(r);
			take_header(r, text, line);
		} else if (strchr("#;", *text) == NULL) { /* nor a blank line */
			take_key(r, text, line);
		}
	}
	begin_section(r);
	check_repeated(r, 0, true);
}

int ini_read(const char *path, const char *file, struct ini *ini, struct diagnostics *diagnostics)
{
	static const char mark[] = "\xef\xbb\xbf"; /* the byte order mark that some editors write */
	struct reader r = {.path = path, .file = file, .ini = ini, .diagnostics = diagnostics};
	size_t before = diagnostics->errors, length = 0;
	int err = 0;
	char *text;

	*ini = (struct ini){0};
	text = read_file(&r, &length, &err);
	if (text == NULL)
		return err;
	ini->text = text;
	if (check_bytes(&r, text, length) == 0)
		take_lines(&r, strncmp(text, mark, 3) == 0 ? text + 3 : text);
	if (diagnostics->errors == before)
		return 0;
	ini_clear(ini);
	return -EINVAL;
}

void ini_clear(struct ini *ini)
{
	free(ini->lines);
	free(ini->text);
	*ini = (struct ini){0};
}

const char *ini_hint(const char *value)
{
	size_t length = strlen(value);

	for (const char *p = value; *p != '\0'; p++)
		if ((*p == '#' || *p == ';') && p > value && (p[-1] == ' ' || p[-1] == '\t'))
			return "; a comment after a value is not supported: write it on a separate "
			       "line";
	if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0])
		return "; quotes around a value are not supported: remove them";
	return "";
}
