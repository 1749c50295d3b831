# lib.sh: functions for the system tests.  The bash scripts in this folder source it.
#
# Each test prints `ok - TEXT`, `not ok - TEXT` or `SKIP: TEXT` lines and exits with 0, with 1, or
# with 77 if the whole test was skipped.  It runs the programs that `make install` has installed in
# a staging directory, uses a separate scratch directory, and ends only processes that it started.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top_srcdir=${here%/tests/system}
top_builddir=${top_builddir:-$top_srcdir/build}
failed=0
# A make that runs this test must not influence the make processes that the test starts.
unset MAKEFLAGS MFLAGS MAKELEVEL

ok() { echo "ok - $*"; }
not_ok() { echo "not ok - $*"; failed=$((failed + 1)); }
skip_all() { echo "SKIP: $*"; exit 77; }
# check TEXT COMMAND...: the test passes if the command succeeds
check() { local text=$1; shift; if "$@"; then ok "$text"; else not_ok "$text"; fi; }
# check_with PROGRAM TEXT COMMAND...: like check, but skipped if the program is not installed
check_with() {
	local program=$1; shift
	if command -v "$program" >/dev/null; then check "$@"; else echo "SKIP: $1: there is no $program"; fi
}
finish() { [ "$failed" -eq 0 ]; exit; }

# wait_for SECONDS COMMAND...: waits until the command succeeds.  It fails after six times so many seconds, and
# after a minute at least, because a machine may be slow.  When one command has failed, the test has failed
# anyway, and the next ones get so many seconds.
slowness=6
wait_for() {
	local limit=$(($1 * slowness)) until; shift
	[ "$limit" -ge 60 ] || [ "$slowness" = 1 ] || limit=60
	until=$((SECONDS + limit))
	until "$@"; do
		[ "$SECONDS" -lt "$until" ] || { slowness=1; return 1; }
		sleep 0.05
	done
}
# slack SECONDS: prints so many seconds plus the time of 150 runs of vigilctl, which is long on a slow machine.  It
# is for times of day that must still lie ahead when vigild has been started or reloaded.
slack() {
	local began=${EPOCHREALTIME/./} i
	for i in 1 2 3 4 5; do "$vigilctl" -V >/dev/null; done
	echo $(($1 + (${EPOCHREALTIME/./} - began) * 30 / 1000000))
}

# crash PID...: sends SIGKILL.  Skips the pid 0, because systemctl prints 0 for a service that does
# not run, and kill 0 would signal the whole process group of the test.
crash() { local pid; for pid; do [ "$pid" -gt 0 ] && kill -9 "$pid"; done; }

# gone PID: whether the process has ended.  If process 1 does not reap, a zombie is left.
gone() { ! kill -0 "$1" 2>/dev/null || grep -q '^State:.[ZX]' "/proc/$1/status" 2>/dev/null; }

# Installs the programs under $stage, once for each build.
stage=$top_builddir/tests/stage
install_staged() {
	(
		flock 9
		[ -e "$stage/stamp" ] && [ -z "$(find "$top_builddir/src" "$top_builddir/conf" -type f \
			-newer "$stage/stamp")" ] && exit 0
		MAKEFLAGS= make -C "$top_builddir" -s install DESTDIR="$stage" >&9 2>&1 && touch "$stage/stamp"
	) 9>"$top_builddir/tests/stage.log" ||
		{ cat "$top_builddir/tests/stage.log"; not_ok "make install DESTDIR=... works"; exit 1; }
}
# make_variable NAME: prints a variable of the Makefile.  MAKEFLAGS is empty, because flags of an
# outer make, such as -j2, cause additional output.
make_variable() { MAKEFLAGS= make -C "$top_builddir" -s --no-print-directory print-"$1"; }

# Under sanitizers, turns off the leak check, which cannot inspect a process in a sandboxed unit and
# then makes it fail.
no_leak_check_inside() { ! sanitized || systemctl set-environment ASAN_OPTIONS=detect_leaks=0; }
# Whether the programs are built with sanitizers.  Memory usage then has no meaning, and the
# programs are slower.
sanitized() { [ -n "$(make_variable SANITIZE)" ]; }
# Makes programs crash and exit as without sanitizers, which otherwise handle fatal signals and
# leaks themselves.
crash_as_ever() {
	export ASAN_OPTIONS=detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0:use_sigaltstack=0
}

