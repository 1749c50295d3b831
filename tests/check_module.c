/* check_module: how modules are loaded, and why they are refused. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/module.h"
#include "scratch.h"
#include "suite.h"

static struct modules *modules;
static char why[1024];

/* Copies the module service to m/DIR/FILE in the scratch directory. */
static void place(const char *dir, const char *file)
{
	const char *build = getenv("top_builddir");
	char command[1024];

	snprintf(command, sizeof(command),
		"mkdir -p %s/m/%s && cp %s/src/modules/service/service.so %s/m/%s/%s && chmod -R "
		"go-w %s",
		scratch, dir, build != NULL ? build : ".", scratch, dir, file, scratch);
	ck_assert_int_eq(system(command), 0);
}

static void setup(void)
{
	const char *directories[] = {NULL, NULL, NULL};

	scratch_setup();
	directories[0] = scratch_path("none");
	directories[1] = scratch_path("m");
	modules = modules_new();
	modules_set_directories(modules, directories);
	why[0] = '\0';
}

static void teardown(void)
{
	modules_free(modules);
	scratch_teardown();
}

static void refused(const char *name, const char *words)
{
	ck_assert_ptr_null(module_load(modules, name, why, sizeof(why)));
	ck_assert_msg(strstr(why, words) != NULL, "%s", why);
}

START_TEST(a_module_is_found_loaded_and_described)
{
	struct module *module;

	place("service", "service.so");
	module = module_load(modules, "service", why, sizeof(why));
	ck_assert_msg(module != NULL, "%s", why);
	ck_assert_str_eq(module_descriptor(module)->name, "service");
	ck_assert(module_descriptor(module)->start != NULL);
	ck_assert_ptr_nonnull(module_descriptor(module)->options);
	ck_assert_str_eq(module_path(module), scratch_path("m/service/service.so"));
	ck_assert_ptr_eq(module_load(modules, "service", why, sizeof(why)), module); /* once */
	ck_assert(!module_has_changed(module));
	place("service", "other.so");
	ck_assert_int_eq(rename(scratch_path("m/service/other.so"), module_path(module)), 0);
	ck_assert(module_has_changed(module));
}
END_TEST

START_TEST(a_missing_module_is_reported_with_the_directories)
{
	char *similar;

	refused("nothing", "no such module \"nothing\" in");
	ck_assert_ptr_nonnull(strstr(why, scratch_path("none")));
	ck_assert_ptr_nonnull(strstr(why, scratch_path("m")));
	refused("../service", "invalid module name");
	place("service", "service.so");
	similar = modules_similar(modules, "Servise");
	ck_assert_str_eq(similar, "service");
	free(similar);
	ck_assert_ptr_null(modules_similar(modules, "nothing"));
}
END_TEST

START_TEST(folder_file_and_name_must_agree)
{
	place("service", "other.so");
	refused("service", "folder and file must have the same name");
	place("other", "other.so");
	refused("other", "calls itself \"service\"");
	ck_assert_int_eq(mkdir(scratch_path("m/empty"), 0755), 0);
	refused("empty", "contains no empty.so");
}
END_TEST

START_TEST(a_module_that_others_may_write_is_not_loaded)
{
	place("service", "service.so");
	ck_assert_int_eq(chmod(scratch_path("m/service/service.so"), 0666), 0);
	refused("service", "service.so may be written by others");
	ck_assert_int_eq(chmod(scratch_path("m/service/service.so"), 0644), 0);
	ck_assert_int_eq(chmod(scratch_path("m"), 0777), 0);
	refused("service", "/m may be written by others");
	/* as in /tmp, only the owner of a file can replace it */
	ck_assert_int_eq(chmod(scratch_path("m"), 01777), 0);
	ck_assert_msg(module_load(modules, "service", why, sizeof(why)) != NULL, "%s", why);
}
END_TEST

START_TEST(a_module_of_another_user_is_not_loaded)
{
	if (geteuid() != 0) {
		puts("SKIP: only root can give a file away");
		return;
	}
	place("service", "service.so");
	ck_assert_int_eq(chown(scratch_path("m/service/service.so"), 12345, 0), 0);
	refused("service", "belongs to uid 12345, neither to root nor");
	ck_assert_int_eq(chown(scratch_path("m/service/service.so"), 0, 0), 0);
	ck_assert_int_eq(chown(scratch_path("m/service"), 12345, 0), 0);
	refused("service", "m/service belongs to uid 12345");
}
END_TEST

START_TEST(a_file_that_is_not_a_module_is_reported)
{
	place("junk", "service.so");
	scratch_put("m/junk/junk.so", 0755, "this is no shared object\n");
	refused("junk", "cannot be loaded");
	ck_assert_int_eq(unlink(scratch_path("m/junk/junk.so")), 0);
	ck_assert_int_eq(mkdir(scratch_path("m/junk/junk.so"), 0755), 0);
	refused("junk", "is not a regular file");
}
END_TEST

