#!/bin/bash
# systemd's states "active" and "inactive" are not enough evidence for wrapped init scripts, oneshot units, an
# umbrella unit and units with pidfiles.  One unit is watched under three names.  This test runs under a real
# systemd.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

under_systemd
write_serve
unit() { cat >"$units/$1.service"; }
active() { [ "$(systemctl is-active "$1")" = "${2:-active}" ]; }
sub_state_is() { [ "$(systemctl show -P SubState "$1")" = "$2" ]; }
comes_back() { # NAME: whether it was started a second time, and vigild reports it as running
	starts_are "$1" 2 && value_is "$1" running && health_is "$1" OK
}

# --- a wrapped init script ------------------------------------------------------------------------

# script NAME [HEADER]: an init script like those of Debian, without `status`, which is not called here
mkdir "$work/init.d"
script() {
	cat >"$work/init.d/$1" <<-EOF_SCRIPT
		#!/bin/sh
		### BEGIN INIT INFO
		# Provides: $1
		# Default-Start: 2 3 4 5
		# Default-Stop: 0 1 6
		### END INIT INFO
		${2:-#}
		pidfile=$work/$1.pid
		case \$1 in
		start)
			setsid "$work/\${serve:-serve}" $1 </dev/null >/dev/null 2>&1 &
			echo \$! >\$pidfile ;;
		stop) kill "\$(cat \$pidfile)"; rm -f \$pidfile ;;
		restart) \$0 stop; \$0 start ;;
		esac
		exit 0
	EOF_SCRIPT
	chmod 755 "$work/init.d/$1"
}
generator=/lib/systemd/system-generators/systemd-sysv-generator
wrapped="wrapped wrapped-option wrapped-header"
for name in $wrapped; do script $name; done
script wrapped-header "# pidfile: $work/wrapped-header.pid"
script wrapped-unit "# pidfile: $work/wrapped-unit.pid"
[ ! -x $generator ] ||
	SYSTEMD_SYSVINIT_PATH=$work/init.d $generator $units $units $units || not_ok "systemd-sysv-generator works"
# A unit as an admin writes it: the pidfile is not in the unit, but in its script.
unit wrapped-unit <<-UNIT
	[Unit]
	SourcePath=$work/init.d/wrapped-unit
	[Service]
	Type=forking
	GuessMainPID=no
	RemainAfterExit=yes
	KillMode=process
	ExecStart=$work/init.d/wrapped-unit start
	ExecStop=$work/init.d/wrapped-unit stop
UNIT
for name in wrapped wrapped-header wrapped-unit; do daemon $name; done
daemon wrapped-option "pidfile=$work/wrapped-option.pid"

loses_its_daemon() { # NAME TEXT
	local name=$1 text=$2
	wait_for "$patience" starts_are "$name" 1
	eventually "$text is running at first, and OK" health_is "$name" OK "$name is running"
	crash "$(last_start "$name")"
	eventually "$text is CRITICAL after its daemon was killed" was "$name" CRITICAL
	check "$text has the value failed after its daemon was killed" had "$name" value failed
	eventually "$text is restarted after its daemon was killed" comes_back "$name"
	checked "$name"
	check "$text is restarted exactly once" starts_are "$name" 2
	check "$text counts one restart that worked" eval \
		"restarts_are $name 1 && count_is $name restart_error 0"
}

# --- oneshot units with RemainAfterExit -----------------------------------------------------------

unit oneshot <<-UNIT
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=/bin/sh -c 'echo >>$work/oneshot.starts'
UNIT
daemon oneshot

# Unlike with a forking unit, systemd reports no change when the remaining process ends.
unit leaver <<-UNIT
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=/bin/sh -c 'setsid $work/serve leaver </dev/null >/dev/null 2>&1 & exit 0'
UNIT
daemon leaver

oneshot_without_a_process() {
	eventually "a oneshot unit that left no process is OK, and the text says that nothing is watched" \
		health_is oneshot OK 'active (exited): systemd tracks no process of it'
	checked oneshot
	check "a oneshot unit that left no process is still OK after ten checks" health_is oneshot OK
	check "a oneshot unit that left no process was OK all the time" \
		eval 'never was oneshot CRITICAL && never was oneshot WARNING && never was oneshot UNKNOWN'
	check "a oneshot unit that left no process is not restarted" starts_are oneshot 1
}

# --- a daemon outside of the control group of its unit --------------------------------------------

# Like a process that `su` starts in a new PAM session: the control group of the unit is empty.
elsewhere=/sys/fs/cgroup/elsewhere
mkdir $elsewhere
sed "s|^#!/bin/sh|&\necho \$\$ >$elsewhere/cgroup.procs|" "$work/serve" >"$work/serve-elsewhere"
chmod 755 "$work/serve-elsewhere"
script emigrant
sed -i '2i serve=serve-elsewhere' "$work/init.d/emigrant"
unit emigrant <<-UNIT
	[Service]
	Type=forking
	GuessMainPID=no
	RemainAfterExit=yes
	KillMode=process
	ExecStart=$work/init.d/emigrant start
	ExecStop=$work/init.d/emigrant stop
