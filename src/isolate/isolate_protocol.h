/*
 * isolate_protocol: what vigild and the process of an isolated daemon, vigil-module-host, say to
 * each other.
 *
 * The two are connected by a stream socket, which is descriptor 0 of the process when it starts.
 * Each message is a line: a JSON array whose first element is the name of the message.  Both sides
 * write what has collected in one turn of their loop at once.  vigild does not trust the process: a
 * line that is not such an array, that is too long, or whose elements are wrong ends the process.
 *
 * To vigild (P is a path below the daemon's own address, or "" for all of it):
 *
 *   described OBJECT         after load: the descriptor of the module, and its options
 *   diagnostic INDEX NOTE TEXT   the result of check; INDEX: of the given option, -1: none
 *   checked                  the check has ended
 *   failed TEXT              the module cannot be loaded, or its start has failed
 *   started                  its start has succeeded
 *   accepted, refused TEXT   the daemon has taken its new options, or keeps its old ones
 *   done                     it has handled options or tick, after what that has changed
 *   set P VALUE, unset P     a change of the daemon's state
 *   persist P                vigil_persist
 *   health LEVEL FLAGS TEXT LONG_TEXT   LONG_TEXT: null for none
 *   event LINE TEXT DETAIL   a new line of the history; DETAIL: null for none
 *   event_again LINE TEXT    other text for that line
 *   error TEXT               last_error; the counter is in the page
 *   log LEVEL TEXT           a line for the log
 *   verb NAME HELP           the module handles that verb; HELP: null for one of vigil_on_verb
 *   verb_done NAME ERROR ANSWER  its action has ended; ANSWER: null for none
 *   get POINTER FOLLOW       asks for a value; vigild replies with an answer.  FOLLOW: and for its
 *                            later changes
 *   open ID SPEC, close ID   a service
 *   ask ID CALL VERB         a call to a service; VERB as in enum service_verb
 *   observe ID STALE         vigil_service_on_change, or _on_stale
 *   deferred ID              asks for vigil_service_deferred; vigild replies with an answer
 *   taken ID                 asks for vigil_service_taken; vigild replies with an answer
 *   list SPEC                vigil_services_each
 *   watch_services           vigil_services_on_change
 *   slot ID WITHIN, slot_free ID
 *   child PID RUNNING        the module has started a program, or it has ended
 *   pong                     the reply to ping
 *
 * To the process:
 *
 *   load OBJECT              the first message, for a description or a check: dir, module, daemon,
 *                            options (null: describe only), memory
 *   start OBJECT             the first message, for a daemon: the same, and kept (the persistent
 *                            values), managers, paused, level
 *   options LIST             new options: [[KEY, VALUE] ...]
 *   stop                     stop and exit
 *   tick                     fire the periodic timers
 *   verb NAME ARGUMENTS      ARGUMENTS: null for a verb of vigil_on_verb
 *   paused BOOL
 *   answer VALUE             the reply to get or deferred; null: no value
 *   change POINTER VALUE, gone POINTER    a change of what is followed
 *   reply CALL REPLY         the answer to ask
 *   status ID STALE REPLY    for an observer
 *   entry ENTRY, entries_end ERROR TEXT, services MANAGER NAME
 *   granted ID               the slot
 *   ping
 *
 * The two also share the page below, so that nothing need be sent at each tick.
 */
#ifndef ISOLATE_PROTOCOL_H
#define ISOLATE_PROTOCOL_H

#include <stdint.h>

#define ISOLATE_PROGRAM  "vigil-module-host"
#define ISOLATE_SOCKET   0
#define ISOLATE_PAGE     3                 /* the descriptor of the page in the process */
#define ISOLATE_LINE_MAX (4 * 1024 * 1024) /* bytes of a message */

#define ISOLATE_CALLBACK 32

/* What the process writes and vigild reads at any time.  vigild trusts nothing in it: a number is a
 * number, and the text is escaped and has its NUL in vigild's copy. */
struct isolate_page {
	/* When the callback that runs was called, by clock_now; 0: none runs. */
	volatile uint64_t entered;
	volatile char callback[ISOLATE_CALLBACK]; /* what it is, in words */
	volatile int32_t lost;                    /* 1: the connection to vigild is closed */
	volatile int32_t level; /* the log level of vigild, which alone writes this */
	/* The bytes of private memory when the process ends by itself. */
	volatile uint64_t memory;
	volatile uint64_t ticks, missed, errors;
	volatile uint64_t call_last, call_max, call_total;         /* ns */
	volatile int64_t last_tick_seconds, last_tick_nanoseconds; /* since 1970; 0: none yet */
	volatile int64_t next_tick;                                /* of vigil_at; 0: none */
	volatile uint64_t periodic; /* the number of periodic timers */
};

#endif
