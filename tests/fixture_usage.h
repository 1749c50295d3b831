/*
 * fixture_usage: the measurements of the module service with a fake vigil.h, and with a tree of
 * files in the scratch directory instead of /proc and /sys.
 */
#ifndef FIXTURE_USAGE_H
#define FIXTURE_USAGE_H

#include "fake_vigil.h"
#include "modules/usage/limits.h"
#include "modules/service/options.h"
#include "modules/usage/usage.h"
#include "modules/usage/usage_hierarchy.h"
#include "modules/usage/usage_tree.h"
#include "scratch.h"
#include "suite.h"

VIGIL_MODULE(.name = "service", .options = service_options);

#define MIB (INT64_C(1) << 20)

/* Writes a file of the tree. */
__attribute__((unused)) static void put(const char *path, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(const char *path, const char *format, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	scratch_make_parents(path);
	scratch_put(path, 0644, "%s", text);
}

/* Removes a file or a directory of the tree. */
__attribute__((unused)) static void take(const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -r %s", scratch_path(path));
	ck_assert_int_eq(system(command), 0);
}

struct made {
	int pid, parent, group, session;
	int own, reaped;    /* clock ticks */
	int threads;        /* 0: 1 */
	int memory, shared; /* KiB */
	int files;
};

/* Makes a process, or replaces the files of one. Its start time is 1000 + pid. */
__attribute__((unused)) static void put_process(struct made p)
{
	char path[64];

	snprintf(path, sizeof(path), "proc/%d/stat", p.pid);
	put(path, "%d (a) b) S %d %d %d 0 -1 4 1 2 3 4 %d 0 %d 0 20 0 %d 0 %d 4096 9\n", p.pid,
		p.parent, p.group, p.session, p.own, p.reaped, p.threads > 0 ? p.threads : 1,
		1000 + p.pid);
	snprintf(path, sizeof(path), "proc/%d/status", p.pid);
	put(path,
		"Name:\tx\nVmRSS:\t 99999999 kB\nRssAnon:\t%8d kB\nRssFile:\t 77777 kB\n"
		"RssShmem:\t%8d kB\n",
		p.memory, p.shared);
	snprintf(path, sizeof(path), "proc/%d/io", p.pid);
	put(path, "rchar: 5\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 3\n");
	for (int i = 0; i < (p.threads > 0 ? p.threads : 1); i++) {
		snprintf(path, sizeof(path), "proc/%d/task/%d/stat", p.pid, p.pid + i);
		put(path, "x");
	}
	for (int i = 0; i < p.files; i++) {
		snprintf(path, sizeof(path), "proc/%d/fd/%d", p.pid, i);
		put(path, "x");
	}
}

#define PROCESS(...) put_process((struct made){__VA_ARGS__})

static void setup(void)
{
	scratch_setup();
	fake_begin();
	fake.now = 100;
	usage_process_root(scratch);
	usage_hierarchy_forget();
	usage_tree_forget();
}

static void teardown(void)
{
	usage_process_root("");
	usage_tree_forget();
	fake_end();
	scratch_teardown();
}

#endif
