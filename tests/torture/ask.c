/*
 * ask: tries which verbs vigild's socket allows to the user that runs this program.
 *
 *     ask verbs          prints the verbs of the program's table, one a line
 *     ask SOCKET [-n]    sends each line of stdin, "VERB PARAMETERS", and prints "VERB RESULT"
 *
 * Each request has its own connection.  With -n it is sent as a notification first, which gets no
 * reply but must be denied as well.  The results are `done`, `denied`, `none` (there is no such
 * verb), `shut` (the socket refused the connection), `silence` (no reply), or the number of another
 * error.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "command/command.h"

#define PATIENCE 60 /* seconds for a reply */

static FILE *reach(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fdopen(fd, "r+");
}

/* The result of a reply; NULL for another error, whose number is in *code. */
static const char *result_of(const char *line, long *code)
{
	json_t *reply = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const json_t *error = json_object_get(reply, "error");

	*code = (long)json_integer_value(json_object_get(error, "code"));
	if (reply == NULL || (error == NULL) == (json_object_get(reply, "result") == NULL))
		*code = COMMAND_INTERNAL; /* neither or both, which vigild must never send */
	json_decref(reply);
	switch (*code) {
	case 0: return "done";
	case COMMAND_DENIED: return "denied";
	case COMMAND_NO_METHOD: return "none";
	default: return NULL;
	}
}

static void put(FILE *vigild, const char *id, const char *verb, const char *params)
{
	fprintf(vigild, "{\"jsonrpc\":\"2.0\"%s,\"method\":\"%s\",\"params\":%s}\n", id, verb,
		params);
}

static void ask(const char *path, const char *verb, const char *params, bool notify)
{
	FILE *vigild = reach(path);
	char line[65536];
	const char *word;
	long code;

	if (vigild == NULL) {
		printf("%s %s\n", verb, errno == EACCES ? "shut" : strerror(errno));
		return;
	}
	if (notify)
		put(vigild, "", verb, params);
	put(vigild, ",\"id\":1", verb, params);
	fflush(vigild);
	if (fgets(line, sizeof(line), vigild) == NULL)
		printf("%s silence\n", verb);
	else if ((word = result_of(line, &code)) != NULL)
		printf("%s %s\n", verb, word);
	else
		printf("%s %ld\n", verb, code);
	fclose(vigild);
}

int main(int argc, char **argv)
{
	char line[1024], *params;

	if (argc == 2 && strcmp(argv[1], "verbs") == 0) {
		for (const struct command *c = commands; c->verb != NULL; c++)
			puts(c->verb);
		return EXIT_SUCCESS;
	}
	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "-n") != 0)) {
		fputs("usage: ask verbs | ask SOCKET [-n]\n", stderr);
		return 2;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		params = strchr(line, ' ');
		if (params == NULL)
			continue;
		*params++ = '\0';
		ask(argv[1], line, params, argc == 3);
	}
	return EXIT_SUCCESS;
}