/* Returns the descriptor that will be used next. */
static int next_descriptor(void)
{
	int fd = dup(STDERR_FILENO);

	ck_assert_int_ge(fd, 0);
	close(fd);
	return fd;
}

START_TEST(a_refused_module_is_not_loaded_again)
{
	char first[sizeof(why)];
	int next;

	place("other", "other.so");
	refused("other", "calls itself \"service\"");
	strcpy(first, why);
	next = next_descriptor();
	for (int i = 0; i < 100; i++)
		refused("other", first);
	ck_assert_int_eq(next_descriptor(), next);
	/* a new file is examined again */
	ck_assert_int_eq(unlink(scratch_path("m/other/other.so")), 0);
	scratch_put("m/other/other.so", 0755, "this is no shared object\n");
	refused("other", "cannot be loaded");
	ck_assert_int_eq(next_descriptor(), next);
}
END_TEST

/* The modules that are listed: "NAME loaded;", "NAME refused;" or "NAME unknown;". */
static char listed[256];

static void add_listed(const char *name, const char *path, const struct module *module,
	const char *reason, void *arg)
{
	size_t n = strlen(listed);

	snprintf(listed + n, sizeof(listed) - n, "%s %s;", name,
		module != NULL   ? "loaded"
		: reason != NULL ? "refused"
				 : "unknown");
}

static int lowest_free_descriptor(void)
{
	int fd = dup(STDOUT_FILENO);

	close(fd);
	return fd;
}

/* A register reads the whole configuration with modules of its own. */
START_TEST(a_file_that_is_loaded_again_uses_no_descriptor)
{
	const char *const directories[] = {scratch_path("m"), NULL};
	struct modules *others;
	int before;

	place("service", "service.so");
	place("other", "other.so"); /* a module with another name, which is refused */
	ck_assert_ptr_nonnull(module_load(modules, "service", why, sizeof(why)));
	refused("other", "calls itself");
	before = lowest_free_descriptor();
	for (int i = 0; i < 3; i++) {
		others = modules_new();
		modules_set_directories(others, directories);
		ck_assert_ptr_nonnull(module_load(others, "service", why, sizeof(why)));
		ck_assert_ptr_null(module_load(others, "other", why, sizeof(why)));
		modules_free(others);
		ck_assert_int_eq(lowest_free_descriptor(), before);
	}
}
END_TEST

START_TEST(modules_are_listed_and_not_opened)
{
	place("service", "service.so");
	place("other", "other.so");
	place("wrong", "name.so");
	ck_assert_int_eq(mkdir(scratch_path("m/nothing"), 0755), 0);
	modules_each(modules, add_listed, NULL);
	ck_assert_str_eq(listed, "other unknown;service unknown;wrong refused;");
	ck_assert_ptr_nonnull(module_load(modules, "service", why, sizeof(why)));
	ck_assert_ptr_null(module_load(modules, "other", why, sizeof(why)));
	listed[0] = '\0';
	modules_each(modules, add_listed, NULL);
	ck_assert_str_eq(listed, "other refused;service loaded;wrong refused;");
}
END_TEST

static int refuse(const char *path, char *text, size_t size)
{
	snprintf(text, size, "%s: it crashed", path);
	return -ENOEXEC;
}

START_TEST(a_module_whose_trial_fails_is_not_opened)
{
	place("service", "service.so");
	modules_try(modules, refuse);
	ck_assert_ptr_null(module_load(modules, "service", why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "m/service/service.so: it crashed"));
	modules_try(modules, NULL);
	ck_assert_ptr_nonnull(module_load(modules, "service", why, sizeof(why)));
}
END_TEST

START_TEST(a_library_that_is_not_a_module_is_not_opened)
{
	place("lib", "lib.so");
	scratch_put("m/lib/lib.so", 0755, "\177ELF without the name of the descriptor");
	ck_assert_ptr_null(module_load(modules, "lib", why, sizeof(why)));
	ck_assert_ptr_nonnull(strstr(why, "has no vigil_module_descriptor"));
}
END_TEST

SUITE("module", setup, teardown)
{
	TEST(a_module_is_found_loaded_and_described);
	TEST(a_missing_module_is_reported_with_the_directories);
	TEST(folder_file_and_name_must_agree);
	TEST(a_module_that_others_may_write_is_not_loaded);
	TEST(a_module_of_another_user_is_not_loaded);
	TEST(a_file_that_is_not_a_module_is_reported);
	TEST(a_refused_module_is_not_loaded_again);
	TEST(a_file_that_is_loaded_again_uses_no_descriptor);
	TEST(modules_are_listed_and_not_opened);
	TEST(a_module_whose_trial_fails_is_not_opened);
	TEST(a_library_that_is_not_a_module_is_not_opened);
}
