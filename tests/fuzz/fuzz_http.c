/*
 * fuzz_http: the requests of clients of the http module, up to the head that evhttp receives.
 *
 * Whatever the bytes are and in whatever pieces they arrive, evhttp reads a head that has one
 * meaning: it has no body, one end, and control characters only at the ends of lines. Reading that
 * head again produces the same head.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "../../src/modules/http/framing.h"

#define RESULTS_MAX 64

struct results {
	char *heads[RESULTS_MAX];
	int codes[RESULTS_MAX]; /* 0: a request */
	size_t count;
};

static const struct framing_limits limits = {.head = 512, .body = 64};

static bool has_header(const char *head, const char *name)
{
	for (const char *line = strchr(head, '\n'); line != NULL; line = strchr(line + 1, '\n'))
		if (strncasecmp(line + 1, name, strlen(name)) == 0 && line[1 + strlen(name)] == ':')
			return true;
	return false;
}

static void head_holds(const char *head, size_t length)
{
	FUZZ_HOLDS(strlen(head) == length && length <= 4 * limits.head + 512);
	FUZZ_HOLDS(strncmp(head, "GET /", 5) == 0 || strncmp(head, "HEAD /", 6) == 0 ||
		   strncmp(head, "POST /", 6) == 0);
	FUZZ_HOLDS(strstr(head, " //") == NULL || strchr(head, '\r') < strstr(head, " //"));
	FUZZ_HOLDS(strstr(head, "\r\n\r\n") == head + length - 4);
	for (size_t i = 0; i < length; i++)
		FUZZ_HOLDS(head[i] == '\r'   ? head[i + 1] == '\n'
			   : head[i] == '\n' ? i > 0 && head[i - 1] == '\r'
					     : (unsigned char)head[i] >= 0x20 || head[i] == '\t');
	FUZZ_HOLDS(!has_header(head, "Transfer-Encoding") && !has_header(head, "Expect"));
	FUZZ_HOLDS(has_header(head, "Content-Length") == (head[0] == 'P'));
	FUZZ_HOLDS(strchr(head, '\r')[-1] == '0' || has_header(head, "Host"));
}

static void read_all(const uint8_t *data, size_t size, size_t step, struct results *results)
{
	struct framing *f = framing_new(&limits);
	size_t at = 0, taken, length;
	enum framing_result result = FRAMING_MORE;

	*results = (struct results){0};
	while (at < size && result != FRAMING_REFUSED && results->count < RESULTS_MAX) {
		length = size - at < step ? size - at : step;
		result = framing_read(f, (const char *)data + at, length, &taken);
		FUZZ_HOLDS(taken <= length && (taken > 0 || result == FRAMING_REFUSED));
		at += taken;
		if (result != FRAMING_MORE) {
			const char *head = framing_head(f, &length);

			head_holds(head, length);
			results->codes[results->count] =
				result == FRAMING_REFUSED ? framing_refusal(f)->code : 0;
			results->heads[results->count++] = strdup(head);
		}
	}
	framing_free(f);
}

static void forget(struct results *results)
{
	for (size_t i = 0; i < results->count; i++)
		free(results->heads[i]);
}

/* A head names the host twice if the request was for a proxy, and would be refused if it were read
 * again. */
static void same_again(const char *head)
{
	struct results again;

	if (strlen(head) > limits.head || strstr(strstr(head, "Host:") + 1, "\r\nHost:") != NULL)
		return;
	read_all((const uint8_t *)head, strlen(head), strlen(head), &again);
	FUZZ_HOLDS(again.count == 1 && again.codes[0] == 0);
	if (head[0] != 'P')
		FUZZ_HOLDS(strcmp(again.heads[0], head) == 0);
	forget(&again);
}

void fuzz_http(const uint8_t *data, size_t size)
{
	struct results whole, bytes;

	read_all(data, size, size, &whole);
	read_all(data, size, 1, &bytes);
	FUZZ_HOLDS(whole.count == bytes.count);
	for (size_t i = 0; i < whole.count; i++) {
		FUZZ_HOLDS((whole.codes[i] == 0) == (bytes.codes[i] == 0));
		FUZZ_HOLDS(strcmp(whole.heads[i], bytes.heads[i]) == 0);
		if (strstr(whole.heads[i], "Host:") != NULL)
			same_again(whole.heads[i]);
	}
	forget(&whole);
	forget(&bytes);
}
