/*
 * kill: vigild is killed at random moments of its life, under load, and each time the next one is
 * started with the files that it left.
 *
 *	kill VIGILD WORK ROUNDS SEED
 *
 * WORK has vigil.conf, init.d/svc, which appends a line to WORK/starts each time it starts the
 * service, and svc.pid.  The program checks the files after each kill, and each start.  It prints a
 * line `broken: ...` for each broken promise, and at the end
 *
 *	rounds R, deaths D, starts S, slowest start T ms, torn N, waited W
 */
#include "vigild_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIFE_MAX    1300 /* ms; a changed state is written within a second */
#define CLIENTS     8
#define PATIENCE_MS 60000

static struct vigild vigild;
static unsigned random_state;
static unsigned deaths, torn, refused;
static json_int_t restarts; /* the largest number that was read from disk */
static long slowest;
static int clients[CLIENTS];

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static unsigned any(unsigned below)
{
	return (unsigned)rand_r(&random_state) % below;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static char *path(const char *name)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s/%s", vigild.work, name);
	return text;
}

static void broken(const char *what, const char *more)
{
	printf("broken: %s: %s\n", what, more);
}

/* --- the service ------------------------------------------------------------------------------ */

static pid_t service_pid(void)
{
	FILE *file = fopen(path("svc.pid"), "re");
	int pid = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%d", &pid) != 1)
		pid = 0;
	fclose(file);
	return pid > 1 ? pid : 0;
}

/* Whether it runs and is the service: its pid may belong to another process by now. */
static bool service_runs(pid_t pid)
{
	char name[64], comm[32] = "";
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	file = pid > 0 ? fopen(name, "re") : NULL;
	if (file == NULL)
		return false;
	if (fscanf(file, "%*d (%31[^)]) %*[^ZX]", comm) != 1)
		comm[0] = '\0';
	fclose(file);
	return strcmp(comm, "sleep") == 0;
}

static void end_service(void)
{
	pid_t pid = service_pid();

	if (service_runs(pid) && kill(pid, SIGKILL) == 0)
		deaths++;
	while (service_runs(pid)) /* until the kernel has ended it */
		nap(1);
}

static unsigned starts(void)
{
	FILE *file = fopen(path("starts"), "re");
	unsigned n = 0;
	int c;

	while (file != NULL && (c = getc(file)) != EOF)
		n += c == '\n';
	if (file != NULL)
		fclose(file);
	return n;
}

/* --- load ------------------------------------------------------------------------------------- */

static void put_config(bool right)
{
	FILE *file = fopen(path("conf.d/more.conf"), "we");

	if (file == NULL)
		abort();
	fprintf(file,
		"[daemons]\nmore = yes\n[daemon:more]\nmodule = average\n"
		"source = /vigil/revision\n%s = %u%s\n",
		right ? "interval" : "intervall", any(50) + 50, "ms");
	fclose(file);
}

/* Clients connect and send a request, and do not wait for the reply. */
static void ask_and_go(void)
{
	static const char *const verbs[][2] = {{"status", "{}"}, {"get", "{\"pointer\":\"\"}"},
		{"pause", "{\"daemon\":\"plug\",\"seconds\":3600,\"reason\":\"torture\"}"},
		{"resume", "{\"daemon\":\"plug\"}"}, {"explain", "{\"daemon\":\"svc\"}"},
		{"watch", "{\"pointer\":\"\"}"}};
	unsigned which = any(sizeof(verbs) / sizeof(*verbs)), seat = any(CLIENTS);

	if (clients[seat] >= 0)
		close(clients[seat]);
	clients[seat] = vigild_connect(&vigild);
	if (clients[seat] >= 0)
		vigild_send(clients[seat], verbs[which][0], verbs[which][1]);
}

static void live(long ms)
{
	long until = now_ms() + ms;

	while (now_ms() < until) {
		switch (any(12)) {
		case 0: end_service(); break;
		case 1:
			put_config(any(3) > 0);
			kill(vigild.pid, SIGHUP);
			break;
		default: ask_and_go(); break;
		}
		nap((long)any(20));
	}
}

/* --- the files that it left ------------------------------------------------------------------- */

static void check_state(bool may_be_missing)
{
	json_error_t error;
	json_t *doc, *count;

	doc = json_load_file(path("state/state.json"), JSON_REJECT_DUPLICATES, &error);
	if (doc == NULL && may_be_missing && access(path("state/state.json"), F_OK) != 0)
		return;
	if (doc == NULL) {
		torn++;
		broken("the state file is incomplete", error.text);
		return;
	}
	count = json_object_get(
		json_object_get(json_object_get(doc, "kept"), "svc"), "service_state/restarts");
	if (json_integer_value(count) < restarts)
		broken("the state file is older than before", "fewer restarts than before");
	else
		restarts = json_integer_value(count);
	json_decref(doc);
}

static bool start_next(void)
{
	long began = now_ms(), took;
	json_t *reply = NULL;
	bool hung;

	put_config(true);
	/* A child of the killed vigild may hold its lock until the child has executed its
	 * program. */
	while (!vigild_boot(&vigild, &hung)) {
		if (hung || now_ms() - began > PATIENCE_MS) {
			broken("vigild does not start", vigild.said);
			return false;
		}
		refused++;
		nap(1);
	}
	/* Nor does a client get a reply that connects to the socket held by that child. */
	while (vigild_ask(&vigild, "version", "{}", &reply) != ANSWERED) {
		if (vigild_has_ended(&vigild) || now_ms() - began > PATIENCE_MS) {
			broken("vigild does not reply", vigild.said);
			return false;
		}
		nap(1);
	}
	json_decref(reply);
	took = now_ms() - began;
	if (took > slowest)
		slowest = took;
	if (vigild_said(&vigild, "state.json.bad"))
		broken("the state was set aside", vigild.said);
	return true;
}

static void finish(void)
{
	long until = now_ms() + PATIENCE_MS;

	while (now_ms() < until && !service_runs(service_pid()))
		nap(20);
	if (!service_runs(service_pid()))
		broken("the service does not run again", vigild.said);
	nap(1500); /* a second restart would have happened by then: queries are 200 ms apart */
	kill(vigild.pid, SIGTERM);
	if (!vigild_await_end(&vigild, PATIENCE_MS))
		broken("vigild does not exit", vigild.said);
	check_state(false);
}

int main(int argc, char **argv)
{
	unsigned rounds, done = 0, begun;
	char *conf;

	if (argc != 5)
		return EXIT_FAILURE;
	vigild = (struct vigild){.work = argv[2], .keeps_doors = true};
	conf = strdup(path("vigil.conf"));
	vigild.command = (char *[]){argv[1], "-c", conf, NULL};
	rounds = (unsigned)atoi(argv[3]);
	random_state = (unsigned)atoi(argv[4]);
	for (unsigned i = 0; i < CLIENTS; i++)
		clients[i] = -1;
	for (; done < rounds && start_next(); done++) {
		live((long)any(LIFE_MAX));
		vigild_kill(&vigild);
		check_state(done < 5);
	}
	if (done == rounds && start_next())
		finish();
	vigild_kill(&vigild);
	begun = starts();
	if (begun > deaths + 1)
		broken("a service was restarted twice for one crash", "more starts than crashes");
	printf("rounds %u, deaths %u, starts %u, slowest start %ld ms, torn %u, waited %u\n", done,
		deaths, begun, slowest, torn, refused);
	free(conf);
	return EXIT_SUCCESS;
}
