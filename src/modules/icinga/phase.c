/* phase: see phase.h. */
#include "phase.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

static uint32_t hash_text(uint32_t hash, const char *text)
{
	for (; *text != '\0'; text++) /* FNV-1a */
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

double phase_of(const char *host, const char *name)
{
	uint32_t hash = hash_text(hash_text(hash_text(2166136261u, host), "!"), name);

	/* The finalizer of MurmurHash3 moves names far apart that differ only in their last
	 * letter. */
	hash = (hash ^ hash >> 16) * 0x85ebca6bu;
	hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
	hash ^= hash >> 16;
	return hash / 4294967296.0;
}

double phase_retry(const char *host, unsigned failures, double max)
{
	double delay = fmin(exp2(fmin(failures, 16)), max);
	char attempt[16];

	snprintf(attempt, sizeof(attempt), "%u", failures);
	return delay * (0.5 + phase_of(host, attempt) / 2);
}
