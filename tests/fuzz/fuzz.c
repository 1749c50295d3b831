/*
 * fuzz: the table of targets, and what they share.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

const struct fuzz_target fuzz_targets[] = {
	{"average", fuzz_average, 2048},
#ifdef HAVE_SYSTEMD
	{"bus", fuzz_bus, 1024},
#endif
	{"client", fuzz_client, 4096},
	{"command-line", fuzz_command_line, 256},
	{"condition", fuzz_condition, 256},
	{"config", fuzz_config, 4096},
	{"console", fuzz_console, 2048},
	{"control", fuzz_control, 4096},
	{"control-group", fuzz_control_group, 1024},
	{"crash", fuzz_crash, 1024},
	{"escape", fuzz_escape, 512},
	{"http", fuzz_http, 1024},
	{"init-script", fuzz_init_script, 2048},
	{"isolate", fuzz_isolate, 4096},
	{"master", fuzz_master, 4096},
	{"merge", fuzz_merge, 2048},
	{"mounts", fuzz_mounts, 2048},
	{"nagios", fuzz_nagios, 2048},
	{"names", fuzz_names, 512},
	{"notify", fuzz_notify, 2048},
	{"openrc", fuzz_openrc, 8192},
	{"pidfile", fuzz_pidfile, 64},
	{"pipe", fuzz_pipe, 1024},
	{"pointer", fuzz_pointer, 512},
	{"probe", fuzz_probe, 1024},
	{"process", fuzz_process, 1024},
	{"reply", fuzz_reply, 4096},
	{"runit", fuzz_runit, 24},
	{"s6", fuzz_s6, 48},
	{"state", fuzz_state, 2048},
	{"store", fuzz_store, 2048},
	{"stream", fuzz_stream, 2048},
	{"svstat", fuzz_svstat, 128},
	{"system", fuzz_system, 1024},
	{"values", fuzz_values, 256},
	{0},
};

void fuzz_broken(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	FUZZ_HOLDS(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static char directory[64];

static int on_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

static void clean_up(void)
{
	nftw(directory, on_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* A forked process makes a directory of its own; check forks for each test. */
const char *fuzz_directory(void)
{
	static pid_t owner;

	if (owner == getpid())
		return directory;
	owner = getpid();
	snprintf(directory, sizeof(directory), "%s/vigil_fuzz.XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	FUZZ_HOLDS(mkdtemp(directory) != NULL);
	atexit(clean_up);
	return directory;
}

const char *fuzz_file(const char *name, const uint8_t *data, size_t size)
{
	static char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fuzz_directory(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FUZZ_HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	close(fd);
	return path;
}

bool fuzz_is_clean(const char *text)
{
	size_t left = strlen(text), n;
	uint32_t c;

	for (; left > 0; text += n, left -= n) {
		n = text_decode(text, left, &c);
		if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
			c == 0x202e || c == 0xfeff)
			return false;
	}
	return true;
}
