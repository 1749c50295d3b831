/*
 * check_wave: which services are restarted with others, and when, in graphs of services that the
 * test makes up and restarts.  Each row is a graph, a death, and the restarts that follow.
 */
#include "../src/modules/service/dependency.h"
#include "../src/modules/service/options.h"
#include "../src/modules/service/wave.h"
#include "fake_vigil.h"
#include "suite.h"

VIGIL_MODULE(.name = "service", .options = service_options, .start = NULL);

#define NODES 8

static struct node {
	struct vigil_daemon daemon;
	char name[8];
	struct peer peer;
	double started, restarted;
	unsigned restarts, checks;
} nodes[NODES];
static unsigned count;

static void on_check(void *arg)
{
	struct node *n = arg;

	n->checks++;
}

static struct node *node(const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(nodes[i].name, name) == 0)
			return &nodes[i];
	ck_abort_msg("no node %s", name);
	return NULL;
}

static void publish(struct node *n, vigil_service_status status, bool coming, bool withheld)
{
	const struct peer_status found = {.status = status,
		.fulfils = {status == VIGIL_SERVICE_RUNNING},
		.coming = coming,
		.withheld = withheld,
		.started = n->started,
		.restarted = n->restarted};

	peer_publish(&n->peer, &found);
}

static void runs(struct node *n)
{
	publish(n, VIGIL_SERVICE_RUNNING, false, false);
}

/* It ends, and somebody starts it again. */
static void restart(struct node *n)
{
	fake_pass(1);
	publish(n, VIGIL_SERVICE_FAILED, true, false);
	fake_pass(1);
	n->started = n->restarted = fake.now;
	n->restarts++;
	runs(n);
}

static bool is_needed(const struct node *n)
{
	return wave_cause(n->peer.restart_with, n->started) != NULL;
}

static bool is_permitted(struct node *n)
{
	return is_needed(n) && dependency_awaited(&n->peer, 0) == NULL;
}

/* Makes the graph "b:a c:a,b": b is restarted with a, and c with a and b. All services run. */
static void make(const char *graph)
{
	char copy[128], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", graph);
	while ((word = strsep(&rest, " ")) != NULL) {
		struct node *n = &nodes[count++];
		char *colon = strchr(word, ':');

		*n = (struct node){.started = fake.now};
		snprintf(n->name, sizeof(n->name), "%.*s", (int)strcspn(word, ":"), word);
		n->daemon.name = n->name;
		fake_option("restart_with", colon != NULL ? colon + 1 : "");
		n->peer = (struct peer){.daemon = &n->daemon,
			.check = on_check,
			.hurry = on_check,
			.arg = n,
			.restart_with = dependency_read_restart_with(&fake.daemon)};
		peer_join(&n->peer);
		runs(n);
	}
}

/* Restarts what may be restarted, until nothing needs it. Writes the order. */
static void follow(char order[64])
{
	bool more = true;

	order[0] = '\0';
	while (more) {
		more = false;
		for (unsigned i = 0; i < count; i++) {
			if (!is_permitted(&nodes[i]))
				continue;
			restart(&nodes[i]);
			strcat(strcat(order, order[0] != '\0' ? " " : ""), nodes[i].name);
			more = true;
		}
	}
	for (unsigned i = 0; i < count; i++)
		ck_assert(!is_needed(&nodes[i]));
}

static void setup(void)
{
	fake_begin();
	count = 0;
}

static void teardown(void)
{
	while (count > 0)
		peer_leave(&nodes[--count].peer);
	fake_end();
}

static const struct {
	const char *label, *graph, *death, *order;
} rows[] = {
	{"nothing names it", "a b", "a", ""},
	{"one follows", "a b:a", "a", "b"},
	{"the other direction", "a b:a", "b", ""},
	{"a chain", "d:c c:b b:a a", "a", "b c d"},
	{"the middle of a chain", "d:c c:b b:a a", "b", "c d"},
	{"a diamond", "d:b,c c:a b:a a", "a", "c b d"},
	{"one side of a diamond", "d:b,c c:a b:a a", "c", "d"},
	{"a diamond with sides of different length", "d:b,e e:c c:a b:a a", "a", "c b e d"},
	{"a shortcut", "c:a,b b:a a", "a", "b c"},
	{"several roots", "c:a,b b a", "a", "c"},
	{"a ladder", "g:e,f e:c,d f:c,d c:a,b d:a,b b:a a", "a", "b c d e f g"},
};

START_TEST(one_death_restarts_each_service_once_and_in_order)
{
	char order[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		teardown();
		setup();
		make(rows[i].graph);
		fake_pass(10);
		restart(node(rows[i].death));
		follow(order);
		ck_assert_msg(
			strcmp(order, rows[i].order) == 0, "%s: \"%s\"", rows[i].label, order);
	}
}
END_TEST

