/*
 * ini: one INI file as a list of lines that mean something, each with its place.
 *
 * libini_config parses the lines of keys: it knows the line of every value and of every mistake.
 * What it would do wrong is kept from it.  It takes a NUL byte for the end of the file; it folds
 * names that differ only by case into one without a word; it loses keys before the first header;
 * it cannot say where a header stands; it stops at a "!" in a name and does not say where; and
 * where it is asked to report repeated keys (INI_MV1S_DETECT), it writes the reports past the
 * end of the array that it makes for them.
 *
 * So the text is read and tidied here, and its outline, the headers and the names of keys, is
 * taken in one pass.  The lines of keys go to the library in pieces.  In the end what the outline has and
 * the library did not give back is a complaint: no line is ever lost in silence.
 */
#include "data/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini_configobj.h>
#include <ini_valueobj.h>

#include "base/memory.h"
#include "base/text.h"

struct reader {
	const char *path; /* what is read */
	const char *file; /* what it is called */
	struct ini *ini;
	struct complaints *complaints;
	char *section; /* the one being scanned; NULL: none yet, or its header was wrong */
	bool in_section;
	size_t first;      /* the first of its keys in ini */
	const char *start; /* where the lines begin that the library has not had yet */
	int line;          /* and the number of the first of them */
};

/* The library searches all keys of a section for each: with no more than so many lines at a
 * time, what it takes grows as the file does, and not as its square. */
#define LINES_AT_ONCE 256

static const char no_memory[] = "there is no memory to read it";

/* It loses the first key that stands below no header, so it is given one with each piece. */
#define HEADER "s"

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
	int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
		complaint_add(r->complaints, r->file, 0, "cannot be read: %s", strerror(-*err)),
			*err = -EINVAL;
	return NULL;
}

/* Whether all of it is text: UTF-8 without NUL bytes, and lines that end as lines do. */
static int check_bytes(struct reader *r, const char *text, size_t length)
{
	size_t before = r->complaints->count, n;
	int line = 1, said = 0;
	const char *wrong;
	uint32_t c;

	for (size_t i = 0; i < length; i += n) {
		n = text_decode(text + i, length - i, &c);
		wrong = n == 0      ? "is not UTF-8"
			: c == '\0' ? "holds a NUL byte"
			: c == '\r' && i + 1 < length && text[i + 1] != '\n'
				? "holds a carriage return"
				: NULL;
		if (wrong != NULL && said != line) {
			complaint_add(r->complaints, r->file, line, "this line %s", wrong);
			said = line; /* once a line will do */
		}
		line += n == 1 && c == '\n';
		n = n > 0 ? n : 1;
	}
	return r->complaints->count > before ? -EINVAL : 0;
}

/* Moves a line to its first column, with blanks in the place of what was there and at its end:
 * the library would take an indented comment for a key, and knows no indented header. */
static void tidy_line(char *line, char *end)
{
	size_t indent = strspn(line, " \t"), length = (size_t)(end - line);

	if (length > 0 && end[-1] == '\r')
		end[-1] = ' ';
	if (indent >= length)
		return;
	memmove(line, line + indent, length - indent);
	memset(end - indent, ' ', indent);
}

/* --- the outline ----------------------------------------------------------------------------------- */

static void add(struct reader *r, char *key, int line)
{
	struct ini *ini = r->ini;

	ini->lines = memory_grow(ini->lines, ini->count + 1, sizeof(*ini->lines));
	ini->lines[ini->count++] =
		(struct ini_line){.section = memory_text(r->section), .key = key, .line = line};
}

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

static void complain_repeated(
	struct reader *r, const struct ini_line *first, const struct ini_line *l)
{
	const char *left = l->key != NULL ? "\"" : "[", *right = l->key != NULL ? "\"" : "]";
	char name[TEXT_SHORT], other[TEXT_SHORT];

	text_cut(name, sizeof(name), name_of(l));
	text_cut(other, sizeof(other), name_of(first));
	if (strcmp(name_of(first), name_of(l)) == 0)
		complaint_add(r->complaints, r->file, l->line,
			"%s%s%s stands here again; it stands first at line %d", left, name, right,
			first->line);
	else
		complaint_add(r->complaints, r->file, l->line,
			"%s%s%s and %s%s%s (line %d) differ only by case, so they are one name",
			left, name, right, left, other, right, first->line);
}

/* Of the lines from first on: the headers, or the keys, of which none may be another's. */
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
			complain_repeated(r, one, names[i]);
		else
			one = names[i];
	}
	free(names);
}

