#!/bin/bash
# The evidence of a death: the record has the last output of the service, from a file under runit and from the
# journal under systemd.  The services print what could harm a terminal, JSON or a page.  explain, check, the
# page and notifications have the record, and it survives a restart of vigild.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/deaths-lib.sh" || exit 1

install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
scanner=
clean_up() {
	stop_vigild
	[ -z "$scanner" ] || kill -TERM "$scanner" 2>/dev/null
	[ -z "$scanner" ] || wait "$scanner"
	for dir in "$work"/runit/*; do
		[ ! -p "$dir/supervise/control" ] || sv force-shutdown "$dir" >/dev/null
	done
	rm -rf "$work"
}
trap clean_up EXIT

# The service NAME waits until a word is written to NAME.die, prints, and dies with SIGSEGV.
write_service() {
	cat >"$work/serve" <<-'EOF_SERVE'
		#!/bin/bash
		ulimit -c 0
		echo "run $(($(cat "$0.runs" 2>/dev/null) + 1)) has begun" | tee "$0.banner"
		echo $(($(cat "$0.runs" 2>/dev/null) + 1)) >"$0.runs"
		read -r word <"$0.die"
		head -c 1000000 /dev/zero | tr '\0' x
		printf '\n\033]0;owned\007\033[31mred\033[0m\n'
		printf 'bytes \377\376\300\200 and a NUL \0 here\n'
		printf '<script>alert(1)</script>\n\342\200\256backwards\n'
		echo "panic: $word"
		kill -SEGV $$
	EOF_SERVE
	chmod 755 "$work/serve"
	mkfifo "$work/serve.die"
}
die() { timeout 300 bash -c 'echo "$0" >"$1"' "$1" "$work/serve.die"; }
has_died() { [[ "$(get /daemons/web/service_state/deaths)" == *"panic: $1"* ]]; }
runs() { is /daemons/web/service_state/value running; }
explains() { ctl explain web "${@:2}" >"$work/explain" && grep -qF -- "$1" "$work/explain"; }
is_clean() { # FILE: it has no control characters and nothing that reorders text, and it is UTF-8
	! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' "$1" && ! grep -qF $'\342\200\256' "$1" &&
		iconv -f UTF-8 -t UTF-8 "$1" >/dev/null
}
lines_are_short() { ! grep -qE '.{480}' "$1"; }
bounded() { [ "$(get /daemons/web/service_state/deaths | wc -c)" -le 24576 ]; }

check_record() { # WHERE
	check "$1: the service is running" wait_for 20 runs
	die first
	check "$1: the record of a death has the last line of output" wait_for 20 has_died first
	check "$1: explain prints the death with the output" wait_for 10 explains '    | panic: first'
	if [ "$1" = systemd ] || kernel_tells; then
		check "$1: the death has its signal" grep -q '^death .*SIGSEGV' "$work/explain"
	else
		echo "SKIP: $1: the signal: before Linux 6.15 the kernel does not tell it"
	fi
	check "$1: explain is free of control characters and invalid UTF-8" is_clean "$work/explain"
	check "$1: a line of 1 MB is truncated" lines_are_short "$work/explain"
	check "$1: the record is bounded" bounded
	ctl explain web -j >"$work/json" 2>&1
	check "$1: the JSON is free of control characters, too" is_clean "$work/json"
	check "$1: check prints the death" grep -q 'panic: first' <(ctl check web)
	check "$1: the service runs again" wait_for 20 runs
	wait_for 20 test -s "$work/serve.banner"
	die second
	check "$1: the second death has its own record" wait_for 20 has_died second
	check "$1: explain has both deaths" explains '    | panic: second'
	check "$1: the output of the first run is not taken for that of the second" \
		[ "$(grep -c 'panic: first' "$work/explain")" = 1 ]
}

if [ "${1:-}" = systemd ]; then
	write_service
	cat >/run/systemd/system/web.service <<-UNIT
		[Service]
		ExecStart=$work/serve
		Restart=always
		RestartSec=100ms
		StartLimitIntervalSec=0
	UNIT
	systemctl daemon-reload && systemctl start web
	write_conf <<-C
		[daemons]
		web = service
		[module:service]
		interval = 300ms
		backoff = 0
	C
	start_vigild
	check_record systemd
	[ "$failed" -eq 0 ] || { tail -30 "$work/log"; cat "$work/explain"; }
	systemctl stop web
	finish
fi

# --- runit, a file, notifications and the page ----------------------------------------------------

under_runit() {
	command -v runsvdir >/dev/null || { echo "SKIP: runit is not installed"; return; }
	write_service
	mkdir -p "$work/runit/web" "$work/runit/crasher" "$work/runit/piped" "$work/runit/linked"
	printf '#!/bin/sh\nexec %s/serve >>%s/web.log 2>&1\n' "$work" "$work" >"$work/runit/web/run"
	printf '#!/bin/sh\necho again\nexit 3\n' >"$work/runit/crasher/run"
	printf '#!/bin/sh\nexec sleep 1000000\n' | tee "$work/runit/piped/run" >"$work/runit/linked/run"
	chmod 755 "$work"/runit/*/run
	mkfifo "$work/fifo"
	ln -s /etc/passwd "$work/link"
	chown -h 12345 "$work/link" 2>/dev/null # as the user of the service could make it
	cat >"$work/notify" <<-EOF_NOTIFY
		#!/bin/sh
		cat >>$work/notified
		echo "\$VIGIL_LONG_TEXT" >>$work/mailed
	EOF_NOTIFY
	chmod 755 "$work/notify"
	runsvdir "$work/runit" >/dev/null 2>&1 &
	scanner=$!
	write_conf <<-C
		[module:service]
		manager = runit
		service_dir = $work/runit
		interval = 300ms
		backoff = 0
		[daemons]
		web = service
		crasher = service
		piped = service
		linked = service
		notify = yes
		http = yes
		[daemon:web]
		log_file = $work/web.log
		[daemon:piped]
		log_file = $work/fifo
		[daemon:linked]
		log_file = $work/link
		[daemon:notify]
		command = $work/notify
		watch = /runs/web/health
		[daemon:http]
		listen = 127.0.0.1:0
	C
	start_vigild
	check_record runit
	check "a message has the last output as JSON" \
		wait_for 20 grep -q '"death":.*"output":.*panic: second' "$work/notified"
	check "a message has the last output as text" wait_for 20 grep -q 'panic: second' "$work/mailed"
	url=http://$(ctl get /daemons/http/listen | tr -d '[]" \n')
	check_with curl "the page shows the output, escaped" \
		eval 'grep -q "&lt;script&gt;alert" <(curl -s "$url/?daemon=web") &&
			! grep -q "<script>alert" <(curl -s "$url/?daemon=web")'
	refused() { [[ "$(get "/daemons/$1/service_state/deaths")" == *"$2"* ]]; }
	crash "$(get /daemons/piped/service_state/pid)" "$(get /daemons/linked/service_state/pid)"
	check "a fifo is not read" wait_for 20 refused piped "not a regular file"
	if [ "$(id -u)" = 0 ]; then
		check "a link of another user is not followed" wait_for 20 refused linked "symbolic link"
	else
		echo "SKIP: a link of another user is not followed: only root can make one"
	fi
	stop_vigild
	start_vigild
	check "the records survive a restart of vigild" wait_for 10 explains '    | panic: second'
	check "explain --since has the output of both deaths" \
		eval 'explains "    | panic: second" --since 1h && grep -q "    | panic: first" "$work/explain"'
	crasher=/daemons/crasher/service_state/deaths
	counts() { [[ "$(get $crasher)" == *more* ]]; }
	check "deaths that follow each other closely share a record" wait_for 30 counts
	[ "$failed" -eq 0 ] || { tail -30 "$work/log"; cat "$work/explain"; }
	stop_vigild
}
under_runit

if with_systemd; then
	"$here/in-systemd.sh" bash "$0" systemd
	status=$?
	[ $status -eq 0 ] || [ $status -eq 77 ] || failed=$((failed + 1))
else
	echo "SKIP: built without systemd"
fi
finish
