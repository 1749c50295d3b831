/*
 * check: see check.h.
 *
 * Without this check, an invalid value would be found only when the service is down and the daemon
 * tries to use the value. So these options are checked before the daemon starts: probe targets,
 * programs, unit names, and options that belong to another manager.
 */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "probe_target.h"

#define WHY 512

/* --- the probe -------------------------------------------------------------------------------- */

static bool is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, address) == 1 ||
	       inet_pton(AF_INET6, host, address) == 1;
}

static int check_port(vigil_daemon *d, const char *text, size_t length)
{
	char port[8];

	snprintf(port, sizeof(port), "%.*s", (int)length, text);
	if (length > 0 && length <= 5 && strspn(port, "0123456789") == length &&
		strtol(port, NULL, 10) >= 1 && strtol(port, NULL, 10) <= 65535)
		return 0;
	return vigil_diagnose(d, "probe", "the port \"%.*s\" is not a number from 1 to 65535",
		length < 32 ? (int)length : 32, text);
}

static int refuse_host(vigil_daemon *d, const char *text, const char *host)
{
	unsigned colons = 0;

	for (const char *p = text; *p != '\0' && *p != '/'; p++)
		colons += *p == ':';
	if (text[0] != '[' && colons > 1)
		return vigil_diagnose(d, "probe", "an IPv6 address needs brackets: [::1]:PORT");
	if (host[0] == '\0')
		return vigil_diagnose(d, "probe", "missing host: write 127.0.0.1:PORT");
	return vigil_diagnose(d, "probe",
		"\"%.63s\" is not an address: host names are not resolved; write a numeric address "
		"or localhost",
		host);
}

/* Checks HOST:PORT or [HOST]:PORT with an optional path. */
static int check_authority(vigil_daemon *d, const char *text, bool may_have_path)
{
	bool bracket = text[0] == '[';
	size_t n = strcspn(text + bracket, bracket ? "]/" : ":/");
	const char *rest = text + bracket + n;
	char host[64];

	snprintf(host, sizeof(host), "%.*s", (int)n, text + bracket);
	if (n >= sizeof(host) || !is_address(host))
		return refuse_host(d, text, host);
	if (bracket && *rest++ != ']')
		return vigil_diagnose(d, "probe", "missing ] after the address");
	if (*rest != ':')
		return vigil_diagnose(
			d, "probe", "missing port: write %.*s:PORT", (int)(rest - text), text);
	n = strcspn(rest + 1, "/");
	if (check_port(d, rest + 1, n) != 0)
		return -EINVAL;
	if (!may_have_path && rest[1 + n] != '\0')
		return vigil_diagnose(d, "probe", "unexpected text after the port");
	return 0;
}

static int check_tcp(vigil_daemon *d, const char *rest)
{
	return check_authority(d, rest, false);
}

static int check_http(vigil_daemon *d, const char *rest)
{
	return check_authority(d, rest, true);
}

static int refuse_tls(vigil_daemon *d, const char *rest)
{
	return vigil_diagnose(d, "probe",
		"the probe does not support TLS; use a command, such as `check_http -S -H NAME` or "
		"`openssl s_client`");
}

static int refuse_unix(vigil_daemon *d, const char *rest)
{
	return vigil_diagnose(d, "probe",
		"the probe does not support Unix sockets; use a command, such as `curl "
		"--unix-socket PATH URL`");
}

static const struct scheme {
	const char *name;
	int (*check)(vigil_daemon *d, const char *rest);
} schemes[] = {
	{"tcp://", check_tcp},
	{"http://", check_http},
	{"https://", refuse_tls},
	{"tls://", refuse_tls},
	{"unix:", refuse_unix},
};

static const struct scheme *find_scheme(const char *target)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strncmp(target, schemes[i].name, strlen(schemes[i].name)) == 0)
			return &schemes[i];
	return NULL;
}

/* Returns whether the target has a scheme that is not in the table, such as ftp:// or TCP://. */
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

static int check_trust(vigil_daemon *d, const char *option)
{
	const vigil_child_spec spec = {.size = sizeof(spec), .argv = vigil_option_list(d, option)};
	char why[WHY];

	if (vigil_check_command(&spec, why, sizeof(why)) == 0)
		return 0;
	return vigil_diagnose(d, option, "%s", why);
}

static int check_program(vigil_daemon *d, const char *option)
{
	const char *program = vigil_option_list(d, option)[0];
	char why[WHY];

	if (program == NULL)
		return 0;
	if (program[0] != '/' && strchr(program, '/') != NULL)
		return vigil_diagnose(d, option,
			"\"%.128s\" is not an absolute path; vigild runs programs in /", program);
	if (vigil_find_program(program, why, sizeof(why)) == 0)
		return check_trust(d, option);
	if (strpbrk(program, " \t") != NULL)
		return vigil_diagnose(d, option,
			"%s: the quotes make all of it one word; remove them, or quote each "
			"argument",
			why);
	return vigil_diagnose(d, option, "%s", why);
}

