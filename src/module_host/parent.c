/*
 * parent: see parent.h.
 *
 * Messages are written at the end of each turn of the loop.  The process may wait for an answer of
 * vigild, because nothing else runs in it; messages that arrive meanwhile are kept for the loop.
 */
#include "module_host/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "isolate/isolate_link.h"
#include "loop/loop.h"

#define FULL     (256 * 1024)
#define LINE_MAX ((size_t)64 * 1024 * 1024)
#define HIGH     10 /* descriptors below this one are left to the module */

static struct isolate_page own_page, *page = &own_page;
static struct isolate_link link_;
static struct parent_user user;
static struct event *readable, *writable;
static json_t *held; /* messages that arrived while an answer was awaited */
static int statm = -1;

int parent_open(void)
{
	int fd = fcntl(ISOLATE_SOCKET, F_DUPFD_CLOEXEC, HIGH), null;
	void *map = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, ISOLATE_PAGE, 0);

	if (fd < 0 || map == MAP_FAILED || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return -errno;
	page = map;
	close(ISOLATE_PAGE);
	null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, ISOLATE_SOCKET);
		close(null);
	}
	isolate_link_open(&link_, fd);
	link_.line_max = LINE_MAX;
	held = json_array();
	null = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (null >= 0) {
		statm = fcntl(null, F_DUPFD_CLOEXEC, HIGH);
		close(null);
	}
	return 0;
}

struct isolate_page *parent_page(void)
{
	return page;
}

/* The sixth number of the file is what RLIMIT_DATA limits, in pages. */
void parent_note_memory(void)
{
	char text[128];
	ssize_t n = pread(statm, text, sizeof(text) - 1, 0);
	const char *p = text;
	uint64_t pages = 0;

	if (n <= 0)
		return;
	text[n] = '\0';
	for (int i = 0; i < 5 && p != NULL; i++) {
		p = strchr(p, ' ');
		p = p != NULL ? p + 1 : NULL;
	}
	for (; p != NULL && *p >= '0' && *p <= '9'; p++)
		pages = pages * 10 + (uint64_t)(*p - '0');
	page->memory = pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* --- sending ---------------------------------------------------------------------------------- */

/* vigild has gone, or the module has closed the descriptor. */
__attribute__((noreturn)) static void give_up(void)
{
	page->lost = 1;
	_exit(EXIT_FAILURE);
}

static void await(short what)
{
	struct pollfd ready = {.fd = link_.fd, .events = what};

	poll(&ready, 1, -1);
}

void parent_tell(json_t *message)
{
	isolate_link_add(&link_, message);
}

bool parent_is_full(void)
{
	return isolate_link_waiting(&link_) > FULL;
}

void parent_flush(void)
{
	int err;

	while ((err = isolate_link_write(&link_)) == -EAGAIN)
		await(POLLOUT);
	if (err != 0)
		give_up();
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	/* parent_turn follows. */
}

void parent_turn(void)
{
	int err;

	if (!parent_is_full())
		user.collect();
	err = isolate_link_write(&link_);
	if (err == -EAGAIN)
		event_add(writable, NULL);
	else if (err != 0)
		give_up();
}

/* --- receiving -------------------------------------------------------------------------------- */

json_t *parent_wait(void)
{
	json_t *message;
	int err, n;

	for (;;) {
		message = isolate_link_next(&link_, &err);
		if (message != NULL)
			return message;
		n = err != 0 ? err : isolate_link_read(&link_);
		if (n == -EAGAIN)
			await(POLLIN);
		else if (n <= 0)
			return NULL;
	}
}

json_t *parent_ask(json_t *message)
{
	json_t *answer;

	if (user.collect != NULL)
		user.collect();
	parent_tell(message);
	parent_flush();
	while ((message = parent_wait()) != NULL && strcmp(isolate_text(message, 0), "answer") != 0)
		json_array_append_new(held, message);
	if (message == NULL)
		give_up();
	answer = json_incref(json_array_get(message, 1));
	json_decref(message);
	if (json_array_size(held) > 0 || link_.in.start < link_.in.end)
		event_active(readable, EV_READ, 0);
	if (!json_is_null(answer))
		return answer;
	json_decref(answer);
	return NULL;
}

static void deliver_held(void)
{
	json_t *messages = held, *message;
	size_t index;

	if (json_array_size(messages) == 0)
		return;
	held = json_array();
	json_array_foreach(messages, index, message)
		user.on_message(message);
	json_decref(messages);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	json_t *message;
	int n, err = 0;

	deliver_held();
	n = isolate_link_read(&link_);
	while (err == 0 && (message = isolate_link_next(&link_, &err)) != NULL) {
		deliver_held(); /* an earlier callback has waited for an answer */
		user.on_message(message);
		json_decref(message);
	}
	if (err != 0 || n == 0 || (n < 0 && n != -EAGAIN)) {
		event_del(readable);
		give_up();
	}
}

void parent_attach(struct loop *loop, const struct parent_user *its_user)
{
	user = *its_user;
	readable = event_new(loop_base(loop), link_.fd, EV_READ | EV_PERSIST, on_readable, NULL);
	writable = event_new(loop_base(loop), link_.fd, EV_WRITE, on_writable, NULL);
	event_add(readable, NULL);
}
