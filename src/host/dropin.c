/*
 * dropin: see dropin.h.  The new file is first written to conf.d under a temporary name that no
 * configuration reads.  Then the whole configuration is checked as if the file were in place
 * already.  Only then is it renamed.  So an error is reported before anything has changed, and a
 * crash at any time leaves the old file or the new one.
 */
#include "host/dropin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/config.h"
#include "config/config_load.h"
#include "config/ini.h"
#include "daemon/module.h"
#include "host/plan.h"

struct draft {
	char *dir;  /* conf.d */
	char *name; /* NAME.conf */
	char *path; /* final path */
	char *temp; /* temporary path */
};

static void draft_init(struct draft *draft, const char *main_file, const char *name)
{
	draft->dir = config_dropin(main_file);
	draft->name = memory_format("%s.conf", name);
	draft->path = memory_format("%s/%s", draft->dir, draft->name);
	draft->temp = memory_format("%s/.%s.%d", draft->dir, draft->name, (int)getpid());
}

static void draft_clear(struct draft *draft)
{
	free(draft->dir);
	free(draft->name);
	free(draft->path);
	free(draft->temp);
}

static int add_diagnostic(struct diagnostics *diagnostics, const char *file, int err)
{
	diagnostic_add(diagnostics, file, 0, "%s", strerror(-err));
	return err;
}

/* --- the text --------------------------------------------------------------------------------- */

static int check_pair(const char *pair, struct diagnostics *diagnostics)
{
	const char *equal = strchr(pair, '=');
	char cut[TEXT_SHORT], key[TEXT_SHORT];

	/* The diagnostic contains the key only, because the value may be a secret. */
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(pair, "="), pair);
	text_truncate(cut, sizeof(cut), key);
	if (equal == pair) {
		diagnostic_add(diagnostics, NULL, 0, "an argument has no key before the =");
		return -EINVAL;
	}
	if (equal == NULL) {
		diagnostic_add(diagnostics, NULL, 0, "\"%s\" is not key=value", cut);
		return -EINVAL;
	}
	for (const char *p = pair; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' && *p != '\t') {
			diagnostic_add(
				diagnostics, NULL, 0, "\"%s\" contains a control character", cut);
			return -EINVAL;
		}
	}
	if (strspn(pair, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") !=
		(size_t)(equal - pair)) {
		diagnostic_add(diagnostics, NULL, 0, "invalid option name in \"%s\"", cut);
		return -EINVAL;
	}
	return 0;
}

static int print_draft(FILE *file, const char *name, char *const *pairs)
{
	fprintf(file, "# written by vigilctl register; vigilctl unregister %s removes it\n", name);
	fprintf(file, "[daemons]\n%s = yes\n\n[daemon:%s]\n", name, name);
	for (; *pairs != NULL; pairs++) {
		const char *equal = strchr(*pairs, '=');

		fprintf(file, "%.*s = %s\n", (int)(equal - *pairs), *pairs, equal + 1);
	}
	return fflush(file) == 0 && fsync(fileno(file)) == 0 ? 0 : -errno;
}

/* Copies the group and the mode of the main file, because options may be secret: a user who may not
 * read the main file must not read the drop-in file.  If the group cannot be set, the group gets no
 * access. */
static int set_access(int fd, const char *main_file)
{
	struct stat st, now;
	mode_t mode;

	if (stat(main_file, &st) < 0 || fstat(fd, &now) < 0)
		return -errno;
	mode = st.st_mode & 0666;
	if (now.st_gid != st.st_gid && fchown(fd, (uid_t)-1, st.st_gid) < 0)
		mode &= ~(mode_t)S_IRWXG;
	return fchmod(fd, mode) < 0 ? -errno : 0;
}