static int check_probe(vigil_daemon *d)
{
	const char *const *words = vigil_option_list(d, "probe");
	const struct scheme *scheme = words[0] != NULL ? find_scheme(words[0]) : NULL;
	struct probe_target target;
	char why[WHY];

	if (words[0] == NULL)
		return 0;
	if (scheme != NULL && words[1] != NULL)
		return vigil_diagnose(
			d, "probe", "unexpected text after the address: \"%.63s\"", words[1]);
	if (scheme != NULL && scheme->check(d, words[0] + strlen(scheme->name)) != 0)
		return -EINVAL;
	if (scheme != NULL) /* the same parser that the daemon uses at its start */
		return probe_target_parse(words[0], &target, why, sizeof(why)) == 0
			       ? 0
			       : vigil_diagnose(d, "probe", "%s", why);
	if (has_unknown_scheme(words[0]))
		return vigil_diagnose(d, "probe",
			"unknown scheme; use tcp://ADDRESS:PORT, http://ADDRESS:PORT/PATH or a "
			"command");
	if (words[1] == NULL && looks_like_port(words[0]))
		return vigil_diagnose(d, "probe",
			"is neither an address nor a program; did you mean tcp://%.100s?",
			words[0]);
	return check_program(d, "probe");
}

/* --- the name --------------------------------------------------------------------------------- */

static bool is_manager(vigil_daemon *d, const char *name)
{
	return strcmp(vigil_option_text(d, "manager"), name) == 0;
}

/* Returns the suffix of a unit that is not a service, such as ".timer" of backup.timer. NULL: the
 * name is that of a service or has no unit suffix. */
static const char *foreign_suffix(const char *name)
{
	static const char *const types[] = {".automount", ".device", ".mount", ".path", ".scope",
		".slice", ".socket", ".swap", ".target", ".timer"};
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		size_t n = strlen(types[i]);

		if (length > n && strcmp(name + length - n, types[i]) == 0)
			return types[i];
	}
	return NULL;
}

/* Returns whether the name is foo@ or foo@.service. */
static bool is_template(const char *name)
{
	const char *at = strchr(name, '@');

	return at != NULL && (at[1] == '\0' || strcmp(at + 1, ".service") == 0);
}

/* Checks the rules for systemd's unit names. Other managers have other naming rules. */
static int check_name(vigil_daemon *d)
{
	const char *name = vigil_option_text(d, "service"), *suffix;

	if (name == NULL || !(is_manager(d, "auto") || is_manager(d, "systemd")))
		return 0;
	suffix = foreign_suffix(name);
	if (suffix != NULL)
		return vigil_diagnose(d, "service",
			"is a systemd unit of another type; name a service: %.*s.service",
			(int)(strlen(name) - strlen(suffix)), name);
	if (is_template(name))
		return vigil_diagnose(d, "service",
			"is a template, not a service; name an instance: %.*s@INSTANCE",
			(int)strcspn(name, "@"), name);
	return 0;
}

/* --- commands --------------------------------------------------------------------------------- */

static bool is_given(vigil_daemon *d, const char *command)
{
	return vigil_option_list(d, command)[0] != NULL;
}

static int check_own_commands(vigil_daemon *d)
{
	int err = 0;

	if (!is_given(d, "status_command"))
		err = vigil_diagnose(d, "manager",
			"needs a status_command, which exits with 0 while the service runs and 3 "
			"while it does not");
	if (!is_given(d, "restart_command") &&
		strcmp(vigil_option_text(d, "restart_on"), "never") != 0)
		vigil_note(d, "manager",
			"restart_command is missing, so the service cannot be restarted; set it, "
			"or set restart_on = never");
	return err;
}

/* With another manager the command would never be run, because a manager restarts its services
 * itself. */
static int refuse_command(vigil_daemon *d, const char *command)
{
	if (!is_given(d, command))
		return 0;
	return vigil_diagnose(d, command, "is never run with manager = %s; set manager = command",
		vigil_option_text(d, "manager"));
}

/* A missing program is only a note, because it may be installed and removed together with the
 * service. The status_command reports with exit status 4 that the service is not installed. */
static int note_program(vigil_daemon *d, const char *command)
{
	const char *program = vigil_option_list(d, command)[0];
	char why[WHY];

	if (program == NULL)
		return 0;
	if (vigil_find_program(program, why, sizeof(why)) != 0)
		vigil_note(d, command, "%s", why);
	return check_trust(d, command);
}

/* With manager = auto, the commands are for a service that no other manager knows. */
static int check_commands(vigil_daemon *d)
{
	bool may_run = is_manager(d, "command") || is_manager(d, "auto");
	int own = is_manager(d, "command") ? check_own_commands(d) : 0;
	int status =
		may_run ? check_program(d, "status_command") : refuse_command(d, "status_command");
	int restart =
		may_run ? note_program(d, "restart_command") : refuse_command(d, "restart_command");

	return own == 0 && status == 0 && restart == 0 ? 0 : -EINVAL;
}

/* --- the module's check ----------------------------------------------------------------------- */

static int check_respawn_max(vigil_daemon *d)
{
	const char *text = vigil_option_text(d, "respawn_max");
	unsigned count;
	double seconds;

	if (text == NULL || options_rate(text, &count, &seconds) == 0)
		return 0;
	return vigil_diagnose(d, "respawn_max",
		"\"%.64s\" is not a rate such as 3/10m (1 to 99 times in 1s to 1d); 0 is no limit",
		text);
}

int service_check(vigil_daemon *d)
{
	int name = check_name(d), commands = check_commands(d), probe = check_probe(d);
	int respawn = check_respawn_max(d);

	return name == 0 && commands == 0 && probe == 0 && respawn == 0 ? 0 : -EINVAL;
}
