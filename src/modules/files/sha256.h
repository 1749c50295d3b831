/* sha256: the checksum SHA-256 (FIPS 180-4), computed piece by piece. */
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_TEXT 65 /* hexadecimal digits and the NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	unsigned char block[64];
};

void sha256_begin(struct sha256 *sum);
void sha256_add(struct sha256 *sum, const void *data, size_t size);
/* Writes the checksum as hexadecimal text. `sum` cannot be used after that. */
void sha256_end(struct sha256 *sum, char text[SHA256_TEXT]);

#endif