UNIT
daemon emigrant "pidfile=$work/emigrant.pid"

daemon_outside_of_its_unit() {
	local pid
	pid=$(last_start emigrant)
	eventually "a daemon outside of its unit's control group: systemd says exited" \
		sub_state_is emigrant exited
	eventually "a daemon outside of its unit's control group is running by its pidfile, and OK" \
		health_is emigrant OK "emigrant is running, pid $pid"
	checked emigrant
	check "a daemon outside of its unit's control group is not restarted while it lives" \
		eval 'starts_are emigrant 1 && never was emigrant CRITICAL'
	crash "$pid"
	eventually "a daemon outside of its unit's control group is CRITICAL when it was killed" \
		was emigrant CRITICAL
	eventually "a daemon outside of its unit's control group is restarted when it was killed" \
		comes_back emigrant
}

# --- a daemon in a control group below that of its unit -------------------------------------------

cat >"$work/serve-below" <<-EOF_BELOW
	#!/bin/sh
	group=/sys/fs/cgroup\$(sed -n 's/^0:://p' /proc/self/cgroup)
	mkdir -p "\$group/main" && echo \$\$ >"\$group/main/cgroup.procs"
	exec $work/serve delegated
EOF_BELOW
chmod 755 "$work/serve-below"
unit delegated <<-UNIT
	[Service]
	Type=forking
	GuessMainPID=no
	RemainAfterExit=yes
	Delegate=yes
	ExecStart=/bin/sh -c 'setsid $work/serve-below </dev/null >/dev/null 2>&1 & exit 0'
UNIT
daemon delegated

daemon_below_its_unit() {
	local pid
	pid=$(last_start delegated)
	eventually "a daemon in a group below its unit's is running, and OK" \
		health_is delegated OK "delegated is running, pid $pid"
	checked delegated
	check "a daemon in a group below its unit's is not restarted while it lives" \
		eval 'starts_are delegated 1 && never was delegated CRITICAL'
	crash "$pid"
	eventually "a daemon in a group below its unit's is restarted when it was killed" comes_back delegated
}

# --- two units that run the same command line -----------------------------------------------------

for twin in twin-one twin-two; do
	unit $twin <<-UNIT
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'setsid $work/serve $twin </dev/null >/dev/null 2>&1 & exit 0'
	UNIT
	daemon $twin
done

twins_die_together() {
	local twin text="two units with one command line die together"
	for twin in twin-one twin-two; do eventually "$text: $twin is OK before that" health_is $twin OK; done
	kill -KILL "$(last_start twin-one)" "$(last_start twin-two)"
	for twin in twin-one twin-two; do
		eventually "$text: $twin is restarted, and not taken for the other" comes_back $twin
	done
}

# --- a unit that systemd calls failed because of its exit status after a stop ---------------------

unit unruly <<-UNIT
	[Service]
	ExecStart=/bin/sh -c 'trap "exit 143" TERM; echo \$\$\$\$ >>$work/unruly.starts; while :; do sleep 1000000 & wait; done'
UNIT
daemon unruly restart_on=failed

stopped_and_failed() {
	local text="a unit that was stopped and then exited 143"
	eventually "$text was OK before" health_is unruly OK
	systemctl stop unruly
	eventually "$text is failed for systemd" active unruly failed
	eventually "$text is CRITICAL, and stopped" health_is unruly CRITICAL "unruly is stopped"
	checked unruly
	check "$text is not started again, because an admin stopped it" starts_are unruly 1
	systemctl start unruly
	eventually "$text is OK when the admin has started it" health_is unruly OK
	kill -KILL "$(systemctl show -P MainPID unruly)"
	eventually "$text is restarted when it was killed later" starts_are unruly 3
}

# --- an umbrella unit -----------------------------------------------------------------------------

unit umbrella <<-UNIT
	[Unit]
	Wants=part-one.service part-two.service part-done.service
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=/bin/true
UNIT
for part in part-one part-two; do
	unit $part <<-UNIT
		[Unit]
		PartOf=umbrella.service
		[Service]
		ExecStart=$work/serve $part
	UNIT
done
# This is also a part of the umbrella unit, and is meant to end.
unit part-done <<-UNIT
	[Unit]
	PartOf=umbrella.service
	[Service]
	Type=oneshot
	ExecStart=/bin/true
UNIT
# The unit is not restarted, because a part that vigild restarts at once is down too briefly for the test.
daemon umbrella restart_on=never

umbrella_unit() {
	eventually "an umbrella unit whose parts all run or have ended well is OK" health_is umbrella OK
	crash "$(last_start part-two)"
	eventually "an umbrella unit one of whose parts was killed is CRITICAL and names the part" \
		health_is umbrella CRITICAL part-two
	check "an umbrella unit one of whose parts was killed is still active for systemd" active umbrella
	systemctl start part-two
	eventually "an umbrella unit is OK again when the part runs again" health_is umbrella OK
	systemctl stop part-one
	eventually "an umbrella unit one of whose parts was stopped is not OK and names the part" \
		eval 'health_is umbrella CRITICAL part-one || health_is umbrella WARNING part-one'
}

