/*
 * network: parses /proc/net/dev, and computes rates from two readings of an interface.
 *
 * The functions are pure.
 */
#ifndef NETWORK_H
#define NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_NAME 64 /* bytes; the kernel allows 16 */

struct network_counters {
	uint64_t received, sent; /* bytes */
	uint64_t errors, drops;  /* packets, both directions */
};

struct network_line {
	char name[NETWORK_NAME];
	struct network_counters counters;
};

/* Parses the interfaces in the order of the text, and stores at most `most` of them. Lines that are
 * not valid are skipped. Returns their number. */
size_t network_parse(const char *text, struct network_line *lines, size_t most);

struct network_rates { /* a second; negative: unknown */
	double received_bits, sent_bits, errors, drops;
};
/* bits: the speed of the interface in bits a second; 0: unknown. A counter that runs backwards has
 * either wrapped at 32 bits, if that fits the speed, or was reset; its rate is then unknown.
 * seconds is positive. */
void network_rates(const struct network_counters *before, const struct network_counters *now,
	double seconds, double bits, struct network_rates *rates);

/* Parses the content of /sys/class/net/NAME/speed. Returns bits a second; 0: it is unknown. */
double network_speed(const char *text);

#endif
