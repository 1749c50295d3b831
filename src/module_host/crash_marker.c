/*
 * crash_marker: the implementation of persist/crash_marker.h in vigil-module-host.  The page is
 * shared with vigild, which reads it when the process ends, and while it runs.
 */
#include "persist/crash_marker.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "module_host/module_host.h"
#include "module_host/parent.h"

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
static char stack[32768]; /* for the handler, because the normal stack may have overflowed */

static void on_fatal(int signo)
{
	parent_note_memory();
	signal(signo, SIG_DFL);
	raise(signo);
}

static void on_exit_called(void)
{
	parent_note_memory();
}

void module_host_catch_signals(void)
{
	const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_ONSTACK};

	sigaltstack(&alternative, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		sigaction(fatal[i], &action, NULL);
	atexit(on_exit_called);
}

static void enter(const char *callback, uint64_t now)
{
	struct isolate_page *page = parent_page();
	size_t i = 0;

	for (; callback[i] != '\0' && i < sizeof(page->callback) - 1; i++)
		page->callback[i] = callback[i];
	page->callback[i] = '\0';
	page->entered = now;
}

void crash_marker_enter(const char *name, uint64_t now)
{
	enter(module_host_callback(), now);
}

void crash_marker_leave(void)
{
	parent_page()->entered = 0;
}

void crash_marker_load(const char *module)
{
	enter("constructor", clock_now());
}

void crash_marker_loaded(void)
{
	crash_marker_leave();
}