# --- a pidfile that contradicts systemd -----------------------------------------------------------

unit front <<-UNIT
	[Service]
	ExecStart=/bin/sh -c 'setsid $work/serve front & echo \$\$! >$work/front.pid; exec sleep 1000000'
UNIT
daemon front "pidfile=$work/front.pid"

dead_by_its_pidfile() {
	local old
	eventually "a unit that is active, with a pidfile whose process lives, is running and OK" \
		health_is front OK "front is running"
	old=$(systemctl show -P MainPID front)
	crash "$(last_start front)"
	eventually "a unit that is active, with a pidfile whose process was killed, is CRITICAL" \
		was front CRITICAL
	check "a unit that is active, with a pidfile whose process was killed, is failed" \
		had front value failed
	eventually "a unit that is active, with a pidfile whose process was killed, is restarted" \
		comes_back front
	check "a unit that is active, with a pidfile whose process was killed, has another main process" \
		[ "$(systemctl show -P MainPID front)" != "$old" ]
}

# systemd did not start these processes; an admin in a shell may have.
for name in behind behind-failed; do
	unit $name <<-UNIT
		[Service]
		ExecStart=/bin/sh -c '[ ! -e $work/$name.broken ] || exit 1; echo \$\$\$\$ >$work/$name.pid; exec $work/serve $name'
	UNIT
	daemon $name "pidfile=$work/$name.pid"
	setsid sleep 1000000 &
	echo $! >"$work/$name.pid"
done

alive_by_its_pidfile() { # NAME STATE SUBSTATE
	local pid text="a unit that is $2, with a pidfile whose process lives,"
	pid=$(cat "$work/$1.pid")
	check "$text is $2 for systemd" active "$1" "$2"
	eventually "$text is UNKNOWN, and the text names systemd" health_is "$1" UNKNOWN systemd
	check "$text is UNKNOWN, and the text names the process" health_is "$1" UNKNOWN "$pid"
	check "$text is UNKNOWN, and the text has systemd's state" \
		eval "health_is $1 UNKNOWN $2 || health_is $1 UNKNOWN $3"
	check "$text has the value unknown" value_is "$1" unknown
	checked "$1"
	check "$text is not restarted in ten checks" eval "starts_are $1 0 && active $1 $2"
	crash "$pid"
	eventually "$text is restarted once that process has ended" starts_are "$1" 1
	eventually "$text is OK once it was restarted" health_is "$1" OK
}

# --- one unit, three names ------------------------------------------------------------------------

unit names <<-UNIT
	[Service]
	ExecStart=$work/serve names
	[Install]
	Alias=names-alias.service
UNIT
ln -s names.service $units/names-alias.service
daemon names-short service=names
daemon names-full service=names.service
daemon names-alias service=names-alias

three_names() {
	local name
	for name in short full alias; do
		eventually "one unit under three names: $name is running" health_is names-$name OK
	done
	crash "$(last_start names)"
	eventually "one unit under three names: the unit is started again after it was killed" \
		eval '[ "$(starts names)" -ge 2 ]'
	for name in short full alias; do
		checked names-$name
		eventually "one unit under three names: $name is OK again" health_is names-$name OK
	done
	check "one unit under three names: one death causes one start" starts_are names 2
	check "one unit under three names: systemd's start limit was never hit" \
		eval 'never grep -q start-limit-hit "$work/changes" "$work/log"'
}

# --- all situations -------------------------------------------------------------------------------

systemctl daemon-reload
systemctl start wrapped-unit oneshot leaver emigrant delegated unruly twin-one twin-two umbrella \
	front names
systemctl start $(for name in $wrapped; do [ ! -e $units/$name.service ] || echo $name; done)
: >"$work/behind-failed.broken"
systemctl start behind-failed
wait_for "$patience" active behind-failed failed
rm "$work/behind-failed.broken"
for name in emigrant delegated unruly twin-one twin-two front names part-one part-two; do wait_for "$patience" starts_are $name 1; done
start_watching

situations=("loses_its_daemon wrapped-unit 'a unit around an init script that names its pidfile'"
	"loses_its_daemon leaver 'a oneshot unit that left a process'" oneshot_without_a_process
	daemon_outside_of_its_unit daemon_below_its_unit twins_die_together \
	stopped_and_failed umbrella_unit dead_by_its_pidfile three_names
	"alive_by_its_pidfile behind inactive dead" "alive_by_its_pidfile behind-failed failed failed")
if [ -x $generator ]; then
	situations+=("loses_its_daemon wrapped 'a wrapped init script'"
		"loses_its_daemon wrapped-option 'a wrapped init script with pidfile = in its section'"
		"loses_its_daemon wrapped-header 'a wrapped init script with a pidfile in its header'")
else
	echo "SKIP: systemd has no generator for init scripts here: none is wrapped"
fi
run_situations "${situations[@]}"
check "vigild stops with status 0" stop_watching
finish
