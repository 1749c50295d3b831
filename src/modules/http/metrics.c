/*
 * metrics: see metrics.h.  A table has one row for each family, with a function that writes its
 * samples.  This file knows no module.  A daemon is a member of /runs, and a service is the value
 * at /daemons/NAME/service_state, which has the same format for all modules.  All other numbers
 * that a daemon keeps are samples of one family, with their JSON pointers as a label.
 *
 * First the accounts at /runs are read, one daemon at a time, because vigild computes them when
 * they are read, and all of them at once would block the loop.  What the families need of them is
 * kept until the reply ends.  Everything else is read while the reply is made.
 */
#include "metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/http.h>

#include "account.h"
#include "exposition.h"
#include "names.h"
#include "reply.h"
#include "state_reader.h"

struct family;

struct scrape {
	struct server *server;
	enum exposition_format format;
	json_t *vigil;            /* the value at /vigil; a reference */
	json_t *names;            /* of all daemons; owned */
	struct account *accounts; /* in the order of names; owned */
	size_t read;              /* how many of the accounts have been read */
	size_t family;            /* the index of the family that is being written */
	bool begun;               /* its head has been written */
	size_t at;                /* the index of the next daemon */
	size_t values;            /* numbers of daemons written so far */

	/* The arguments of a row's function: */
	struct evbuffer *out;
	const struct family *row;
	const char *name; /* of the daemon; NULL: the family is about the host */
	const struct account *account;
};

typedef void family_fn(struct scrape *s);

struct family {
	struct exposition_family family;
	bool of_daemons; /* write is called for each daemon; else once */
	family_fn *write;
	/* the path of the number in the state of the host or the service, or the member of a
	 * probe */
	const char *address;
};

/* --- one sample ------------------------------------------------------------------------------- */

static void write_sample(struct scrape *s, const struct exposition_label *labels, double value)
{
	exposition_sample(s->out, s->row->family.name, labels, value);
}

static void write_host(struct scrape *s)
{
	const json_t *number = reader_follow(s->vigil, s->row->address);

	if (json_is_number(number))
		write_sample(s, (const struct exposition_label[]){{0}}, json_number_value(number));
}

static void write_build(struct scrape *s)
{
	const struct exposition_label labels[] = {
		{"version", reader_text(s->vigil, "version")}, {0}};

	write_sample(s, labels, 1);
}

static void write_degraded(struct scrape *s)
{
	size_t reasons = json_array_size(json_object_get(s->vigil, "degraded"));

	write_sample(s, (const struct exposition_label[]){{0}}, (double)reasons);
}

/* A number that is not known has no sample. */
static void write_daemon(struct scrape *s, double value)
{
	const struct exposition_label labels[] = {
		{"daemon", s->name}, {"module", s->account->module}, {0}};

	if (!isnan(value))
		write_sample(s, labels, value);
}

/* Defines write_MEMBER, the function of a family whose samples are that member of the account. */
#define WRITES(member)                               \
	static void write_##member(struct scrape *s) \
	{                                            \
		write_daemon(s, s->account->member); \
	}
WRITES(ticks)
WRITES(missed)
WRITES(errors)
WRITES(callback_seconds)
WRITES(up)
WRITES(paused)

static void write_health(struct scrape *s)
{
	if (s->account->level != READER_SILENT)
		write_daemon(s, s->account->level);
}

/* --- services --------------------------------------------------------------------------------- */

static const char *const states[] = {
	"running", "stopped", "starting", "stopping", "failed", "reloading", "unknown"};

static void write_service(
	struct scrape *s, const struct reader_service *service, const char *state, double value)
{
	const struct exposition_label labels[] = {{"daemon", s->name}, {"service", service->name},
		{"manager", service->manager}, {state != NULL ? "state" : NULL, state}, {0}};

	write_sample(s, labels, value);
}

/* Calls fn for the service of the daemon, or for each of its services. */
static void each_service(struct scrape *s, reader_service_fn *fn)
{
	struct reader_service service;

	if (reader_service(s->server->d, s->name, &service))
		fn(&service, s);
	reader_services_each(s->server->d, s->name, fn, s);
}

static void put_service_up(const struct reader_service *service, void *arg)
{
	write_service(arg, service, NULL, strcmp(service->value, "running") == 0);
}

static void write_service_up(struct scrape *s)
{
	each_service(s, put_service_up);
}

