/*
 * vigil.h: the contract between vigild and the modules it hosts.
 *
 * A module is one shared object, NAME/NAME.so, that exports one constant descriptor, made with
 * VIGIL_MODULE below.  A daemon is one enabled instance of a module, with a name, options,
 * timers and a subtree of the state of its own.
 *
 * Everything a module is told, it is told by a callback, and all callbacks run on one thread,
 * one after the other: there is nothing to lock.  A callback must not block; what takes long
 * is asked for with one of the functions here, and the answer is a callback too.  No callback
 * ever runs inside the call that asked for it.
 *
 * Everything made here belongs to the daemon that it was made for and ends with it: timers,
 * descriptors watched, children, services, subscriptions, memory.  There is nothing to free.
 * Where a constructor fails while `start` runs, the host notes why and marks the daemon failed,
 * whether the module looked or not.
 *
 * Unless a function says otherwise: it is called from a callback or from start, stop and
 * reconfigure, on the host's thread; text passed in is copied; functions that return int
 * return 0 or a negative errno value; times are in seconds.
 */
#ifndef VIGIL_H
#define VIGIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when an old module would no longer work.  New fields and functions do not raise it. */
#define VIGIL_ABI 1

#if defined(__GNUC__)
#define VIGIL_API          __attribute__((visibility("default")))
#define VIGIL_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define VIGIL_API
#define VIGIL_PRINTF(f, a)
#endif

typedef struct vigil_daemon vigil_daemon;
typedef struct vigil_service vigil_service;
typedef struct vigil_child vigil_child;
typedef struct vigil_slot vigil_slot;

/* --- options ---------------------------------------------------------------------------------- */

typedef enum vigil_option_type {
	VIGIL_TEXT,     /* any text */
	VIGIL_BOOL,     /* yes no true false on off 1 0 */
	VIGIL_INT,      /* a whole number, min to max */
	VIGIL_NUMBER,   /* a number, min to max */
	VIGIL_DURATION, /* 250ms 5s 2m 1h 1d, a bare number is seconds; min and max in seconds */
	VIGIL_SIZE,     /* 512, 64KiB, 10MiB, 1GiB; min and max in bytes */
	VIGIL_CHOICE,   /* one of the words in choices, which are separated by spaces */
	VIGIL_LIST,     /* texts separated by commas; empty elements are refused */
	VIGIL_PATH,     /* an absolute path */
	VIGIL_COMMAND,  /* a program and its arguments in shell quoting; no shell is run, and what
			 * only a shell would understand, such as | ; > $(x), is refused */
	VIGIL_NAME      /* the name of a service, fit to be handed to any service manager */
} vigil_option_type;

/*
 * Flags of an option.  REQUIRED: it has no default and must be given.  DAEMONS, of a LIST: each
 * element is NAME or NAME:WORD, where NAME is another daemon that is enabled, and WORD one of
 * choices; without choices it is NAME alone.  ACYCLIC, with DAEMONS: daemons that name each other
 * round a circle are an error.  SECRET: the value may hold a password or a token; diagnostics and the log
 * show *** in its place, and `vigilctl list` shows the value to root and vigild's user only.
 */
#define VIGIL_REQUIRED 1u
#define VIGIL_DAEMONS  2u
#define VIGIL_ACYCLIC  4u
#define VIGIL_SECRET   8u

typedef struct vigil_option {
	const char *name;
	vigil_option_type type;
	const char *value; /* the default as it would be written; NULL or "": none */
	const char *help;  /* one line for list, the manual and completion */
	unsigned flags;
	double min, max; /* both 0: no range */
	const char *choices;
} vigil_option;

/* VIGIL_OPTION(name, type, default, help [, .flags = ..., .min = ..., .max = ..., .choices = ...]) */
#define VIGIL_OPTION(name_, type_, default_, ...)                                          \
	{                                                                                  \
		.name = (name_), .type = (type_), .value = (default_), .help = __VA_ARGS__ \
	}
#define VIGIL_OPTION_END     \
	{                    \
		.name = NULL \
	}

/*
 * What the configuration says for an option of this daemon, or else the default.  Asking for a
 * name that the schema lacks, or by the wrong type, is a mistake of the module: it is logged
 * once and answered with NULL, 0 or false.  What is lent is good until the daemon stops or its
 * reconfigure returns.  An optional option without a value: NULL, 0, false, an empty list.
 */
