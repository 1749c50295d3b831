/*
 * simulate: what happens at the master of a large site when something happens to all hosts at once.
 *
 *     simulate [-n HOSTS] [-s SEED] [-t master|satellites] [-z HOSTS] COSTS
 *
 * COSTS is a file of what icinga.sh and agent.sh have measured.  Prints a table whose columns are
 * separated by tabs: each row is an incident with one policy of vigil, for hosts that send to one
 * master, and for hosts that send to satellites of -z hosts each; -t: one of the two only.  The
 * same seed gives the same table.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct {
	const char *name; /* of the row of a measurement, in microseconds */
	size_t place;
} measured[] = {
	{"icinga2_cpu_from_10", offsetof(struct costs, result)},
	{"icinga2_cpu_new_connection", offsetof(struct costs, connection)},
	{"icinga2_cpu_resumed_connection", offsetof(struct costs, resumed)},
	{"master_cpu_of_100", offsetof(struct costs, zone)},
};

static const struct policy policies[] = {
	{"neither", false, false, false, false, false},
	{"before", true, true, false, false, false},
	{"now", true, true, true, true, true},
};

static const struct {
	enum incident incident;
	const char *name;
	double lasting;
} incidents[] = {
	{INCIDENT_NONE, "none", 0},
	{INCIDENT_ROLLOUT, "rollout", 0},
	{INCIDENT_OUTAGE, "outage", 3600},
	{INCIDENT_SPLIT, "split", 600},
	{INCIDENT_PLUGIN, "plugin", 0},
};

/* Returns false if one of the costs is missing. */
static bool read_costs(const char *path, struct costs *costs)
{
	FILE *file = fopen(path, "r");
	unsigned found = 0;
	char name[64];
	double value;

	if (file == NULL) {
		perror(path);
		return false;
	}
	while (fscanf(file, "%63s %lf%*[^\n]", name, &value) == 2)
		for (size_t i = 0; i < COUNT(measured); i++) {
			if (strcmp(name, measured[i].name) != 0)
				continue;
			*(double *)((char *)costs + measured[i].place) = value / 1e6;
			found |= 1u << i;
		}
	fclose(file);
	for (size_t i = 0; i < COUNT(measured); i++)
		if ((found & 1u << i) == 0)
			fprintf(stderr, "%s: there is no row %s\n", path, measured[i].name);
	return found == (1u << COUNT(measured)) - 1;
}

static void print(const struct tiers *tiers, const char *incident, const struct policy *policy,
	const struct figures *f)
{
	printf("%s\t%s\t%s\t%.2f\t%.2f\t%.0f\t%.1f\t%.1f\t%llu\t%.0f\t%.1f\t%.1f\t%.1f\t%u\n",
		tiers->name, incident, policy->name, f->steady_load, f->peak_load,
		f->peak_connections, f->queue, f->master_queue, (unsigned long long)f->timeouts,
		f->settled, f->seen[0], f->seen[1], f->seen[2], f->unseen);
	fflush(stdout);
}

static void simulate(struct run *run)
{
	struct figures figures;

	for (size_t i = 0; i < COUNT(incidents); i++)
		for (size_t p = 0; p < COUNT(policies); p++) {
			run->incident = incidents[i].incident;
			run->lasting = incidents[i].lasting;
			run->policy = &policies[p];
			model_run(run, &figures);
			print(run->tiers, incidents[i].name, run->policy, &figures);
		}
}

static uint32_t number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end == '\0' && value > 0 && value <= 10000000)
		return (uint32_t)value;
	fprintf(stderr, "simulate: invalid number: %s\n", text);
	exit(2);
}

int main(int argc, char **argv)
{
	uint32_t hosts = 100000, seed = 1, zone = 1000;
	const char *only = NULL;
	struct costs costs = {0};
	int option;

	while ((option = getopt(argc, argv, "n:s:t:z:")) != -1) {
		if (option == '?')
			return 2;
		if (option == 't')
			only = optarg;
		else
			*(option == 'n' ? &hosts : option == 's' ? &seed : &zone) = number(optarg);
	}
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: simulate [-n HOSTS] [-s SEED] [-t master|satellites] [-z "
				"HOSTS] COSTS\n");
		return 2;
	}
	if (!read_costs(argv[optind], &costs))
		return EXIT_FAILURE;
	printf("to\tincident\tpolicy\tload\tpeak\tconnections\tqueue_s\tmaster_queue_s\ttimeouts\t"
	       "settled_s\tseen_s\tseen_p99_s\tseen_most_s\tunseen\n");
	{
		const struct tiers tiers[] = {
			{"master", 1, 16, 16},
			{"satellites", hosts > zone ? hosts / zone : 2, 2, 8},
		};

		for (size_t i = 0; i < COUNT(tiers); i++)
			if (only == NULL || strcmp(only, tiers[i].name) == 0)
				simulate(&(struct run){hosts, seed, &costs, NULL, &tiers[i], 0, 0});
	}
	return EXIT_SUCCESS;
}
