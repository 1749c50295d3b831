/*
 * fuzz: the code that reads input from outside of vigil, for fuzzing.
 *
 * A target takes any bytes and aborts if a condition that must hold does not. libFuzzer runs the
 * targets (`make fuzz`), and check_fuzz runs them with the files in tests/fuzz/corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void fuzz_fn(const uint8_t *data, size_t size);

struct fuzz_target {
	const char *name; /* also its folder in the corpus */
	fuzz_fn *run;
	size_t size_max;
};

/* A row without a name is the end. */
extern const struct fuzz_target fuzz_targets[];

/* A condition that must hold: if it does not, the process prints it and aborts. */
#define FUZZ_HOLDS(condition) ((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))
void fuzz_broken(const char *file, int line, const char *what) __attribute__((noreturn));

/* The bytes as a text, up to the first NUL; the caller frees it. */
char *fuzz_text(const uint8_t *data, size_t size);
/* A directory of this process alone, in memory if the machine has /dev/shm. */
const char *fuzz_directory(void);
/* Writes the bytes to a file in it. Returns its path, which is valid until the next call. */
const char *fuzz_file(const char *name, const uint8_t *data, size_t size);
/* Whether a text has no character that could forge a line or control a terminal. */
bool fuzz_is_clean(const char *text);

fuzz_fn fuzz_average, fuzz_bus, fuzz_client, fuzz_condition, fuzz_console, fuzz_isolate,
	fuzz_master, fuzz_notify, fuzz_probe, fuzz_state;
fuzz_fn fuzz_command_line, fuzz_config, fuzz_control, fuzz_control_group, fuzz_crash, fuzz_escape,
	fuzz_http, fuzz_init_script, fuzz_merge, fuzz_mounts, fuzz_nagios, fuzz_names, fuzz_openrc,
	fuzz_pidfile, fuzz_pipe, fuzz_pointer, fuzz_process, fuzz_reply, fuzz_runit, fuzz_s6,
	fuzz_store, fuzz_stream, fuzz_svstat, fuzz_system, fuzz_values;

#endif
