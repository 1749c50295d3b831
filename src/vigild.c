/*
 * vigild: the main program.  It parses its command line, starts the host, the control socket and
 * the pipe, runs the loop, and shuts everything down on request.
 *
 * vigild stays in the foreground, because daemonizing is the job of a service manager.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/c_locale.h"
#include "base/degraded.h"
#include "base/diagnostic.h"
#include "base/log.h"
#include "base/memory.h"
#include "client/socket_owner.h"
#include "config/config.h"
#include "control/control.h"
#include "control/control_console.h"
#include "daemon/module_examine.h"
#include "host/host.h"
#include "loop/loop.h"
#include "loop/sd_notify.h"
#include "process/pidfd.h"
#include "process/process_guard.h"
#include "process/program.h"
#include "process/reaper.h"

#define EXIT_USAGE 2

struct arguments {
	const char *file;
	const char *level;
	bool test, show, console, examine;
};

/* What exists while the loop runs. */
struct run {
	struct host *host;
	struct control *control;
	struct control_console *console; /* NULL: without -C */
	bool failed;                     /* the console or its script failed */
	bool script;                     /* -C without a terminal: the console runs a script */
	struct sd_notify *notify;
	struct reaper *reaper; /* NULL: vigild is not process 1 */
	struct loop_signal *signals[4];
};

static const char usage[] =
	"usage: vigild [-c FILE] [-t [--show]] [-C] [-l LEVEL] [-V] [-h]\n"
	"\n"
	"Runs the daemons that the configuration enables, in the foreground.\n"
	"\n"
	"  -c, --config FILE      read FILE, then conf.d/*.conf in its directory\n"
	"                         (default: " SYSCONFDIR "/vigil/vigil.conf)\n"
	"  -t, --test             check the whole configuration, print all errors, start nothing\n"
	"      --show             with -t: print the effective configuration, and where each\n"
	"                         value comes from\n"
	"  -C, --console          start a prompt for the verbs of vigilctl; without a terminal,\n"
	"                         run the verbs on standard input, one on each line, and stop\n"
	"  -l, --log-level LEVEL  error, warning, notice, info or debug\n"
	"  -V, --version          print the version\n"
	"  -h, --help             print this help\n"
	"\n"
	"SIGHUP reloads the configuration.  SIGTERM and SIGINT stop vigild.\n"
	"Exit status: 0 stopped as requested, 1 could not start or a verb failed, 2 usage.\n";

/* Exits if the command line alone decides, for example with -V or an invalid option. */
static void read_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option longs[] = {
		{"config", required_argument, NULL, 'c'},
		{"test", no_argument, NULL, 't'},
		{"show", no_argument, NULL, 's'},
		{"console", no_argument, NULL, 'C'},
		{"log-level", required_argument, NULL, 'l'},
		{"examine", no_argument, NULL, 'e'}, /* vigild itself calls it: module_examine.h */
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	enum log_level level;
	int c;

	*arguments = (struct arguments){.file = SYSCONFDIR "/vigil/vigil.conf"};
	while ((c = getopt_long(argc, argv, "c:tCl:Vh", longs, NULL)) != -1) {
		switch (c) {
		case 'c': arguments->file = optarg; break;
		case 't': arguments->test = true; break;
		case 's': arguments->show = true; break;
		case 'e': arguments->examine = true; break;
		case 'C': arguments->console = true; break;
		case 'l': arguments->level = optarg; break;
		case 'V': puts("vigild " PACKAGE_VERSION); exit(EXIT_SUCCESS);
		case 'h': fputs(usage, stdout); exit(EXIT_SUCCESS);
		default: fputs("try: vigild --help\n", stderr); exit(EXIT_USAGE);
		}
	}
	if (optind < argc && !arguments->examine) {
		fprintf(stderr, "vigild: unexpected argument \"%s\"\n", argv[optind]);
		exit(EXIT_USAGE);
	}
	if (arguments->show && !arguments->test) {
		fputs("vigild: --show needs -t\n", stderr);
		exit(EXIT_USAGE);
	}
	if (arguments->level != NULL && log_level_parse(arguments->level, &level) != 0) {
		fprintf(stderr,
			"vigild: invalid log level \"%s\"; use error, warning, notice, info or "
			"debug\n",
			arguments->level);
		exit(EXIT_USAGE);
	}
}

static void print_diagnostics(const struct diagnostics *diagnostics, FILE *to)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		fprintf(to, "%s\n", diagnostics->list[i].text);
}

