#!/bin/bash
# PostgreSQL as Debian packages it, under a real systemd.  postgresql.service is an umbrella unit: a oneshot unit
# that stays active after the server of its only cluster has died.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

[ -f /lib/systemd/system/postgresql@.service ] || skip_all "PostgreSQL is not installed"
command -v pg_createcluster >/dev/null || skip_all "there is no pg_createcluster"
under_systemd
chmod 755 "$work"

# --- a cluster in memory --------------------------------------------------------------------------

# The mounts hide the machine's own clusters and their files.
version=$(ls /usr/lib/postgresql | sort -n | tail -n 1)
[ -x "/usr/lib/postgresql/$version/bin/postgres" ] || skip_all "there is no PostgreSQL server"
for dir in /etc/postgresql /var/lib/postgresql /var/log/postgresql; do
	[ -d $dir ] || skip_all "there is no $dir"
	mkdir -p "$work/machine$dir"
	chown --reference=$dir "$work/machine$dir"
	mount --bind "$work/machine$dir" $dir
done
install -d -o postgres -g postgres -m 2775 /run/postgresql
[ -e /var/run/postgresql ] || skip_all "/var/run is not /run"
pg_createcluster --start-conf=auto "$version" main -- --no-sync --auth=trust >"$work/created" 2>&1 ||
	{ cat "$work/created"; not_ok "a cluster can be created"; finish; }
settings_file=/etc/postgresql/$version/main/postgresql.conf
printf '%s\n' "listen_addresses = ''" "fsync = off" "shared_buffers = 16MB" >>"$settings_file"
# Debian's generator, which runs at boot, makes the umbrella unit want each cluster.
/lib/systemd/system-generators/postgresql-generator /run/systemd/system 2>"$work/generated" ||
	{ cat "$work/generated"; not_ok "PostgreSQL's generator works"; }
cluster=postgresql@$version-main
pidfile=/var/run/postgresql/$version-main.pid
data=/var/lib/postgresql/$version/main
active() { [ "$(systemctl is-active "$1")" = active ]; }
answers() { psql -h /var/run/postgresql -U postgres -Atc 'SELECT 1' postgres 2>/dev/null | grep -qx 1; }
main_pid() { systemctl show -P MainPID "$cluster"; }

daemon umbrella service=postgresql restart_on=never
daemon umbrella-pidfile service=postgresql "pidfile=$pidfile" restart_on=never
daemon cluster "service=$cluster" "pidfile=$pidfile"
# This pidfile has several lines, of which the first is the pid.
daemon cluster-postmaster "service=$cluster" "pidfile=$data/postmaster.pid" restart_on=never
all="umbrella umbrella-pidfile cluster cluster-postmaster"

# --- the server runs, is killed, and runs again ---------------------------------------------------

systemctl daemon-reload
systemctl start postgresql
check "PostgreSQL answers" wait_for 60 answers
check "postmaster.pid has several lines" [ "$(wc -l <$data/postmaster.pid)" -gt 2 ]
start_watching
old=$(main_pid)
for name in $all; do
	eventually "PostgreSQL runs: $name is OK" health_is $name OK
done
check "PostgreSQL runs: the cluster's pid is the postmaster's" [ "$(of cluster pid)" = "$old" ]
check "PostgreSQL runs: the pid in postmaster.pid is used" [ "$(of cluster-postmaster pid)" = "$old" ]
check "PostgreSQL runs: the umbrella with the cluster's pidfile has its pid" \
	[ "$(of umbrella-pidfile pid)" = "$old" ]
for name in $all; do checked $name 5; done
check "PostgreSQL runs: vigild does not restart it" eval '[ "$(main_pid)" = "$old" ] && answers'
for name in $all; do
	check "PostgreSQL runs: $name was never CRITICAL" never was $name CRITICAL
done

# The pause keeps the cluster down while the other daemons are checked.
ctl -q pause cluster
crash "$old"
eventually "the postmaster was killed: the cluster's unit has failed for systemd" \
	eval '[ "$(systemctl is-active "$cluster")" = failed ]'
check "the postmaster was killed: the umbrella is still active for systemd" active postgresql
eventually "the postmaster was killed: the umbrella is CRITICAL and the text names the cluster" \
	health_is umbrella CRITICAL "$cluster"
eventually "the postmaster was killed: the umbrella with the cluster's pidfile is CRITICAL" \
	health_is umbrella-pidfile CRITICAL
eventually "the postmaster was killed: the cluster with postmaster.pid is CRITICAL" \
	health_is cluster-postmaster CRITICAL
check "the postmaster was killed: a paused daemon leaves the cluster down" never answers
ctl -q resume cluster
check "the postmaster was killed: PostgreSQL is restarted and answers" wait_for 60 answers
for name in $all; do
	eventually "PostgreSQL runs again: $name is OK" health_is $name OK
done
check "PostgreSQL runs again: its main process is a new one" [ "$(main_pid)" != "$old" ]
check "PostgreSQL runs again: the state counts one restart" restarts_are cluster 1
check "PostgreSQL runs again: the cluster's pid is the new postmaster's" \
	eval '[ "$(of cluster pid)" = "$(main_pid)" ]'

[ "$failed" -eq 0 ] || { explain_all; journalctl -u "$cluster" --no-pager | tail -30; }
check "vigild stops with status 0" stop_watching
finish
