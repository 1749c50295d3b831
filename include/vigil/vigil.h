/*
 * vigil.h: the contract between vigild and the modules it hosts.
 *
 * A module is one shared object, NAME/NAME.so, that exports one constant descriptor.  The macro
 * VIGIL_MODULE below defines the descriptor.  A daemon is one enabled instance of a module.  Each
 * daemon has its own name, options, timers and subtree of the state.
 *
 * vigild calls a module only through callbacks.  All callbacks run on one thread, one after the
 * other, so a module needs no locks.  A callback must not block.  For an operation that takes long,
 * a module calls one of the functions below, and vigild delivers the result by another callback.
 * vigild never runs a callback inside the call that requested it.
 *
 * Every object that a function below creates belongs to the daemon for which it was created:
 * timers, watched descriptors, children, services, subscriptions, memory.  vigild frees these
 * objects when the daemon stops, so the module need not free them.  If a function that creates an
 * object fails while `start` runs, vigild stores the reason and marks the daemon failed, even if
 * the module ignores the return value.
 *
 * Unless the comment of a function says otherwise: the function must be called on the thread of the
 * callbacks, from a callback or from start, stop or reconfigure.  It copies the text that it is
 * given.  A function that returns int returns 0 or a negative errno value.  Times are in seconds.
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

/* The ABI number increases when modules built with an older header no longer work.  New fields and
 * functions do not increase it. */
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
	VIGIL_DURATION, /* 250ms 5s 2m 1h 1d; a bare number is seconds; min, max: seconds */
	VIGIL_SIZE,     /* 512, 64KiB, 10MiB, 1GiB; min and max in bytes */
	VIGIL_CHOICE,   /* one of the words in choices, which is separated by spaces */
	VIGIL_LIST,     /* texts separated by commas; an empty element is an error */
	VIGIL_PATH,     /* an absolute path */
	VIGIL_COMMAND,  /* a program and its arguments in shell quoting; vigild runs no shell,
			 * and shell syntax such as | ; > $(x) is an error */
	VIGIL_NAME,     /* the name of a service that any service manager accepts */
	VIGIL_CALENDAR  /* windows of local time, separated by commas: "Mon..Fri 08:00-18:00" */
} vigil_option_type;

/*
 * Flags of an option.
 *
 * REQUIRED: the option has no default, and the configuration must set it.
 *
 * DAEMONS, for a LIST: each element is NAME or NAME:WORD.  NAME is another enabled daemon, and WORD
 * is one of choices.  If choices is NULL, each element is NAME alone.
 *
 * ACYCLIC, together with DAEMONS: it is an error if the lists of several daemons form a cycle.
 *
 * SECRET: the value may contain a password or a token.  Diagnostics and the log show *** instead of
 * the value, and `vigilctl list` shows the value only to root and to vigild's user.
 *
 * OWN_NAME, for a TEXT or a NAME without a default: the default is the name of the daemon.
 */
#define VIGIL_REQUIRED 1u
#define VIGIL_DAEMONS  2u
#define VIGIL_ACYCLIC  4u
#define VIGIL_SECRET   8u
#define VIGIL_OWN_NAME 16u

typedef struct vigil_option {
	const char *name;
	vigil_option_type type;
	const char *value; /* the default, as in vigil.conf; NULL or "": none */
	const char *help;  /* one line for list, the manual and completion */
	unsigned flags;
	double min, max; /* both 0: no range */
	const char *choices;
} vigil_option;

/* VIGIL_OPTION(name, type, default, help [, .flags =, .min =, .max =, .choices =]) */
#define VIGIL_OPTION(name_, type_, default_, ...)                                          \
	{                                                                                  \
		.name = (name_), .type = (type_), .value = (default_), .help = __VA_ARGS__ \
	}
#define VIGIL_OPTION_END     \
	{                    \
		.name = NULL \
	}

/*
 * These functions return the configured value of an option of this daemon, or the default if the
 * configuration does not set the option.  An optional option that has no value and no default
 * returns NULL, 0, false or an empty list.  The returned text or list is borrowed.  It is valid
 * until the daemon stops or, after a change of the options, until reconfigure returns.
 *
 * It is a bug in the module if it passes a name that its schema does not contain, or calls the
 * function of another type.  vigild logs the first such call of each daemon, and each such call
 * returns NULL, 0, false or an empty list.
 */
