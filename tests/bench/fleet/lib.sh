# lib.sh: functions for the measurements of many machines, in addition to those for the system tests.  The
# measurements source it.  Each one prints rows with three columns that are separated by tabs: metric, value, unit.
. "$(dirname "${BASH_SOURCE[0]}")/../../system/lib.sh" || exit 1
. "$here/icinga-lib.sh" || exit 1

row() { printf '%s\t%s\t%s\n' "$@"; }
div() { awk -v a="$1" -v b="$2" -v n="${3:-1}" 'BEGIN { printf "%." n "f", (b > 0 ? a / b : 0) }'; }
micros() { echo "${EPOCHREALTIME/./}"; }
# with_programs FILE...: skips the measurement if one of these programs is missing
with_programs() {
	local program
	for program; do [ -x "$program" ] || skip_all "$program is not installed"; done
}
# in_namespaces ARGUMENT...: runs the script again in separate namespaces, unless it runs there already.  All its
# processes end with it.
in_namespaces() {
	[ "${1:-}" != inside ] || return 0
	install_staged
	set_paths
	[ -e "$modules/icinga/icinga.so" ] || skip_all "vigil was built without OpenSSL"
	MAKEFLAGS= make -C "$top_builddir" -s tests/bench/cpu_time tests/bench/fleet/well/well.so >&2 || exit 1
	exec unshare -m -p -n -f --mount-proc --kill-child bash "$0" inside "$@"
}

# processes PID: prints the pid and those of its descendants
processes() {
	awk -v root="$1" '
		FNR == 1 { parent[$1] = $4 }
		END {
			for (pid in parent) {
				for (up = pid; up in parent && up != root; up = parent[up]) continue
				if (up == root) print pid
			}
		}' /proc/[0-9]*/stat 2>/dev/null
}
# cpu_of PID...: prints the sum of the microseconds of CPU time that these processes have used
cpu_of() { local ns; ns=$("$top_builddir/tests/bench/cpu_time" "$@") && echo $((ns / 1000)); }
# private_of DIRECTORY..., memory_of DIRECTORY...: print the KB that only these processes have, and their share of all
# pages that they use; the directories are in /proc
memory_of() { cat "${@/%//smaps_rollup}" | awk '/^Pss:/ { n += $2 } END { print n }'; }
private_of() { cat "${@/%//smaps_rollup}" | awk '/^Private_(Clean|Dirty)/ { n += $2 } END { print n }'; }

# --- many vigild ----------------------------------------------------------------------------------

# client_conf NUMBER DAEMONS: writes the configuration of one of many vigild.  The lines on stdin follow
# those of [daemons].
client_conf() {
	local number=$1 daemons=$2 work=$work/client$1
	mkdir -p "$work"
	more_modules=$top_builddir/tests/bench/fleet
	{
		printf '[daemons]\n'
		seq -f 's%.0f = well' "$daemons"
		cat
	} | write_conf
}
clients=()
start_client() { # NUMBER
	"$vigild" -c "$work/client$1/vigil.conf" 2>>"$work/client$1/log" &
	clients[$1]=$!
}
client_is_up() { "$vigilctl" -q -s "$work/client$1/control.sock" version 2>/dev/null; }
client_get() { "$vigilctl" -s "$work/client$1/control.sock" get -r "$2" 2>/dev/null; }
# start_clients COUNT: starts them all, and waits until they answer
start_clients() {
	local i
	for i in $(seq "$1"); do start_client "$i"; done
	for i in $(seq "$1"); do
		wait_for 30 client_is_up "$i" || { tail -5 "$work/client$i/log"; not_ok "vigild $i starts"; exit 1; }
	done
}
stop_clients() {
	[ ${#clients[@]} -gt 0 ] || return 0
	kill -TERM "${clients[@]}" 2>/dev/null
	wait "${clients[@]}"
	clients=()
}

# --- icinga2 --------------------------------------------------------------------------------------

# hosts PREFIX HOSTS SERVICES: prints Icinga objects: so many hosts named PREFIX1, PREFIX2 and so on, each with so many
# services named s1, s2 and so on.
hosts() {
	cat <<-C
		for (h in range(1, $2 + 1)) {
		  object Host "$1" + h.to_string() { check_command = "dummy"; enable_active_checks = false }
		  for (s in range(1, $3 + 1)) {
		    object Service "s" + s.to_string() use (h) {
		      host_name = "$1" + h.to_string()
		      check_command = "passive"; enable_active_checks = false; max_check_attempts = 1
		    }
		  }
		}
	C
}
