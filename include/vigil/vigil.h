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
	VIGIL_CALENDAR, /* windows of local time, separated by commas: "Mon..Fri 08:00-18:00" */
	VIGIL_TIMES,    /* points in local time, separated by commas: "Mon..Fri 08:00", "hourly" */
	VIGIL_RANGE,    /* a threshold in the syntax of Nagios plugins; see vigil_range */
	VIGIL_REGEX,    /* an extended regular expression of POSIX, in the locale C */
	VIGIL_PATHS     /* absolute paths, separated by commas; an empty element is an error */
} vigil_option_type;

/*
 * Flags of an option.
 *
 * REQUIRED: the option has no default, and the configuration must set it.
 *
 * DAEMONS, for a LIST: each element is NAME or NAME:WORD.  NAME is another enabled daemon, and WORD
 * is one of choices.  If choices is NULL, each element is NAME alone.  needs lists what an element
 * requires of the daemon NAME: "serves=probe" requires for NAME:serves that NAME sets the option
 * probe, and "=service" requires for NAME alone that NAME has a value of the option service.
 *
 * ACYCLIC, together with DAEMONS: it is an error if the lists of several daemons form a cycle, or
 * if a daemon of the list runs in a process of its own, because the module finds the others in its
 * memory.
 *
 * SECRET: the value may contain a password or a token.  Diagnostics and the log show *** instead of
 * the value, and `vigilctl list` shows the value only to root and to vigild's user.
 *
 * OWN_NAME, for a TEXT or a NAME without a default: the default is the name of the daemon.
 *
 * POINTERS, for a LIST: an element that contains a JSON pointer /daemons/NAME/... names the daemon
 * NAME, which must be enabled, and which may be the daemon itself.  The pointer begins at the first
 * slash and ends at a blank or at the end of the element.
 */
#define VIGIL_REQUIRED 1u
#define VIGIL_DAEMONS  2u
#define VIGIL_ACYCLIC  4u
#define VIGIL_SECRET   8u
#define VIGIL_OWN_NAME 16u
#define VIGIL_POINTERS 32u

typedef struct vigil_option {
	const char *name;
	vigil_option_type type;
	const char *value; /* the default, as in vigil.conf; NULL or "": none */
	const char *help;  /* one line for list, the manual and completion */
	unsigned flags;
	double min, max; /* both 0: no range */
	const char *choices;
	const char *needs; /* for DAEMONS: WORD=OPTION, separated by spaces; NULL: nothing */
	/* The name of another option that must not be set together with this one; NULL: none.  If
	 * one of them is set in the section of the daemon and the other one in [module:NAME], the
	 * latter is ignored. */
	const char *excludes;
} vigil_option;

/* VIGIL_OPTION(name, type, default, help [, .flags =, .min =, .max =, .choices =, .needs =,
 * .excludes =]) */
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
/* For LIST, PATHS and COMMAND.  Returns an array of texts that ends with NULL.  The array itself is
 * never NULL. */
VIGIL_API const char *const *vigil_option_list(vigil_daemon *d, const char *name);
/* For RANGE.  Returns true and the range if the option has a value, and false otherwise. */
struct vigil_range;
VIGIL_API bool vigil_option_range(vigil_daemon *d, const char *name, struct vigil_range *range);
/* For REGEX.  Returns true if a part of the text matches.  Returns false if the option has no
 * value, or if there is not enough memory.  Some expressions, such as those with back-references,
 * take long on a long text, so a module limits the length of what it did not write itself. */
VIGIL_API bool vigil_option_matches(vigil_daemon *d, const char *name, const char *text);
/* Returns true if the configuration sets the option, false if the default applies. */
VIGIL_API bool vigil_option_given(vigil_daemon *d, const char *name);

/* --- the module ------------------------------------------------------------------------------- */

