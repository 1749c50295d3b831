/* fixture_watch: the watch of the module notify, and the changes that it sends. */
#ifndef FIXTURE_WATCH_H
#define FIXTURE_WATCH_H

#include "fake_vigil.h"
#include "modules/notify/news.h"
#include "modules/notify/send.h"
#include "modules/notify/watch.h"
#include "suite.h"

static const vigil_option schema[] = {
	VIGIL_OPTION("watch", VIGIL_LIST, "/runs/*/health, /vigil/degraded", "addresses"),
	VIGIL_OPTION("from", VIGIL_LIST, NULL, "words"),
	VIGIL_OPTION("to", VIGIL_LIST, NULL, "words"),
	VIGIL_OPTION("for", VIGIL_DURATION, "0", "seconds"),
	VIGIL_OPTION("remind", VIGIL_DURATION, "0", "seconds"),
	VIGIL_OPTION_END,
};
VIGIL_MODULE(.name = "notify", .options = schema);

/* The changes that were sent: "daemon event from>to;" for each. */
static char sent[4096];
static json_t *last;
static struct watch *watch;

void send_change(struct send *send, json_t *change)
{
	const char *keys[] = {"daemon", "event", "from", "to"}, *texts[4];

	for (unsigned i = 0; i < 4; i++)
		texts[i] = json_string_value(json_object_get(change, keys[i]));
	if (json_object_get(change, "what") != NULL)
		texts[0] = json_string_value(json_object_get(change, "what"));
	snprintf(sent + strlen(sent), sizeof(sent) - strlen(sent), "%s %s%s>%s;", texts[0],
		strcmp(texts[1], "change") == 0 ? "" : texts[1],
		strcmp(texts[1], "change") == 0 ? texts[2] : " ", texts[3]);
	json_decref(last);
	last = change;
}

static void setup(void)
{
	fake_begin();
	fake.daemon.name = "mail";
	sent[0] = '\0';
}

static void begin(void)
{
	watch = watch_start(&fake.daemon, NULL);
	ck_assert_ptr_nonnull(watch);
}

static void end(void)
{
	watch_stop(watch);
	memset(fake.timers, 0, sizeof(fake.timers));
	fake.subscription_count = 0;
	watch = NULL;
}

static void teardown(void)
{
	if (watch != NULL)
		watch_stop(watch);
	watch = NULL;
	json_decref(last);
	last = NULL;
	fake_end();
}

static send_save_fn *save;
static void *save_arg;

void send_on_save(struct send *send, send_save_fn *fn, void *arg)
{
	save = fn;
	save_arg = arg;
}

/* If the queue has a change of this daemon, there is no reminder. */
static bool waits_to_be_sent;

bool send_has(const struct send *send, const char *pointer)
{
	return waits_to_be_sent;
}

void send_save_soon(struct send *send)
{
}

/* Restarts vigild: only the stored values remain. */
static void restart(void)
{
	json_t *told;

	save(save_arg);
	told = json_incref(json_object_get(fake.state, "told"));
	end();
	json_object_clear(fake.state);
	json_object_set_new(fake.state, "told", told);
	begin();
}

static void health(const char *daemon, const char *level)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/runs/%s/health", daemon);
	fake_change(pointer, level != NULL ? json_pack("{s:s,s:s,s:s}", "level", level, "text",
						     "a text", "since", "2026-11-29T03:12:07Z")
					   : NULL);
}

#define SENT(text)                              \
	do {                                    \
		ck_assert_str_eq(sent, (text)); \
		sent[0] = '\0';                 \
	} while (0)

#endif
