#!/bin/bash
# A limit that vigild itself reaches is no reason to restart a service.  With too few descriptors for its services
# and their probes, vigild reports that and leaves the healthy services alone.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3 to serve something"
. "$here/scripts.sh" || exit 1
end_others() { [ -z "${server:-}" ] || kill "$server"; }

cat >"$work/serve.py" <<'P'
import socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(500)
print(s.getsockname()[1], file=open(sys.argv[1] + ".new", "w"), flush=True)
import os; os.rename(sys.argv[1] + ".new", sys.argv[1])
while True: s.accept()[0].close()
P
python3 "$work/serve.py" "$work/port" &
server=$!
wait_for 20 [ -s "$work/port" ]
port=$(cat "$work/port")
count=20
for i in $(seq $count); do
	script "s$i" "s|^\(\tsetsid\)|\techo s$i >>$work/starts\n\1|"
	"$work/init.d/s$i" start
done
{
	printf '[daemons]\n'
	for i in $(seq $count); do printf 's%s = yes\n' "$i"; done
	for i in $(seq $count); do
		printf '[daemon:s%s]\nmodule = service\nservice = s%s\nmanager = lsb\ninit_dir = %s\n' "$i" "$i" "$work/init.d"
		printf 'interval = 300ms\nprobe_interval = 100ms\nprobe_start = 0\nprobe_failures = 1\nbackoff = 0\n'
		if [ $((i % 2)) = 0 ]; then echo "probe = tcp://127.0.0.1:$port"; else echo "probe = /bin/true"; fi
	done
} | write_conf
(ulimit -n 24; exec "$vigild" -c "$work/vigil.conf") 2>"$work/log" &
vigild_pid=$!
# vigild may have no descriptor for this client at the moment.
status() { ctl status -v 2>/dev/null >"$work/status"; }
unable() { status && grep -qE 'UNKNOWN.*(could not probe|could not be started).*Too many open files' "$work/status"; }
check "24 descriptors for 20 services: the health of some services is UNKNOWN, and the text says why" wait_for 30 unable
ticked() { status && awk '$1 ~ /^s[0-9]/ && $9 < 15 { few = 1 } END { exit few }' "$work/status"; }
check "24 descriptors for 20 services: all services are checked again and again" wait_for 30 ticked
check "24 descriptors for 20 services: none of the healthy services is restarted" [ "$(wc -l <"$work/starts")" = $count ]
check "24 descriptors for 20 services: no service is CRITICAL" eval '! grep -q CRITICAL "$work/status"'
check "24 descriptors for 20 services: vigild stops with status 0" stop_vigild
[ "$failed" -eq 0 ] || { cat "$work/status"; tail -40 "$work/log"; }
finish
