/*
 * exit_status: the exit statuses with which systemd reports that it could not start a program.
 */
#ifndef EXIT_STATUS_H
#define EXIT_STATUS_H

/* Returns the word of systemd, such as "EXEC" for 203; NULL: the status has none. */
const char *exit_status_word(int status);

#endif