/* Both sides of the diamond are restarted at the same time, and one is ready earlier. */
START_TEST(a_service_waits_until_all_that_it_names_are_restarted)
{
	make("a b:a c:a d:b,c");
	fake_pass(10);
	restart(node("a"));
	ck_assert(wave_is_pending(&node("b")->peer, 0)); /* it has not been checked since */
	ck_assert(!is_needed(node("d")));
	publish(node("c"), VIGIL_SERVICE_RUNNING, true, false); /* its restart is under way */
	restart(node("b"));
	ck_assert(is_needed(node("d")));
	ck_assert(!is_permitted(node("d")));
	ck_assert_str_eq(dependency_awaited(&node("d")->peer, 0),
		"c to be restarted first (c is running, but its restart is due)");
	publish(node("c"), VIGIL_SERVICE_STARTING, true, false);
	ck_assert(!is_permitted(node("d")));
	restart(node("c"));
	ck_assert(is_permitted(node("d")));
	restart(node("d"));
	ck_assert(!is_needed(node("d")));
}
END_TEST

/* A restart that may never be made must not hold up the others. */
START_TEST(a_restart_that_is_withheld_is_not_waited_for)
{
	make("a b:a c:a d:b,c");
	fake_pass(10);
	restart(node("a"));
	publish(node("c"), VIGIL_SERVICE_RUNNING, false, true); /* it is paused */
	restart(node("b"));
	ck_assert(is_permitted(node("d")));
	publish(node("c"), VIGIL_SERVICE_FAILED, false, true);
	ck_assert(is_permitted(node("d")));
	publish(node("c"), VIGIL_SERVICE_UNKNOWN, false, false);
	ck_assert(is_permitted(node("d")));
	peer_leave(&node("c")->peer); /* its daemon was stopped by a reload */
	ck_assert(is_permitted(node("d")));
	peer_join(&node("c")->peer);
}
END_TEST

START_TEST(a_service_that_is_down_again_is_no_reason)
{
	static const vigil_service_status others[] = {VIGIL_SERVICE_UNKNOWN, VIGIL_SERVICE_ABSENT,
		VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_FAILED, VIGIL_SERVICE_STARTING,
		VIGIL_SERVICE_STOPPING, VIGIL_SERVICE_RELOADING};

	make("a b:a");
	fake_pass(10);
	restart(node("a"));
	ck_assert(is_needed(node("b")));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		publish(node("a"), others[i], false, false);
		ck_assert(!is_needed(node("b")));
	}
	/* several restarts of "a" are one reason */
	restart(node("a"));
	restart(node("a"));
	restart(node("b"));
	ck_assert(!is_needed(node("b")));
}
END_TEST

/* systemd restarts both because of PartOf= or Requires=, in its order or at the same time. */
START_TEST(a_service_that_was_started_later_needs_nothing)
{
	make("a b:a");
	fake_pass(10);
	restart(node("a"));
	node("b")->started = node("a")->restarted + 0.2;
	ck_assert(!is_needed(node("b")));
	node("b")->started = node("a")->restarted - 0.01;
	ck_assert(!is_needed(node("b")));
	node("b")->started = node("a")->restarted - 0.2;
	ck_assert(is_needed(node("b")));
}
END_TEST

/* The restart of "c" waits for what "c" names in `after`, which is being restarted. */
START_TEST(what_another_one_waits_for_is_waited_for)
{
	make("x a b:a c:a d:b,c");
	fake_pass(10);
	restart(node("a"));
	publish(node("x"), VIGIL_SERVICE_FAILED, true, false);
	publish(node("c"), VIGIL_SERVICE_FAILED, false, false);
	peer_wait(&node("c")->peer, "x");
	restart(node("b"));
	ck_assert(!is_permitted(node("d")));
	publish(node("x"), VIGIL_SERVICE_FAILED, false, true); /* vigild gave it up */
	ck_assert(is_permitted(node("d")));
	peer_wait(&node("c")->peer, NULL);
}
END_TEST

/* systemd has restarted "a" and "c", and vigild has not seen yet that "a" was restarted, too. */
START_TEST(a_service_waits_until_all_above_it_were_checked)
{
	make("a b:a c:a d:b,c");
	fake_pass(10);
	restart(node("c"));
	node("a")->checks = 0;
	ck_assert_ptr_nonnull(dependency_awaited(&node("d")->peer, fake.now));
	ck_assert_uint_eq(node("b")->checks, 1); /* the first one that has not been checked */
	runs(node("b"));
	ck_assert_ptr_nonnull(dependency_awaited(&node("d")->peer, fake.now - 1));
	ck_assert_uint_eq(node("a")->checks, 1);
	node("a")->restarted = node("a")->started = fake.now - 1;
	node("c")->started = node("c")->restarted = fake.now;
	runs(node("c"));
	runs(node("a"));
	ck_assert(!is_permitted(node("d"))); /* "b" comes first */
	restart(node("b"));
	ck_assert(is_permitted(node("d")));
}
END_TEST

SUITE("wave", setup, teardown)
{
	TEST(one_death_restarts_each_service_once_and_in_order);
	TEST(a_service_waits_until_all_that_it_names_are_restarted);
	TEST(a_restart_that_is_withheld_is_not_waited_for);
	TEST(a_service_that_is_down_again_is_no_reason);
	TEST(a_service_that_was_started_later_needs_nothing);
	TEST(a_service_waits_until_all_above_it_were_checked);
	TEST(what_another_one_waits_for_is_waited_for);
}
