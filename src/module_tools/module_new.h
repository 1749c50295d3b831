/*
 * module_new: the beginning of a module: a folder with all it takes to be built, tried, installed.
 */
#ifndef MODULE_NEW_H
#define MODULE_NEW_H

#include <stddef.h>

/* Makes the folder NAME here.  0; or -errno with the reason in why, and nothing is left behind. */
int module_new_write(const char *name, char *why, size_t size);

/* The files, from conf/skeleton (made by skeleton.awk); in both texts @NAME@ stands for the
 * module's name.  Ended by a row without a path. */
struct module_new_file {
	const char *path;
	int mode;
	const char *text;
};
extern const struct module_new_file module_new_files[];

#endif
