/*
 * state: what a write to an existing place costs, compared with json_object_set_new on a tree of
 * the same shape; and what it costs to turn a whole big tree into text in pieces, as for a client,
 * compared with json_dumps.
 *
 *     state ROUNDS DAEMONS
 *
 * Prints `name metric value reference ratio`; values are the median of ROUNDS rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "state/json_pieces.h"
#include "state/state.h"

#define VALUES     5
#define WRITTEN    1000 /* daemons in the tree that is written to */
#define ROUNDS_MAX 200

static const char *const keys[VALUES] = {"a", "b", "c", "d", "e"};
static char places[WRITTEN * VALUES][64];
static json_t *objects[WRITTEN];

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Each value differs from the one that is there, because writing an equal one does nothing. */
static double write_by_vigil(struct state *state, json_int_t value)
{
	double begun = now();

	for (size_t i = 0; i < WRITTEN * VALUES; i++)
		state_set(state, places[i], json_integer(value));
	return (now() - begun) / (WRITTEN * VALUES);
}

static double write_by_jansson(json_int_t value)
{
	double begun = now();

	for (size_t i = 0; i < WRITTEN * VALUES; i++)
		json_object_set_new(objects[i / VALUES], keys[i % VALUES], json_integer(value));
	return (now() - begun) / (WRITTEN * VALUES);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[count / 2];
}

static void compare_writes(int rounds)
{
	double vigil[ROUNDS_MAX], jansson[ROUNDS_MAX], v, r;
	struct state *state = state_new();
	json_t *root = json_object();

	for (size_t i = 0; i < WRITTEN * VALUES; i++)
		snprintf(places[i], sizeof(places[i]), "/daemons/watched%zu/%s", i / VALUES,
			keys[i % VALUES]);
	for (size_t i = 0; i < WRITTEN; i++) {
		char name[32];

		snprintf(name, sizeof(name), "watched%zu", i);
		objects[i] = json_object();
		json_object_set_new(root, name, objects[i]);
	}
	write_by_vigil(state, -1);
	write_by_jansson(-1);
	for (int i = 0; i < rounds; i++) {
		vigil[i] = write_by_vigil(state, i);
		jansson[i] = write_by_jansson(i);
	}
	v = median(vigil, rounds);
	r = median(jansson, rounds);
	printf("state write_ns %.1f %.1f %.2f\n", v, r, v / r);
	json_decref(root);
	state_free(state);
}

static double read_by_vigil(struct state *state)
{
	double begun = now();
	struct json_pieces *pieces = json_pieces_new(state_get(state, ""));
	bool failed;
	char *piece;

	while ((piece = json_pieces_next(pieces, &failed)) != NULL)
		free(piece);
	json_pieces_free(pieces);
	return now() - begun;
}

static double read_by_jansson(struct state *state)
{
	double begun = now();
	json_t *whole = state_get(state, "");

	free(json_dumps(whole, JSON_COMPACT));
	json_decref(whole);
	return now() - begun;
}

static void read_whole(int rounds, size_t daemons)
{
	struct state *state = state_new();
	double vigil[ROUNDS_MAX], jansson[ROUNDS_MAX], v, r;
	char place[64];

	for (size_t i = 0; i < daemons * VALUES; i++) {
		snprintf(place, sizeof(place), "/daemons/watched%zu/%s", i / VALUES,
			keys[i % VALUES]);
		state_set(state, place, json_integer((json_int_t)i));
	}
	for (int i = 0; i < rounds; i++) {
		vigil[i] = read_by_vigil(state);
		jansson[i] = read_by_jansson(state);
	}
	v = median(vigil, rounds) / 1e6;
	r = median(jansson, rounds) / 1e6;
	printf("state read_whole_ms %.2f %.2f %.2f\n", v, r, v / r);
	state_free(state);
}

int main(int argc, char **argv)
{
	int rounds = argc == 3 ? atoi(argv[1]) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return EXIT_FAILURE;
	compare_writes(rounds);
	read_whole(rounds < 15 ? rounds : 15, (size_t)atol(argv[2]));
	return EXIT_SUCCESS;
}
