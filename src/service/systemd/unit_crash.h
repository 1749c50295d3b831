/*
 * unit_crash: what systemd does when the main process of a unit is killed.
 *
 * The functions are pure.  They repeat the decisions of systemd's service_shall_restart for the
 * signal KILL, which no process can handle.
 */
#ifndef UNIT_CRASH_H
#define UNIT_CRASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vigil/vigil.h>

#define UNIT_FOREVER UINT64_MAX /* "infinity", in microseconds */

/* The properties of a unit that matter.  Zeroed, it is an inactive unit with Restart=no. */
struct unit_traits {
	bool down;   /* inactive or failed */
	bool exited; /* active (exited): no process is left */
	bool masked;
	char type[16], restart[16], file_state[24];
	bool prevents;  /* RestartPreventExitStatus= contains SIGKILL */
	bool forces;    /* RestartForceExitStatus= contains it */
	bool succeeds;  /* SuccessExitStatus= contains it */
	bool remains;   /* RemainAfterExit= */
	bool mainless;  /* it is active, and systemd does not know its main process */
	uint64_t delay; /* RestartSec=, microseconds */
	uint32_t respawns;
	uint32_t burst;     /* StartLimitBurst=; 0: no limit */
	uint64_t interval;  /* StartLimitIntervalSec=, microseconds; 0: no limit */
	uint64_t uptime;    /* since its last start, microseconds */
	uint64_t booted;    /* since the boot, microseconds; 0: unknown */
	bool wanted;        /* another unit wants or requires it */
	bool triggered;     /* a timer, a socket or a path can start it */
	char trigger[256];  /* the one that is active; "": none */
	char upholder[256]; /* an active unit that upholds it; "": none */
	bool by_bus;        /* D-Bus starts it when somebody calls it */
	bool by_login;      /* it runs as long as a user is logged in */
	bool script;        /* systemd has wrapped an init script that starts a daemon */
};

/* Whether systemd starts the unit at boot. */
vigil_service_boot unit_boot(const struct unit_traits *traits);
/* Whether the unit runs all the time. */
bool unit_is_daemon(const struct unit_traits *traits);

#define UNIT_CRASH_TEXT 320
/* What happens after the crash, in words in text.  *delay: the seconds until systemd starts the
 * unit again; 0 if it does not. */
vigil_service_crash unit_crash(
	const struct unit_traits *traits, char text[UNIT_CRASH_TEXT], double *delay);
/* Whether systemd itself starts the unit again.  Uses fewer of the traits: the limit of starts, the
 * trigger and the upholder do not matter. */
bool unit_is_restarted(const struct unit_traits *traits);

#endif
