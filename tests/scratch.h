/* scratch: a temporary directory, which is created for each test and removed after it. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch[64];

__attribute__((unused)) static void scratch_setup(void)
{
	snprintf(scratch, sizeof(scratch), "/tmp/check_vigil.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	ck_assert_int_eq(chmod(scratch, 0755), 0);
}

__attribute__((unused)) static void scratch_teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", scratch);
	ck_assert_int_eq(system(command), 0);
}

/* Returns the path of a name in the directory. It is valid for the next 63 calls. */
__attribute__((unused)) static char *scratch_path(const char *name)
{
	static char paths[64][256];
	static unsigned turn;
	char *path = paths[turn++ % 64];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

/* Writes a file with the given mode, independent of the umask, and returns its path. */
__attribute__((unused, format(printf, 3, 4))) static char *scratch_put(
	const char *name, mode_t mode, const char *format, ...)
{
	char *path = scratch_path(name);
	FILE *file = fopen(path, "w");
	va_list ap;

	ck_assert_ptr_nonnull(file);
	va_start(ap, format);
	vfprintf(file, format, ap);
	va_end(ap);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
	return path;
}

/* Makes the directories above a name in the directory, as far as they are missing. */
__attribute__((unused)) static void scratch_make_parents(const char *name)
{
	char *path = scratch_path(name);

	for (char *end = path + strlen(scratch) + 1; (end = strchr(end, '/')) != NULL;
		*end++ = '/') {
		*end = '\0';
		ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
	}
}

__attribute__((unused)) static bool scratch_has(const char *name)
{
	return access(scratch_path(name), F_OK) == 0;
}

/* Waits until a child has written a number to a file in the directory, and returns the number. */
__attribute__((unused)) static pid_t scratch_number(const char *name)
{
	const char *path = scratch_path(name);
	FILE *file;
	int i, n = 0;

	for (i = 0; i < 3000 && n == 0; i++) {
		file = fopen(path, "r");
		if (file) {
			if (fscanf(file, "%d\n", &n) != 1)
				n = 0;
			fclose(file);
		}
		if (!n)
			usleep(10000);
	}
	ck_assert_int_ne(n, 0);
	return n;
}

#endif