#define VIGIL_REFUSED 2

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
	 * vigil_option_ functions already return the new values.  It returns 0 if the daemon has
	 * taken them.  It returns VIGIL_REFUSED, after vigil_fail or vigil_diagnose with the
	 * reason, if it has changed nothing and the daemon keeps its old options.  vigild then
	 * refuses the whole reload, and calls reconfigure again, with the old options, for the
	 * other daemons that had taken new ones.  A daemon with isolate = yes refuses for itself
	 * alone: the reload reports it, and what else has changed stays.  If the function returns
	 * another value, or if the module has no such function, vigild stops and starts the daemon
	 * instead; with the old options if another daemon refuses the reload. */
	int (*reconfigure)(vigil_daemon *d);
	/* Optional.  Checks what the schema cannot express, before vigild applies anything of the
	 * configuration.  `vigild -t`, the start of vigild, a reload and `vigilctl register` call
	 * it.  d is a candidate, which does not run.  Only vigil_name, the vigil_option_ functions,
	 * vigil_next_time, vigil_alloc, vigil_diagnose and vigil_note may be called with it.  Any
	 * other function does nothing with a candidate and returns -EPERM, NULL or false.  check
	 * returns 0 if the options are valid.  Any other value, or a diagnostic, rejects the whole
	 * configuration. */
	int (*check)(vigil_daemon *d);
	/* Optional.  vigild calls it when a pause of the daemon ends, by `vigilctl resume` or
	 * because the duration of the pause or the window of pause_during is over.  The daemon
	 * should check at once what it did not act on during the pause. */
	void (*resumed)(vigil_daemon *d);
	/* Optional.  vigild calls it when a pause of the daemon begins.  It does not call it for a
	 * daemon that is paused when it starts; see vigil_paused. */
	void (*paused)(vigil_daemon *d);
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
/* Frees memory of vigil_alloc before the daemon stops.  NULL: does nothing.  Memory that is not of
 * vigil_alloc for this daemon must not be passed. */
VIGIL_API void vigil_free(vigil_daemon *d, void *memory);

/* Stores and returns one pointer for each daemon, which the module may use for any purpose.  It is
 * NULL until it is set. */
VIGIL_API void vigil_set_data(vigil_daemon *d, void *data);
VIGIL_API void *vigil_data(vigil_daemon *d);

/* Returns true while the daemon is paused, by an admin (`vigilctl pause`) or by its option
 * pause_during, which every daemon has.  During a pause the daemon should continue to check, but
 * must not act. */
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
 * a change.  A change of the level adds a line to the history, as does a first level that is not
 * VIGIL_OK: "CRITICAL (was OK): the disk is full". */
VIGIL_API void vigil_health(vigil_daemon *d, vigil_health_level level, const char *format, ...)
	VIGIL_PRINTF(3, 4);
/* Like vigil_health, with a long text in addition.  The lines of the long text are separated by \n;
 * NULL or "": none.  With the flag VIGIL_STATUS_LINE, the text is the complete status line of a
 * Nagios plugin: `vigilctl check` prints it unchanged, without "CRITICAL - " before it. */
#define VIGIL_STATUS_LINE 1u
VIGIL_API void vigil_health_long(vigil_daemon *d, vigil_health_level level, unsigned flags,
	const char *text, const char *long_text);

/* The health of one of many parts of a daemon, such as a disk or a queue. */
typedef struct vigil_part {
	const char *name; /* NULL: the text itself names the part */
	vigil_health_level level;
	const char *text; /* unused if the level is VIGIL_OK */
} vigil_part;
/* Reports the health of a daemon that has many parts: the worst level, in the order CRITICAL,
 * WARNING, UNKNOWN, OK.  The text names up to five parts that are not OK, the worst first, as in "2
 * of 8 disks: /srv: 97 % used; /tmp: read-only", and the long text then names all of them if they
 * are more.  what is the word for several parts, such as "disks".  If all parts are OK, or if there
 * are none, the text is good.  Returns the level. */
VIGIL_API vigil_health_level vigil_health_parts(
	vigil_daemon *d, const vigil_part *parts, size_t count, const char *what, const char *good);

/* Returns true if the text itself names a level such as "CRITICAL" before its first colon, dash or
 * bar, as in "DISK CRITICAL: ...".  A program that shows the text then need not print the level
 * before it.  May be called on any thread. */
VIGIL_API bool vigil_names_level(const char *text, const char *level);

/* Adds a line to the daemon's history at /runs/NAME/history, which holds the last 64 lines: what
 * the daemon detected, decided and did.  `vigilctl explain` prints the history.  vigild puts the
 * time before the line.  The history is also stored in a file, so that it survives a restart of
 * vigild. */