VIGIL_API const char *vigil_option_text(vigil_daemon *d, const char *name);
VIGIL_API bool vigil_option_bool(vigil_daemon *d, const char *name);
VIGIL_API int64_t vigil_option_int(vigil_daemon *d, const char *name);   /* INT, SIZE (bytes) */
VIGIL_API double vigil_option_number(vigil_daemon *d, const char *name); /* NUMBER, INT, SIZE */
VIGIL_API double vigil_option_seconds(vigil_daemon *d, const char *name);
/* LIST and COMMAND: texts, the last followed by NULL; never NULL itself. */
VIGIL_API const char *const *vigil_option_list(vigil_daemon *d, const char *name);
/* Whether the configuration itself gives the option. */
VIGIL_API bool vigil_option_given(vigil_daemon *d, const char *name);

/* --- the module ------------------------------------------------------------------------------- */

typedef struct vigil_module {
	uint32_t abi;                /* VIGIL_ABI; nothing else is read before it matches */
	uint32_t size;               /* sizeof(vigil_module) when the module was compiled */
	uint32_t option_size;        /* sizeof(vigil_option), likewise */
	const char *name;            /* as the folder and the file are called */
	const char *summary;         /* one line */
	const vigil_option *options; /* ended by VIGIL_OPTION_END; NULL: none */
	/* Brings the daemon up.  Returns 0, or a negative errno: the daemon is then failed. */
	int (*start)(vigil_daemon *d);
	/* Optional: called before everything the daemon owns is freed.  Not called where start
	 * has returned an error: it frees then what it made beside that. */
	void (*stop)(vigil_daemon *d);
	/* Optional: the options have changed, the new ones are already to be read.  Non-zero, or
	 * no such function: the daemon is stopped and started instead. */
	int (*reconfigure)(vigil_daemon *d);
	/* Optional: checks what the schema cannot express, before anything is applied: by
	 * `vigild -t`, at start, at reload and by `vigilctl register`.  d is a candidate that does
	 * not run: only vigil_name, the vigil_option_ functions, vigil_alloc, vigil_diagnose and
	 * vigil_note may be called with it; any other function does nothing with it and returns
	 * -EPERM, NULL or false.  Returns 0; any other value, or a diagnostic, refuses the whole
	 * configuration. */
	int (*check)(vigil_daemon *d);
	/* Optional: a pause of the daemon has ended, by `vigilctl resume` or because its time is
	 * over.  The daemon checks at once what it did not act on during the pause. */
	void (*resumed)(vigil_daemon *d);
} vigil_module;

/* The one symbol a module exports: VIGIL_MODULE(.name = ..., .start = ..., ...); */
#define VIGIL_MODULE(...)                                                         \
	VIGIL_API const vigil_module vigil_module_descriptor = {.abi = VIGIL_ABI, \
		.size = sizeof(vigil_module),                                     \
		.option_size = sizeof(vigil_option),                              \
		__VA_ARGS__}
extern VIGIL_API const vigil_module vigil_module_descriptor;

/* --- the daemon ------------------------------------------------------------------------------- */

/* The daemon's name; good as long as the daemon. */
VIGIL_API const char *vigil_name(vigil_daemon *d);

/* For start: says why it cannot go on, and returns -EINVAL, as in
 * `return vigil_fail(d, "port = %d is taken", port);`.  The daemon is then failed for that
 * reason. */