with_systemd() { [ -n "$(make_variable SYSTEMD_LIBS)" ]; }

# Runs the whole test again under a real systemd in separate namespaces, unless it runs there already.
rerun_in_systemd() {
	[ -z "${VIGIL_IN_SYSTEMD:-}" ] || return 0
	with_systemd || skip_all "built without systemd"
	install_staged
	exec "$here/in-systemd.sh" bash "$0"
}
# The same, with a scratch directory and the directory of the units.
under_systemd() {
	rerun_in_systemd
	set_paths
	work=$(mktemp -d)
	trap 'kill -KILL "${vigild_pid:-}" 2>/dev/null' EXIT # the rest ends with the namespaces
	units=/run/systemd/system
}

set_paths() {
	prefix=$(make_variable prefix)
	vigild=$stage$(make_variable sbindir)/vigild
	vigilctl=$stage$(make_variable bindir)/vigilctl
	modules=$stage$(make_variable moduledir)
}

# build_module NAME [FLAG ...]: builds a module from the C code on stdin, in $work/modules
build_module() {
	local name=$1; shift
	mkdir -p "$work/modules/$name"
	[ -n "${module_cc:-}" ] || module_cc=$(make_variable CC)
	# shellcheck disable=SC2046,SC2086
	$module_cc -std=gnu11 -Wall -I"$top_srcdir/include" $(pkg-config --cflags jansson) "$@" -fPIC -shared -x c - \
		-o "$work/modules/$name/$name.so" -lpthread || not_ok "the module $name can be compiled"
}

# write_conf: writes $work/vigil.conf with the sections on stdin.  Modules are also searched in the directories
# that more_modules lists.
write_conf() {
	{
		printf '[vigil]\nmodules = %s\nsocket = %s\npipe = %s\nstate_dir = %s\nlog = stderr\n\n' \
			"$modules${more_modules:+, $more_modules}" "$work/control.sock" "$work/control.pipe" "$work/state"
		cat
	} >"$work/vigil.conf"
}
# refused_by_test TEXT PATTERN: checks that vigild -t rejects a configuration with the sections on
# stdin, with a message that matches the pattern
refused_by_test() {
	local text=$1 pattern=$2
	mkdir -p "$work/refused"
	(work=$work/refused; write_conf)
	if "$vigild" -t -c "$work/refused/vigil.conf" >"$work/refused/out" 2>&1; then
		not_ok "$text: vigild -t accepts it"
	else
		check "$text" grep -qE "$pattern" "$work/refused/out"
	fi
}
# refused_by_reload TEXT PATTERN: checks that vigilctl reload rejects the present configuration,
# with a message that matches the pattern
refused_by_reload() {
	local text=$1 pattern=$2
	if ctl reload >"$work/refusal" 2>&1; then
		not_ok "$text: the reload accepts it"
	else
		check "$text" grep -qE "$pattern" "$work/refusal"
	fi
}
ctl() { "$vigilctl" -s "$work/control.sock" "$@"; }
get() { ctl get -r "$1" 2>/dev/null; }
is() { [ "$(get "$1")" = "$2" ]; }
more_than() { [ "$(get "$1" || echo 0)" -gt "$2" ] 2>/dev/null; }

reachable() { ctl -q version 2>/dev/null; }

start_vigild() {
	"$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	vigild_pid=$!
	wait_for 10 reachable || { cat "$work/log"; not_ok "vigild starts"; exit 1; }
}
stop_vigild() {
	[ -n "${vigild_pid:-}" ] || return 0
	kill -TERM "$vigild_pid" 2>/dev/null
	wait "$vigild_pid"
	local status=$?
	vigild_pid=
	return $status
}

# hold_port: takes a free port of 127.0.0.1 and ::1 and stores it in $port.  No other program can get it until the
# test ends, and nothing listens at it.  The servers of this test bind it too: they set SO_REUSEPORT.
hold_port() {
	python3 -c '
import ctypes, errno, signal, socket
ctypes.CDLL(None).prctl(1, signal.SIGKILL) # PR_SET_PDEATHSIG: it ends with the test
while True:
    held = []
    def hold(family, address):
        held.append(socket.socket(family))
        held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held[-1].bind(address)
    hold(socket.AF_INET, ("127.0.0.1", 0))
    try: hold(socket.AF_INET6, ("::1", held[0].getsockname()[1]))
    except OSError as error:
        if error.errno == errno.EADDRINUSE: continue # any other error: this machine has no ::1
    break
print(held[0].getsockname()[1], flush=True)
signal.pause()' >"$work/held.port" &
	disown
	wait_for 30 test -s "$work/held.port" || { not_ok "a port can be held"; exit 1; }
	read -r port <"$work/held.port"
}