VIGIL_API void vigil_event(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* Like vigil_event, with more about the event as JSON, which is kept with the line.  `vigilctl
 * explain` prints the member `output`, an array of texts, below the line, and with --since also the
 * `output` of the member `death`, an object.  The function takes over the caller's reference.
 * Returns -E2BIG if the detail has more than VIGIL_EVENT_DETAIL bytes as JSON text, or -EILSEQ or
 * -EDOM as vigil_state_set does; the line is then added without it. */
#define VIGIL_EVENT_DETAIL 8192
VIGIL_API int vigil_event_detail(vigil_daemon *d, json_t *detail, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* Like vigil_event, for an event that repeats, so that it does not fill the history.  If the line
 * that an earlier call added is still in the history, this function replaces the text of the line
 * and keeps its time.  *line must be 0 before the first call.  It identifies the line from then on.
 * Set it to 0 to start a new line. */
VIGIL_API void vigil_event_repeat(vigil_daemon *d, uint32_t *line, const char *format, ...)
	VIGIL_PRINTF(3, 4);

/* Makes untrusted text safe for the state: invalid UTF-8 and control characters are escaped, and
 * the result is truncated to size bytes, with the NUL.  clean and text must not overlap.  Returns
 * clean. */
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
/* Parses a rate such as "3/10m": at most count in so many seconds.  "0" is no limit: both are 0.
 * Returns 0 or -EINVAL.  May be called on any thread. */
VIGIL_API int vigil_rate_read(const char *text, unsigned *count, double *seconds);
/* Parses a duration in the form of the type DURATION to seconds, or a size in the form of the type
 * SIZE to bytes.  Returns 0 or -EINVAL; -ERANGE: the size is too large.  May be called on any
 * thread. */
VIGIL_API int vigil_duration_read(const char *text, double *seconds);
VIGIL_API int vigil_size_read(const char *text, int64_t *bytes);
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
 * same double.  The caller frees the text with free.  Returns NULL if there is no memory, or
 * if a string of the value is not UTF-8.  May be called on any thread. */
VIGIL_API char *vigil_json_text(const json_t *value);

/* Formats performance data as Nagios plugins print it: 'label'=value[unit];warn;crit;min;max.  The
 * entry is an object {value,unit,warn,crit,min,max}, as the module exec stores it.  If the entry
 * has a text `exact`, which is a decimal number, that text is printed instead of the value, because
 * the value has fewer digits.  All digits of the numbers are printed, and a quote in the label is
 * doubled.  Returns the length.  Returns 0 and an empty text if the entry has no number, if the
 * label is empty, is not UTF-8 or contains a bar or a control character, or if size is too small.
 * May be called on any thread. */
VIGIL_API size_t vigil_perfdata(char *text, size_t size, const char *label, const json_t *entry);

/* Counts an error of the daemon, stores its text (/runs/NAME/errors and last_error) and logs it. */
VIGIL_API void vigil_error(vigil_daemon *d, const char *format, ...) VIGIL_PRINTF(2, 3);

/* Registers a callback for a verb of vigilctl that is addressed to one daemon: "start", "stop" or
 * "restart".  The callback returns 0 if the action is complete, VIGIL_VERB_STARTED if it has only
 * been started, or a negative errno (-EALREADY: an action is already in progress).  After
 * VIGIL_VERB_STARTED, vigild rejects the verb with -EALREADY until vigil_verb_done.  vigild rejects
 * a verb for which the daemon has no callback. */
#define VIGIL_VERB_STARTED 1
typedef int vigil_verb_fn(vigil_daemon *d, void *arg);
VIGIL_API int vigil_on_verb(vigil_daemon *d, const char *verb, vigil_verb_fn *cb, void *arg);
/* Reports that the action of a verb has ended, once for each VIGIL_VERB_STARTED.  vigilctl then
 * prints the outcome.  It must not be called in the verb's callback, which returns an error
 * instead. error is 0 or a negative errno.  text is the reason of the error, or the result, such as
 * "running, pid 12"; it is copied. */
VIGIL_API void vigil_verb_done(vigil_daemon *d, const char *verb, int error, const char *text);

/* Registers a callback for a verb of the module's own: `vigilctl call NAME VERB [ARGUMENT...]`,
 * which root and vigild's user may use.  verb has at most 31 letters, digits and dashes, and is not
 * "start", "stop" or "restart".  help is one line that `vigilctl call NAME` prints, such as
 * "[KEY]: prints the queue".
 *
 * arguments ends with NULL, and is borrowed for the call.  The callback returns as that of
 * vigil_on_verb does, and after VIGIL_VERB_STARTED it reports the end with vigil_call_done.  It may
 * store an answer, which is JSON, in *answer: vigild takes over the reference, and vigilctl prints
 * a text as it is and other values as JSON.  With an error, a text is the reason.  *answer is NULL
 * before the call.  An answer that vigil_state_set would refuse, or that has more than
 * VIGIL_ANSWER bytes as JSON text (-E2BIG), is refused, and vigilctl reports the error.
 * -EEXIST: the verb is registered already. */
#define VIGIL_ANSWER 262144
typedef int vigil_call_fn(
	vigil_daemon *d, const char *const *arguments, json_t **answer, void *arg);
VIGIL_API int vigil_on_call(
	vigil_daemon *d, const char *verb, const char *help, vigil_call_fn *cb, void *arg);
/* Like vigil_verb_done, for a verb of vigil_on_call.  The function takes over the reference to
 * answer.  NULL: there is none. */
VIGIL_API void vigil_call_done(vigil_daemon *d, const char *verb, int error, json_t *answer);

/* --- state ------------------------------------------------------------------------------------ */

/*
 * The state is one tree of JSON values.  JSON Pointers (RFC 6901) address its values.  A path that
 * begins with a slash is relative to the root.  A path without a leading slash is relative to
 * /daemons/NAME of this daemon.  The empty path means /daemons/NAME for the functions that write,
 * and the root for the functions that read.
 *
 * A daemon can write only to its own subtree, /daemons/NAME (elsewhere: -EPERM).  A write creates
 * missing parents, and replaces a parent that is a scalar by an object.  Below an array, the
 * address is the index of an element, or the number of elements to append one; any other address
 * below an array is refused with -EINVAL, and an element cannot be removed.  A value may be nested
 * up to 16 levels deep (otherwise -E2BIG).  Its strings and keys must be UTF-8, and a key must not
 * contain a NUL character (otherwise -EILSEQ); its numbers must be finite (otherwise -EDOM).
 * vigild logs each of these errors with the name of the daemon.  Writing a value that equals the
 * present one is not a change.
 */

/* Writes a token of a JSON Pointer with its ~ and / escaped, to append it to a path after a slash.
 * Returns text, or NULL and an empty text if size is too small; VIGIL_TOKEN(strlen(token)) bytes
 * always suffice.  May be called on any thread. */
#define VIGIL_TOKEN(length) (2 * (length) + 1)
VIGIL_API char *vigil_pointer_token(char *text, size_t size, const char *token);

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
 * this call writes the stored value to the state again, also after a restart of vigild.  Call it
 * before the first read or write of the value, as a rule in start. */
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
/* Creates a timer that fires at each point in time of an option of the type TIMES, and not at the
 * start of the daemon.  The timer keeps a copy of the times, so cancel it and create it again after
 * a change of the option.  If the option has no value, the timer never fires.  -EINVAL: there is no
 * such option.
 *
 * The points are local times.  A point that names its hours comes once a day, also on a day on
 * which the clocks skip or repeat it.  A point of every hour comes in each hour that passes.  If
 * the machine was suspended at a point, or the clock was set past it, the timer fires once, at
 * once.  The other points that were passed are counted in /runs/NAME/missed, at most 1000 at a
 * time.  If the clock is set back by less than a day (for a point of every hour: less than an
 * hour), a point at which the timer has fired is not repeated.  Points that passed while the daemon
 * did not run are ignored. */
VIGIL_API int vigil_at(vigil_daemon *d, const char *option, vigil_tick_fn *cb, void *arg);
/* Formats the next point in time of an option of the type TIMES: "2026-11-30 08:00 CET".  Returns
 * false and an empty text if there is none.  May be called in check. */
#define VIGIL_TIMES_TEXT 40
VIGIL_API bool vigil_next_time(vigil_daemon *d, const char *option, char text[VIGIL_TIMES_TEXT]);
/* Removes every timer of this daemon that has this callback and argument, periodic or not.  Returns
 * their number. */
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
 * it; otherwise vigild stops the watch and counts an error of the daemon.  A descriptor at its end
 * of file stays readable, so the module must unwatch it.  A regular file cannot be watched
 * (-EBADF). */
typedef void vigil_fd_fn(vigil_daemon *d, int fd, unsigned what, void *arg);
VIGIL_API int vigil_watch_fd(vigil_daemon *d, int fd, unsigned what, vigil_fd_fn *cb, void *arg);
VIGIL_API int vigil_unwatch_fd(vigil_daemon *d, int fd);

/* Gets a connection that was accepted, as a descriptor that does not block and is closed on exec.
 * The module owns it. */
typedef void vigil_accept_fn(vigil_daemon *d, int fd, void *arg);

typedef struct vigil_listen_spec {
	size_t size; /* sizeof(vigil_listen_spec) */
	/* ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH, systemd or systemd:NAME.  An address is written
	 * in numbers.  Port 0: the kernel chooses the port.  A UNIX socket that no process listens
	 * on is replaced.  With systemd, vigild uses a socket that systemd has passed to it, with
	 * this name or any name. */
	const char *address;
	const char *group; /* the group that may connect to a UNIX socket; NULL: vigild's user */
	/* Called for each connection.  If no connection can be accepted, because there are too many
	 * descriptors, vigild counts an error of the daemon and tries again after a second.  NULL:
	 * the module accepts the connections itself. */
	vigil_accept_fn *on_accept;
	void *arg;
} vigil_listen_spec;

/* Opens a listening socket.  It belongs to the daemon: vigild closes it, and removes a UNIX socket,
 * when the daemon stops.  Returns its descriptor, from which getsockname tells the port; or a
 * negative errno, such as -EADDRINUSE.  For systemd, each call returns another socket, and -ENOENT
 * after the last one, which is not a failure of start.  A daemon with isolate = yes listens as
 * isolate_user, and cannot get sockets of systemd. */
VIGIL_API int vigil_listen(vigil_daemon *d, const vigil_listen_spec *spec);
/* Closes a socket of vigil_listen before the daemon stops.  Returns 0, or -ENOENT. */
VIGIL_API int vigil_listen_close(vigil_daemon *d, int fd);
/* For check: returns 0 if vigil_listen accepts the address, or a negative errno and the reason in
 * why.  It does not show whether the address is in use.  May be called at any time and on any
 * thread. */
VIGIL_API int vigil_check_address(const char *address, char *why, size_t size);

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

/* Called when the child has written to stderr, at most once a second.  errors: the last 4 KiB that
 * it has written so far, NUL-terminated and borrowed for the call. */
typedef void vigil_child_errors_fn(
	vigil_daemon *d, vigil_child *child, const char *errors, void *arg);

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
	 * Otherwise they are the processes in its session, and those that have the variable
	 * VIGIL_RUN of the child in their environment.  Do not set it for a program that starts
	 * a service.  With it, vigil_spawn returns NULL with EAGAIN if so few tasks are left that
	 * vigild reserves them. */
	bool end_session;
	vigil_child_eof_fn *on_eof; /* NULL: none */
	/* If vigil_spawn returns NULL, it writes the reason to why, truncated to why_size.  NULL:
	 * it does not. */
	char *why;
	size_t why_size;
	vigil_child_errors_fn *on_errors; /* needs keep_stderr; NULL: none */
} vigil_child_spec;

/* Checks whether a program exists that vigil_spawn would find for this argv[0].  Returns 0, or a
 * negative errno and the reason in why.  For a path with a slash that is not absolute it returns 0
 * without a check, because the path is relative to the directory of the child.  May be called on
 * any thread. */
VIGIL_API int vigil_find_program(const char *program, char *why, size_t size);
/* Writes the path of a helper program that is installed with vigil, such as "vigil-files", to path.
 * The program need not exist.  Returns path.  May be called at any time and on any thread. */
VIGIL_API char *vigil_helper_path(char *path, size_t size, const char *name);
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

typedef struct vigil_left_behind {
	pid_t pid;        /* of one of the processes */
	const char *name; /* its name, as in /proc/PID/comm; borrowed for the call */
	size_t count;     /* the number of processes */
} vigil_left_behind;

typedef void vigil_left_behind_fn(vigil_daemon *d, const vigil_left_behind *left, void *arg);

/* Calls cb when vigild has killed processes that a child with end_session has left running.  That
 * is at most about a second after on_exit of the child.  Returns -EINVAL if cb is NULL. */
VIGIL_API int vigil_on_left_behind(vigil_daemon *d, vigil_left_behind_fn *cb, void *arg);
/* Requests a slot for an expensive child.  vigild has only a few slots ([vigil] exec_max).  vigild
 * calls cb when it grants the slot to this daemon.  within is the time in seconds within which the
 * daemon should get the slot; the request with the earliest deadline comes first.  The daemon holds
 * the slot until it calls vigil_slot_free, which also cancels a pending request.  Returns NULL and
 * sets errno if cb is NULL or if within is negative or more than 366 days. */
VIGIL_API vigil_slot *vigil_slot_request(
	vigil_daemon *d, double within, vigil_tick_fn *cb, void *arg);
/* Does nothing if slot is NULL. */
VIGIL_API void vigil_slot_free(vigil_slot *slot);

/* Writes the name of a signal, such as "SIGSEGV", or "signal 40" for a number without a name.
 * Returns text.  May be called on any thread. */
#define VIGIL_SIGNAL_TEXT 24
VIGIL_API char *vigil_signal_name(char text[VIGIL_SIGNAL_TEXT], int signal);

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

/* How the last run of a service ended, as far as its manager or the kernel knows.  It and its texts
 * are valid during the callback. */
typedef struct vigil_service_death {
	size_t size;
	uint64_t id;     /* another value for each death; the same while nothing new happened */
	double ended;    /* when the run ended, in seconds since 1970; 0: unknown */
	double ran;      /* seconds from the start of the run to its end; negative: unknown */
	int exit_status; /* 0 to 255; -1: it did not exit, or this is unknown */
	int signal;      /* the signal that killed it; 0: none, or unknown */
	bool core;       /* a core was dumped */
	bool oom;        /* the OOM killer killed a process of the service */
	pid_t pid;       /* the main process that ended; 0: unknown */
	/* the word of the manager, such as "exit-code", "oom-kill", "timeout", "watchdog",
	 * "start-limit-hit"; "condition", "assert" and "dependency": it was not started;
	 * "stop": it was stopped on request and ended well, which is no fault; "": none */
	const char *result;
	/* all of it in words: "killed by SIGSEGV after 12 s, core dumped", "could not be started:
	 * 203/EXEC (...)"; never "" */
	const char *text;
	/* systemd's invocation id of that run, with which its output is found in the journal; "":
	 * none */
	const char *journal;
} vigil_service_death;

typedef struct vigil_service_reply {
	size_t size;
	const char *name;    /* the name of the service, as in the spec */
	const char *manager; /* "systemd", "lsb" ...; "": no manager has the service */
	/* after a restart, a start or a stop: the result of a query right after it */
	vigil_service_status status;
	int error; /* 0, or a negative errno: the query or restart failed */
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
	/* true: the service has done its work and needs no process for it.  It is STOPPED after a
	 * run that succeeded, such as a oneshot of systemd, or its manager reports it as RUNNING
	 * without a process, such as a unit that is "active (exited)". */
	bool done;
	/* For RUNNING: identifies this run.  Each start of the service by its manager gives another
	 * value, whatever requested it, and a reload or another main process of the same run does
	 * not.  0: the manager has no such value, or it is unknown. */
	uint64_t run;
	/* The end of the last run, also if the service runs again because its manager restarted
	 * it.  NULL: none is known. */
	const vigil_service_death *death;
	/* For RUNNING: when the main process was started, in seconds since 1970.  0: there is no
	 * main process, or it is unknown. */
	double started;
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
	double restart_timeout; /* for a restart, a start, a stop or a reload; 0: 90 s */
	bool reset_failed;      /* reset systemd's start limit before a restart or a start */
	/* for "command": argv; NULL: a start uses restart_command, and a stop is refused */
	const char *const *start_command;
	const char *const *stop_command;
	/* The daemon only observes the service: it never restarts, starts or stops it.  The service
	 * is then not one of those that the daemon takes care of, for `vigilctl services` and for
	 * verbs that are given the name of a service. */
	bool observe;
	/* The daemon takes care of many services, and this is one of them.  `vigilctl services`
	 * names the daemon, but the daemon is not found by the name of this service.  See
	 * vigil_service_taken. */
	bool one_of_many;
	/* for "command": argv; NULL: a reload is refused */
	const char *const *reload_command;
} vigil_service_spec;

/* Opens a service for queries, restarts, starts and stops.  Daemons that open the same service
 * share its calls.  Returns NULL and sets errno if the name is not a valid name of a service
 * (EINVAL), or if vigild does not know the manager (ENOTSUP). */
VIGIL_API vigil_service *vigil_service_open(vigil_daemon *d, const vigil_service_spec *spec);
/* Closes the service before the daemon stops.  No callback of it is called any more, and an
 * unanswered query or restart has no reply.  A callback of the service may close it. */
VIGIL_API void vigil_service_close(vigil_service *svc);
VIGIL_API vigil_daemon *vigil_service_daemon(vigil_service *svc);
VIGIL_API const char *vigil_service_name(const vigil_service *svc);
/* Queries the status of the service.  vigild calls cb with the reply, unless the daemon stops
 * before.  -EBUSY: a query through svc is already in progress.  -EAGAIN: the queue is full.
 * -ECANCELED: vigild is stopping. */
VIGIL_API int vigil_service_query(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Says, in the callback of a query, that ticks are of no use as long as the status stays as it is.
 * Until the next callback of the daemon, ticks of vigil_every and vigil_every_spread are counted
 * but not delivered while vigild knows without a query that the status is unchanged, which is for
 * a minute at most.  Changes are reported as ever (vigil_service_on_stale). */
VIGIL_API void vigil_service_rest(vigil_service *svc);
/* Restarts the service and queries its status right after that.  The errors are those of
 * vigil_service_query; -EBUSY means a restart in progress. */
VIGIL_API int vigil_service_restart(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Returns why the restart of a service that works should wait: packages are being installed or
 * removed, or the machine is shutting down.  NULL: it need not wait.  The text is static.
 * vigil_service_restart itself defers only restarts of services that were stopped. */
VIGIL_API const char *vigil_service_deferred(vigil_service *svc);
/* Returns the name of another daemon that takes care of the same service, so that this daemon
 * should leave it alone.  A daemon that has opened the service without one_of_many has precedence
 * over one that has opened it with one_of_many.  Among equals, the daemon that opened it first has
 * precedence.  NULL: there is no such daemon, or this daemon only observes the service.  The name
 * is valid until the callback returns.  A reload may change the result, and vigil_on_change
 * reports it as a change of /vigil/generation. */
VIGIL_API const char *vigil_service_taken(vigil_service *svc);
/* Starts or stops the service, as an admin requests it, and queries its status right after that.
 * Neither counts for restart_rate, and a package upgrade does not defer them.  A start of a running
 * service and a stop of a stopped one do nothing and succeed.  A start is refused like a restart if
 * the service is masked or held, and both are refused by `deny`.  A stop waits for the end of the
 * service for at most restart_timeout; it has succeeded if the status is STOPPED, or FAILED because
 * the service did not end well.  A start that waits behind a stop is made after it, and a stop
 * behind a start too.  The errors are those of vigil_service_query; -EBUSY means that a start or a
 * stop through svc is in progress. */
VIGIL_API int vigil_service_start(vigil_service *svc, vigil_service_fn *cb, void *arg);
VIGIL_API int vigil_service_stop(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Has the manager reload the service, which reads its configuration again, and queries its status
 * right after that.  runit and s6 send SIGHUP.  A service that does not run is not reloaded: fault
 * is VIGIL_FAULT_REFUSED.  The errors are those of vigil_service_query; -EBUSY means a reload in
 * progress. */
VIGIL_API int vigil_service_reload(vigil_service *svc, vigil_service_fn *cb, void *arg);
/* Calls cb whenever a query, by any daemon, finds a status that differs from the previous one. */
VIGIL_API int vigil_service_on_change(vigil_service *svc, vigil_service_fn *cb, void *arg);

/* Calls cb at once when the process of the service has exited or its manager has signalled a
 * change, before any query.  The reply contains the cached status.  Its text says which event
 * occurred, or is "" if the event is not worth reporting.  The event is only a reason to query the
 * service, because its manager may already be restarting it. */
VIGIL_API int vigil_service_on_stale(vigil_service *svc, vigil_service_fn *cb, void *arg);

/* --- all services of the machine -------------------------------------------------------------- */

/* Whether the manager starts the service when the machine boots. */
typedef enum vigil_service_boot {
	VIGIL_BOOT_UNKNOWN,
	VIGIL_BOOT_NO,
	VIGIL_BOOT_YES,
	VIGIL_BOOT_STATIC /* it cannot be enabled; other units start it */
} vigil_service_boot;

/* What happens when the main process of the service is killed, as by `kill -9`. */
typedef enum vigil_service_crash {
	VIGIL_CRASH_UNKNOWN,
	VIGIL_CRASH_NONE,      /* it has no process to lose: not a daemon, or not in use */
	VIGIL_CRASH_DOWN,      /* it stays down */
	VIGIL_CRASH_RESTARTED, /* its manager starts it again */
	VIGIL_CRASH_ON_DEMAND  /* a socket, a timer or D-Bus starts it again when it is needed */
} vigil_service_crash;

/* Return "yes", "no", "static", "unknown", and "none", "down", "restarted", "on-demand",
 * "unknown", as static text. */
VIGIL_API const char *vigil_service_boot_name(vigil_service_boot boot);
VIGIL_API const char *vigil_service_crash_name(vigil_service_crash crash);

typedef struct vigil_service_entry {
	size_t size;
	const char *name;    /* as for vigil_service_spec; may be a name that vigil cannot use */
	const char *manager; /* "systemd", "openrc" ...; never "" */
	const char *unit;    /* the name of the unit, as in vigil_service_reply; "": none */
	vigil_service_status status;
	const char *text; /* more about the status, such as "killed by SIGKILL"; "": nothing */
	double since;     /* when the status began, in seconds since 1970; 0: unknown */
	vigil_service_boot boot;
	/* true: it runs all the time.  false: it is a oneshot, or only a timer, a socket or
	 * another request starts it. */
	bool daemon;
	vigil_service_crash crash;
	const char *crash_text; /* in words, such as "restarted by systemd in 100 ms"; "": nothing
				 * is known */
	double crash_delay;     /* for RESTARTED: seconds until its manager starts it; else 0 */
	const char *hold;       /* as in vigil_service_reply, such as "the unit is masked"; NULL:
				 * none */
	pid_t pid;              /* the main process; 0: none or unknown */
	uint32_t respawns;      /* restarts by the manager itself; 0 if unknown */
} vigil_service_entry;

typedef struct vigil_services_spec {
	size_t size;             /* sizeof(vigil_services_spec) */
	const char *const *only; /* globs of names, terminated by NULL; NULL: all services */
	double timeout;          /* 0: 30 s */
} vigil_services_spec;

/* The entry and its texts are valid during the callback. */
typedef void vigil_services_fn(vigil_daemon *d, const vigil_service_entry *entry, void *arg);
/* error: 0, or a negative errno.  With an error the list is not complete, and text says why:
 * a manager could not be asked, or the machine has more services than the list may have (-E2BIG).
 * The text is "" if error is 0, and valid during the callback. */
typedef void vigil_services_end_fn(vigil_daemon *d, int error, const char *text, void *arg);

/* The list has at most this number of services. */
#define VIGIL_SERVICES_MAX 10000

/* Lists all services that the service managers of the machine know, sorted by name.  A worker asks
 * the managers.  After that vigild calls entry for each service, a few at a time, so that the loop
 * is not blocked, and then end, once.  If the daemon stops before, neither is called any more.
 * spec: NULL for all services.  arg is for both callbacks.  -EBUSY: the daemon
 * already lists the services.  -EINVAL: a callback is missing, or spec is invalid.
 * -EAGAIN: the queue is full.  -ECANCELED: vigild is stopping. */
VIGIL_API int vigil_services_each(vigil_daemon *d, const vigil_services_spec *spec,
	vigil_services_fn *entry, vigil_services_end_fn *end, void *arg);

/* Calls cb when the set of services may have changed.  With name, manager has loaded a service that
 * it had not loaded before, such as a transient unit; the name is that of vigil_service_entry.  If
 * name is NULL, services may have been added, removed, enabled or disabled; list them again to find
 * out.  One change may be reported several times.  Not all changes are reported: a directory of
 * services that does not exist yet when a daemon first calls this function is not watched. */
typedef void vigil_services_change_fn(
	vigil_daemon *d, const char *manager, const char *name, void *arg);
VIGIL_API int vigil_services_on_change(vigil_daemon *d, vigil_services_change_fn *cb, void *arg);

/* --- the loop itself -------------------------------------------------------------------------- */

struct event_base;
/* Returns the event base of libevent, for libraries that have their own integration with libevent.
 * The module must free in stop whatever it creates on this base.  This is the one exception to the
 * rule that a module need not free anything. */
VIGIL_API struct event_base *vigil_base(vigil_daemon *d);

/* A gate is for the callbacks of such a library.  Each of them begins with vigil_enter and ends
 * with vigil_leave.  vigild then counts the time of the callback for the daemon, and names the
 * daemon if the callback crashes or hangs.
 *
 *	static void on_answer(void *arg)
 *	{
 *		vigil_gate *gate = arg;
 *		vigil_daemon *d = vigil_enter(gate);
 *
 *		if (d == NULL)
 *			return;
 *		...
 *		vigil_leave(gate);
 *	}
 *
 * A gate is the one object that vigild does not free when the daemon stops, because the library may
 * still call.  vigil_enter then returns NULL, and the callback must not use anything that belonged
 * to the daemon.  vigil_gate_close frees the gate; call it when the library does not call any
 * more.  It may be called at any time, also inside the callback, before vigil_leave. */
typedef struct vigil_gate vigil_gate;
VIGIL_API vigil_gate *vigil_gate_open(vigil_daemon *d);
VIGIL_API void vigil_gate_close(vigil_gate *gate);
VIGIL_API vigil_daemon *vigil_enter(vigil_gate *gate);
/* Only after a vigil_enter that did not return NULL. */
VIGIL_API void vigil_leave(vigil_gate *gate);

#ifdef __cplusplus
}
#endif
#endif
