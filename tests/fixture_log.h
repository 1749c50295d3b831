/*
 * fixture_log: restores the log and stderr after each test, and compares the content of log files.
 */
#ifndef FIXTURE_LOG_H
#define FIXTURE_LOG_H

#include <fcntl.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "scratch.h"
#include "suite.h"

#define TIME "20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"

static int real_stderr;

static void setup(void)
{
	scratch_setup();
	real_stderr = dup(STDERR_FILENO);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static void teardown(void)
{
	log_set_sink(NULL, NULL);
	log_close();
	log_set_level(LEVEL_INFO);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	scratch_teardown();
}

static const char *content(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	close(fd);
	text[n] = '\0';
	return text;
}

static void assert_like(const char *text, const char *pattern)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(
		regexec(&regex, text, 0, NULL, 0) == 0, "\"%s\" is not like \"%s\"", text, pattern);
	regfree(&regex);
}

#endif
