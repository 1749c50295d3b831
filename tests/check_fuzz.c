/*
 * check_fuzz: replays the fuzzing corpus, which contains earlier findings, and random modifications
 * of each input, for machines without libFuzzer.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fuzz/fuzz.h"
#include "suite.h"

#define ROUNDS 500
#define SEED   20u

static uint32_t dice;

/* A reproducible pseudo-random number. */
static uint32_t throw(uint32_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 17;
	dice ^= dice << 5;
	return dice % below;
}

/* Flips bits, replaces bytes with special characters, or duplicates pieces, a few times. */
static size_t change(uint8_t *data, size_t size, size_t room)
{
	static const char meaning[] = "\0\n\r\t \"'\\/~[]{}:;,=|%#\x7f\x80\xff-.019eE";
	size_t at, piece;

	for (uint32_t n = 1 + throw(4); n > 0 && size > 0; n--) {
		at = throw((uint32_t)size);
		piece = 1 + throw(16);
		if (throw(3) == 0) {
			data[at] ^= (uint8_t)(1u << throw(8));
		} else if (throw(2) == 0) {
			data[at] = (uint8_t)meaning[throw(sizeof(meaning) - 1)];
		} else if (at + piece <= size && size + piece <= room) {
			memmove(data + at + piece, data + at, size - at);
			size += piece;
		}
	}
	return size;
}

static size_t read_file(const char *path, uint8_t *data, size_t room)
{
	FILE *file = fopen(path, "r");
	size_t size;

	ck_assert_msg(file != NULL, "%s", path);
	size = fread(data, 1, room, file);
	fclose(file);
	return size;
}

static void on_log(enum log_level level, const char *line, void *arg)
{
	ck_assert(fuzz_is_clean(line));
}

static void replay(const struct fuzz_target *target, const char *path)
{
	static uint8_t kept[65536], data[65536];
	size_t size = read_file(path, kept, sizeof(kept));

	target->run(kept, size < target->size_max ? size : target->size_max);
	for (unsigned i = 0; i < ROUNDS / suite_sample(); i++) {
		memcpy(data, kept, size);
		target->run(data, change(data, size < target->size_max ? size : target->size_max,
					  target->size_max));
	}
}

START_TEST(no_input_breaks_a_promise)
{
	const struct fuzz_target *target = &fuzz_targets[_i];
	const char *top = getenv("top_srcdir");
	char folder[512], path[1024];
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	dice = SEED;
	log_set_sink(on_log, NULL);
	snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s", top != NULL ? top : ".",
		target->name);
	dir = opendir(folder);
	ck_assert_msg(dir != NULL, "%s", folder);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		replay(target, path);
		count++;
	}
	closedir(dir);
	ck_assert_uint_gt(count, 0);
}
END_TEST

SUITE("fuzz", NULL, NULL)
{
	int count = 0;

	while (fuzz_targets[count].name != NULL)
		count++;
	printf("seed %u, %d rounds for each of the corpus\n", SEED, ROUNDS);
	LOOP_TEST(no_input_breaks_a_promise, count);
}