static void put_service_state(const struct reader_service *service, void *arg)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		write_service(arg, service, states[i], strcmp(service->value, states[i]) == 0);
}

static void write_service_state(struct scrape *s)
{
	each_service(s, put_service_state);
}

static void put_service_number(const struct reader_service *service, void *arg)
{
	struct scrape *s = arg;

	write_service(s, service, NULL,
		json_number_value(reader_follow(service->state, s->row->address)));
}

static void write_service_number(struct scrape *s)
{
	each_service(s, put_service_number);
}

/* Unlike the counters of vigil, a number that is not known has no sample. */
static void write_service_usage(struct scrape *s)
{
	struct reader_service service;
	const json_t *number;

	if (!reader_service(s->server->d, s->name, &service))
		return;
	number = reader_follow(service.state, s->row->address);
	if (json_is_number(number))
		write_service(s, &service, NULL, json_number_value(number));
}

/* --- probes ----------------------------------------------------------------------------------- */

/* Writes one member of the result of a probe.  target: NULL for the probe of a service. */
static void write_probe_member(
	struct scrape *s, const char *target, const json_t *probe, double factor)
{
	const struct exposition_label labels[] = {
		{"daemon", s->name}, {target != NULL ? "target" : NULL, target}, {0}};
	const json_t *member = json_object_get(probe, s->row->address);

	if (json_is_true(json_object_get(probe, "stale")))
		return;
	if (json_is_boolean(member))
		write_sample(s, labels, json_is_true(member));
	else if (json_is_number(member) && factor != 1) /* whole seconds */
		write_sample(s, labels, round(json_number_value(member) * factor));
	else if (json_is_number(member))
		write_sample(s, labels, json_number_value(member));
}

/* Writes the numbers of the probe of a service, and of all targets of a daemon of the module
 * remote. */
static void write_probes_by(struct scrape *s, double factor)
{
	char pointer[READER_POINTER] = "/daemons", probe[READER_POINTER];
	const char *key;
	json_t *child;

	if (!reader_step(pointer, s->name) || vigil_state_stale(s->server->d, pointer))
		return;
	strcpy(probe, pointer);
	if (reader_step(probe, READER_SERVICE) && reader_step(probe, "probe"))
		write_probe_member(s, NULL, vigil_state_get(s->server->d, probe), factor);
	if (!reader_step(pointer, "targets"))
		return;
	json_object_foreach((json_t *)vigil_state_get(s->server->d, pointer), key, child)
		write_probe_member(s, key, child, factor);
}

static void write_probes(struct scrape *s)
{
	write_probes_by(s, 1);
}

/* The state has the days until a certificate ends, and the metrics have seconds. */
static void write_certificates(struct scrape *s)
{
	write_probes_by(s, 86400);
}

/* --- other numbers of daemons ----------------------------------------------------------------- */

static void write_value(struct scrape *s, const char *pointer, double value)
{
	const struct exposition_label labels[] = {{"daemon", s->name}, {"pointer", pointer}, {0}};

	if (s->values == s->server->limits.values) {
		if (!s->server->values_cut)
			vigil_log(s->server->d, VIGIL_WARN,
				"daemons keep more than %zu numbers (values_max); the metrics omit "
				"the rest",
				s->values);
		s->server->values_cut = true;
		return;
	}
	s->values++;
	write_sample(s, labels, value);
}

/* Writes all numbers at and below a value.  Arrays are skipped, because each element of a series
 * would become a sample of its own. */
static void write_values_below(struct scrape *s, char pointer[READER_POINTER], const json_t *value)
{
	size_t length = strlen(pointer);
	const char *key;
	json_t *child;

	if (json_is_number(value))
		write_value(s, pointer, json_number_value(value));
	/* services have their own families */
	if (!json_is_object(value) || json_is_true(json_object_get(value, "stale")) ||
		reader_is_service(value))
		return;
	json_object_foreach((json_t *)value, key, child) {
		if (reader_step(pointer, key))
			write_values_below(s, pointer, child);
		pointer[length] = '\0';
	}
}

static void write_values(struct scrape *s)
{
	char pointer[READER_POINTER] = "/daemons";
	const json_t *kept;
	const char *key;
	json_t *child;
	size_t length;

	if (!reader_step(pointer, s->name) || vigil_state_stale(s->server->d, pointer))
		return;
	length = strlen(pointer);
	kept = vigil_state_get(s->server->d, pointer);
	json_object_foreach((json_t *)kept, key, child) {
		/* this service, too, if its name is not known yet */
		if (strcmp(key, READER_SERVICE) != 0 && reader_step(pointer, key))
			write_values_below(s, pointer, child);
		pointer[length] = '\0';
	}
}