static int write_draft(
	const char *main_file, const struct draft *draft, const char *name, char *const *pairs)
{
	int fd, err;
	FILE *file;

	if (mkdir(draft->dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	unlink(draft->temp);
	fd = open(draft->temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file == NULL) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	err = set_access(fd, main_file);
	if (err == 0)
		err = print_draft(file, name, pairs);
	return fclose(file) == 0 || err != 0 ? err : -errno;
}

/* --- the check -------------------------------------------------------------------------------- */

/* The daemon of that name as the other files define it; NULL: they do not.  The caller frees
 * *config. */
static const struct config_daemon *find_elsewhere(
	const char *main_file, const struct draft *draft, const char *name, struct config **config)
{
	const struct config_draft without = {.name = draft->name};
	struct diagnostics ignored = {0};

	*config = config_load_draft(main_file, &without, &ignored);
	diagnostics_clear(&ignored);
	return *config != NULL ? config_find(*config, name) : NULL;
}

/* Rejects a name that another file already defines, because the two sections would be merged
 * silently. */
static int check_elsewhere(
	const char *main_file, const struct draft *draft, const char *name, struct diagnostics *c)
{
	struct config *config;
	const struct config_daemon *cd = find_elsewhere(main_file, draft, name, &config);
	int err = 0;

	if (cd != NULL && (cd->enabled || cd->options.count > 0)) {
		diagnostic_add(c, cd->file, cd->line,
			"\"%s\" is already defined here; change it here", name);
		err = -EEXIST;
	}
	config_free(config);
	return err;
}

static bool is_about(const struct ini_line *line, const char *name)
{
	if (strcmp(line->section, "daemons") == 0)
		return line->key == NULL || strcmp(line->key, name) == 0;
	return strncmp(line->section, "daemon:", 7) == 0 && strcmp(line->section + 7, name) == 0;
}

/* Rejects to replace or remove a file that also has something else, which would be lost. */
static int check_file(const struct draft *draft, const char *name, struct diagnostics *c)
{
	struct ini ini = {0};
	int err = ini_read(draft->path, draft->path, &ini, c);

	for (size_t i = 0; err == 0 && i < ini.count; i++) {
		if (is_about(&ini.lines[i], name))
			continue;
		diagnostic_add(c, draft->path, ini.lines[i].line,
			"this file also defines something other than \"%s\", which would be lost; "
			"change the file itself",
			name);
		err = -EEXIST;
	}
	ini_clear(&ini);
	return err == -ENOENT ? 0 : err;
}

/* A file that is read later overrides the drop-in file. */
static int diagnose_disabled(
	const char *main_file, const struct draft *draft, const char *name, struct diagnostics *c)
{
	struct config *config;
	const struct config_daemon *cd = find_elsewhere(main_file, draft, name, &config);

	diagnostic_add(c, cd != NULL ? cd->file : draft->path, cd != NULL ? cd->line : 0,
		"\"%s\" is disabled here, and this file is read later", name);
	config_free(config);
	return -EEXIST;
}

/* Checks the configuration with the draft in place. */
static int check_draft(const char *main_file, const struct draft *draft, const char *name,
	struct diagnostics *diagnostics)
{
	const struct config_draft in_place = {.name = draft->name, .path = draft->temp};
	struct modules *modules = plan_modules_new();
	struct plan *plan = plan_make_draft(main_file, &in_place, name, modules, diagnostics);
	int err = plan_must_ask(&plan, diagnostics) ? -EAGAIN : plan != NULL ? 0 : -EINVAL;

	if (plan != NULL && plan_find(plan, name) == NULL)
		err = diagnose_disabled(main_file, draft, name, diagnostics);
	plan_free(plan);
	modules_free(modules);
	return err;
}

static int check_name(const char *name, struct diagnostics *diagnostics)
{
	char cut[TEXT_SHORT];

	if (text_is_daemon_name(name))
		return 0;
	diagnostic_add(diagnostics, NULL, 0,
		"invalid daemon name \"%s\": use up to 64 letters, digits and _ . @ -, and begin "
		"with a letter, a digit or _",
		text_truncate(cut, sizeof(cut), name));
	return -EINVAL;
}

/* --- add and remove --------------------------------------------------------------------------- */

static int sync_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

int dropin_add(const char *main_file, const char *name, char *const *pairs,
	struct diagnostics *diagnostics)
{
	struct draft draft;
	int err = check_name(name, diagnostics);

	for (char *const *pair = pairs; err == 0 && *pair != NULL; pair++)
		err = check_pair(*pair, diagnostics);
	if (err != 0)
		return err;
	draft_init(&draft, main_file, name);
	err = check_file(&draft, name, diagnostics);
	if (err == 0)
		err = check_elsewhere(main_file, &draft, name, diagnostics);
	if (err != 0)
		goto out;
	err = write_draft(main_file, &draft, name, pairs);
	if (err != 0)
		add_diagnostic(diagnostics, draft.temp, err);
	else
		err = check_draft(main_file, &draft, name, diagnostics);
	if (err == 0 && rename(draft.temp, draft.path) < 0)
		err = add_diagnostic(diagnostics, draft.path, -errno);
	if (err == 0)
		sync_directory(draft.dir);
	else
		unlink(draft.temp);
out:
	draft_clear(&draft);
	return err;
}

/* Checks whether removing the file introduces an error, such as an `after` of another daemon that
 * then names an unknown daemon. */
static int check_removal(const char *main_file, const struct draft *draft, const char *name,
	struct diagnostics *diagnostics)
{
	const struct config_draft removed = {.name = draft->name};
	struct modules *modules = plan_modules_new();
	struct diagnostics ignored = {0};
	struct plan *after = plan_make_draft(main_file, &removed, name, modules, diagnostics);
	struct plan *before = NULL;
	bool again = plan_must_ask(&after, diagnostics);

	if (after == NULL && !again)
		before = plan_make(main_file, modules, false, &ignored);
	/* Errors that exist with the file must not prevent its removal, because the file may be
	 * their cause. */
	if (after != NULL || before == NULL || again)
		diagnostics_clear(diagnostics);
	diagnostics_clear(&ignored);
	plan_free(after);
	plan_free(before);
	modules_free(modules);
	if (again)
		return -EAGAIN;
	return diagnostics->errors > 0 ? -EBUSY : 0;
}

int dropin_remove(const char *main_file, const char *name, struct diagnostics *diagnostics)
{
	struct draft draft;
	int err = check_name(name, diagnostics);

	if (err != 0)
		return err;
	draft_init(&draft, main_file, name);
	err = check_file(&draft, name, diagnostics);
	if (err == 0 && access(draft.path, F_OK) == 0)
		err = check_removal(main_file, &draft, name, diagnostics);
	if (err == 0 && unlink(draft.path) == 0) {
		sync_directory(draft.dir);
	} else if (err == 0 && errno == ENOENT) {
		err = -ENOENT;
		diagnostic_add(diagnostics, draft.path, 0,
			"no such file: \"%s\" was not registered with vigilctl", name);
	} else if (err == 0) {
		err = add_diagnostic(diagnostics, draft.path, -errno);
	}
	draft_clear(&draft);
	return err;
}
