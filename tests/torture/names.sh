#!/bin/bash
# names: hostile names and texts from services, plugins, clients and files, in a real vigild.
#
# Promise: a text of a service, a plugin, a client or a file never forges a line of the log, never sends a
# control character to a terminal, whether from the log or from vigilctl, and is never used as a format,
# an option, a path or a command.  A service name that no manager can have is refused with its line, and
# nothing with that name is created or run.  (tests/check_names.c tests each manager directly.)
. "$(dirname "$0")/lib.sh" || exit 1

install_staged
set_paths
work=$(mktemp -d)
trap 'stop_vigild; rm -rf "$work"' EXIT
mkdir "$work/conf.d" "$work/init.d" "$work/bin" "$work/texts"

# --- the texts ------------------------------------------------------------------------------------
forged='2020-01-01T00:00:00.000Z error   forged: line'
texts=($'a\nb' $'\n'"$forged" $'a\r'"$forged" $'\e[2J\e[H' $'\e]0;title\a' $'\e[31mred' $'\x9b2J' $'\xc2\x9b2J'
	$'\b\b\b\b' $'\x7f\x7f' $'\v\f' $'a\tb' $'\x01\x02\x03' $'\x0e\x0f' $'\xe2\x80\xa8'"$forged" $'\xe2\x80\xaetxt.exe'
	$'\xc2\x85'"$forged" $'\xff\xfe' $'\xc0\xaf' $'\xed\xa0\x80' $'\xf4\x90\x80\x80' $'\xe2\x82' '%s%s%s%n' '%1$n' '%'
	'$(touch tripped)' '`touch tripped`' '; touch tripped' '| touch tripped' '&& touch tripped' '-Hroot@evil' '--help'
	'../../tripped' '/etc/passwd' '*' '~' '"' "'" '\' '\n' '</script><script>' '{"jsonrpc":"2.0"}' $'\xef\xbb\xbfbom'
	$'\u202e\u2066' "$(printf 'x%.0s' {1..5000})" "$(printf '\e[31m%.0s' {1..2000})")
n=0
for text in "${texts[@]}"; do
	printf '%s' "$text" >"$work/texts/$n"
	n=$((n + 1))
done
printf 'a\0b\0' >"$work/texts/$n" # a text that a shell variable cannot hold
n=$((n + 1))

