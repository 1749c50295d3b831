/* check_module: how modules are loaded, and why they are refused. */
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

static void count(const char *name, const char *path, const struct module *module,
	const char *reason, void *arg)
{
	unsigned *counts = arg;

	counts[module != NULL]++;
	ck_assert((module == NULL) == (reason != NULL));
}

START_TEST(each_module_is_listed_as_loaded_or_refused)
{
	unsigned counts[2] = {0};

	place("service", "service.so");
	place("other", "other.so");
	modules_each(modules, count, counts);
	ck_assert_uint_eq(counts[true], 1);
	ck_assert_uint_eq(counts[false], 1);
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
	TEST(each_module_is_listed_as_loaded_or_refused);
}
