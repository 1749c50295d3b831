/* judge: compares the facts of files with the limits, and collects what is wrong. */
#ifndef JUDGE_H
#define JUDGE_H

#include <jansson.h>

#include "facts.h"
#include "watchlist.h"

#define PROBLEMS_MAX 20

struct problems {
	json_t *list; /* of [level, text]; at most PROBLEMS_MAX */
	long count;   /* of all */
};

/* The format gets the name of a file or a path made safe as its first argument. */
void judge_add(struct problems *problems, enum level level, const char *name, const char *format,
	...) __attribute__((format(printf, 4, 5)));
/* Compares type, age, size, mode and owner of a file that exists. */
void judge_file(struct problems *problems, const struct limits *l, const char *name,
	const struct facts *facts);
/* Compares the number of existing files. complete: there are no others. */
void judge_count(struct problems *problems, const struct limits *l, const struct path *path,
	long count, bool complete);

#endif