/* --- the table -------------------------------------------------------------------------------- */

static const struct family families[] = {
	{{"vigil_build_info", EXPOSITION_INFO, NULL, "The version of vigild."}, false, write_build,
		NULL},
	{{"vigil_degraded", EXPOSITION_GAUGE, NULL,
		 "Number of degraded functions of vigild itself; /vigil/degraded lists them."},
		false, write_degraded, NULL},
	{{"vigil_loop_lag_seconds", EXPOSITION_GAUGE, "seconds",
		 "Lag of the loop: 99th percentile of the last minute."},
		false, write_host, "/loop/lag_seconds/p99"},
	{{"vigil_workers_busy", EXPOSITION_GAUGE, NULL, "Threads that wait for a service manager."},
		false, write_host, "/workers/busy"},
	{{"vigil_workers_lost_total", EXPOSITION_COUNTER, NULL,
		 "Threads abandoned because a service manager never answered."},
		false, write_host, "/workers/lost"},
	{{"vigil_reloads_total", EXPOSITION_COUNTER, NULL,
		 "Reloads that applied a new configuration."},
		false, write_host, "/reloads"},
	{{"vigil_daemon_up", EXPOSITION_GAUGE, NULL, "Whether the daemon is at work."}, true,
		write_up, NULL},
	{{"vigil_daemon_health", EXPOSITION_GAUGE, NULL,
		 "Health of the daemon: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."},
		true, write_health, NULL},
	{{"vigil_daemon_paused", EXPOSITION_GAUGE, NULL, "Whether the daemon is paused."}, true,
		write_paused, NULL},
	{{"vigil_daemon_ticks_total", EXPOSITION_COUNTER, NULL, "Ticks of the daemon's timers."},
		true, write_ticks, NULL},
	{{"vigil_daemon_missed_ticks_total", EXPOSITION_COUNTER, NULL,
		 "Ticks that were skipped because they were too late."},
		true, write_missed, NULL},
	{{"vigil_daemon_errors_total", EXPOSITION_COUNTER, NULL,
		 "Errors that the daemon has reported."},
		true, write_errors, NULL},
	{{"vigil_daemon_callback_seconds_total", EXPOSITION_COUNTER, "seconds",
		 "Time spent in the daemon's callbacks."},
		true, write_callback_seconds, NULL},
	{{"vigil_service_up", EXPOSITION_GAUGE, NULL, "Whether the service runs."}, true,
		write_service_up, NULL},
	{{"vigil_service_state", EXPOSITION_GAUGE, NULL,
		 "1 for the state that the service is in, 0 for the others."},
		true, write_service_state, NULL},
	{{"vigil_service_restarts_total", EXPOSITION_COUNTER, NULL,
		 "Restarts by vigil, including those that failed."},
		true, write_service_number, "/restarts"},
	{{"vigil_service_restart_errors_total", EXPOSITION_COUNTER, NULL, "Restarts that failed."},
		true, write_service_number, "/restart_errors"},
	{{"vigil_service_respawns_total", EXPOSITION_COUNTER, NULL,
		 "Restarts by the service's own manager."},
		true, write_service_number, "/respawns"},
	{{"vigil_service_memory_bytes", EXPOSITION_GAUGE, "bytes",
		 "Memory of the service, without caches that the kernel can drop."},
		true, write_service_usage, "/usage/memory_bytes"},
	{{"vigil_service_cache_bytes", EXPOSITION_GAUGE, "bytes",
		 "Page cache and other caches of the service, by its control group."},
		true, write_service_usage, "/usage/cache_bytes"},
	{{"vigil_service_cpu_seconds_total", EXPOSITION_COUNTER, "seconds",
		 "CPU time of the service since its start."},
		true, write_service_usage, "/usage/cpu_seconds"},
	{{"vigil_service_tasks", EXPOSITION_GAUGE, NULL,
		 "Processes and threads of the service, as the kernel counts tasks."},
		true, write_service_usage, "/usage/tasks"},
	{{"vigil_service_threads", EXPOSITION_GAUGE, NULL,
		 "Threads of the processes of the service."},
		true, write_service_usage, "/usage/threads"},
	{{"vigil_service_processes", EXPOSITION_GAUGE, NULL, "Processes of the service."}, true,
		write_service_usage, "/usage/processes"},
	{{"vigil_service_files", EXPOSITION_GAUGE, NULL, "Open descriptors of the service."}, true,
		write_service_usage, "/usage/files"},
	{{"vigil_service_io_read_bytes_total", EXPOSITION_COUNTER, "bytes",
		 "Bytes that the service has read from disks."},
		true, write_service_usage, "/usage/io_read_bytes"},
	{{"vigil_service_io_written_bytes_total", EXPOSITION_COUNTER, "bytes",
		 "Bytes that the service has written to disks."},
		true, write_service_usage, "/usage/io_written_bytes"},
	{{"vigil_service_oom_kills_total", EXPOSITION_COUNTER, NULL,
		 "Processes of the service that the kernel has killed for lack of memory."},
		true, write_service_usage, "/usage/oom_kills"},
	{{"vigil_service_pressure_percent", EXPOSITION_GAUGE, "percent",
		 "Percent of the last minute in which tasks of the service waited for memory."},
		true, write_service_usage, "/usage/pressure"},
	{{"vigil_probe_success", EXPOSITION_GAUGE, NULL,
		 "Whether the last probe succeeded; absent while that is not known."},
		true, write_probes, "ok"},
	{{"vigil_probe_seconds", EXPOSITION_GAUGE, "seconds", "How long the last probe took."},
		true, write_probes, "seconds"},
	{{"vigil_certificate_expiry_seconds", EXPOSITION_GAUGE, "seconds",
		 "Seconds until the certificate of a probed server ends; negative: it has ended."},
		true, write_certificates, "certificate_days"},
	{{"vigil_value", EXPOSITION_GAUGE, NULL,
		 "A number in the state of a daemon, by its JSON pointer; absent while it is "
		 "stale."},
		true, write_values, NULL},
};

