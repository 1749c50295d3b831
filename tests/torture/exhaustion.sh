#!/bin/bash
# exhaustion: no file descriptors, no processes, no disk space, a read-only file system.
#
# Promise: vigild keeps running, reports what it cannot do and why, root can still connect, and when the
# fault ends, vigild recovers without help.
. "$(dirname "$0")/lib.sh" || exit 1
if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
	skip_all "a small disk and other users need root and mount namespaces"
fi
# The disk is mounted in a private namespace.
[ -n "${EXHAUSTION:-}" ] || SEED=$seed EXHAUSTION=1 exec unshare -m bash "$0"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; umount "$work/state" 2>/dev/null; rm -rf "$work"' EXIT
mkdir "$work/state"
mount -t tmpfs -o size=1m,mode=0755 tmpfs "$work/state"
setpriv=$(command -v setpriv)
cat >"$work/svc" <<S
#!/bin/sh
case \$1 in status) [ -e $work/up ] || exit 3 ;; *) : >$work/up; echo >>$work/starts ;; esac
S
chmod 755 "$work/svc"
write_conf <<C
[daemons]
plug = yes
svc = yes
[daemon:plug]
module = exec
command = /bin/true
interval = 200ms
[daemon:svc]
module = service
service = svc
manager = command
status_command = $work/svc status
restart_command = $work/svc restart
interval = 200ms
backoff = 0
healthy_after = 0
C
sed -i "/^log = /a restart_rate = 1000/1s" "$work/vigil.conf"
# In a separate folder, so that an ordinary user can create sockets there.
sed -i "s|$work/control|$work/door/control|" "$work/vigil.conf"
mkdir -m 755 "$work/door"
ctl() { "$vigilctl" -s "$work/door/control.sock" "$@"; }

hold=$(count 3 60)
why() { ctl get /vigil/degraded 2>/dev/null | tr -d '\n '; }
degraded() { case $(why) in *"\"what\":\"$1\""*"$2"* | *"$2"*"\"what\":\"$1\""*) ;; *) false ;; esac; }
well() { [ -z "$(why)" ]; }
said() { grep -q "$1" "$work/log"; }
repaired() { [ "$(wc -l <"$work/starts")" -gt "$1" ]; }
# recovers TEXT: checks that vigild is not degraded any more, and restarts a service that exits
recovers() {
	local began=$SECONDS starts
	check "$1: vigild is no longer degraded" wait_for 60 well
	took=$((SECONDS - began))
	check "$1: the log says that vigild is no longer degraded" said "no longer degraded"
	starts=$(wc -l <"$work/starts")
	rm -f "$work/up"
	check "$1: a service that stops is restarted" wait_for 30 repaired "$starts"
	: >"$work/log"
}
start_vigild
check "vigild is not degraded at the start" well

# --- no space -------------------------------------------------------------------------------------
head -c 2M /dev/zero >"$work/state/ballast" 2>/dev/null
ctl -q pause plug
check "a full disk makes vigild degraded" wait_for 20 degraded state "Nospaceleft"
check "the log says that the disk is full" said "degraded: .*state.json cannot be written: No space left"
ctl status >"$work/table"
check "status says that the disk is full" grep -q '^(vigild) *degraded .*WARNING .*No space left' "$work/table"
sleep "$hold"
check "vigild runs with a full disk" ctl -q version
rm "$work/state/ballast"
recovers "after a full disk"
figure "state_dir is full: vigild is degraded, and recovers" "after $took s (vigild tries every 10 s)"
ctl -q resume plug

mount -t tmpfs -o ro,mode=0755 tmpfs "$work/state"
ctl -q pause plug
check "a read-only file system makes vigild degraded" wait_for 20 degraded state "Read-only"
sleep "$hold"
umount "$work/state"
recovers "after a read-only file system"
ctl -q resume plug
figure "read-only file system: vigild is degraded, and recovers" "after $took s"

# --- no descriptors -------------------------------------------------------------------------------
descriptors=$(prlimit --pid "$vigild_pid" --nofile --output SOFT --noheadings | tr -d ' ')
# full_and_degraded WHAT TEXT: takes what is free, because a descriptor that was open for a moment may be closed now
full_and_degraded() {
	local used
	used=$(ls "/proc/$vigild_pid/fd" | sed -n '$=')
	prlimit --pid "$vigild_pid" --nofile="$((used - 1)):$descriptors" && degraded "$@"
}
check "without descriptors root can connect and sees that vigild is degraded" wait_for 30 full_and_degraded processes "Toomanyopenfiles"
check "without descriptors vigild reports that it accepts no connections" wait_for 30 full_and_degraded connections "Toomanyopenfiles"
ticks=$(ctl get -r /runs/plug/ticks)
sleep "$hold"
cpu() { awk '{ print $14 + $15 }' "/proc/$vigild_pid/stat"; }
before=$(cpu); sleep 2; spent=$(($(cpu) - before))
check "without descriptors vigild does not use much CPU: $spent ticks of CPU in 2 s" [ "$spent" -lt 100 ]
more_ticks() { [ "$(ctl get -r /runs/plug/ticks 2>/dev/null || echo 0)" -gt "$ticks" ]; }
check "without descriptors daemons tick" wait_for 30 more_ticks
prlimit --pid "$vigild_pid" --nofile="$descriptors:$descriptors"
recovers "after a lack of descriptors"
figure "EMFILE for $hold s: root can connect, vigild is degraded, and recovers" "after $took s, $spent ticks of CPU in 2 s of it"
check "vigild stops after a lack of descriptors" stop_vigild

# --- no processes: this limit does not apply to root ----------------------------------------------
if [ -n "$setpriv" ]; then
	rm -rf "$work/state"/* "$work/up"; : >"$work/starts"; chmod 666 "$work/starts"; chmod 1777 "$work"; : >"$work/log"
	chown -R nobody "$work/door" "$work/state"
	setpriv --reuid=nobody --regid=65534 --clear-groups "$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	vigild_pid=$!
	check "vigild starts as an ordinary user" wait_for 10 ctl -q version
	# The user of the process may change its limits, but root in a container may not.
	limited() { setpriv --reuid=nobody --regid=65534 --clear-groups prlimit --pid "$vigild_pid" "$@"; }
	nproc_at_most() { limited --nproc="$1:"; }
	most=$(limited --nproc --output SOFT --noheadings | tr -d ' ')
	nproc_at_most 1
	check "a lack of processes makes vigild degraded" wait_for 30 degraded tasks "temporarilyunavailable"
	sleep "$hold"
	check "vigild runs without processes" ctl -q version
	nproc_at_most "$most"
	recovers "after a lack of processes"
	figure "RLIMIT_NPROC: vigild is degraded, and recovers" "after $took s"
	check "vigild stops after a lack of processes" stop_vigild
else
	echo "SKIP: there is no setpriv to run vigild as another user"
fi
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
