/*
 * module_test: tests a module: loads it in a child process and, if requested, runs it for some
 * ticks.
 *
 * A crash, a hang or an exit of the module is reported and does not affect the caller.  The module
 * runs on a real host without a socket and a pipe, and with a temporary state_dir, which is removed
 * afterwards.
 */
#ifndef MODULE_TEST_H
#define MODULE_TEST_H

#include <stdbool.h>

#include <jansson.h>

struct module_test {
	const char *module; /* folder or name of the module */
	const char *file;   /* configuration with the module directories, used for a name */
	long ticks;         /* 0, with seconds 0: only loads the module and checks its options */
	double seconds;     /* how long it runs after the ticks */
	json_t *options;    /* "key=value" texts; none: the options of MODULE.conf in the folder */
	bool json;
};

/* Prints the result.  0, or -errno.  -EIO: the test failed, with the reason on stderr. */
int module_test_run(const struct module_test *test);

#endif