/* The text between two places, without the blanks around it. */
static char *trimmed(const char *from, const char *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return memory_format("%.*s", (int)(to - from), from);
}

static bool is_plain(const char *name)
{
	while (*name >= ' ' && *name < 0x7f && *name != '!')
		name++;
	return *name == '\0';
}

/* "[name]": begins a section, and says what is wrong with the header. */
static void take_header(struct reader *r, const char *text, const char *end, int line)
{
	char *whole = trimmed(text, end), *name;
	size_t length = strlen(whole);
	const char *wrong = NULL;

	free(r->section);
	r->section = NULL;
	r->in_section = true;
	name = trimmed(whole + 1, whole + (length > 1 ? length - 1 : 1));
	if (whole[length - 1] != ']')
		wrong = strchr(whole, ']') != NULL
				? "nothing may follow the ] of a section; a comment has a line of "
				  "its own"
				: "the section's name has no closing bracket";
	else if (name[0] == '\0')
		wrong = "the section has no name";
	else if (!is_plain(name))
		wrong = "a section's name holds printable ASCII only, and no \"!\"";
	free(whole);
	if (wrong != NULL) {
		complain(r, line, wrong);
		free(name);
		return;
	}
	r->section = name;
	add(r, NULL, line);
}

/* "key = value": notes the key.  A line that is none is left to the library to refuse. */
static void take_key(struct reader *r, char *text, char *end, int line)
{
	char *equals = memchr(text, '=', (size_t)(end - text)), *key, cut[TEXT_SHORT];

	if (equals == NULL || equals == text)
		return;
	key = trimmed(text, equals);
	text_cut(cut, sizeof(cut), key);
	if (!r->in_section)
		complaint_add(
			r->complaints, r->file, line, "\"%s\" stands before any [section]", cut);
	if (!is_plain(key)) {
		complaint_add(r->complaints, r->file, line,
			"\"%s\" cannot be a key: it holds printable ASCII only, and no \"!\"", cut);
		memset(text, ' ', (size_t)(end - text)); /* the library would stop here */
	}
	if (r->section != NULL)
		add(r, key, line);
	else
		free(key);
}

/* --- the library ---------------------------------------------------------------------------------------- */

/* "Error (5) on line 2: Equal sign is missing." in our words: by number, for theirs may be
 * translated. */
static void complain_of(struct reader *r, const char *error)
{
	static const char *const words[ERR_MAXPARSE + 1] = {
		[ERR_LONGDATA] = "this line is too long",
		[ERR_NOEQUAL] = "there is no \"=\" in this line; a comment begins with # or ;",
		[ERR_NOKEY] = "there is no key before the \"=\"",
		[ERR_LONGKEY] = "this key is too long",
		[ERR_SPECIAL] = "this line begins with a control character",
	};
	const char *text = strstr(error, ": ");
	int number = 0, line = 0;

	sscanf(error, "%*[^0-9]%d%*[^0-9]%d", &number, &line);
	line = line > 0 ? r->line - 2 + line : 0;
	if (number > 0 && number <= ERR_MAXPARSE && words[number] != NULL)
		complain(r, line, words[number]);
	else
		complain(r, line, text != NULL ? text + 2 : error);
}

static void take_errors(struct reader *r, struct ini_cfgobj *cfg)
{
	char **errors = NULL;

	if (cfg == NULL || ini_config_error_count(cfg) == 0 ||
		ini_config_get_errors(cfg, &errors) != 0)
		return;
	for (char **e = errors; *e != NULL; e++)
		complain_of(r, *e);
	ini_config_free_errors(errors);
}