VIGIL_API const char *vigil_option_text(vigil_daemon *d, const char *name);
VIGIL_API bool vigil_option_bool(vigil_daemon *d, const char *name);
VIGIL_API int64_t vigil_option_int(vigil_daemon *d, const char *name);   /* INT, SIZE (bytes) */
VIGIL_API double vigil_option_number(vigil_daemon *d, const char *name); /* NUMBER, INT, SIZE */
VIGIL_API double vigil_option_seconds(vigil_daemon *d, const char *name);
/* For LIST and COMMAND.  Returns an array of texts that ends with NULL.  The array itself is never
 * NULL. */
VIGIL_API const char *const *vigil_option_list(vigil_daemon *d, const char *name);
/* Returns true if the configuration sets the option, false if the default applies. */
VIGIL_API bool vigil_option_given(vigil_daemon *d, const char *name);

/* --- the module ------------------------------------------------------------------------------- */

typedef struct vigil_module {
	uint32_t abi;                /* VIGIL_ABI; vigild checks it before it reads the rest */
	uint32_t size;               /* sizeof(vigil_module) when the module was compiled */
	uint32_t option_size;        /* the same for sizeof(vigil_option) */
	const char *name;            /* the name of the folder and of the file without .so */
	const char *summary;         /* one line */
	const vigil_option *options; /* ends with VIGIL_OPTION_END; NULL: none */
	/* Starts the daemon.  Returns 0, or a negative errno, which marks the daemon failed. */
	int (*start)(vigil_daemon *d);
	/* Optional.  vigild calls it when the daemon stops, before it frees the objects of the
	 * daemon.  vigild does not call it if start returned an error.  In that case start itself
	 * must free what vigild does not own.  vigild also calls it if start returned 0 although a
	 * function that creates an object had failed. */
	void (*stop)(vigil_daemon *d);
	/* Optional.  vigild calls it after the options of the daemon have changed.  The
	 * vigil_option_ functions already return the new values.  If it returns non-zero, or if the
	 * module has no such function, vigild stops and starts the daemon instead. */
	int (*reconfigure)(vigil_daemon *d);
	/* Optional.  Checks what the schema cannot express, before vigild applies anything of the
	 * configuration.  `vigild -t`, the start of vigild, a reload and `vigilctl register` call
	 * it.  d is a candidate, which does not run.  Only vigil_name, the vigil_option_ functions,
	 * vigil_alloc, vigil_diagnose and vigil_note may be called with it.  Any other function
	 * does nothing with a candidate and returns -EPERM, NULL or false.  check returns 0 if the
	 * options are valid.  Any other value, or a diagnostic, rejects the whole configuration. */
	int (*check)(vigil_daemon *d);
	/* Optional.  vigild calls it when a pause of the daemon ends, by `vigilctl resume` or
	 * because the duration of the pause is over.  The daemon should check at once what it did
	 * not act on during the pause. */
	void (*resumed)(vigil_daemon *d);
} vigil_module;

/* Defines the one symbol that a module exports: VIGIL_MODULE(.name = ..., .start = ..., ...); */
#define VIGIL_MODULE(...)                                                         \
	VIGIL_API const vigil_module vigil_module_descriptor = {.abi = VIGIL_ABI, \
		.size = sizeof(vigil_module),                                     \
		.option_size = sizeof(vigil_option),                              \
		__VA_ARGS__}
extern VIGIL_API const vigil_module vigil_module_descriptor;

/* --- the daemon ------------------------------------------------------------------------------- */

/* Returns the daemon's name, which is valid as long as the daemon exists. */
VIGIL_API const char *vigil_name(vigil_daemon *d);

/* For start: reports why the daemon cannot start.  vigild then marks the daemon failed with this
 * reason.  Returns -EINVAL, as in `return vigil_fail(d, "port = %d is in use", port);`. */
