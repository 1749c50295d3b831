#!/bin/bash
# exhaustion: no descriptors, no processes, no space, a file system that has become read-only.
#
# Promised: vigild stays, says what it cannot do and why, root still gets in, and when the fault
# ends so does that, by itself.
. "$(dirname "$0")/lib.sh" || exit 1
if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
	skip_all "a small disk and other users need root and mount namespaces"
fi
# The disk is ours alone.
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
# Of its own, so that an ordinary user may make sockets there.
sed -i "s|$work/control|$work/door/control|" "$work/vigil.conf"
mkdir -m 755 "$work/door"
ctl() { "$vigilctl" -s "$work/door/control.sock" "$@"; }

hold=$(count 3 60)
why() { ctl get /vigil/degraded 2>/dev/null | tr -d '\n '; }
degraded() { case $(why) in *"\"what\":\"$1\""*"$2"* | *"$2"*"\"what\":\"$1\""*) ;; *) false ;; esac; }
well() { [ -z "$(why)" ]; }
said() { grep -q "$1" "$work/log"; }
repaired() { [ "$(wc -l <"$work/starts")" -gt "$1" ]; }
# recovers TEXT: all is well again, and a service that dies is repaired
recovers() {
	local began=$SECONDS starts
	check "$1: it is over by itself" wait_for 60 well
	took=$((SECONDS - began))
	check "$1: which the log says, too" said "no longer degraded"
	starts=$(wc -l <"$work/starts")
	rm -f "$work/up"
	check "$1: a service that stops is repaired" wait_for 30 repaired "$starts"
	: >"$work/log"
}
start_vigild
check "all is well at first" well

# --- no space -------------------------------------------------------------------------------------
head -c 2M /dev/zero >"$work/state/ballast" 2>/dev/null
ctl -q pause plug
check "a full disk is told of" wait_for 20 degraded state "Nospaceleft"
check "in the log" said "degraded: .*state.json cannot be written: No space left"
ctl status >"$work/table"
check "and in the status" grep -q '^(vigild) *degraded .*WARNING .*No space left' "$work/table"
sleep "$hold"
check "vigild runs" ctl -q version
rm "$work/state/ballast"
recovers "space again"
figure "state_dir is full: degraded, and over by itself" "after $took s (it is tried every 10 s)"
ctl -q resume plug

mount -t tmpfs -o ro,mode=0755 tmpfs "$work/state"
ctl -q pause plug
check "a read-only file system is told of" wait_for 20 degraded state "Read-only"
sleep "$hold"
umount "$work/state"
recovers "writable again"
ctl -q resume plug
figure "read-only file system: degraded, and over by itself" "after $took s"

# --- no descriptors -------------------------------------------------------------------------------
used=$(ls "/proc/$vigild_pid/fd" | sed -n '$=')
limit=$(prlimit --pid "$vigild_pid" --nofile --output SOFT --noheadings | tr -d ' ')
prlimit --pid "$vigild_pid" --nofile="$((used - 1)):$limit"
check "without descriptors root gets in, and is told" wait_for 30 degraded processes "Toomanyopenfiles"
check "that nobody else does" wait_for 30 degraded connections "Toomanyopenfiles"
ticks=$(ctl get -r /runs/plug/ticks)
sleep "$hold"
cpu() { awk '{ print $14 + $15 }' "/proc/$vigild_pid/stat"; }
before=$(cpu); sleep 2; spent=$(($(cpu) - before))
check "it does not spin meanwhile: $spent ticks of CPU in 2 s" [ "$spent" -lt 100 ]
more_ticks() { [ "$(ctl get -r /runs/plug/ticks 2>/dev/null || echo 0)" -gt "$ticks" ]; }
check "it ticks on" wait_for 30 more_ticks
prlimit --pid "$vigild_pid" --nofile="$limit:$limit"
recovers "descriptors again"
figure "EMFILE for $hold s: root gets in, degraded, and over by itself" "after $took s, $spent ticks of CPU in 2 s of it"
check "vigild stops" stop_vigild

# --- no processes: root is exempt from that limit -------------------------------------------------
if [ -n "$setpriv" ]; then
	rm -rf "$work/state"/* "$work/up"; : >"$work/starts"; chmod 666 "$work/starts"; chmod 1777 "$work"; : >"$work/log"
	chown -R nobody "$work/door" "$work/state"
	setpriv --reuid=nobody --regid=65534 --clear-groups "$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	vigild_pid=$!
	check "as an ordinary user it starts" wait_for 10 ctl -q version
	# Whose process it is may do so; root, in a container, may not.
	limited() { setpriv --reuid=nobody --regid=65534 --clear-groups prlimit --pid "$vigild_pid" "$@"; }
	nproc_at_most() { limited --nproc="$1:"; }
	most=$(limited --nproc --output SOFT --noheadings | tr -d ' ')
	nproc_at_most 1
	check "without processes to be had that is told" wait_for 30 degraded tasks "temporarilyunavailable"
	sleep "$hold"
	check "vigild runs" ctl -q version
	nproc_at_most "$most"
	recovers "processes again"
	figure "RLIMIT_NPROC: degraded, and over by itself" "after $took s"
	check "vigild stops" stop_vigild
else
	echo "SKIP: there is no setpriv to run it as another user"
fi
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
