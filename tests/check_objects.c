/*
 * check_objects: which daemons are due for Icinga, and that they are not due together.
 */
#include "modules/icinga/objects.h"

#include <stdio.h>
#include <stdlib.h>

#include "suite.h"

#define INTERVAL 60.0

static struct objects *objects;

static void setup(void)
{
	objects = objects_new("web1", INTERVAL, 1000);
	ck_assert_ptr_nonnull(objects);
}

static void teardown(void)
{
	objects_free(objects);
}

static struct object *add(const char *name)
{
	struct object *object = objects_add(objects, name, 1000);

	ck_assert_ptr_nonnull(object);
	ck_assert_str_eq(object->name, name);
	return object;
}

START_TEST(objects_are_known_by_name)
{
	struct object *a = add("a"), *b = add("b");

	ck_assert_ptr_eq(add("a"), a);
	ck_assert_ptr_eq(objects_find(objects, "b"), b);
	ck_assert_ptr_null(objects_find(objects, "c"));
	ck_assert_int_eq(a->level, -1);
	objects_want(objects, a, 1);
	objects_remove(objects, "a");
	objects_remove(objects, "c");
	ck_assert_ptr_null(objects_find(objects, "a"));
	ck_assert_uint_eq(objects_due(objects), 0);
	ck_assert_ptr_null(objects_first_due(objects));
}
END_TEST

START_TEST(an_object_is_due_once)
{
	struct object *a = add("a"), *b = add("b");

	objects_want(objects, a, 1);
	objects_want(objects, b, 2);
	objects_want(objects, a, 3);
	ck_assert_uint_eq(objects_due(objects), 2);
	ck_assert_uint_eq(objects_replaced(objects), 1);
	ck_assert_ptr_eq(objects_first_due(objects), a);
	ck_assert_double_eq(a->due_since, 1);
	ck_assert_ptr_eq(objects_next_due(a), b);
	ck_assert_ptr_null(objects_next_due(b));
	objects_unwant(objects, a);
	objects_unwant(objects, a);
	ck_assert_ptr_eq(objects_first_due(objects), b);
	objects_want_again(objects, a, 1);
	ck_assert_ptr_eq(objects_first_due(objects), a);
	ck_assert_uint_eq(objects_due(objects), 2);
}
END_TEST

/* 600 objects in 60 seconds: about 10 a second, each of them once. */
START_TEST(phases_are_spread_over_the_interval)
{
	char name[32];
	size_t before = 0, now, most = 0, least = 600;
	double next = 0;

	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		add(name);
	}
	for (int second = 1; second <= 60; second++) {
		next = objects_advance(objects, 1000 + second);
		ck_assert_double_gt(next, 1000 + second);
		now = objects_due(objects);
		most = now - before > most ? now - before : most;
		least = now - before < least ? now - before : least;
		before = now;
	}
	ck_assert_uint_eq(before, 600);
	ck_assert_uint_le(most, 30);
	ck_assert_uint_ge(least, 1);
	ck_assert_uint_eq(objects_replaced(objects), 0);
	/* Each object is due again after an interval, and not earlier. */
	objects_advance(objects, 1000 + 120);
	ck_assert_uint_eq(objects_replaced(objects), 600);
	objects_advance(objects, 1000 + 120.001);
	ck_assert_uint_le(objects_replaced(objects), 601);
}
END_TEST

START_TEST(a_missed_phase_does_not_repeat)
{
	struct object *a = add("a");

	objects_advance(objects, 1000 + 10 * INTERVAL); /* the machine was suspended */
	ck_assert(a->due);
	objects_unwant(objects, a);
	ck_assert_double_gt(objects_advance(objects, 1000 + 10 * INTERVAL), 1000 + 10 * INTERVAL);
	ck_assert(!a->due);
}
END_TEST

START_TEST(an_object_that_was_sent_recently_is_not_due)
{
	struct object *a = add("a");
	double phase = objects_advance(objects, 1000);

	a->told = phase - INTERVAL / 3;
	objects_advance(objects, phase);
	ck_assert(!a->due);
	objects_advance(objects, phase + INTERVAL); /* at its next phase that is long ago */
	ck_assert(a->due);
	objects_unwant(objects, a);
	a->told = phase + INTERVAL;
	objects_advance(objects, phase + 2 * INTERVAL);
	ck_assert(a->due);
}
END_TEST

/* The master is back: what is OK waits for its phase, and what is not OK is sent first. */
START_TEST(what_is_ok_is_postponed)
{
	struct object *a = add("a"), *b = add("b"), *c = add("c");

	objects_advance(objects, 1000 + INTERVAL);
	ck_assert(a->due && b->due && c->due);
	a->level = c->level = 0;
	b->level = 2;
	c->changed = true; /* for example, the master has its last result, which was not OK */
	objects_postpone(objects);
	ck_assert_uint_eq(objects_due(objects), 2);
	ck_assert(!a->due && b->due && c->due);
	objects_advance(objects, 1000 + 2 * INTERVAL);
	ck_assert_uint_eq(objects_due(objects), 3);
}
END_TEST

START_TEST(a_result_that_could_not_be_sent_does_not_count_as_sent)
{
	struct object *a = add("a");
	double phase = objects_advance(objects, 1000);

	a->level = 0;
	a->told = phase - 1;
	objects_want_again(objects, a, phase - 2);
	objects_postpone(objects);
	ck_assert(!a->due);
	objects_advance(objects, phase);
	ck_assert(a->due);
}
END_TEST

/* 1000 hosts whose vigild was started at the same time: their first results come in the whole
 * interval, and no second has more than twice its share. */
START_TEST(first_results_of_all_hosts_are_spread)
{
	enum { HOSTS = 1000 };
	unsigned due[(size_t)INTERVAL] = {0}, all = 0;
	char host[32];

	for (int i = 0; i < HOSTS; i++) {
		struct objects *others;
		struct object *object;

		snprintf(host, sizeof(host), "web%d", i);
		others = objects_new(host, INTERVAL, 1000);
		object = objects_add(others, "a", 1000);
		for (int second = 0; second < (int)INTERVAL && !object->due; second++) {
			objects_advance(others, 1001 + second);
			due[second] += object->due;
		}
		objects_free(others);
	}
	for (size_t second = 0; second < COUNT(due); second++) {
		ck_assert_uint_lt(due[second], 2 * HOSTS / 60 + 2);
		all += due[second];
	}
	ck_assert_uint_eq(all, HOSTS);
}
END_TEST

SUITE("objects", setup, teardown)
{
	TEST(objects_are_known_by_name);
	TEST(an_object_is_due_once);
	TEST(phases_are_spread_over_the_interval);
	TEST(a_missed_phase_does_not_repeat);
	TEST(an_object_that_was_sent_recently_is_not_due);
	TEST(what_is_ok_is_postponed);
	TEST(a_result_that_could_not_be_sent_does_not_count_as_sent);
	TEST(first_results_of_all_hosts_are_spread);
}