VIGIL_API int vigil_fail(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* For check: reports what is wrong with the value of an option.  The diagnostic names the file and
 * the line of that option, or of the daemon's section where the option is not given (or NULL), and
 * begins with the option and its value.  Returns -EINVAL, as in
 * `return vigil_diagnose(d, "port", "port %d is reserved", port);`.  In start and reconfigure it
 * works as vigil_fail does, so that one function may serve them and check. */
VIGIL_API int vigil_diagnose(vigil_daemon *d, const char *option, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* For check: the same for what may be right, but looks like a mistake: a note that refuses nothing.
 * Anywhere else it does nothing. */
VIGIL_API void vigil_note(vigil_daemon *d, const char *option, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* Zeroed memory that is freed with the daemon.  Never NULL up to 64 KiB: a host that is out of
 * memory ends itself cleanly to be started again.  Above: NULL when there is none. */
VIGIL_API void *vigil_alloc(vigil_daemon *d, size_t size);

/* One pointer of the module's own for each daemon, NULL at first. */
VIGIL_API void vigil_set_data(vigil_daemon *d, void *data);
VIGIL_API void *vigil_data(vigil_daemon *d);

/* Whether an admin has asked to withhold action (`vigilctl pause`): look, but do not act. */
VIGIL_API bool vigil_paused(vigil_daemon *d);

typedef enum vigil_level {
	VIGIL_ERROR,
	VIGIL_WARN,
	VIGIL_NOTICE,
	VIGIL_INFO,
	VIGIL_DEBUG
} vigil_level;

/* One line to the host's log, with the daemon's name before it; control characters are
 * escaped, so text of strangers may be passed on as an argument. */
VIGIL_API void vigil_log(vigil_daemon *d, vigil_level level, const char *format, ...)
	VIGIL_PRINTF(3, 4);

typedef enum vigil_health_level {
	VIGIL_OK,
	VIGIL_WARNING,
	VIGIL_CRITICAL,
	VIGIL_UNKNOWN
} vigil_health_level;

#define VIGIL_HEALTH_TEXT      8192  /* bytes of the text of health at most, with the NUL */
#define VIGIL_HEALTH_LONG_TEXT 65536 /* the same for its long text */

/* Reports the health of the daemon, kept at /runs/NAME/health: status, check, page, metrics and
 * notifications show it.  The text is one line; control characters in it are escaped.  Reporting the
 * same again is no change. */
VIGIL_API void vigil_health(vigil_daemon *d, vigil_health_level level, const char *format, ...)
	VIGIL_PRINTF(3, 4);
/* The same with a long text below it: lines separated by \n; NULL or "": none.  With the flag
 * VIGIL_STATUS_LINE the text is the whole status line of a Nagios plugin: `vigilctl check` prints it
 * as it is, and does not put "CRITICAL - " before it. */
#define VIGIL_STATUS_LINE 1u
VIGIL_API void vigil_health_long(vigil_daemon *d, vigil_health_level level, unsigned flags,
	const char *text, const char *long_text);

/* Whether a text names a level such as "CRITICAL" itself, before its first colon, dash or bar, as in
 * "DISK CRITICAL: ...", so that whoever shows it puts no other word for it before it.  May be called
 * anywhere. */
VIGIL_API bool vigil_names_level(const char *text, const char *level);

/* A line for the daemon's history at /runs/NAME/history (the last 64): what was seen, decided
 * and done, as `vigilctl explain` prints it.  The time is put before it. */
VIGIL_API void vigil_event(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* The same for an event that repeats, so that it does not fill the history: while the line that an
 * earlier call added is still in the history, its text is replaced and its time stays.  *line is 0
 * before the first call, and identifies the line from then on.  Set it to 0 to begin a new line. */
VIGIL_API void vigil_event_repeat(vigil_daemon *d, uint32_t *line, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* Makes text of strangers fit for the state: UTF-8, controls escaped, cut to size bytes.
 * Returns clean. */
VIGIL_API char *vigil_sanitize(char *clean, size_t size, const char *text);
/* The same for text of several lines: newlines and tabs stay as they are. */
VIGIL_API char *vigil_sanitize_lines(char *clean, size_t size, const char *text);

/*
 * Thresholds as Nagios plugins write them: "10" is outside 0 to 10, "10:" below 10, "~:10" above
 * 10, "10:20" outside 10 to 20, "@10:20" inside, the ends included.
 */
typedef struct vigil_range {
	double start, end; /* either may be infinite */
	bool inside;       /* what lies within is what is wrong */
} vigil_range;
/* 0, or -EINVAL: it is none.  May be called anywhere. */
VIGIL_API int vigil_range_read(const char *text, vigil_range *range);
/* Whether the value is one to be alerted to.  May be called anywhere. */
VIGIL_API bool vigil_range_alerts(const vigil_range *range, double value);

/* A number as the shortest decimal text that reads back to the same double, without an exponent:
 * "18814599168", "0.1"; what is not finite is "NaN", "+Inf" or "-Inf".  Returns text.  May be
 * called anywhere. */
#define VIGIL_NUMBER_TEXT 384
VIGIL_API char *vigil_number(char text[VIGIL_NUMBER_TEXT], double value);

/* A value as compact JSON whose reals have the fewest digits that read back to the same double, to
 * be freed with free; NULL when out of memory.  May be called anywhere. */
VIGIL_API char *vigil_json_text(const json_t *value);

/* Performance data as Nagios plugins print it, 'label'=value[unit];warn;crit;min;max, from an entry
 * {value,unit,warn,crit,min,max} such as exec keeps them; where it has a text `exact`, a decimal number,
 * that is printed in the place of the value, which has fewer digits.  Numbers keep all their digits, and a
 * quote in the label is doubled.  Returns the length; 0 and an empty text when the entry has no
 * number, the label is empty or has a bar or an end of line, or size is too small.  May be called
 * anywhere. */
VIGIL_API size_t vigil_perfdata(char *text, size_t size, const char *label, const json_t *entry);

/* Counts an error of the daemon (/runs/NAME/errors, last_error) and logs it. */
VIGIL_API void vigil_error(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* Answers a verb of vigilctl that is for one daemon, such as "restart", from a callback of its
 * own: 0 when it has begun what was asked, or a negative errno (-EALREADY: it is under way).  A
 * verb without a callback is refused. */
typedef int vigil_verb_fn(vigil_daemon *d, void *arg);
VIGIL_API int vigil_on_verb(vigil_daemon *d, const char *verb, vigil_verb_fn *cb, void *arg);

/* --- state ------------------------------------------------------------------------------------ */

/*
 * The state is one tree of JSON values, addressed by JSON Pointers (RFC 6901).  A path with a
 * leading slash is an address from the root; one without is below /daemons/NAME of this
 * daemon.  Writing is possible below the daemon's own place only (-EPERM elsewhere); parents
 * are made; a value may nest 16 deep (-E2BIG).  Writing an equal value changes nothing.
 */

/* Writes.  Takes the reference, also when it fails.  NULL is -EINVAL; use vigil_state_unset. */
VIGIL_API int vigil_state_set(vigil_daemon *d, const char *path, json_t *value);
/* Writes only where nothing stands yet: 0 when it wrote, -EEXIST where something stood.  Takes
 * the reference in any case. */
VIGIL_API int vigil_state_add(vigil_daemon *d, const char *path, json_t *value);
/* Removes what stands there: 0, or -ENOENT where nothing stood. */
VIGIL_API int vigil_state_unset(vigil_daemon *d, const char *path);
/* Lends what stands there, read-only, until the next write by anyone or the callback's end; NULL where
 * nothing stands. */
VIGIL_API const json_t *vigil_state_get(vigil_daemon *d, const char *path);

/*
 * Whether the numbers at or below a path are stale: an object on the path, from /daemons/NAME on, has
 * `stale` true.  A daemon writes that while its numbers, or those in an object of them, are not
 * current, because their source failed, hangs or is silent.  Whatever uses a number treats a stale one
 * as unknown.
 */
VIGIL_API bool vigil_state_stale(vigil_daemon *d, const char *path);

/* Called for every change at an address or below it: where, and the value that was written then (NULL:
 * removed), lent for the call; of a large value, the one that is there by now.  While more than 1024
 * changes wait, only the newest of each address is kept.  Changes below the daemon's own place are
 * left out, unless the address is itself there. */
typedef void vigil_change_fn(vigil_daemon *d, const char *pointer, const json_t *value, void *arg);
VIGIL_API int vigil_on_change(vigil_daemon *d, const char *path, vigil_change_fn *cb, void *arg);

/* Marks a place below the daemon's own: what stands there when the host stops stands there
 * again when this daemon next starts.  To be called in start, before the first read. */
VIGIL_API int vigil_persist(vigil_daemon *d, const char *path);

/* --- time ------------------------------------------------------------------------------------- */

typedef void vigil_tick_fn(vigil_daemon *d, void *arg);

/* A periodic timer.  The first fire comes within a second (or the interval, where that is
 * less), then every interval after the first, without drift; one that could not be fired in
 * time is counted in /runs/NAME/missed.  Interval: 0.01 s to 1 year, else -EINVAL. */
VIGIL_API int vigil_every(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg);
/* The same for ticks that cost much, such as those that start a program: from the second fire on they
 * are spread over the interval, at a place that the names of the host and the daemon choose.  The
 * second one comes half an interval after the first at the earliest. */
VIGIL_API int vigil_every_spread(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg);
/* Once, after so many seconds (0 to 1 year). */
VIGIL_API int vigil_after(vigil_daemon *d, double delay, vigil_tick_fn *cb, void *arg);
/* Ends every timer of this daemon with that callback and argument: how many there were. */
VIGIL_API int vigil_cancel(vigil_daemon *d, vigil_tick_fn *cb, void *arg);
/* Seconds on a clock that never jumps; for differences. */
VIGIL_API double vigil_now(void);
/* The time of day as RFC 3339 in UTC, as the state keeps it.  A new reference. */
VIGIL_API json_t *vigil_time(void);
/* The same for a moment so many seconds from now (or ago, where negative). */
VIGIL_API json_t *vigil_time_in(double seconds);

/* --- descriptors ------------------------------------------------------------------------------ */

#define VIGIL_READ  1u
#define VIGIL_WRITE 2u

/* Told while fd is readable or writable; what: which of the two.  The descriptor stays the
 * module's: unwatch it before closing it. */
typedef void vigil_fd_fn(vigil_daemon *d, int fd, unsigned what, void *arg);
VIGIL_API int vigil_watch_fd(vigil_daemon *d, int fd, unsigned what, vigil_fd_fn *cb, void *arg);
VIGIL_API int vigil_unwatch_fd(vigil_daemon *d, int fd);

/* --- children --------------------------------------------------------------------------------- */

typedef struct vigil_child_exit {
	pid_t pid;
	int status;         /* as waitpid gives it */
	bool timed_out;     /* it was ended because its deadline had passed */
	bool truncated;     /* it wrote more than output_max; the rest was dropped */
	double seconds;     /* how long it ran */
	const char *output; /* what it wrote, NUL-terminated, lent for the call */
	size_t length;
	/* With keep_stderr: the last 4 KiB that it wrote to stderr, likewise; else "". */
	const char *errors;
	/* It has not ended: it still exists a second after KILL, mostly because it is in
	 * uninterruptible sleep.  vigil_spawn returns NULL with EBUSY until it has ended. */
	bool given_up;
} vigil_child_exit;

typedef void vigil_child_exit_fn(
	vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg);
/* A line, without its end, lent for the call.  One longer than output_max is cut. */
typedef void vigil_child_line_fn(
	vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg);

/* Called when the deadline has passed and TERM has been sent; on_exit follows at most 3 s later. */
typedef void vigil_child_late_fn(vigil_daemon *d, vigil_child *child, void *arg);

/* Called when the child has closed its stdout; on_exit follows when it ends. */
typedef void vigil_child_eof_fn(vigil_daemon *d, vigil_child *child, void *arg);

typedef struct vigil_child_spec {
	size_t size;                    /* sizeof(vigil_child_spec) */
	const char *const *argv;        /* argv[0] with a slash is a path, else looked up in PATH */
	const char *const *environment; /* NAME=VALUE texts added to the host's own; NULL: none */
	const char *directory;          /* NULL: / */
	const char *user;               /* NULL: the host's own; else the host must be root */
	double timeout;               /* TERM to its process group then, KILL 2 s later; 0: none */
	size_t output_max;            /* 0: 64 KiB */
	vigil_child_line_fn *on_line; /* NULL: output is gathered for on_exit */
	vigil_child_exit_fn *on_exit; /* required; nothing is told after it */
	void *arg;
	bool merge_stderr; /* stderr joins stdout; else it is dropped, or kept with keep_stderr */
	/* What it reads from stdin, copied; NULL: nothing. */
	const char *input;
	size_t input_length;
	bool keep_stderr; /* for the errors of vigil_child_exit; wins over merge_stderr */
	vigil_child_late_fn *on_late; /* NULL: on_exit says it all */
	/* What the program leaves behind is killed within a second of its end: all of it where vigild may
	 * make control groups, else what is in its session.  Not for a program that starts a service.
	 * vigil_spawn returns NULL with EAGAIN where only the reserve of tasks is left. */
	bool end_session;
	vigil_child_eof_fn *on_eof; /* NULL: on_exit says it all */
	/* Where vigil_spawn returns NULL, it writes the reason there, cut to why_size; NULL: it does not. */
	char *why;
	size_t why_size;
} vigil_child_spec;

/* Whether there is such a program, as vigil_spawn looks it up: argv[0].  0, or a negative errno and
 * the reason in why.  One that is relative to a directory is taken to be there.  May be called
 * anywhere. */
VIGIL_API int vigil_find_program(const char *program, char *why, size_t size);
/* Whether vigild trusts the program of the spec, of which argv, environment, directory and user are
 * read: nobody but root, vigild's user and the user of the spec owns or may write the file and the
 * directories above it.  Where the program is a known interpreter, such as sh or python3, or a wrapper,
 * such as env, the script or program that it is given is checked as well.  Returns 0, also where there
 * is no such program; or a negative errno and the reason in why.  vigil_spawn checks the same again, so
 * that check needs it only to report the reason before the daemon runs.  It may look the user up, which
 * takes time.  May be called anywhere. */
VIGIL_API int vigil_check_command(const vigil_child_spec *spec, char *why, size_t size);
/* Starts a program in a process group of its own.  NULL and errno when it cannot be started; EBUSY
 * while an earlier child of the daemon cannot be killed; EPERM where the program is not trusted, or
 * where vigild may not become the user. */
VIGIL_API vigil_child *vigil_spawn(vigil_daemon *d, const vigil_child_spec *spec);
VIGIL_API pid_t vigil_child_pid(const vigil_child *child);
/* The pid of a child of this daemon, or of a daemon of this name before it, that cannot be killed and
 * still exists; 0: there is none. */
VIGIL_API pid_t vigil_child_given_up(vigil_daemon *d);
/* Requests a slot to run a costly child in, of which the host has few ([vigil] exec_max).  cb is called
 * when it is this daemon's turn; those go first that gave the shorter time, in which they should have
 * it.  The slot is held from then on, until vigil_slot_free, which also withdraws a request.  NULL
 * and errno for a negative time or no callback. */
VIGIL_API vigil_slot *vigil_slot_request(
	vigil_daemon *d, double within, vigil_tick_fn *cb, void *arg);
/* NULL is nothing. */
VIGIL_API void vigil_slot_free(vigil_slot *slot);

/* Ends it as a deadline would; on_exit follows. */
VIGIL_API void vigil_child_terminate(vigil_child *child);

/* Opens a file that holds a secret, such as a password, a token or a key, for reading.  It must be a
 * regular file of root or vigild's user to which others have no access, in directories that others may
 * not write; the group of the file may read it.  Returns a descriptor, which the caller closes, or a
 * negative errno and the reason in why.  May be called anywhere. */
VIGIL_API int vigil_open_secret(const char *path, char *why, size_t size);

/* --- services --------------------------------------------------------------------------------- */

typedef enum vigil_service_status {
	VIGIL_SERVICE_UNKNOWN, /* the manager did not answer, or not in time */
	VIGIL_SERVICE_ABSENT,  /* not installed */
	VIGIL_SERVICE_RUNNING,
	VIGIL_SERVICE_STOPPED,  /* ended cleanly, or never started */
	VIGIL_SERVICE_FAILED,   /* crashed, or could not be started */
	VIGIL_SERVICE_STARTING, /* the next three: work in progress */
	VIGIL_SERVICE_STOPPING,
	VIGIL_SERVICE_RELOADING
} vigil_service_status;

/* "running", "stopped" ...; static text. */
VIGIL_API const char *vigil_service_status_name(vigil_service_status status);
/* Stopped or failed: a reason to restart.  Never true of unknown, absent or work in progress. */
VIGIL_API bool vigil_service_is_down(vigil_service_status status);

typedef enum vigil_service_fault {
	VIGIL_FAULT_NONE,
	VIGIL_FAULT_DENIED,  /* the manager or its policy does not let vigild */
	VIGIL_FAULT_TIMEOUT, /* no answer within the deadline: what came of it is not known */
	VIGIL_FAULT_FAILED,  /* the manager tried and failed, or could not be asked */
	VIGIL_FAULT_ABSENT,  /* there is no such service */
	VIGIL_FAULT_REFUSED  /* vigild did not ask: deny, restart_rate, a full queue */
} vigil_service_fault;

/* "denied", "timeout" ...; static text. */
VIGIL_API const char *vigil_service_fault_name(vigil_service_fault fault);

typedef struct vigil_service_reply {
	size_t size;
	const char *name;            /* the service's, as it was asked for */
	const char *manager;         /* who knows it: "systemd", "lsb" ...; "" where nobody does */
	vigil_service_status status; /* after a restart: as a look right after it found it */
	int error;                   /* 0, or a negative errno: what was asked for did not work */
	vigil_service_fault fault;
	const char *text; /* why, in words, or the end of what the manager printed; maybe "" */
	pid_t pid;        /* the main process; 0: not known */
	double seconds;   /* how long the call took */
	bool start_limit; /* systemd gave up starting it (start-limit-hit) */
	uint32_t
		respawns; /* how often the manager itself has brought it back; 0 if it cannot tell */

	/* The manager's own name of the service, where it has several: "ssh.service" for ssh,
	 * sshd and sshd.service.  Two services with the same unit are one.  "": not known. */
	const char *unit;
	/* STOPPED as it is meant to be, so that nothing is wrong: how it is started, such as
	 * "started by backup.timer".  Its restart is refused.  NULL: it is not idle. */
	const char *idle;
	/* Why the service must be left alone while it is down: masked, a conflict, an unmet
	 * condition, a shutdown.  Its restart is refused.  NULL: nothing holds it back. */
	const char *hold;
	/* STARTING, STOPPING, RELOADING: for how many seconds by the manager's own clock (0: not
	 * known), and after how many the manager itself ends that (INFINITY: never; 0: nobody
	 * ends it, so that the caller must judge it). */
	double busy, busy_limit;
	/* What each witness said, for `vigilctl explain`: "systemd says active (exited); process
	 * 812 has ended".  "": there is only the manager's word. */
	const char *evidence;
	/* Its manager counts in `respawns` every time it brings the service back.  false: another pid
	 * is the only sign of that. */
	bool counts;
} vigil_service_reply;

typedef void vigil_service_fn(vigil_service *svc, const vigil_service_reply *r, void *arg);

typedef struct vigil_service_spec {
	size_t size;             /* sizeof(vigil_service_spec) */
	const char *name;        /* required */
	const char *manager;     /* NULL or "auto", "systemd", "lsb", "command" ... */
	const char *init_dir;    /* where init scripts lie; NULL: the manager's own */
	const char *service_dir; /* where service directories lie; NULL: the manager's own */
	const char *pidfile;     /* NULL: as the script says */
	const char *const *status_command;  /* for "command": argv */
	const char *const *restart_command; /* for "command": argv */
	double query_timeout;               /* 0: 10 s */
	double restart_timeout;             /* 0: 90 s */
	bool reset_failed;                  /* clear systemd's start limit before a restart */
} vigil_service_spec;

/* Opens a service for asking; daemons that open the same one share its calls.  NULL and errno:
 * the name is not fit to be handed to a manager, or the manager is not known here. */
VIGIL_API vigil_service *vigil_service_open(vigil_daemon *d, const vigil_service_spec *spec);
VIGIL_API vigil_daemon *vigil_service_daemon(vigil_service *svc);
VIGIL_API const char *vigil_service_name(const vigil_service *svc);
/* Asks how it is; cb is told, unless the daemon stops before.  -EBUSY: this daemon has asked
 * already and waits; -EAGAIN: the queue is full; -ECANCELED: the host is stopping. */
VIGIL_API int vigil_service_query(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Restarts it and looks right after. */
VIGIL_API int vigil_service_restart(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Told whenever anyone's look finds a status other than the one before. */
VIGIL_API int vigil_service_on_change(vigil_service *svc, vigil_service_fn *cb, void *arg);

/* Told at once when the service's process has ended, or its manager says that it has changed,
 * before anybody has looked: r is what the last look found, its text what was seen, or "" where
 * that is no news.  A reason to look, no more: its manager may be bringing it back. */
VIGIL_API int vigil_service_on_stale(vigil_service *svc, vigil_service_fn *cb, void *arg);

/* --- the loop itself -------------------------------------------------------------------------- */

struct event_base;
/* libevent's base, for libraries that bring an integration of their own.  What is made on it
 * the module's stop must free: the one exception to "nothing to free". */
VIGIL_API struct event_base *vigil_base(vigil_daemon *d);

#ifdef __cplusplus
}
#endif
#endif
