/*
 * check_unit_files: the state of a unit file by its text and its place.
 * tests/system/services-systemd.sh compares the states of all units with those of systemctl.
 */
#include "service/systemd/unit_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "scratch.h"
#include "service/listing.h"
#include "suite.h"

static const struct {
	const char *text, *state;
} texts[] = {
	{"", "static"},
	{"[Service]\nExecStart=/x\n", "static"},
	{"[Service]\nExecStart=/x\n[Install]\nWantedBy=a.target\n", "disabled"},
	{"[Install]\n\n  WantedBy = a.target", "disabled"},
	{"[Install]\nRequiredBy=a.target\n", "disabled"},
	{"[Install]\nAlias=a.service\n", "disabled"},
	{"[Install]\nAlso=a.socket\n", "indirect"},
	{"[Install]\nAlso=a.socket\nWantedBy=a.target\n", "disabled"},
	{"[Install]\n#WantedBy=a.target\n", "static"},
	{"[Unit]\nWantedBy=a.target\n", "static"},
	{"[Install]\n[Service]\nWantedBy=a.target\n", "static"},
	{"[Install]\nWantedByNobody=a.target\n", "static"},
};

START_TEST(the_section_install_decides)
{
	ck_assert_str_eq(unit_files_install_state(texts[_i].text), texts[_i].state);
}
END_TEST

static const char *state(const struct unit_files *files, const char *name)
{
	struct unit_file file;

	return unit_files_find(files, name, &file) ? file.state : "none";
}

START_TEST(the_first_directory_counts)
{
	const char *directories[] = {scratch_path("first"), NULL, "/nowhere", NULL};
	struct listing *listing = listing_new();
	struct unit_files files;
	char first[128], second[128];

	snprintf(first, sizeof(first), "%s", scratch_path("first"));
	snprintf(second, sizeof(second), "%s", scratch_path("second"));
	directories[0] = first;
	directories[1] = second;
	ck_assert_int_eq(mkdir(first, 0755), 0);
	ck_assert_int_eq(mkdir(second, 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("second/a.target.wants"), 0755), 0);
	scratch_put("first/both.service", 0644, "[Service]\n");
	scratch_put("second/both.service", 0644, "[Install]\nWantedBy=a.target\n");
	scratch_put("second/one.service", 0644, "[Install]\nWantedBy=a.target\n");
	scratch_put("second/many@.service", 0644, "[Install]\nWantedBy=a.target\n");
	scratch_put("second/empty.service", 0644, "%s", "");
	scratch_put("second/no.socket", 0644, "[Socket]\n");
	ck_assert_int_eq(symlink("/dev/null", scratch_path("first/hidden.service")), 0);
	ck_assert_int_eq(symlink("one.service", scratch_path("first/alias.service")), 0);
	ck_assert_int_eq(
		symlink("../many@.service", scratch_path("second/a.target.wants/many@x.service")),
		0);
	ck_assert_int_eq(
		symlink("../gone.service", scratch_path("second/a.target.wants/gone.service")), 0);

	unit_files_read(&files, listing, directories, clock_now() + CLOCK_SECOND * 60);
	ck_assert_uint_eq(files.length, 5);
	ck_assert_str_eq(state(&files, "both.service"), "static");
	ck_assert_str_eq(state(&files, "one.service"), "disabled");
	ck_assert_str_eq(state(&files, "empty.service"), "masked");
	ck_assert_str_eq(state(&files, "hidden.service"), "masked");
	ck_assert_str_eq(state(&files, "many@x.service"), "disabled");
	ck_assert_str_eq(state(&files, "many@y.service"), "disabled"); /* as its template */
	ck_assert_str_eq(state(&files, "many@.service"), "none");
	ck_assert_str_eq(state(&files, "alias.service"), "none");
	ck_assert_str_eq(state(&files, "gone.service"), "none");
	ck_assert_str_eq(state(&files, "no.socket"), "none");
	unit_files_clear(&files);
	listing_free(listing);
}
END_TEST

SUITE("unit_files", scratch_setup, scratch_teardown)
{
	LOOP_TEST(the_section_install_decides, COUNT(texts));
	TEST(the_first_directory_counts);
}
