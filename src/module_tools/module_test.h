/*
 * test: a module tried out: loaded in a process of its own and, if asked, run for some ticks.
 *
 * Whatever the module does there, crash, hang or exit, is reported and not suffered.  It runs on
 * a real host that has no doors and a state_dir of its own, which is gone afterwards.
 */
#ifndef MODULE_TEST_H
#define MODULE_TEST_H

#include <stdbool.h>

#include <jansson.h>

struct module_test {
	const char *module; /* its folder, or its name */
	const char *file;   /* the configuration that says where modules lie, for a name */
	long ticks;         /* 0: it is only loaded, and its options checked */
	json_t *options;    /* "key=value" texts; none: what MODULE.conf in the folder says */
	bool json;
};

/* Prints what came of it.  0, or -EIO when it was not well, having said why on stderr. */
int module_test_run(const struct module_test *test);

#endif