cat >"$work/bin/say" <<'END'
#!/bin/sh
# The output of a plugin, a service's command or a script, on both streams.
cat "$1"; cat "$1" >&2
exit "$2"
END
chmod 755 "$work/bin/say"
cd "$work" || exit 1
{
	printf '[daemons]\n'
	for i in $(seq 0 $((n - 1))); do printf 'plugin%d = yes\ntext%d = yes\nservice%d = yes\n' "$i" "$i" "$i"; done
	for i in $(seq 0 $((n - 1))); do
		cat <<-CONF
			[daemon:plugin$i]
			module = exec
			command = $work/bin/say $work/texts/$i 2
			[daemon:text$i]
			module = exec
			format = text
			command = $work/bin/say $work/texts/$i 1
			[daemon:service$i]
			module = service
			manager = command
			service = service$i
			status_command = $work/bin/say $work/texts/$i 3
			restart_command = $work/bin/say $work/texts/$i 1
			interval = 1h
			backoff = 0
		CONF
	done
} | write_conf
sed -i "s|^log = .*|log = $work/vigil.log\nlog_level = debug\nrestart_rate = 1000/1s|" "$work/vigil.conf"
start_vigild
# holds KEY PATTERN COUNT: whether at least so many daemons have such a value
holds() { [ "$(grep -oE "\"$1\": *$2" "$work/state.now" | wc -l)" -ge "$3" ]; }
all_said() {
	ctl get /daemons >"$work/state.now" 2>/dev/null
	holds exit_status 2 $n && holds exit_status 1 $n && holds restart_errors '[1-9]' $n
}
check "$((3 * n)) daemons have printed hostile texts" wait_for 60 all_said
reachable || { cat "$work/log"; not_ok "vigild runs after daemons have printed hostile texts"; exit 1; }

# A sample in the short form.  Clients send the text as a verb, a name, a pointer, a reason, and as a line
# to the pipe.
printed=$work/printed
: >"$printed"
stride=$(count 4 1)
for i in $(seq $((RANDOM % stride)) $stride $((n - 2))); do
	text=$(cat "$work/texts/$i"; echo .) text=${text%.}
	{
		ctl run -- "$text"
		ctl explain -- "$text"
		ctl get -- "/daemons/$text"
		ctl get -- "$text"
		ctl pause plugin0 --reason "$text"
		ctl status
		ctl log -- "$text"
		ctl -c "$work/vigil.conf" register -- "$text" module=exec command=true
		ctl -c "$work/vigil.conf" register fine "module=$text"
		ctl -c "$work/vigil.conf" register fine module=exec "command=$text" "$text=1"
		ctl -- "$text"
	} >>"$printed" 2>&1 </dev/null
	printf '%s\nrun %s\n' "$text" "$text" >"$work/control.pipe"
	rm -f "$work/conf.d/"*.conf
done
ctl -q reload
for i in $(seq $((RANDOM % stride)) $stride $((n - 1))); do
	for name in plugin text service; do
		ctl explain $name$i
		ctl check $name$i
		ctl get /daemons/$name$i
	done
done >>"$printed" 2>&1
ctl status >>"$printed" 2>&1
ctl list >>"$printed" 2>&1
check "vigild runs after clients have sent hostile texts" reachable

# --- the results ----------------------------------------------------------------------------------
raw() { LC_ALL=C grep -naP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa0-\xaf]' "$@" | head -n 3; }
invalid() { ! iconv -f UTF-8 -t UTF-8 "$1" >/dev/null; }
lines=$(wc -l <"$work/vigil.log")
nonlines=$(LC_ALL=C grep -acvE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z (error|warning|notice|info|debug) ' "$work/vigil.log")
check "each of $lines lines of the log begins with vigild's time and level" [ "$nonlines" = 0 ]
check "no line of the log is forged" eval '! grep -q "^2020-" "$work/vigil.log"'
found=$(raw "$work/vigil.log")
check "the log has no control character $(cat -v <<<"$found")" [ -z "$found" ]
check "the log is UTF-8" eval '! invalid "$work/vigil.log"'
found=$(raw "$printed")
check "$(wc -l <"$printed") lines of vigilctl have no control character $(cat -v <<<"$found")" [ -z "$found" ]
check "the output of vigilctl is UTF-8" eval '! invalid "$printed"'
check "no hostile text was run or used as a path" eval '! find "$work" -name "*tripped*" | grep -q .'
stop_vigild

# --- names in configuration files -----------------------------------------------------------------
refused=0 asked=0
for manager in systemd openrc lsb runit s6 command; do
	for i in $(seq $((RANDOM % stride)) $stride $((n - 1))); do
		LC_ALL=C tr -d '\0\n' <"$work/texts/$i" >"$work/name"
		{
			printf '[vigil]\nmodules = %s\n[daemons]\none = yes\n[daemon:one]\nmodule = service\n' "$modules"
			printf 'manager = %s\ninit_dir = %s/init.d\nservice_dir = %s/init.d\n' $manager "$work" "$work"
			[ $manager != command ] || printf 'status_command = /bin/true\nrestart_command = /bin/true\n'
			printf 'service = '
			cat "$work/name"
			printf '\n'
		} >"$work/test.conf"
		LC_ALL=C grep -qxE '[[:space:]]*[A-Za-z0-9_][A-Za-z0-9_:.\\@-]*[[:space:]]*' "$work/name" && continue
		asked=$((asked + 1))
		"$vigild" -t -c "$work/test.conf" >"$work/said" 2>&1
		[ $? = 1 ] && grep -qa "^$work/test.conf:[0-9]*: " "$work/said" && [ -z "$(raw "$work/said")" ] &&
			refused=$((refused + 1)) ||
			{ echo "# $manager, text $i: $(cat -v "$work/said" | cut -c 1-200)"; }
	done
done
check "vigild -t refuses each of $asked hostile service names, with its line" [ "$refused" = "$asked" ]

figure "no text forges a line or sends a control character to a terminal" \
	"$n texts in 11 ways: $lines lines of log, $(wc -l <"$printed") of vigilctl, $nonlines forged"
figure "service names that no manager can have are refused with their line" "$refused of $asked by vigild -t"
finish
