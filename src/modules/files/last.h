/* last: prints the last lines of a file, for the module service, which shows the last output of a
 * service that has died. */
#ifndef LAST_H
#define LAST_H

#define LAST_LINES 20
#define LAST_LINE  400         /* bytes of a line; the rest of a longer line is left out */
#define LAST_BYTES (64 * 1024) /* the end of the file that is read */

/* Prints a line of JSON, {"end": "INODE:SIZE", "note": TEXT}, and after it at most LAST_LINES lines
 * of the file, as they are.  The note says why there are no lines.  mark: `end` of an earlier call,
 * before which nothing is printed; "": none.  since: seconds since 1970; a file that was not
 * written after that time is not printed; "0": it is printed.  Returns the exit status. */
int last_print(const char *path, const char *mark, const char *since);

#endif
