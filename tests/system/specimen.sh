#!/bin/bash
# The smallest complete daemon, built outside of the source against the installed package.  It stores
# its value at each query, stores nothing while the service is not installed, restarts a service that
# is down, and sets restart_error to 1, 2, 3, 0.  The header compiles without warnings as C99 and C++.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
# The specimen has no option init_dir, so it looks for scripts in /etc/init.d, which a mount namespace
# replaces.
if [ "${1:-}" != inside ] && [ "$(id -u)" = 0 ] && [ -d /etc/init.d ] && unshare -m true 2>/dev/null; then
	exec unshare -m bash "$0" inside
fi
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill ${watcher:-} 2>/dev/null; stop_vigild; [ ! -f "$work/demo.pid" ] || kill -9 "$(cat "$work/demo.pid")" 2>/dev/null; rm -rf "$work"' EXIT

# The package as a module author sees it: pkg-config, and no file of the source.
export PKG_CONFIG_PATH=$stage$(make_variable pkgconfigdir) PKG_CONFIG_SYSROOT_DIR=$stage
flags=$(pkg-config --cflags vigil | sed "s|$stage$stage|$stage|g") || not_ok "pkg-config knows vigil"
strict="-Wall -Wextra -Wpedantic -Werror"
cc=$(make_variable CC)

printf '#include <vigil/vigil.h>\n' >"$work/alone.c"
check "vigil.h compiles alone as C99" $cc -std=c99 $strict $flags -c "$work/alone.c" -o "$work/alone.o"
if command -v c++ >/dev/null; then
	cp "$work/alone.c" "$work/alone.cc"
	check "vigil.h compiles alone as C++11" c++ -std=c++11 $strict $flags -c "$work/alone.cc" -o "$work/alone.o"
else
	echo "SKIP: there is no C++ compiler"
fi

mkdir -p "$work/modules/agentservice" "$work/init.d"
check "the specimen builds without a warning" $cc -std=c99 $strict -fPIC -shared $flags \
	"$top_srcdir/conf/examples/agentservice/agentservice.c" -o "$work/modules/agentservice/agentservice.so"
chmod -R go-w "$work/modules"

modules=$work/modules
write_conf <<C
[daemons]
agentservice = yes
[daemon:agentservice]
service = demo
interval = 300ms
C
if [ "${1:-}" != inside ]; then
	echo "SKIP: running the specimen needs root, namespaces and /etc/init.d"
	finish
fi

mount --bind "$work/init.d" /etc/init.d
# A machine without systemd, even if this one has it.
[ ! -d /run/systemd/system ] || mount -t tmpfs tmpfs /run/systemd
place=/daemons/agentservice/service_state
start_vigild
check "the specimen ticks" wait_for 10 more_than /runs/agentservice/ticks 2
check "the specimen stores nothing while the service is not installed" [ -z "$(get /daemons/agentservice)" ]

# An init script whose start fails while the file `broken` exists.
sed -e "s|@dir@|$work|g" -e 's|^	alive && return 0|&\n	[ ! -e '"$work/broken"' ] \|\| { echo "it is broken"; return 1; }|' \
	"$top_srcdir/conf/demo/demo.init" >"$work/init.d/demo"
touch "$work/broken"
# The numbers may follow each other in less time than a query of them takes.
ctl watch >"$work/changes" &
watcher=$!
listens() { ctl -q pause agentservice && ctl -q resume agentservice && [ -s "$work/changes" ]; }
wait_for 20 listens
errors() { sed -n 's/.*\/restart_error","value":\([0-9]*\)}$/\1/p' "$work/changes" | xargs; }
chmod 755 "$work/init.d/demo"
check "restart_error goes to 1, 2 and 3 while the restart fails" wait_for 20 eval '[[ "$(errors) " == "1 2 3 "* ]]'
check "the value is stopped while the restart fails" wait_for 20 is $place/value stopped
rm "$work/broken"
check "restart_error goes to 0 when the service is repaired" wait_for 20 is $place/restart_error 0
check "the value is running when the service is repaired" wait_for 10 is $place/value running
old=$(cat "$work/demo.pid")
again() { [ "$(cat "$work/demo.pid" 2>/dev/null)" != "$old" ] && is $place/value running; }
kill -9 "$old"
check "the specimen restarts a service that was killed" wait_for 20 again
check "the health of the specimen is OK when the service runs" wait_for 10 is /runs/agentservice/health/level OK
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
