#!/bin/bash
# Four kinds of death under the other service managers: what vigil says about each, with what the
# manager, the kernel (pidfd) and the control groups tell.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/deaths-lib.sh" || exit 1

command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
# OpenRC needs a /run of its own, and a bash that is process 1 reaps what the scripts leave behind.
if [ -z "${VIGIL_DEATHS_INSIDE:-}" ]; then
	wrap=(unshare --mount --propagation private --pid --fork --kill-child --mount-proc)
	"${wrap[@]}" true 2>/dev/null || skip_all "this machine allows no namespaces"
	VIGIL_DEATHS_INSIDE=1 exec "${wrap[@]}" bash "$0"
fi
set_paths
work=$(mktemp -d)
trap 'end_all' EXIT
end_all() {
	kill -KILL "${vigild_pid:-}" 2>/dev/null
	rm -rf "$work" # the services end with process 1
	remove_groups
}

kinds=(exit segv kill)
if memory_group probe; then kinds+=(oom); else echo "SKIP: OOM: there is no memory control group"; fi

# die NAME KIND: the program of each service.  It dies when the test says so, and after that it runs.
cat >"$work/die" <<EOF_DIE
#!/bin/bash
cd "$work/runs/\$1"
ulimit -c unlimited
[ ! -e died ] || exec sleep 1000000
[ ! -e group ] || echo \$\$ >"\$(cat group)/cgroup.procs"
read -r _ <go
: >died
case \$2 in
exit) exit 1 ;;
segv) kill -SEGV \$\$ ;;
kill) kill -KILL \$\$ ;;
oom) exec tail /dev/zero ;;
esac
EOF_DIE
chmod 755 "$work/die"

daemons=()
supervised() { # NAME KIND
	mkdir -p "$work/new/$1" "$work/$manager"
	printf '#!/bin/sh\nexec %s/die %s %s\n' "$work" "$1" "$2" >"$work/new/$1/run"
	chmod 755 "$work/new/$1/run"
	mv "$work/new/$1" "$work/$manager/$1"
	observe "$1" "manager = $manager" "service_dir = $work/$manager"
}
scripted() { # NAME KIND
	sed -e "s|@name@|$1|g; s|@kind@|$2|g; s|@dir@|$work|g" >"$work/init.d/$1"
	chmod 755 "$work/init.d/$1"
}
write_script() {
	cat <<'EOF_SCRIPT'
#!/bin/sh
# pidfile: @dir@/@name@.pid
pidfile=@dir@/@name@.pid
case $1 in
start) setsid @dir@/die @name@ @kind@ </dev/null >/dev/null 2>&1 & echo $! >$pidfile ;;
status) [ -s $pidfile ] || exit 3; ps -p "$(cat $pidfile)" >/dev/null || exit 1 ;;
*) exit 2 ;;
esac
EOF_SCRIPT
}
write_openrc_script() {
	cat <<'EOF_SCRIPT'
#!/sbin/openrc-run
command=@dir@/die
command_args="@name@ @kind@"
command_background=true
pidfile=@dir@/@name@.pid
EOF_SCRIPT
}
mkdir "$work/init.d"
managers=()
for manager in runit s6 openrc lsb command; do
	case $manager in
	runit) tool=runsvdir ;;
	s6) tool=s6-svscan ;;
	openrc) tool=rc-service ;;
	*) tool=setsid ;;
	esac
	command -v $tool >/dev/null || { echo "SKIP: $manager: there is no $tool"; continue; }
	managers+=($manager)
	for kind in "${kinds[@]}"; do
		name=$manager-$kind
		mkdir -p "$work/runs/$name"
		mkfifo "$work/runs/$name/go"
		[ $kind != oom ] || { memory_group "$name" && echo "${groups[-1]}" >"$work/runs/$name/group"; }
		case $manager in
		runit | s6) supervised "$name" "$kind" ;;
		openrc) write_openrc_script | scripted "$name" "$kind"; observe "$name" "manager = openrc" ;;
		lsb)
			write_script | scripted "$name" "$kind"
			observe "$name" "manager = lsb" "init_dir = $work/init.d" ;;
		command)
			write_script | scripted "$name" "$kind"
			observe "$name" "manager = command" "pidfile = $work/$name.pid" \
				"status_command = $work/init.d/$name status" "restart_command = false" ;;
		esac
	done
done

# --- start, and death -----------------------------------------------------------------------------

mount -t tmpfs tmpfs /run
mkdir -p /run/openrc/{daemons,exclusive,failed,hotplugged,inactive,options,scheduled} \
	/run/openrc/{started,starting,stopping,tmp,wasinactive}
: >/run/openrc/softlevel
mount --bind "$work/init.d" /etc/init.d
[ ! -d "$work/runit" ] || { runsvdir "$work/runit" >"$work/runit.log" 2>&1 & }
[ ! -d "$work/s6" ] || { s6-svscan "$work/s6" >"$work/s6.log" 2>&1 & }
for name in "${daemons[@]}"; do
	case $name in
	openrc-*) rc-service "$name" start >>"$work/openrc.log" 2>&1 ;;
	lsb-* | command-*) "$work/init.d/$name" start ;;
	esac
done
# vigild reads the control group of a process when it first sees the process.
in_groups() { local dir; for dir in "${groups[@]:1}"; do grep -q . "$dir/cgroup.procs" || return 1; done; }
wait_for "$patience" in_groups
write_daemons
start_vigild
all_run() {
	local name
	for name in "${daemons[@]}"; do is "/daemons/$name/service_state/value" running || return 1; done
}
check "vigild finds all services running" wait_for "$patience" all_run
for name in "${daemons[@]}"; do : >"$work/runs/$name/go"; done

core=
if dumps_core; then core=", core dumped"; else echo "SKIP: core: no core is dumped on this machine"; fi
after='after [0-9.]+ m?s'
declare -A how=(
	[exit]="^exited with status 1( $after)?\$"
	[segv]="^killed by SIGSEGV( $after)?$core\$"
	[kill]="^killed by SIGKILL( $after)?\$"
	[oom]="^killed by the OOM killer( $after)?\$"
)
declare -A words=([exit]="exit 1" [segv]="SIGSEGV with core" [kill]="SIGKILL" [oom]="OOM at 32 MiB")
# Without the kernel's help only s6 says how a process has ended.
kernel_tells || echo "SKIP: all but s6: Linux before 6.15 does not say how a process has ended"
for kind in "${kinds[@]}"; do
	for manager in "${managers[@]}"; do
		pattern=${how[$kind]}
		kernel_tells || [ "$manager" = s6 ] || pattern='^it ended( after .*)?, and nothing shows how|^killed by the OOM killer'
		row "$manager-$kind" "${words[$kind]}, $manager" "$pattern"
	done
done
print_table "death, manager           | what is known of it"
stop_vigild
finish