VIGIL_API int vigil_fail(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* For check: reports an invalid value of an option.  The diagnostic names the file and the line of
 * that option.  If the configuration does not set the option, or option is NULL, it names the line
 * of the daemon's section.  The diagnostic begins with the option and its value.  Returns -EINVAL,
 * as in `return vigil_diagnose(d, "port", "port %d is reserved", port);`.  In start and reconfigure
 * it works like vigil_fail, so that check and start can share a function. */
VIGIL_API int vigil_diagnose(vigil_daemon *d, const char *option, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* For check: like vigil_diagnose, for a value that may be valid but looks like a mistake.  A note
 * does not reject the configuration.  Outside check this function does nothing. */
VIGIL_API void vigil_note(vigil_daemon *d, const char *option, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* Returns zeroed memory, which vigild frees when the daemon stops.  For a size of up to 64 KiB the
 * result is never NULL: if there is no memory, vigild exits in an orderly way, so that the service
 * manager restarts it.  For a larger size the result is NULL if there is no memory. */
VIGIL_API void *vigil_alloc(vigil_daemon *d, size_t size);

/* Stores and returns one pointer for each daemon, which the module may use for any purpose.  It is
 * NULL until it is set. */
VIGIL_API void vigil_set_data(vigil_daemon *d, void *data);
VIGIL_API void *vigil_data(vigil_daemon *d);

/* Returns true while an admin has paused the daemon (`vigilctl pause`).  During a pause the daemon
 * should continue to check, but must not act. */
VIGIL_API bool vigil_paused(vigil_daemon *d);

typedef enum vigil_level {
	VIGIL_ERROR,
	VIGIL_WARN,
	VIGIL_NOTICE,
	VIGIL_INFO,
	VIGIL_DEBUG
} vigil_level;

/* Writes one line to vigild's log, with the daemon's name before it.  Control characters are
 * escaped, so that untrusted text may be passed as an argument. */
VIGIL_API void vigil_log(vigil_daemon *d, vigil_level level, const char *format, ...)
	VIGIL_PRINTF(3, 4);

typedef enum vigil_health_level {
	VIGIL_OK,
	VIGIL_WARNING,
	VIGIL_CRITICAL,
	VIGIL_UNKNOWN
} vigil_health_level;

#define VIGIL_HEALTH_TEXT      8192  /* maximum size of the health text in bytes, with the NUL */
#define VIGIL_HEALTH_LONG_TEXT 65536 /* the same for the long text */

/* Reports the health of the daemon, which vigild stores at /runs/NAME/health.  `vigilctl status`
 * and `vigilctl check`, the status page, the metrics and the notifications show it.  The text is
 * one line, and control characters in it are escaped.  A report that equals the previous one is not
 * a change. */
VIGIL_API void vigil_health(vigil_daemon *d, vigil_health_level level, const char *format, ...)
	VIGIL_PRINTF(3, 4);
/* Like vigil_health, with a long text in addition.  The lines of the long text are separated by \n;
 * NULL or "": none.  With the flag VIGIL_STATUS_LINE, the text is the complete status line of a
 * Nagios plugin: `vigilctl check` prints it unchanged, without "CRITICAL - " before it. */
#define VIGIL_STATUS_LINE 1u
VIGIL_API void vigil_health_long(vigil_daemon *d, vigil_health_level level, unsigned flags,
	const char *text, const char *long_text);

/* Returns true if the text itself names a level such as "CRITICAL" before its first colon, dash or
 * bar, as in "DISK CRITICAL: ...".  A program that shows the text then need not print the level
 * before it.  May be called on any thread. */
VIGIL_API bool vigil_names_level(const char *text, const char *level);

/* Adds a line to the daemon's history at /runs/NAME/history, which holds the last 64 lines: what
 * the daemon detected, decided and did.  `vigilctl explain` prints the history.  vigild puts the
 * time before the line. */
VIGIL_API void vigil_event(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* Like vigil_event, for an event that repeats, so that it does not fill the history.  If the line
 * that an earlier call added is still in the history, this function replaces the text of the line
 * and keeps its time.  *line must be 0 before the first call.  It identifies the line from then on.
 * Set it to 0 to start a new line. */
VIGIL_API void vigil_event_repeat(vigil_daemon *d, uint32_t *line, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* Makes untrusted text safe for the state: invalid UTF-8 and control characters are escaped, and
 * the text is truncated to size bytes.  Returns clean. */
VIGIL_API char *vigil_sanitize(char *clean, size_t size, const char *text);
/* Like vigil_sanitize, for text of several lines: newlines and tabs are not escaped. */
VIGIL_API char *vigil_sanitize_lines(char *clean, size_t size, const char *text);

/*
 * Thresholds in the syntax of Nagios plugins.  "10" alerts outside 0 to 10, "10:" below 10, "~:10"
 * above 10, "10:20" outside 10 to 20, and "@10:20" inside 10 to 20, including both ends.
 */
typedef struct vigil_range {
	double start, end; /* either may be infinite */
	bool inside;       /* true: a value within the range alerts */
} vigil_range;
/* Parses a range.  Returns 0, or -EINVAL if the text is not a range.  May be called on any
 * thread. */
VIGIL_API int vigil_range_read(const char *text, vigil_range *range);
/* Returns true if the value alerts.  May be called on any thread. */
VIGIL_API bool vigil_range_alerts(const vigil_range *range, double value);

/* Formats a number as the shortest decimal text that is parsed to the same double, without an
 * exponent: "18814599168", "0.1".  Values that are not finite become "NaN", "+Inf" or "-Inf".
 * Returns text.  May be called on any thread. */
#define VIGIL_NUMBER_TEXT 384
VIGIL_API char *vigil_number(char text[VIGIL_NUMBER_TEXT], double value);

/* Returns a value as compact JSON, in which each real has the fewest digits that are parsed to the
 * same double.  The caller frees the text with free.  Returns NULL if there is no memory.  May be
 * called on any thread. */
VIGIL_API char *vigil_json_text(const json_t *value);

/* Formats performance data as Nagios plugins print it: 'label'=value[unit];warn;crit;min;max.  The
 * entry is an object {value,unit,warn,crit,min,max}, as the module exec stores it.  If the entry
 * has a text `exact`, which is a decimal number, that text is printed instead of the value, because
 * the value has fewer digits.  All digits of the numbers are printed, and a quote in the label is
 * doubled.  Returns the length.  Returns 0 and an empty text if the entry has no number, if the
 * label is empty or contains a bar or a newline, or if size is too small.  May be called on any
 * thread. */
VIGIL_API size_t vigil_perfdata(char *text, size_t size, const char *label, const json_t *entry);

/* Counts an error of the daemon, stores its text (/runs/NAME/errors and last_error) and logs it. */
VIGIL_API void vigil_error(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* Registers a callback for a verb of vigilctl that is addressed to one daemon, such as "restart".
 * The callback returns 0 if it has started the requested action, or a negative errno (-EALREADY:
 * the action is already in progress).  vigild rejects a verb for which the daemon has no
 * callback. */
typedef int vigil_verb_fn(vigil_daemon *d, void *arg);
VIGIL_API int vigil_on_verb(vigil_daemon *d, const char *verb, vigil_verb_fn *cb, void *arg);

/* --- state ------------------------------------------------------------------------------------ */

/*
 * The state is one tree of JSON values.  JSON Pointers (RFC 6901) address its values.  A path that
 * begins with a slash is relative to the root.  A path without a leading slash is relative to
 * /daemons/NAME of this daemon.  The empty path means /daemons/NAME for the functions that write,
 * and the root for the functions that read.
 *
 * A daemon can write only to its own subtree, /daemons/NAME (elsewhere: -EPERM).  A write creates
 * missing parents, and replaces a parent that is not an object by an object.  A value may be nested
 * up to 16 levels deep (otherwise -E2BIG).  Writing a value that equals the present one is not a
 * change.
 */

/* Writes a value.  The function takes over the caller's reference, even if it fails.  Returns
 * -EINVAL if the value is NULL; to remove a value, call vigil_state_unset. */
VIGIL_API int vigil_state_set(vigil_daemon *d, const char *path, json_t *value);
/* Writes a value only if the path has none.  Returns 0 after it has written, or -EEXIST if there
 * was a value.  The function takes over the caller's reference in any case. */
VIGIL_API int vigil_state_add(vigil_daemon *d, const char *path, json_t *value);
/* Removes the value.  Returns 0, or -ENOENT if there is no value. */
VIGIL_API int vigil_state_unset(vigil_daemon *d, const char *path);
/* Returns the value, or NULL if there is none.  The value is borrowed and must not be changed.  It
 * is valid until the next call of vigil_state_get or the next write to the state, by any daemon, or
 * until the callback returns. */
VIGIL_API const json_t *vigil_state_get(vigil_daemon *d, const char *path);

/*
 * Returns true if the numbers at or below a path are stale.  They are stale if /daemons/NAME, or
 * any object below it on the path, has the member `stale` with the value true.  A daemon sets that
 * member while its numbers, or those in one object, are not current because their source failed,
 * hangs or sends nothing.  A consumer must treat a stale number as unknown.
 */
VIGIL_API bool vigil_state_stale(vigil_daemon *d, const char *path);

/* vigil_on_change calls cb for every change at a path or below it.  pointer is the address that
 * changed.  value is the value that was written then (NULL: removed), which is borrowed until the
 * callback returns.  For a large value, it is the present value instead.  If more than 1024 changes
 * are pending, vigild keeps only the newest change of each address.  If more than 100000 addresses
 * have pending changes, it drops the oldest changes and logs a warning.  Changes to the daemon's
 * own subtree are not reported, unless path itself is in that subtree. */
typedef void vigil_change_fn(vigil_daemon *d, const char *pointer, const json_t *value, void *arg);
VIGIL_API int vigil_on_change(vigil_daemon *d, const char *path, vigil_change_fn *cb, void *arg);

/* Makes the value at a path of the daemon's own subtree persistent: when the daemon next starts,
 * this call writes the stored value to the state again, also after a restart of vigild.  Call it in
 * start, before the first read. */
VIGIL_API int vigil_persist(vigil_daemon *d, const char *path);

/* --- time ------------------------------------------------------------------------------------- */

typedef void vigil_tick_fn(vigil_daemon *d, void *arg);

/* Creates a periodic timer.  It fires first within a second, or within the interval if that is
 * shorter, and then every interval after the first time, without drift.  A tick that vigild could
 * not fire in time is skipped and counted in /runs/NAME/missed.  interval: 0.01 s to 366 days,
 * otherwise -EINVAL. */
VIGIL_API int vigil_every(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg);
/* Like vigil_every, for expensive ticks, such as those that start a program.  From the second tick
 * on, the ticks of different daemons are spread over the interval.  The position in the interval
 * depends on the name of the host and of the daemon.  The second tick comes at least half an
 * interval after the first. */
VIGIL_API int vigil_every_spread(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg);
/* Creates a timer that fires once, after delay seconds (0 to 366 days, otherwise -EINVAL). */
VIGIL_API int vigil_after(vigil_daemon *d, double delay, vigil_tick_fn *cb, void *arg);
/* Removes every timer of this daemon that has this callback and argument.  Returns their number. */
VIGIL_API int vigil_cancel(vigil_daemon *d, vigil_tick_fn *cb, void *arg);
/* Returns the seconds of a monotonic clock, which is not affected when the time of day is set.  Use
 * it only for differences. */
VIGIL_API double vigil_now(void);
/* Returns the time of day in the format of the state, RFC 3339 in UTC, as a new reference. */
VIGIL_API json_t *vigil_time(void);
/* Returns the time of day this many seconds from now (negative: ago), as a new reference. */
VIGIL_API json_t *vigil_time_in(double seconds);

/*
 * Returns 0 if the local time is inside a window of the option `only` and outside all windows of
 * the option `except`.  Both are options of the type CALENDAR.  An option that is empty does not
 * restrict, nor does NULL in place of its name.  Otherwise returns the seconds until that changes,
 * at most 365 days, and the reason in text: "outside only_during, until 2026-11-30 08:00 CET".
 * text may be NULL.  Call it again after that time, because the time of day may be set.
 */
#define VIGIL_CALENDAR_TEXT 160
VIGIL_API double vigil_calendar_wait(
	vigil_daemon *d, const char *only, const char *except, char text[VIGIL_CALENDAR_TEXT]);

/* --- descriptors ------------------------------------------------------------------------------ */

#define VIGIL_READ  1u
#define VIGIL_WRITE 2u

/* Calls cb while fd is readable or writable.  what is a combination of VIGIL_READ and VIGIL_WRITE;
 * the callback gets those that apply.  A second call for the same descriptor replaces the first.
 * The module keeps ownership of the descriptor.  It must unwatch the descriptor before it closes
 * it. */
typedef void vigil_fd_fn(vigil_daemon *d, int fd, unsigned what, void *arg);
VIGIL_API int vigil_watch_fd(vigil_daemon *d, int fd, unsigned what, vigil_fd_fn *cb, void *arg);
VIGIL_API int vigil_unwatch_fd(vigil_daemon *d, int fd);

/* --- children --------------------------------------------------------------------------------- */

typedef struct vigil_child_exit {
	pid_t pid;
	int status;         /* as returned by waitpid */
	bool timed_out;     /* vigild terminated it because its timeout expired */
	bool truncated;     /* it wrote more than output_max; the rest was discarded */
	double seconds;     /* its run time */
	const char *output; /* its output, NUL-terminated, borrowed for the call */
	size_t length;
	/* With keep_stderr: the last 4 KiB that it wrote to stderr, NUL-terminated and borrowed for
	 * the call.  Otherwise "". */
	const char *errors;
	/* The child has not exited: it still exists one second after SIGKILL, mostly because it is
	 * in uninterruptible sleep.  vigil_spawn returns NULL with EBUSY until the child has
	 * exited. */
	bool given_up;
} vigil_child_exit;

typedef void vigil_child_exit_fn(
	vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg);
/* Receives one line of output without its newline, borrowed for the call.  A line that is longer
 * than output_max is truncated. */
typedef void vigil_child_line_fn(
	vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg);

/* Called when the timeout has expired and vigild has sent SIGTERM to the process group of the
 * child.  on_exit follows at most 3 s later. */
typedef void vigil_child_late_fn(vigil_daemon *d, vigil_child *child, void *arg);

/* Called when the child has closed its stdout.  on_exit follows when the child exits. */
typedef void vigil_child_eof_fn(vigil_daemon *d, vigil_child *child, void *arg);

typedef struct vigil_child_spec {
	size_t size;                    /* sizeof(vigil_child_spec) */
	const char *const *argv;        /* a path if argv[0] has a slash, else sought in PATH */
	const char *const *environment; /* NAME=VALUE, added to vigild's environment; NULL: none */
	const char *directory;          /* NULL: / */
	const char *user;               /* NULL: vigild's user; otherwise vigild must run as root */
	double timeout;    /* seconds until SIGTERM; SIGKILL follows 2 s later; 0: none */
	size_t output_max; /* bytes; 0: 64 KiB */
	vigil_child_line_fn *on_line; /* NULL: on_exit gets the whole output */
	vigil_child_exit_fn *on_exit; /* required; the last callback of the child */
	void *arg;
	bool merge_stderr; /* send stderr to stdout; else discard it, or see keep_stderr */
	/* The child reads this text from stdin.  vigild copies it.  NULL: stdin is empty. */
	const char *input;
	size_t input_length;
	bool keep_stderr;             /* fill errors of vigil_child_exit; overrides merge_stderr */
	vigil_child_late_fn *on_late; /* NULL: none */
	/* After the child has exited, vigild kills within a second all processes that the child has
	 * left running.  If vigild can create control groups, these are all of its descendants.
	 * Otherwise they are the processes in its session.  Do not set it for a program that starts
	 * a service.  With it, vigil_spawn returns NULL with EAGAIN if so few tasks are left that
	 * vigild reserves them. */
	bool end_session;
	vigil_child_eof_fn *on_eof; /* NULL: none */
	/* If vigil_spawn returns NULL, it writes the reason to why, truncated to why_size.  NULL:
	 * it does not. */
	char *why;
	size_t why_size;
} vigil_child_spec;

/* Checks whether a program exists that vigil_spawn would find for this argv[0].  Returns 0, or a
 * negative errno and the reason in why.  For a path with a slash that is not absolute it returns 0
 * without a check, because the path is relative to the directory of the child.  May be called on
 * any thread. */
VIGIL_API int vigil_find_program(const char *program, char *why, size_t size);
/* Checks whether vigild trusts the program of the spec.  It reads argv, environment, directory and
 * user.  vigild trusts a program if only root, vigild's user and the user of the spec own or may
 * write the file and the directories above it.  If the program is a known interpreter, such as sh
 * or python3, or a wrapper, such as env, the script or program in its arguments is checked as well.
 * Returns 0, also if there is no such program; or a negative errno and the reason in why.
 * vigil_spawn makes the same check again, so a module calls this function in check only to report
 * the reason before the daemon runs.  The function may look up the user, which takes time.  It may
 * be called at any time, also in check, but only on the thread of the callbacks. */
VIGIL_API int vigil_check_command(const vigil_child_spec *spec, char *why, size_t size);
/* Starts a program in its own process group.  Returns NULL and sets errno if the program cannot be
 * started.  EBUSY: an earlier child of the daemon cannot be killed.  EPERM: vigild does not trust
 * the program, or may not change to the user. */
VIGIL_API vigil_child *vigil_spawn(vigil_daemon *d, const vigil_child_spec *spec);
VIGIL_API pid_t vigil_child_pid(const vigil_child *child);
/* Returns the pid of a child that cannot be killed and still exists.  The child belongs to this
 * daemon or to an earlier daemon of the same name.  Returns 0 if there is none. */
VIGIL_API pid_t vigil_child_given_up(vigil_daemon *d);
/* Requests a slot for an expensive child.  vigild has only a few slots ([vigil] exec_max).  vigild
 * calls cb when it grants the slot to this daemon.  within is the time in seconds within which the
 * daemon should get the slot; the request with the earliest deadline comes first.  The daemon holds
 * the slot until it calls vigil_slot_free, which also cancels a pending request.  Returns NULL and
 * sets errno if cb is NULL or if within is negative or more than 366 days. */
VIGIL_API vigil_slot *vigil_slot_request(
	vigil_daemon *d, double within, vigil_tick_fn *cb, void *arg);
/* Does nothing if slot is NULL. */
VIGIL_API void vigil_slot_free(vigil_slot *slot);

/* Terminates the child in the same way as an expired timeout: SIGTERM to its process group, SIGKILL
 * 2 s later.  on_exit follows. */
VIGIL_API void vigil_child_terminate(vigil_child *child);

/* Opens a file that contains a secret, such as a password, a token or a key, for reading.  It must
 * be a regular file that belongs to root or to vigild's user and that others cannot access.  Others
 * must not be able to write to the directories above it.  The group of the file may read it.
 * Returns a descriptor, which the caller closes; or a negative errno and the reason in why.  May be
 * called on any thread. */
VIGIL_API int vigil_open_secret(const char *path, char *why, size_t size);

/* --- services --------------------------------------------------------------------------------- */

typedef enum vigil_service_status {
	VIGIL_SERVICE_UNKNOWN, /* no answer from the manager, or not in time */
	VIGIL_SERVICE_ABSENT,  /* not installed */
	VIGIL_SERVICE_RUNNING,
	VIGIL_SERVICE_STOPPED,  /* exited cleanly, or never started */
	VIGIL_SERVICE_FAILED,   /* crashed, or could not be started */
	VIGIL_SERVICE_STARTING, /* this and the next two: a transition is in progress */
	VIGIL_SERVICE_STOPPING,
	VIGIL_SERVICE_RELOADING
} vigil_service_status;

/* Returns "running", "stopped" and so on, as static text. */
VIGIL_API const char *vigil_service_status_name(vigil_service_status status);
/* Returns true for stopped and failed, which are reasons to restart the service.  Returns false for
 * all other values, including unknown and absent. */
VIGIL_API bool vigil_service_is_down(vigil_service_status status);

typedef enum vigil_service_fault {
	VIGIL_FAULT_NONE,
	VIGIL_FAULT_DENIED,  /* permission denied by the manager or its policy */
	VIGIL_FAULT_TIMEOUT, /* no answer before the timeout; the outcome is unknown */
	VIGIL_FAULT_FAILED,  /* the manager tried and failed, or the request could not be sent */
	VIGIL_FAULT_ABSENT,  /* there is no such service */
	VIGIL_FAULT_REFUSED  /* vigild did not call the manager; see vigil_refusal */
} vigil_service_fault;

/* Why vigild refused a restart. */
typedef enum vigil_refusal {
	VIGIL_REFUSAL_STATE, /* the state of the service or the machine: masked, a shutdown, ... */
	VIGIL_REFUSAL_DENY,  /* the option deny of the configuration */
	VIGIL_REFUSAL_RATE,  /* restart_rate; it permits the restart after some time */
	VIGIL_REFUSAL_QUEUE  /* the queue of calls is full */
} vigil_refusal;

/* Returns "denied", "timeout" and so on, as static text. */
VIGIL_API const char *vigil_service_fault_name(vigil_service_fault fault);

typedef struct vigil_service_reply {
	size_t size;
	const char *name;            /* the name of the service, as in the spec */
	const char *manager;         /* "systemd", "lsb" ...; "": no manager has the service */
	vigil_service_status status; /* after a restart: the result of a query right after it */
	int error;                   /* 0, or a negative errno: the query or restart failed */
	vigil_service_fault fault;
	const char *text;  /* the reason, or the end of the manager's output; may be "" */
	pid_t pid;         /* the main process; 0: unknown */
	double seconds;    /* the duration of the call */
	bool start_limit;  /* systemd no longer starts it (start-limit-hit) */
	uint32_t respawns; /* restarts by the manager itself; 0 if unknown */

	/* The manager's name of the service, for a service with several names: "ssh.service" for
	 * ssh, sshd and sshd.service.  Two services with the same unit are the same service.  "":
	 * unknown. */
	const char *unit;
	/* Set if the service is STOPPED as intended, so that there is no fault.  The text says how
	 * the service is started, such as "started by backup.timer".  vigild rejects a restart of
	 * it.  NULL: the service is not idle. */
	const char *idle;
	/* The reason why vigild must not restart the service while it is down: it is masked, or
	 * there is a conflict, an unmet condition or a shutdown.  vigild rejects a restart of it.
	 * NULL: none. */
	const char *hold;
	/* For STARTING, STOPPING and RELOADING.  busy: the seconds since the transition began, by
	 * the manager's clock (0: unknown).  busy_limit: the seconds after which the manager itself
	 * aborts the transition.  INFINITY: it is set to wait for ever.  0: nothing aborts it, so
	 * the caller must decide when the transition has failed. */
	double busy, busy_limit;
	/* What each source reported, for `vigilctl explain`: "systemd says active (exited); process
	 * 812 has ended".  "": the status comes from the manager alone. */
	const char *evidence;
	/* true: the manager counts each of its own restarts in `respawns`.  false: only a different
	 * pid shows such a restart. */
	bool counts;
	/* true: the service is STOPPED, and nothing shows whether it was stopped cleanly or has
	 * crashed.  false, for STOPPED: it was stopped cleanly, or it was not started. */
	bool unclear_stop;
	vigil_refusal refusal; /* for VIGIL_FAULT_REFUSED */
} vigil_service_reply;

typedef void vigil_service_fn(vigil_service *svc, const vigil_service_reply *r, void *arg);

typedef struct vigil_service_spec {
	size_t size;             /* sizeof(vigil_service_spec) */
	const char *name;        /* required */
	const char *manager;     /* NULL or "auto", "systemd", "lsb", "command" ... */
	const char *init_dir;    /* the directory of init scripts; NULL: the default */
	const char *service_dir; /* the directory of service directories; NULL: the default */
	const char *pidfile;     /* NULL: as in the init script */
	const char *const *status_command;  /* for "command": argv */
	const char *const *restart_command; /* for "command": argv */
	double query_timeout;               /* 0: 10 s */
	double restart_timeout;             /* 0: 90 s */
	bool reset_failed;                  /* reset systemd's start limit before a restart */
} vigil_service_spec;

/* Opens a service for queries and restarts.  Daemons that open the same service share its calls.
 * Returns NULL and sets errno if the name is not a valid name of a service (EINVAL), or if vigild
 * does not know the manager (ENOTSUP). */
VIGIL_API vigil_service *vigil_service_open(vigil_daemon *d, const vigil_service_spec *spec);
VIGIL_API vigil_daemon *vigil_service_daemon(vigil_service *svc);
VIGIL_API const char *vigil_service_name(const vigil_service *svc);
/* Queries the status of the service.  vigild calls cb with the reply, unless the daemon stops
 * before.  -EBUSY: a query through svc is already in progress.  -EAGAIN: the queue is full.
 * -ECANCELED: vigild is stopping. */
VIGIL_API int vigil_service_query(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Restarts the service and queries its status right after that.  The errors are those of
 * vigil_service_query; -EBUSY means a restart in progress. */
VIGIL_API int vigil_service_restart(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Calls cb whenever a query, by any daemon, finds a status that differs from the previous one. */
VIGIL_API int vigil_service_on_change(vigil_service *svc, vigil_service_fn *cb, void *arg);

/* Calls cb at once when the process of the service has exited or its manager has signalled a
 * change, before any query.  The reply contains the cached status.  Its text says which event
 * occurred, or is "" if the event is not worth reporting.  The event is only a reason to query the
 * service, because its manager may already be restarting it. */
VIGIL_API int vigil_service_on_stale(vigil_service *svc, vigil_service_fn *cb, void *arg);

/* --- the loop itself -------------------------------------------------------------------------- */

struct event_base;
/* Returns the event base of libevent, for libraries that have their own integration with libevent.
 * The module must free in stop whatever it creates on this base.  This is the one exception to the
 * rule that a module need not free anything. */
VIGIL_API struct event_base *vigil_base(vigil_daemon *d);

#ifdef __cplusplus
}
#endif
#endif