static struct ini_line *find_line(struct reader *r, int line)
{
	size_t low = r->first, high = r->ini->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (r->ini->lines[middle].line < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->ini->count && r->ini->lines[low].line == line ? &r->ini->lines[low] : NULL;
}

/* A value finds its key in the outline by its line. */
static void take_value(struct reader *r, struct ini_cfgobj *cfg, const char *key)
{
	struct value_obj *vo = NULL;
	struct ini_line *l;
	const char *value;
	uint32_t line = 0;

	if (ini_get_config_valueobj(HEADER, key, cfg, INI_GET_FIRST_VALUE, &vo) != 0 ||
		vo == NULL || value_get_line(vo, &line) != 0)
		return;
	l = find_line(r, r->line - 2 + (int)line);
	if (l == NULL || l->key == NULL || l->value != NULL || strcmp(l->key, key) != 0)
		return;
	value = ini_get_const_string_config_value(vo, NULL);
	l->value = memory_text(value != NULL ? value : "");
}

static void take_values(struct reader *r, struct ini_cfgobj *cfg)
{
	int err = 0;
	char **keys = ini_get_attribute_list(cfg, HEADER, NULL, &err);

	if (err == ENOMEM)
		complain(r, 0, no_memory);
	for (char **key = keys; key != NULL && *key != NULL; key++)
		take_value(r, cfg, *key);
	if (keys != NULL)
		ini_free_attribute_list(keys);
}

/* What the library may need for a piece: it minds being without memory so little that it follows
 * NULL.  So it is called only where there is enough. */
#define NEED_MIN  (256 * 1024)
#define NEED_BYTE 64

static void parse(struct reader *r, const char *text)
{
	struct ini_cfgobj *cfg = NULL;
	struct ini_cfgfile *file = NULL;
	size_t before = r->complaints->count;
	int err = memory_ahead(NEED_MIN + NEED_BYTE * strlen(text)) ? 0 : ENOMEM;

	if (err == 0 && (err = ini_config_create(&cfg)) != 0)
		cfg = NULL; /* what it leaves there on an error it has freed */
	if (err == 0 &&
		(err = ini_config_file_from_mem((void *)text, (uint32_t)strlen(text), &file)) != 0)
		file = NULL;
	if (err == 0)
		err = ini_config_parse(file, INI_STOP_ON_NONE,
			INI_MS_MERGE | INI_MV1S_ALLOW | INI_MV2S_ALLOW,
			INI_PARSE_NOWRAP | INI_PARSE_NO_C_COMMENTS, cfg);
	if (err == 0) {
		take_values(r, cfg);
	} else if (err == ENOMEM) {
		complain(r, 0, no_memory);
	} else {
		take_errors(r, cfg);
		if (r->complaints->count == before)
			complain(r, r->line, "what begins here cannot be parsed");
	}
	if (file != NULL)
		ini_config_file_destroy(file);
	if (cfg != NULL)
		ini_config_destroy(cfg);
}

/* --- the whole --------------------------------------------------------------------------------------------- */

/* All lines before end go to the library; the next is the one of that number. */
static void hand_over(struct reader *r, const char *end, int line)
{
	char *piece;

	if (asprintf(&piece, "[" HEADER "]\n%.*s", (int)(end - r->start), r->start) < 0)
		piece = NULL;
	if (piece == NULL)
		complain(r, 0, no_memory);
	else if (end > r->start)
		parse(r, piece);
	free(piece);
	r->start = end;
	r->line = line;
}

static void end_section(struct reader *r, const char *end, int line)
{
	hand_over(r, end, line);
	check_repeated(r, r->first, false);
}

static void scan(struct reader *r, char *text)
{
	char *end, *next;
	int line = 1;

	r->start = text;
	r->line = 1;
	for (; *text != '\0'; text = next, line++) {
		end = text + strcspn(text, "\n");
		next = *end != '\0' ? end + 1 : end;
		tidy_line(text, end);
		if (*text == '[') {
			end_section(r, text, line);
			take_header(r, text, end, line);
			r->first = r->ini->count;
			r->start = next;
			r->line = line + 1;
		} else if (strchr("#; \t\n", *text) == NULL) {
			take_key(r, text, end, line);
		}
		if (line - r->line + 1 >= LINES_AT_ONCE)
			hand_over(r, next, line + 1);
	}
	end_section(r, text, line);
	check_repeated(r, 0, true);
	free(r->section);
}

static void check_complete(struct reader *r)
{
	for (size_t i = 0; i < r->ini->count; i++)
		if (r->ini->lines[i].key != NULL && r->ini->lines[i].value == NULL)
			complain(r, r->ini->lines[i].line, "this line cannot be parsed");
}

int ini_read(const char *path, const char *file, struct ini *ini, struct complaints *complaints)
{
	static const char mark[] = "\xef\xbb\xbf"; /* what some editors put before UTF-8 */
	struct reader r = {.path = path, .file = file, .ini = ini, .complaints = complaints};
	size_t before = complaints->count, length = 0;
	int err = 0;
	char *text;

	*ini = (struct ini){0};
	text = slurp(&r, &length, &err);
	if (text == NULL)
		return err;
	if (check_bytes(&r, text, length) == 0)
		scan(&r, strncmp(text, mark, 3) == 0 ? text + 3 : text);
	free(text);
	if (complaints->count == before)
		check_complete(&r);
	if (complaints->count == before)
		return 0;
	ini_clear(ini);
	return -EINVAL;
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
