/*
 * libfuzzer: runs the target that FUZZ_TARGET names, with bytes that libFuzzer generates.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fuzz_target *target;

static void on_log(enum log_level level, const char *line, void *arg)
{
	FUZZ_HOLDS(fuzz_is_clean(line));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ_TARGET");

	for (target = fuzz_targets; target->name != NULL; target++)
		if (name != NULL && strcmp(target->name, name) == 0)
			break;
	if (target->name == NULL) {
		fputs("FUZZ_TARGET is one of:", stderr);
		for (target = fuzz_targets; target->name != NULL; target++)
			fprintf(stderr, " %s", target->name);
		fputc('\n', stderr);
		exit(2);
	}
	log_set_sink(on_log, NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= target->size_max)
		target->run(data, size);
	return 0;
}