#define FAMILIES (sizeof(families) / sizeof(*families))

static void next_family(struct scrape *s)
{
	s->family++;
	s->begun = false;
}

static const char *name_at(const struct scrape *s, size_t index)
{
	return json_string_value(json_array_get(s->names, index));
}

static void read_account(struct scrape *s)
{
	struct account *account = &s->accounts[s->read];

	account_read(account, names_account(s->server, name_at(s, s->read++)));
}

static void write_daemon_samples(struct scrape *s)
{
	s->name = name_at(s, s->at);
	s->account = &s->accounts[s->at++];
	if (s->account->exists)
		s->row->write(s);
}

/* Reads one account, or writes the head of a family or the samples of one daemon. */
static bool on_slice(struct evbuffer *out, void *arg)
{
	struct scrape *s = arg;
	size_t daemons = json_array_size(s->names);

	if (s->family == FAMILIES) {
		exposition_end(out, s->format);
		return false;
	}
	if (s->read < daemons) {
		read_account(s);
		return true;
	}
	s->out = out;
	s->row = &families[s->family];
	if (!s->begun) {
		exposition_begin(out, s->format, &s->row->family);
		s->begun = true;
		s->at = 0;
		s->name = NULL;
		if (!s->row->of_daemons)
			s->row->write(s);
	}
	if (s->row->of_daemons && s->at < daemons)
		write_daemon_samples(s);
	if (!s->row->of_daemons || s->at == daemons)
		next_family(s);
	return true;
}

static void scrape_free(void *arg)
{
	struct scrape *s = arg;

	json_decref(s->vigil);
	json_decref(s->names);
	free(s->accounts);
	free(s);
}

void metrics_reply(const struct request *request)
{
	struct scrape *s = calloc(1, sizeof(*s));
	vigil_daemon *d = request->server->d;

	if (s != NULL) {
		s->names = names_read(request->server);
		s->accounts = calloc(json_array_size(s->names) + 1, sizeof(*s->accounts));
	}
	if (s == NULL || s->names == NULL || s->accounts == NULL) {
		if (s != NULL)
			scrape_free(s);
		reply_error(request, 503, "out of memory", NULL);
		return;
	}
	s->server = request->server;
	s->format = exposition_negotiate(
		evhttp_find_header(evhttp_request_get_input_headers(request->req), "Accept"));
	s->vigil = json_incref((json_t *)vigil_state_get(d, "/vigil"));
	reply_header(request, "Vary", "Accept");
	reply_sliced(request, exposition_content_type(s->format), on_slice, scrape_free, s);
}
