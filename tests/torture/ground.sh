# ground.sh: the configuration for tests in which tests/torture/fault.c makes faults and checks vigild.
# The scripts source it.
#
# There are three daemons, of which each query brings a change: a service of a command, a service of an
# init script that is restarted after each query, and a plugin.  A fourth, the daemon `lasting`, never
# exits on its own and holds a lock on $work/held as long as it runs.

# ground DIR: creates the directory in which one fault program works
ground() {
	work=$1
	mkdir -p "$work/init.d" "$work/conf.d" "$work/state"
	echo '{"kept": {"script": {"service_state/restarts": 7}}}' >"$work/state/state.json"
	cat >"$work/toggle" <<-END
		#!/bin/sh
		# running and stopped in turns
		[ ! -e $work/up ] || { rm $work/up; exit 3; }
		: >$work/up
	END
	cat >"$work/init.d/script" <<-END
		#!/bin/sh
		# runs for one query, so that each query except that after a restart causes a restart
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
	cat >"$work/ready" <<-END
		look /daemons/look/service_state/value
		script /daemons/script/service_state/value
		plugin /daemons/plugin/output
	END
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

# ground_modules DIR: the same for the other shipped modules that were built, and for a unit if there is
# a fake systemd, which has a unit with the name of the directory and reads orders at $manager.  `flip`
# changes its health at each query; `tell` reports that and `master` sends it.
ground_modules() {
	work=$1
	mkdir -p "$work/conf.d" "$work/state"
	echo '{"kept": {}}' >"$work/state/state.json"
	cat >"$work/flip" <<-END
		#!/bin/sh
		[ ! -e $work/up ] || { rm $work/up; echo "CRITICAL - down"; exit 2; }
		: >$work/up
		echo "OK - up | n=1"
	END
	printf '#!/bin/sh\nexec cat >%s/told\n' "$work" >"$work/tell"
	chmod +x "$work/flip" "$work/tell"
	local http=
	[ ! -e "$modules/http/http.so" ] || http=yes
	{
		printf 'restart_rate = 1000/1s\n[daemons]\n'
		printf '%s = yes\n' flip mean machine tell ${http:+web} ${master:+master} ${manager:+unit}
		printf '[daemon:flip]\nmodule = exec\ncommand = %s/flip\ninterval = 1h\n' "$work"
		printf '[daemon:mean]\nmodule = average\nsource = /runs/mean/ticks\ninterval = 1h\nwindows = 10h\n'
		printf '[daemon:machine]\nmodule = system\ninterval = 1h\n'
		printf '[daemon:tell]\nmodule = notify\nwatch = /runs/flip/health\ngroup = 0\nburst = 0\n'
		printf 'backoff = 10ms\ncommand = %s/tell\n' "$work"
		[ -z "$http" ] || printf '[daemon:web]\nmodule = http\nlisten = unix:%s/http.sock\n' "$work"
		[ -z "${master:-}" ] || {
			printf '[daemon:master]\nmodule = icinga\nurl = https://127.0.0.1:%s\n' "$master"
			printf 'tls_name = master.test\nca = %s\nuser = vigil\npassword_file = %s\n' "$whole/ca.crt" "$whole/password"
			printf 'submit = flip\ninterval = 1h\nbackoff_max = 1s\nqueue = %s/queue\n' "$work"
		}
		[ -z "${manager:-}" ] || {
			printf '[daemon:unit]\nmodule = service\nservice = %s\nmanager = systemd\n' "${work##*/}"
			printf 'interval = 1h\nbackoff = 0\nhealthy_after = 0\nquery_timeout = 2s\nrestart_timeout = 3s\n'
		}
	} | write_conf
	{
		echo "flip /daemons/flip/output"
		echo "mean /daemons/mean/values"
		echo "machine /daemons/machine/load"
		[ -z "${manager:-}" ] || echo "unit /daemons/unit/service_state/value"
	} >"$work/ready"
	[ -z "${manager:-}" ] || {
		echo "crash ${work##*/}.service" >"$work/order"
		ln -sf "$manager" "$work/orders"
	}
}
