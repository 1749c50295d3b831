#!/bin/bash
# Units that vigild must leave alone, because another active unit conflicts with them, or because a condition
# or an assertion of the unit is not met.  This test runs under a real systemd.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

under_systemd
write_serve
# unit NAME [LINES]: a service that counts its starts; LINES are for its [Unit] section
unit() {
	printf '[Unit]\n%b\n[Service]\nExecStart=%s/serve %s\n' "${2:-}" "$work" "$1" \
		>"$units/$1.service"
}
active() { [ "$(systemctl is-active "$1")" = active ]; }
up() { case $(systemctl is-active "$1") in active | activating) ;; *) false ;; esac; }

# --- conflicts ------------------------------------------------------------------------------------

# pair NAME LINES LINES [OPTION ...]: NAME is watched, NAME-other conflicts with it
pair() {
	unit "$1" "$2"
	unit "$1-other" "$3"
	daemon "$1" "${@:4}"
}
pair mysql "" Conflicts=mysql.service
pair shy Conflicts=shy-other.service ""
pair mutual Conflicts=mutual-other.service Conflicts=mutual.service
# The other unit starts slowly, and is not active until it has started.
pair slow "" 'Conflicts=slow.service\n[Service]\nType=notify\nTimeoutStartSec=infinity'
# No check of these units is due before the end of the test.
pair mysql-rare "" Conflicts=mysql-rare.service interval=1h
pair shy-rare Conflicts=shy-rare-other.service "" interval=1h
pair crashed "" Conflicts=crashed.service

conflict() { # NAME TEXT
	local name=$1 text="a unit that was stopped because $2"
	wait_for "$patience" health_is "$name" OK
	systemctl start --no-block "$name-other"
	eventually "$text is WARNING and the text names the other unit" \
		health_is "$name" WARNING "$name-other.service"
	check "$text is left alone, and the decision says so" decision_says "$name" "left alone"
	checked "$name"
	check "$text is left alone in ten checks, and the other unit runs on" \
		eval "up $name-other && starts_are $name 1 && starts_are $name-other 1"
	check "$text counts no restart" restarts_are "$name" 0
	check "$text was never CRITICAL" never was "$name" CRITICAL
	systemctl stop "$name-other"
	eventually "$text is started when the other unit has stopped" active "$name"
	eventually "$text is OK when the other unit has stopped" health_is "$name" OK
	check "$text is started once when the other unit has stopped" starts_are "$name" 2
}
conflict_between_checks() { # NAME TEXT
	local name=$1 ticks text="a unit that is checked once an hour and was stopped because $2"
	wait_for "$patience" health_is "$name" OK
	ticks=$(get "/runs/$name/ticks")
	systemctl start --no-block "$name-other"
	eventually "$text is WARNING and the text names the other unit" \
		health_is "$name" WARNING "$name-other.service"
	checked canary
	check "$text is left alone" eval "active $name-other && starts_are $name 1"
	systemctl stop "$name-other"
	eventually "$text is started when the other unit has stopped" active "$name"
	check "$text is started before its next check is due" is "/runs/$name/ticks" "$ticks"
}
# A conflict ends when the other unit is down, for any reason.
conflict_ends_by_a_crash() {
	local text="a unit that conflicts with one that runs"
	wait_for "$patience" health_is crashed OK
	systemctl start crashed-other
	eventually "$text is WARNING" health_is crashed WARNING crashed-other.service
	wait_for "$patience" starts_are crashed-other 1
	crash "$(last_start crashed-other)"
	eventually "$text is started when the other unit was killed" active crashed
	check "$text is started once when the other unit was killed" starts_are crashed 2
}
# Both units are down, so the conflict is not the reason.
unit alone Conflicts=alone-other.service
unit alone-other
daemon alone
conflict_with_a_unit_that_is_down() {
	wait_for "$patience" health_is alone OK
	crash "$(last_start alone)"
	eventually "a unit that conflicts with a unit that is down is restarted when it was killed" \
		starts_are alone 2
}

# --- conditions and assertions --------------------------------------------------------------------

unit condition ConditionPathExists=/nonexistent/condition
unit assertion AssertPathExists=/nonexistent/assertion
unit negated 'ConditionPathExists=!/etc/passwd'
# The condition is met when the unit starts, and not later.
unit lapsed "ConditionPathExists=$work/lapsed"
unit directory 'ConditionDirectoryNotEmpty=/nonexistent/directory'
for name in condition assertion lapsed directory negated; do daemon $name; done

# Each attempt to start the unit changes this.
attempts() { systemctl show -P ConditionTimestampMonotonic "$1"; }
unmet() { # NAME CONDITION TEXT
	local name=$1 text="a unit with an unmet $3" before
	eventually "$text is WARNING and the text names what is unmet" health_is "$name" WARNING "$2"
	eventually "$text is left alone, and the decision says so" decision_says "$name" "left alone"
	before=$(attempts "$name")
	checked "$name"
	check "$text is not started again in ten checks" [ "$(attempts "$name")" = "$before" ]
	check "$text was restarted once at most" eval "restarts_are $name 0 || restarts_are $name 1"
	check "$text is still WARNING after ten checks" health_is "$name" WARNING "$2"
}
condition_lapses() {
	wait_for "$patience" health_is lapsed OK
	rm "$work/lapsed"
	crash "$(last_start lapsed)"
	unmet lapsed "ConditionPathExists=$work/lapsed" "condition that was met when it was started"
	: >"$work/lapsed"
	systemctl start lapsed
	eventually "a unit whose condition is met again is OK when an admin has started it" health_is lapsed OK
}

# --- all situations -------------------------------------------------------------------------------

: >"$work/lapsed"
systemctl daemon-reload
running="mysql shy mutual slow mysql-rare shy-rare crashed alone lapsed"
systemctl start $running
for name in $running; do wait_for "$patience" starts_are $name 1; done
start_watching
run_situations "conflict mysql 'one that conflicts with it was started'" \
	"conflict shy 'it conflicts with one that was started'" \
	"conflict mutual 'it and one that was started conflict with each other'" \
	"conflict slow 'one that conflicts with it is starting'" \
	"conflict_between_checks mysql-rare 'one that conflicts with it was started'" \
	"conflict_between_checks shy-rare 'it conflicts with one that was started'" \
	conflict_ends_by_a_crash conflict_with_a_unit_that_is_down \
	"unmet condition ConditionPathExists=/nonexistent/condition condition" \
	"unmet negated ConditionPathExists=!/etc/passwd 'negated condition'" \
	"unmet directory ConditionDirectoryNotEmpty=/nonexistent/directory 'condition of another kind'" \
	"unmet assertion AssertPathExists=/nonexistent/assertion assertion" \
	condition_lapses
check "vigild stops with status 0" stop_watching
finish