# check_no_delay TEXT: checks that vigild has established TCP connections and that each of them has
# TCP_NODELAY
check_no_delay() {
	local sockets
	command -v python3 >/dev/null || { echo "SKIP: $1: there is no python3"; return; }
	sockets=$(python3 - "$vigild_pid" <<'P' 2>&1
import ctypes, os, socket, sys
call, pid, found, lacking = ctypes.CDLL(None, use_errno=True).syscall, int(sys.argv[1]), 0, 0
pidfd = call(434, pid, 0)
for fd in os.listdir("/proc/%d/fd" % pid):
    try:
        if not os.readlink("/proc/%d/fd/%s" % (pid, fd)).startswith("socket:"): continue
    except OSError: continue
    copy = call(438, pidfd, int(fd), 0)
    if copy < 0: sys.exit("SKIP")
    s = socket.socket(fileno=copy)
    try:
        if s.family in (socket.AF_INET, socket.AF_INET6) and s.type == socket.SOCK_STREAM and s.getpeername():
            found += 1
            lacking += not s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    except OSError: pass
print(found > 0, lacking)
P
	) || { echo "SKIP: $1: this machine allows no access to the sockets of another process"; return; }
	check "$1" [ "$sockets" = "True 0" ]
}

# The delay of timers also depends on the machine.  So an idle vigild runs in addition to the tested
# one, and the test compares the delay of its timers.
start_reference() {
	mkdir "$work/reference"
	(
		work=$work/reference
		printf '[daemons]\nidle = yes\n[daemon:idle]\nmodule = average\ninterval = 50ms\n%s\n' \
			'source = /vigil/generation' | write_conf
	)
	"$vigild" -c "$work/reference/vigil.conf" 2>>"$work/reference/log" &
	reference_pid=$!
	wait_for 10 "$vigilctl" -q -s "$work/reference/control.sock" version ||
		{ cat "$work/reference/log"; not_ok "the idle vigild for the comparison starts"; }
}
# missed_is_fair TEXT NAME: checks that the daemon has missed no more ticks than the daemon of the idle vigild and
# one in twenty, because a busy machine also makes vigild wait when the idle one need not run
missed_is_fair() {
	local missed idle ticks
	missed=$(get "/runs/$2/missed") ticks=$(get "/runs/$2/ticks")
	idle=$("$vigilctl" -s "$work/reference/control.sock" get -r /runs/idle/missed)
	check "$1: it has missed $missed ticks, and the daemon of an idle vigild $idle" [ "${missed:-999999}" -le $((${idle:-0} + 1 + ${ticks:-0} / 20)) ]
}
stop_reference() {
	[ -n "${reference_pid:-}" ] || return 0
	kill -TERM "$reference_pid"
	wait "$reference_pid"
	reference_pid=
}
# lag_is_fair TEXT SECONDS: checks that the loop's lag (p99 of the last minute) is less than so many
# seconds, or less than thirty times the lag of the idle vigild, whose loop waits for a processor
# just as long.  The factor is thirty because the tested vigild also starts processes, which need
# processors too.  Under sanitizers both limits are ten times as large.
lag_is_fair() {
	read_lags
	check "$1: the loop's lag (p99) of $lag s is under $2 s, or under thirty times that of an idle vigild: $idle s" lag_is_under "$2"
}
read_lags() {
	lag=$(get /vigil/loop/lag_seconds/p99)
	idle=$("$vigilctl" -s "$work/reference/control.sock" get -r /vigil/loop/lag_seconds/p99)
}
lag_is_under() { # SECONDS
	local slow=1
	! sanitized || slow=10
	awk -v lag="$lag" -v idle="$idle" -v limit="$1" -v slow=$slow \
		'BEGIN { exit !(lag != "" && idle != "" && (lag < slow * limit || lag < slow * 30 * idle)) }'
}
