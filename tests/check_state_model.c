/*
 * check_state_model: random writes and removals, compared after each with a tree that is changed in
 * the plainest way. The state remembers the object of its last write; the other tree remembers
 * nothing.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/state.h"
#include "suite.h"

#define OPERATIONS 20000
#define STEPS_MAX  4

static const char *const values[] = {
	"1", "2", "{}", "{\"a\":1}", "{\"b\":{\"a\":{\"c\":3}}}", "null"};

static struct state *state;
static json_t *model;
static unsigned long long seed;

static void setup(void)
{
	state = state_new();
	model = json_object();
}

static void teardown(void)
{
	state_free(state);
	json_decref(model);
}

static unsigned draw(unsigned count)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % count;
}

/* Returns the object of the last step, or NULL. With `make`, missing objects are made and scalars
 * are replaced by objects. */
static json_t *parent_in_model(const char *names, int steps, bool make)
{
	json_t *at = model;

	for (int i = 0; i < steps - 1; i++) {
		char name[2] = {names[i], '\0'};
		json_t *next = json_object_get(at, name);

		if (!json_is_object(next)) {
			if (!make)
				return NULL;
			next = json_object();
			json_object_set_new(at, name, next);
		}
		at = next;
	}
	return at;
}

static int set_in_model(const char *names, int steps, json_t *value)
{
	char name[2] = {names[steps - 1], '\0'};

	return json_object_set_new(parent_in_model(names, steps, true), name, value);
}

static int unset_in_model(const char *names, int steps)
{
	char name[2] = {names[steps - 1], '\0'};
	json_t *parent = parent_in_model(names, steps, false);

	return json_object_del(parent, name) == 0 ? 0 : -ENOENT;
}

START_TEST(any_sequence_gives_the_same_tree)
{
	seed = (unsigned long long)_i;
	for (int i = 0; i < OPERATIONS; i++) {
		const char *text = values[draw(COUNT(values))];
		int steps = 1 + (int)draw(STEPS_MAX);
		char names[STEPS_MAX], pointer[2 * STEPS_MAX + 1] = "";
		json_t *whole;

		for (int k = 0; k < steps; k++) {
			names[k] = (char)('a' + draw(3));
			sprintf(pointer + 2 * k, "/%c", names[k]);
		}
		if (draw(4) > 0) {
			ck_assert_int_eq(
				state_set(state, pointer, json_loads(text, JSON_DECODE_ANY, NULL)),
				0);
			set_in_model(names, steps, json_loads(text, JSON_DECODE_ANY, NULL));
		} else {
			ck_assert_int_eq(state_unset(state, pointer), unset_in_model(names, steps));
		}
		whole = state_get(state, "");
		ck_assert_msg(json_equal(whole, model),
			"seed %d: operation %d, at %s, gives another tree", _i, i, pointer);
		json_decref(whole);
	}
}
END_TEST

/* The length of the whole address counts, also if only its last step is looked up. */
START_TEST(a_long_address_is_refused_at_each_write)
{
	char pointer[2 * STATE_POINTER_MAX];

	memset(pointer, 'x', sizeof(pointer));
	pointer[0] = '/';
	pointer[STATE_POINTER_MAX - 10] = '/';
	pointer[STATE_POINTER_MAX - 1] = '\0';
	ck_assert_int_eq(state_set(state, pointer, json_integer(1)), 0);
	pointer[STATE_POINTER_MAX - 1] = 'x';
	pointer[STATE_POINTER_MAX] = '\0';
	ck_assert_int_eq(state_set(state, pointer, json_integer(1)), -EINVAL);
	ck_assert_int_eq(state_unset(state, pointer), -EINVAL);
}
END_TEST

SUITE("state_model", setup, teardown)
{
	LOOP_TEST(any_sequence_gives_the_same_tree, 5);
	TEST(a_long_address_is_refused_at_each_write);
}