static int test(const struct arguments *arguments)
{
	struct diagnostics diagnostics = {0};
	int err = host_test(arguments->file, arguments->show ? stdout : NULL, &diagnostics);

	print_diagnostics(&diagnostics, stderr);
	diagnostics_clear(&diagnostics);
	if (err == 0 && !arguments->show)
		printf("%s: the configuration is valid\n", arguments->file);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void on_hup(int signo, void *arg)
{
	host_reload_soon(((struct run *)arg)->host);
}

static void on_stopped(void *arg)
{
	struct run *run = arg;

	loop_stop(host_loop(run->host));
}

static void stop(struct run *run, const char *why)
{
	log_notice("%s: stopping", why);
	sd_notify_stopping(run->notify);
	host_stop(run->host, on_stopped, run);
}

static void on_term(int signo, void *arg)
{
	struct run *run = arg;

	/* Ctrl-C at a prompt is for the console, which receives the signal, too. */
	if (signo == SIGINT && run->console != NULL && control_console_on_terminal(run->console))
		return;
	stop(run, signo == SIGINT ? "SIGINT" : "SIGTERM");
}

static void on_cont(int signo, void *arg)
{
	struct run *run = arg;

	if (run->console != NULL)
		control_console_continue(run->console);
}

static void on_console_end(bool failed, void *arg)
{
	struct run *run = arg;

	run->failed = failed;
	stop(run, "console");
}

/* Reports the other vigild on the socket and how to stop it.  This process does not stop it,
 * because only the administrator knows why it runs. */
static void print_socket_owner(struct host *host)
{
	const char *socket = config_vigil(host_config(host), "socket")->text;
	pid_t pid = socket_owner_pid(socket);
	char how[160];

	if (pid > 0)
		fprintf(stderr,
			"vigild: %s is in use by the vigild with pid %ld; stop it first: %s\n",
			socket, (long)pid, socket_owner_stop(pid, how, sizeof(how)));
	else
		fprintf(stderr, "vigild: %s is in use by another vigild; stop it first\n", socket);
}

static bool open_all(struct run *run)
{
	struct loop *loop = host_loop(run->host);

	run->control = control_open(run->host);
	if (run->control == NULL && errno == EADDRINUSE) {
		print_socket_owner(run->host);
		return false;
	}
	if (run->control == NULL) {
		fprintf(stderr, "vigild: the control socket could not be opened: %s\n",
			strerror(errno));
		return false;
	}
	run->signals[0] = loop_on_signal(loop, SIGHUP, on_hup, run);
	run->signals[1] = loop_on_signal(loop, SIGTERM, on_term, run);
	run->signals[2] = loop_on_signal(loop, SIGINT, on_term, run);
	run->signals[3] = loop_on_signal(loop, SIGCONT, on_cont, run);
	for (unsigned i = 0; i < 4; i++)
		if (run->signals[i] == NULL)
			return false;
	run->notify = sd_notify_new(loop);
	if (getpid() == 1) {
		run->reaper = reaper_new(loop);
		return run->reaper != NULL;
	}
	return true;
}

static bool open_console(struct run *run)
{
	char *program = program_path(LIBEXECDIR, "vigil-console");

	run->console = control_console_open(run->control, run->host, program, on_console_end, run);
	if (run->console == NULL)
		fprintf(stderr, "vigild: the console cannot be started: %s: %s\n", program,
			strerror(errno));
	free(program);
	return run->console != NULL;
}

/* A script begins when the daemons have been started, because its verbs address them.  A prompt
 * appears before that, so that it can show why a start takes long. */
static void on_started(void *arg)
{
	struct run *run = arg;

	sd_notify_ready(run->notify, "watching");
	if (run->script && !open_console(run)) {
		run->failed = true;
		loop_stop(host_loop(run->host));
	}
}

static void close_all(struct run *run)
{
	control_console_close(run->console);
	control_close(run->control);
	sd_notify_free(run->notify);
	reaper_free(run->reaper);
	for (unsigned i = 0; i < 4; i++)
		loop_signal_free(run->signals[i]);
	host_free(run->host);
}

static void set_up_malloc(void)
{
#ifdef M_ARENA_MAX
	/* One malloc arena is enough, because workers allocate rarely and little.  By default glibc
	 * gives each thread its own arena. */
	mallopt(M_ARENA_MAX, 1);
#endif
#ifdef M_MXFAST
	/* Without this, glibc collects small free blocks and merges them all in one later call,
	 * which takes 20 ms after a hundred thousand of them. */
	mallopt(M_MXFAST, 0);
#endif
}

static int serve(const struct arguments *arguments)
{
	struct diagnostics diagnostics = {0};
	struct run run = {0};
	enum log_level level;
	int err = -EINVAL;

	set_up_malloc();
	log_on_lost(degraded_log_lost);
	run.host = host_new(arguments->file, &diagnostics);
	if (run.host == NULL) {
		print_diagnostics(&diagnostics, stderr);
		diagnostics_clear(&diagnostics);
		return EXIT_FAILURE;
	}
	if (arguments->level != NULL && log_level_parse(arguments->level, &level) == 0)
		log_set_level(level);
	if (!pidfd_exists())
		degraded_started(-EOPNOTSUPP);
	run.script = arguments->console && !(isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
	if (open_all(&run) && (!arguments->console || run.script || open_console(&run))) {
		process_guard_start(loop_owner_checked, false);
		host_start(run.host);
		if (!host_after_starts(run.host, on_started, &run))
			on_started(&run);
		err = run.failed ? -EIO : loop_run(host_loop(run.host));
	}
	process_guard_stop();
	close_all(&run);
	if (err == 0)
		log_notice("stopped");
	log_close();
	return err == 0 && !run.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Opens the descriptors 0 to 2 that vigild was started without.  Otherwise the first opened files
 * would get these numbers, and printed text would be written to them. */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct arguments arguments;

	open_standard_descriptors();
	c_locale_set(); /* a module may call setlocale while it is loaded or checked */
	read_arguments(argc, argv, &arguments);
	signal(SIGPIPE, SIG_IGN);
	/* If vigild inherited SIGCHLD as ignored, the kernel would discard the exit statuses of its
	 * children. */
	signal(SIGCHLD, SIG_DFL);
	/* SIGTTOU must not stop vigild when it writes to a terminal from the background. */
	signal(SIGTTOU, SIG_IGN);
	/* If the log reaches the file size limit, vigild loses lines but is not killed. */
	signal(SIGXFSZ, SIG_IGN);
	/* The umask that init scripts expect. vigild's own files are created with explicit
	 * modes. */
	umask(0022);
	json_set_alloc_funcs(memory_library_alloc, free);
	/* The hash seed is set before there are threads, because jansson sets it on first use and
	 * only once. */
	json_object_seed(0);
	if (arguments.examine)
		return module_examine_files(argv + optind);
	return arguments.test ? test(&arguments) : serve(&arguments);
}
