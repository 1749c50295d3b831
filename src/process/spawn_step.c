/* spawn_step: checks whether vigil-enter can start a program, and builds its arguments. */
#include "process/spawn_step.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "process/process.h"

static bool has_interpreter(char *line)
{
	char *from = line + strspn(line, " \t");

	from[strcspn(from, " \t\n")] = '\0';
	return from[0] == '/' && access(from, X_OK) == 0;
}

bool spawn_step_suits(const char *program)
{
	char head[256];

	if (program == NULL || program[0] != '/' || access(program, X_OK) != 0 ||
		process_read_file(AT_FDCWD, program, head, sizeof(head)) < 4)
		return false;
	if (memcmp(head, "\177ELF", 4) == 0)
		return true;
	return head[0] == '#' && head[1] == '!' && has_interpreter(head + 2);
}

const char **spawn_step_argv(
	const char *step, const char *procs, const char *program, const char *const *argv)
{
	size_t n = text_count_list(argv);
	const char **result = calloc(n + 4, sizeof(*result));

	if (result == NULL)
		return NULL;
	result[0] = step;
	result[1] = procs;
	result[2] = program;
	memcpy(result + 3, argv, n * sizeof(*result));
	return result;
}
