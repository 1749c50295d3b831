/* network: see network.h. */
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEGABIT   1e6
#define SPEED_MAX 1e8 /* megabits; a greater one is a negative number or a bug */
#define WRAP      ((uint64_t)1 << 32)
/* A rate is at most so many times the speed, because readings are not exact. */
#define TOLERANCE 1.5
/* Bits a second that an interface without a known speed may have. */
#define FASTEST 1e12

/* --- /proc/net/dev ---------------------------------------------------------------------------- */

/* The columns are: received bytes packets errs drop fifo frame compressed multicast, and the same
 * for sent with colls carrier compressed at the end. */
enum {
	RX_BYTES = 0,
	RX_ERRORS = 2,
	RX_DROPS = 3,
	TX_BYTES = 8,
	TX_ERRORS = 10,
	TX_DROPS = 11,
	COLUMNS
};

static bool parse_columns(const char *text, uint64_t columns[COLUMNS])
{
	char *end;

	for (int i = 0; i < COLUMNS; i++) {
		text += strspn(text, " \t");
		if (*text < '0' || *text > '9')
			return false;
		errno = 0;
		columns[i] = strtoull(text, &end, 10);
		if (errno != 0)
			return false;
		text = end;
	}
	return true;
}

static bool parse_line(const char *text, size_t length, struct network_line *line)
{
	const char *colon = memchr(text, ':', length);
	uint64_t columns[COLUMNS];
	size_t blanks = strspn(text, " \t"), n;

	if (colon == NULL || colon < text + blanks)
		return false;
	n = (size_t)(colon - text) - blanks;
	if (n == 0 || n >= sizeof(line->name) || !parse_columns(colon + 1, columns))
		return false;
	memcpy(line->name, text + blanks, n);
	line->name[n] = '\0';
	line->counters = (struct network_counters){.received = columns[RX_BYTES],
		.sent = columns[TX_BYTES],
		.errors = columns[RX_ERRORS] + columns[TX_ERRORS],
		.drops = columns[RX_DROPS] + columns[TX_DROPS]};
	return true;
}

size_t network_parse(const char *text, struct network_line *lines, size_t most)
{
	size_t count = 0, length;

	while (*text != '\0' && count < most) {
		length = strcspn(text, "\n");
		if (parse_line(text, length, &lines[count]))
			count++;
		text += length + (text[length] == '\n');
	}
	return count;
}

/* --- rates ------------------------------------------------------------------------------------ */

/* Returns the rate of a counter, or -1. highest: the greatest rate that is possible. */
static double rate(uint64_t before, uint64_t now, double seconds, double highest)
{
	double step;

	if (now >= before)
		step = (double)(now - before);
	else if (before < WRAP)
		step = (double)(now + WRAP - before);
	else
		return -1;
	return step / seconds <= highest ? step / seconds : -1;
}

void network_rates(const struct network_counters *before, const struct network_counters *now,
	double seconds, double bits, struct network_rates *rates)
{
	double bytes = TOLERANCE * (bits > 0 ? bits : FASTEST) / 8;
	/* The smallest packet has 64 bytes. A count of packets that wraps within one interval is
	 * less likely than one that was reset. */
	double packets = bytes / 64;

	rates->received_bits = rate(before->received, now->received, seconds, bytes);
	rates->sent_bits = rate(before->sent, now->sent, seconds, bytes);
	rates->errors = now->errors >= before->errors
				? rate(before->errors, now->errors, seconds, packets)
				: -1;
	rates->drops = now->drops >= before->drops
			       ? rate(before->drops, now->drops, seconds, packets)
			       : -1;
	if (rates->received_bits >= 0)
		rates->received_bits *= 8;
	if (rates->sent_bits >= 0)
		rates->sent_bits *= 8;
}

double network_speed(const char *text)
{
	char *end;
	double megabits = strtod(text, &end);

	if (end == text || !(megabits > 0 && megabits <= SPEED_MAX))
		return 0;
	return megabits * MEGABIT;
}
