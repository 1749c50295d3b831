# ground.sh: what a judge works in.  Sourced by the scripts whose faults tests/torture/judge.c judges.
#
# Three daemons, of which each look brings a change: a service of a command, a service of an init
# script that is restarted after each look, and a plugin.  A fourth never ends by itself: as long as
# it lives, it holds a lock on $work/held.

# ground DIR: what one judge works in
ground() {
	work=$1
	mkdir -p "$work/init.d" "$work/conf.d" "$work/state"
	echo '{"kept": {"script": {"service_state/restarts": 7}}}' >"$work/state/state.json"
	cat >"$work/toggle" <<-END
		#!/bin/sh
		# running and stopped by turns
		[ ! -e $work/up ] || { rm $work/up; exit 3; }
		: >$work/up
	END
	cat >"$work/init.d/script" <<-END
		#!/bin/sh
		# runs for one look, so that each look but that after a restart is followed by one
		case \$1 in
		status) rm $work/runs 2>/dev/null || exit 3 ;;
		restart) : >$work/runs ;;
		*) exit 2 ;;
		esac
	END
	cat >"$work/plugin" <<-'END'
		#!/bin/sh
		read -r up idle </proc/uptime
		echo "OK - up for $up | up=$up;5;10 idle=$idle"
		echo "and more of it"
	END
	cat >"$work/lasting" <<-END
		#!/bin/sh
		exec 9>>$work/held
		flock 9
		echo \$\$ >$work/held
		exec sleep 1000000
	END
	chmod +x "$work/toggle" "$work/init.d/script" "$work/plugin" "$work/lasting"
	write_conf <<-END
		restart_rate = 1000/1s
		[daemons]
		look = yes
		script = yes
		plugin = yes
		lasting = yes
		idle = no
		[daemon:look]
		module = service
		service = look
		manager = command
		status_command = $work/toggle
		restart_command = /bin/true
		restart_on = never
		query_timeout = 2s
		interval = 1h
		[daemon:script]
		module = service
		service = script
		manager = lsb
		init_dir = $work/init.d
		backoff = 0
		query_timeout = 2s
		restart_timeout = 3s
		interval = 1h
		[daemon:plugin]
		module = exec
		command = $work/plugin
		interval = 1h
		[daemon:lasting]
		module = exec
		mode = stream
		command = $work/lasting
		[daemon:idle]
		module = exec
		command = /bin/true
	END
}
