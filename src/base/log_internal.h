/*
 * log_internal: the functions of log_file.c that log.c uses.
 */
#ifndef LOG_INTERNAL_H
#define LOG_INTERNAL_H

/* Opens a file for lines, and creates it if it is missing.  Returns a descriptor, or the -errno of
 * log_open. */
int log_file_open(const char *path);
/* Returns 0, or the error that log_file_open would return.  Creates nothing. */
int log_file_check(const char *path);

#endif
