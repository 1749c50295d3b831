/* store_limit: measures the file. */
#include "persist/store_limit.h"

#include <stdio.h>
#include <string.h>

void store_sizes_add(struct store_sizes *sizes, const char *name, size_t bytes)
{
	size_t i, place = STORE_LARGEST - 1;

	sizes->total += bytes;
	if (name == NULL)
		return;
	/* The sizes of a daemon are summed up, because it has values in several sections. */
	for (i = 0; i < STORE_LARGEST; i++)
		if (strncmp(sizes->largest[i].name, name, STORE_NAME - 1) == 0) {
			place = i;
			bytes += sizes->largest[i].size;
			break;
		}
	if (bytes <= sizes->largest[place].size)
		return;
	while (place > 0 && sizes->largest[place - 1].size < bytes) {
		sizes->largest[place] = sizes->largest[place - 1];
		place--;
	}
	snprintf(sizes->largest[place].name, STORE_NAME, "%s", name);
	sizes->largest[place].size = bytes;
}

void store_sizes_describe(const struct store_sizes *sizes, char *text, size_t size)
{
	static const double mib = 1024 * 1024;
	size_t n = 0;
	int written = snprintf(text, size, "%.1f MiB", (double)sizes->total / mib);

	for (size_t i = 0; written >= 0; i++) {
		n += (size_t)written;
		if (n >= size || i == STORE_LARGEST || sizes->largest[i].name[0] == '\0')
			return;
		written = snprintf(text + n, size - n, "%s%.40s %.1f MiB",
			i == 0 ? "; the largest: " : ", ", sizes->largest[i].name,
			(double)sizes->largest[i].size / mib);
	}
}
