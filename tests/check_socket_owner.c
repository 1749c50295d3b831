/*
 * check_socket_owner: the systemd unit that owns a control socket, by the name of its control
 * group.
 */
#include "client/socket_owner.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

START_TEST(a_unit_of_vigil_is_named)
{
	static const struct {
		const char *text, *unit;
	} rows[] = {
		{"0::/system.slice/vigil.service\n", "vigil"},
		{"12:pids:/user.slice\n1:name=systemd:/system.slice/vigil@two.service\n0::/\n",
			"vigil@two"},
	};
	char unit[32];

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert(socket_owner_unit(rows[i].text, unit, sizeof(unit)));
		ck_assert_str_eq(unit, rows[i].unit);
	}
}
END_TEST

/* A user with a delegated control group chooses the names below it, and an admin may paste the
 * suggested command into a root shell. */
START_TEST(a_name_that_could_be_a_command_is_not_a_unit)
{
	static const char *const texts[] = {"0::/vigil;reboot.service\n",
		"0::/vigil$(reboot).service\n", "0::/vigil\033[2J.service\n",
		"0::/vigil x.service\n", "0::/ssh.service\n", "0::/vigil.service/below\n",
		"0::/.service\n", "0::/vigil.slice\n", "0::/vigil.service", "",
		"0::/vigil-0123456789012345678901234567890.service\n"};
	char unit[32];

	for (size_t i = 0; i < COUNT(texts); i++) {
		ck_assert_msg(!socket_owner_unit(texts[i], unit, sizeof(unit)), "%s", texts[i]);
		ck_assert_str_eq(unit, "");
	}
}
END_TEST

START_TEST(for_a_process_without_a_unit_the_pid_is_suggested)
{
	char command[64];

	ck_assert_str_eq(socket_owner_stop(4194304, command, sizeof(command)), "kill 4194304");
}
END_TEST

SUITE("socket_owner", NULL, NULL)
{
	TEST(a_unit_of_vigil_is_named);
	TEST(a_name_that_could_be_a_command_is_not_a_unit);
	TEST(for_a_process_without_a_unit_the_pid_is_suggested);
}
