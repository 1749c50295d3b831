/*
 * probe_check: see probe_check.h.
 */
#include "probe_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "probe_plan.h"
#include "probe_tls.h"

#define WHY 512

/* --- programs --------------------------------------------------------------------------------- */

int probe_check_trust(vigil_daemon *d, const char *option)
{
	const vigil_child_spec spec = {.size = sizeof(spec), .argv = vigil_option_list(d, option)};
	char why[WHY];

	if (vigil_check_command(&spec, why, sizeof(why)) == 0)
		return 0;
	return vigil_diagnose(d, option, "%s", why);
}

int probe_check_program(vigil_daemon *d, const char *option)
{
	const char *program = vigil_option_list(d, option)[0];
	char why[WHY];

	if (program == NULL)
		return 0;
	if (program[0] != '/' && strchr(program, '/') != NULL)
		return vigil_diagnose(d, option,
			"its program is not an absolute path; vigild runs programs in /");
	if (vigil_find_program(program, why, sizeof(why)) == 0)
		return probe_check_trust(d, option);
	if (strpbrk(program, " \t") != NULL)
		return vigil_diagnose(d, option,
			"%s: the quotes make all of it one word; remove them, or quote each "
			"argument",
			why);
	return vigil_diagnose(d, option, "%s", why);
}

/* --- targets ---------------------------------------------------------------------------------- */

/* Returns whether the target has a scheme that is not supported, such as ftp:// or TCP://. */
static bool has_unknown_scheme(const char *target)
{
	const char *colon = strstr(target, "://");

	return colon != NULL && colon > target &&
	       strcspn(target, "/. ") >= (size_t)(colon - target);
}

static bool looks_like_port(const char *target)
{
	const char *colon = strrchr(target, ':');

	return colon != NULL && colon > target && target[0] != '/' && colon[1] != '\0' &&
	       colon[1 + strspn(colon + 1, "0123456789")] == '\0';
}

/* Everything that has no scheme is a command. */
static int check_command(vigil_daemon *d, const char *target)
{
	if (has_unknown_scheme(target))
		return vigil_diagnose(d, "probe",
			"unknown scheme; use tcp:// tls:// http:// https:// unix: or a command");
	if (vigil_option_list(d, "probe")[1] == NULL && looks_like_port(target))
		return vigil_diagnose(d, "probe",
			"is neither an address nor a program; did you mean tcp://%.100s?", target);
	return probe_check_program(d, "probe");
}

static int check_ca(vigil_daemon *d, const struct probe_plan *plan)
{
	struct probe_trust *trust;
	char why[WHY];

	if (plan->ca == NULL || !plan->target.tls)
		return 0;
	if (access(plan->ca, R_OK) < 0 && errno == EACCES) {
		vigil_note(d, "probe_tls_ca", "this user may not read it, so it is not checked");
		return 0;
	}
	if (access(plan->ca, R_OK) < 0)
		return vigil_diagnose(d, "probe_tls_ca", "%s", strerror(errno));
	trust = probe_trust_open(plan->ca, why, sizeof(why));
	probe_trust_close(trust);
	return trust != NULL ? 0 : vigil_diagnose(d, "probe_tls_ca", "%s", why);
}

/* An option may be set for all daemons of a module, so one that has no effect is only noted. */
static void note_useless(vigil_daemon *d, const struct probe_plan *plan)
{
	const struct probe_target *target = &plan->target;
	const struct {
		const char *option;
		bool useful;
		const char *of;
	} rows[] = {
		{"probe_send", !target->command && !target->http, "tcp://, tls:// and unix:"},
		{"probe_expect", !target->command, "addresses"},
		{"probe_status", target->http, "http:// and https://"},
		{"probe_host", target->tls || target->http, "tls://, http:// and https://"},
		{"probe_tls_verify", target->tls, "tls:// and https://"},
		{"probe_tls_ca", target->tls, "tls:// and https://"},
		{"probe_certificate_warn", target->tls, "tls:// and https://"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!rows[i].useful && vigil_option_given(d, rows[i].option))
			vigil_note(d, rows[i].option,
				"has no effect, because it is for probes of %s", rows[i].of);
	if (target->tls && !plan->verify && plan->ca != NULL)
		vigil_note(d, "probe_tls_ca", "has no effect with probe_tls_verify = no");
}

static bool is_blind(const struct probe_plan *plan)
{
	const struct probe_target *target = &plan->target;

	return !target->command && !target->tls && !target->http && plan->expect == NULL &&
	       plan->send.length == 0;
}

void probe_check_note_blind(vigil_daemon *d, const char *option)
{
	vigil_note(d, option,
		"a server that hangs is not detected, because the kernel accepts its connections; "
		"set probe_expect, or probe_send and probe_expect");
}

static int check_plan(vigil_daemon *d, const struct probe_settings *settings)
{
	struct probe_plan plan;
	const char *option;
	char why[WHY];

	if (probe_plan_make(settings, &plan, &option, why, sizeof(why)) != 0)
		return vigil_diagnose(d, option, "%s", why);
	if (check_ca(d, &plan) != 0)
		return -EINVAL;
	if (is_blind(&plan))
		probe_check_note_blind(d, "probe");
	note_useless(d, &plan);
	return plan.target.command ? check_command(d, settings->target) : 0;
}

int probe_check_target(
	vigil_daemon *d, const char *option, const char *name, const char *target, bool *blind)
{
	struct probe_settings settings;
	struct probe_plan plan;
	const char *wrong;
	char why[WHY] = "";

	probe_settings_read(d, &settings);
	settings.target = target;
	if (probe_plan_make(&settings, &plan, &wrong, why, sizeof(why)) != 0 &&
		strcmp(wrong, "probe") == 0)
		return vigil_diagnose(d, option, "%s: %s", name, why);
	if (why[0] != '\0')
		return vigil_diagnose(d, wrong, "%s", why);
	if (plan.target.command)
		return vigil_diagnose(d, option,
			"%s: \"%.128s\" is not an address such as tcp://HOST:PORT; a command "
			"needs a daemon of its own with probe = COMMAND",
			name, target);
	*blind = *blind || is_blind(&plan);
	return check_ca(d, &plan);
}

int probe_check(vigil_daemon *d)
{
	const char *const *words = vigil_option_list(d, "probe");
	struct probe_settings settings;
	struct probe_target target;
	char why[WHY];

	if (words[0] == NULL)
		return 0;
	probe_settings_read(d, &settings);
	settings.target = words[0];
	if (words[1] != NULL &&
		(probe_target_parse(words[0], &target, why, sizeof(why)) != 0 || !target.command))
		return vigil_diagnose(
			d, "probe", "unexpected text after the address: \"%.63s\"", words[1]);
	return check_plan(d, &settings);
}
