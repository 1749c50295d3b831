/* check_oom: the kernel's count of the processes that the OOM killer has killed. */
#include "process/oom.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"

static const struct {
	const char *text;
	bool found;
	uint64_t kills;
} texts[] = {
	{"low 0\nhigh 0\nmax 31\noom 2\noom_kill 2\noom_group_kill 0\n", true, 2},
	{"oom_kill_disable 0\nunder_oom 0\noom_kill 7\n", true, 7}, /* version 1 */
	{"oom_kill 18446744073709551615\n", true, UINT64_MAX},
	{"low 0\nhigh 0\nmax 0\noom 0\n", false, 0}, /* before Linux 4.13 */
	{"oom_kill_disable 0\nunder_oom 0\n", false, 0},
	{"oom_kill \n", false, 0},
	{"xoom_kill 3\n", false, 0},
	{"", false, 0},
};

START_TEST(each_text_is_parsed)
{
	uint64_t kills = 0;

	ck_assert_int_eq(oom_parse(texts[_i].text, &kills), texts[_i].found);
	if (texts[_i].found)
		ck_assert(kills == texts[_i].kills);
}
END_TEST

START_TEST(a_process_without_a_group_has_no_count)
{
	struct oom_group group = {.file = NULL};

	ck_assert(!oom_group_grown(&group));
	oom_group_watch(&group, 0x7ffffff0); /* no such process */
	ck_assert_ptr_null(group.file);
	ck_assert(!oom_group_grown(&group));
	oom_group_clear(&group);
}
END_TEST

/* --- groups: files in a scratch directory; tests/system/deaths.sh has real kills
 * --------------- */

static void put_kills(const char *file, unsigned kills)
{
	scratch_put(file, 0644, "oom 9\noom_kill %u\n", kills);
}

static struct oom_group watched(const char *file, uint64_t kills, uint64_t above)
{
	return (struct oom_group){
		.file = strdup(scratch_path(file)), .kills = kills, .above = above};
}

START_TEST(a_kill_is_noticed_once)
{
	struct oom_group group = watched("above/group/memory.events", 1, 4);

	put_kills("above/memory.events", 4);
	put_kills("above/group/memory.events", 1);
	ck_assert(!oom_group_grown(&group));
	put_kills("above/memory.events", 5);
	put_kills("above/group/memory.events", 2);
	ck_assert(oom_group_grown(&group));
	ck_assert(!oom_group_grown(&group));
	put_kills("above/memory.events", 6); /* in another group */
	ck_assert(!oom_group_grown(&group));
	oom_group_clear(&group);
}
END_TEST

START_TEST(the_group_above_tells_about_a_removed_group)
{
	struct oom_group group = watched("above/group/memory.events", 1, 4);

	put_kills("above/memory.events", 4);
	ck_assert_int_eq(unlink(scratch_path("above/group/memory.events")), -1);
	ck_assert(!oom_group_grown(&group));
	put_kills("above/memory.events", 5);
	ck_assert(oom_group_grown(&group));
	ck_assert(!oom_group_grown(&group));
	ck_assert_int_eq(unlink(scratch_path("above/memory.events")), 0);
	ck_assert(!oom_group_grown(&group));
	oom_group_clear(&group);
}
END_TEST

/* In version 1 the count of a group does not include those of the groups below it. */
START_TEST(the_group_above_tells_nothing_in_version_1)
{
	struct oom_group group = watched("above/group/memory.oom_control", 1, UINT64_MAX);

	put_kills("above/memory.events", 5);
	ck_assert(!oom_group_grown(&group));
	put_kills("above/group/memory.oom_control", 2);
	ck_assert(oom_group_grown(&group));
	oom_group_clear(&group);
}
END_TEST

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("above"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("above/group"), 0755), 0);
}

SUITE("oom", setup, scratch_teardown)
{
	LOOP_TEST(each_text_is_parsed, COUNT(texts));
	TEST(a_process_without_a_group_has_no_count);
	TEST(a_kill_is_noticed_once);
	TEST(the_group_above_tells_about_a_removed_group);
	TEST(the_group_above_tells_nothing_in_version_1);
}
