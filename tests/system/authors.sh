#!/bin/bash
# The examples for authors of modules, in conf/examples: each is built outside of the source against the
# installed package, and runs in vigild and in a process of its own (isolate = yes).  Both forms must
# behave in the same way and store the same values.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/scripts.sh" || exit 1
umask 022
database_pid=
end_others() { [ -z "$database_pid" ] || { kill -CONT "$database_pid"; kill -INT "$database_pid"; wait "$database_pid"; } 2>/dev/null; }

# --- the package as an author sees it -------------------------------------------------------------

# The staged package, with the paths that it would have if it was installed there.
mkdir "$work/pkgconfig" "$work/destination"
sed "s|=/|=$stage/|" "$stage$(make_variable pkgconfigdir)/vigil.pc" >"$work/pkgconfig/vigil.pc"
export PKG_CONFIG_PATH=$work/pkgconfig
check "pkg-config knows vigil" pkg-config --exists vigil
cp -R "$top_srcdir/conf/examples" "$work/examples"
chmod -R u+w "$work/examples"

# lacks NAME: prints what the machine lacks to build an example
lacks() {
	local package
	for package in $(sed -n 's/.*--cflags --libs \(.*\))/\1/p' "$work/examples/$1/Makefile"); do
		pkg-config --exists "$package" || { echo "pkg-config does not know $package"; return; }
	done
	[ "$1" != certdir ] || command -v openssl >/dev/null || echo "there is no openssl"
}
build() {
	make -s -C "$work/examples/$1" CC="$(make_variable CC)" CFLAGS="-std=c11 -Wall -Werror $(make_variable SANITIZE) ${2:-}" \
		install DESTDIR="$work/destination" >"$work/make" 2>&1 || { cat "$work/make"; return 1; }
}
built=" "
for name in certdir fileage linequeue pair pgquery; do
	lacking=$(lacks $name)
	if [ -n "$lacking" ]; then echo "SKIP: $name: $lacking"; continue; fi
	check "$name is built and installed without a warning, with the Makefile of the example" build $name && { built+="$name "; }
done
chmod -R go-w "$work/destination"
modules="$work/destination$modules"
has() { [[ $built = *" $1 "* ]]; }

# The callback of vigil-examples(7) that blocks, in a copy of pgquery whose functions for the steps are unused.
blocks=
page=$top_builddir/include/vigil/vigil-examples.7
blocking() {
	local folder=$work/examples/pgblocks
	cp -R "$work/examples/pgquery" "$folder"
	awk '/^\/\* Blocks until the server has answered/ { on = 1 } /^\.Ed/ { on = 0 } on' "$page" >"$folder/on_tick"
	[ -s "$folder/on_tick" ] || return
	sed -e "/^static void on_tick/,/^}/d; /^\/\* --- the module/{r $folder/on_tick" -e '}; s/"pgquery"/"pgblocks"/' \
		"$folder/pgquery.c" >"$folder/pgblocks.c"
	sed -i 's/^NAME .*/NAME = pgblocks/; s/-Wall/-Wall -Wno-unused-function/' "$folder/Makefile"
	build pgblocks -Wno-unused-function
}
if has pgquery; then
	check "the callback that blocks, in vigil-examples(7), is built without a warning" blocking && blocks=" pgblocks "
fi

# --- a database -----------------------------------------------------------------------------------

# as_postgres COMMAND...: PostgreSQL refuses to run as root
as_postgres() { if [ "$(id -u)" = 0 ]; then setpriv --reuid postgres --regid postgres --clear-groups -- "$@"; else "$@"; fi; }
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
start_database() {
	mkdir "$work/database" && chmod 700 "$work/database"
	[ "$(id -u)" != 0 ] || chown postgres "$work/database"
	(cd / && as_postgres "$bin/initdb" -D "$work/database/data" -U vigil -A trust --no-sync) >"$work/initdb" 2>&1 || return
	(cd / && exec setpriv $([ "$(id -u)" != 0 ] || echo --reuid postgres --regid postgres --clear-groups) -- \
		"$bin/postgres" -D "$work/database/data" -k "$work/database" -c listen_addresses= -c fsync=off) >"$work/database.log" 2>&1 &
	database_pid=$!
	wait_for 60 [ -S "$work/database/.s.PGSQL.5432" ]
}

# --- both forms -----------------------------------------------------------------------------------

settings_certdir() { printf 'directory = %s\ninterval = 1h\n' "$work/certificates"; }
settings_fileage() { printf 'files = %s\nage_max = 1d\nsize_max = 1KiB\ninterval = 1h\n' "$work/files/fresh, $work/files/late"; }
settings_linequeue() { printf 'address = %s:0\nlimit = %s\n' "$address" "$limit"; }
settings_pair() { printf 'first = web-a\nsecond = web-b\nmanager = lsb\ninit_dir = %s\ninterval = 200ms\n' "$work/init.d"; }
settings_pgblocks() { settings_pgquery | sed 's/user=vigil/& connect_timeout=2/'; }
settings_pgquery() {
	printf 'conninfo = host=%s dbname=postgres user=vigil\ninterval = 200ms\ntimeout = 1s\nwarn = 50\n' "$work/database"
	printf "query = SELECT 42 AS answer, 'word' AS text, 0.5 AS half\n"
}
conf() {
	{
		echo '[daemons]'
		printf '%s = yes\n' $built
		for name in $built; do printf '[daemon:%s]\nisolate = %s\n' "$name" "$form"; "settings_$name"; done
	} | write_conf
}
health_is() { is "/runs/$1/health/level" "$2" && [[ $(get "/runs/$1/health/text") =~ ${3:-.} ]]; }
becomes_so() { wait_for 20 health_is "$@" || { ctl explain "$1"; return 1; }; }
# becomes NAME LEVEL PATTERN: the health of the daemon becomes so, and is remembered for the comparison of both forms
becomes() {
	check "$form_text: the health of $1 becomes $2: $3" \
		becomes_so "$1" "$2" "$3"
	echo "$1 $(get "/runs/$1/health/level") $(get "/runs/$1/health/text")" >>"$work/values.$form"
}
# has_value TEXT POINTER VALUE
has_value() {
	check "$form_text: $1" wait_for 20 is "$2" "$3"
	echo "$2 $(get "$2")" >>"$work/values.$form"
}

# make_certificate NAME DAYS: makes it early, so that a part of the last day has passed when it is checked
make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -days "$2" \
		-keyout "$work/key" -out "$work/made/$1" 2>"$work/openssl"
}
add_certificate() { cp "$work/made/$1" "$work/made/new" && mv "$work/made/new" "$work/certificates/$1"; }
test_certdir() {
	add_certificate site.pem
	has_value "certdir finds a new certificate at once, by inotify" /daemons/certdir/certificates/site.pem/days 99
	becomes certdir OK 'site.pem expires in 99 days'
	add_certificate short.pem
	becomes certdir CRITICAL 'short.pem expires in 1 day$'
	check "$form_text: certdir has performance data" eval 'ctl check certdir | grep -qF "'"'short.pem'=1;14:;3:"'"'
	rm "$work/certificates/short.pem"
	becomes certdir OK 'site.pem expires in 99 days'
	echo nonsense >"$work/certificates/empty.pem"
	becomes certdir WARNING 'empty.pem contains no certificate'
	mv "$work/certificates" "$work/certificates.moved"
	becomes certdir UNKNOWN 'No such file or directory'
	has_value "the numbers of certdir are stale without the directory" /daemons/certdir/stale true
	mkdir "$work/certificates"
	ctl -q run certdir
	becomes certdir UNKNOWN 'has no file \*.pem'
	add_certificate other.pem
	becomes certdir OK 'other.pem expires in 49 days'
	has_value "certdir has a value again" /daemons/certdir/certificates/other.pem/days 49
	rm -r "$work/certificates.moved"
}

test_fileage() {
	ctl -q run fileage
	becomes fileage CRITICAL 'late: missing'
	touch -d '3 days ago' "$work/files/late"
	ctl -q run fileage
	becomes fileage CRITICAL 'late: too old'
	echo today >"$work/files/late"
	ctl -q run fileage
	becomes fileage OK 'all files are good'
	head -c 2000 /dev/zero >"$work/files/late"
	ctl -q run fileage
	becomes fileage WARNING 'late: too large'
	has_value "fileage stores the size" "/daemons/fileage/files/${work//\//'~1'}~1files~1late/size" 2000
	has_value "fileage stores the condition" "/daemons/fileage/files/${work//\//'~1'}~1files~1late/condition" "too large"
	check "$form_text: the history of fileage has each change" eval \
		'[ "$(ctl explain fileage | grep -c "late is .* (was .*)")" = 3 ]'
}

connect() {
	old_client=${client:-}
	{ exec {client}<>"/dev/tcp/$address/$(get /daemons/linequeue/port)"; } 2>/dev/null
}
# answers LINE ANSWER: sends the line over the connection and compares the answer
answers() {
	local answer
	printf '%s\n' "$1" >&"$client"
	IFS= read -r -t 20 -u "$client" answer
	check "$form_text: linequeue answers $1 with $2" [ "$answer" = "$2" ]
	echo "$1: $answer" >>"$work/values.$form"
}
test_linequeue() {
	connect
	answers 'put one' ok
	answers 'put two' ok
	answers 'put three' full
	answers 'get' 'error: unknown command'
	becomes linequeue CRITICAL 'full: 2 of 2 lines'
	limit=3
	conf
	ctl -q reload
	has_value "a reload changes the limit of linequeue" /daemons/linequeue/perfdata/depth/max 3
	answers 'put three' ok
	has_value "the counters of linequeue go on after a reload" /daemons/linequeue/received 3
	answers 'take' 'line one'
	# The address is one of those for documentation, which no machine has.
	address=203.0.113.1 limit=4
	conf
	ctl reload >"$work/out" 2>&1
	check "$form_text: the reload names an address that linequeue cannot use" grep -q 'Cannot assign requested address' "$work/out"
	has_value "linequeue keeps its limit with the old address" /daemons/linequeue/perfdata/depth/max 3
	address=127.0.0.2 limit=3
	conf
	ctl -q reload
	check "$form_text: a reload changes the address" wait_for 20 connect
	answers 'take' 'line two'
	check "$form_text: the old connection stays open" eval 'echo take >&"$old_client" && IFS= read -r -t 20 -u "$old_client" line'
	check "$form_text: the old connection is one to the same queue" [ "$line" = 'line three' ]
	answers 'put four' ok
	stop_vigild
	start_vigild
	connect
	answers 'take' 'line four'
	answers 'take' 'empty'
	answers $'put \xff' 'error: the line is not UTF-8'
	# A client that has sent all that it wants to send still gets its answers.
	check "$form_text: linequeue answers a client that has closed its side" eval \
		'[ "$(printf "put last\ntake\n" | once | tr "\n" " ")" = "ok line last " ]'
	exec {client}>&-
	has_value "linequeue counts" /daemons/linequeue/taken 2
	becomes linequeue OK '0 of 3 lines'
}
once() { python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
s.sendall(sys.stdin.buffer.read())
s.shutdown(socket.SHUT_WR)
while data := s.recv(4096): sys.stdout.write(data.decode())' "$address" "$(get /daemons/linequeue/port)"; }

contains() { [[ $1 = *"$2"* ]] || { echo "$1"; return 1; }; }
# called ANSWER WORD...: the verb of pair answers
called() {
	local answer=$1 said; shift
	said=$(ctl call pair "$@" 2>&1)
	check "$form_text: vigilctl call pair $* answers: $answer" contains "$said" "$answer"
	echo "$* $said" >>"$work/values.$form"
}
test_pair() {
	becomes pair OK 'web-a runs, web-b stands by'
	old=$(cat "$work/run/web-a.pid")
	crash "$old"
	becomes pair OK 'web-b runs, web-a stands by'
	has_value "pair stores the active service" /daemons/pair/active web-b
	ctl -q pause pair
	wait_for 20 eval '! kill -0 "$old" 2>/dev/null' # the script takes a process that is not reaped for a running one
	"$work/init.d/web-a" start >/dev/null
	becomes pair OK 'paused by .*; at present CRITICAL: web-b and web-a run'
	check "$form_text: pair stops nothing while it is paused" "$work/init.d/web-a" status >/dev/null
	ctl -q resume pair
	becomes pair OK 'web-b runs, web-a stands by'
	check "$form_text: pair has stopped the other service" eval '! "$work/init.d/web-a" status >/dev/null'
	called 'the other service is active now' switch
	becomes pair OK 'web-a runs, web-b stands by'
	called 'this service is active already' switch web-a
	called 'pair: switch: this service does not belong to the pair' switch web-c
	called 'the other service is active now' switch web-b
	stop_vigild
	"$work/init.d/web-b" stop >/dev/null
	start_vigild
	becomes pair OK 'web-b runs, web-a stands by'
}

test_pgblocks() {
	becomes pgblocks OK 'answer is 42'
	kill -STOP "$database_pid"
	becomes pgblocks CRITICAL 'timeout expired'
	kill -CONT "$database_pid"
	becomes pgblocks OK 'answer is 42'
}
test_pgquery() {
	becomes pgquery OK 'answer is 42'
	has_value "pgquery stores a number" /daemons/pgquery/values/half 0.5
	has_value "pgquery stores a text" /daemons/pgquery/values/text word
	kill -STOP "$database_pid"
	becomes pgquery CRITICAL 'the server does not answer'
	has_value "the values of pgquery are stale" /daemons/pgquery/stale true
	kill -CONT "$database_pid"
	becomes pgquery OK 'answer is 42'
	mv "$work/database" "$work/database.moved"
	becomes pgquery CRITICAL 'No such file or directory'
	mv "$work/database.moved" "$work/database"
	becomes pgquery OK 'answer is 42'
}

if has certdir; then
	mkdir "$work/made"
	make_certificate site.pem 100 && make_certificate short.pem 2 && make_certificate other.pem 50 ||
		{ cat "$work/openssl"; not_ok "openssl makes certificates"; }
fi
if has pgquery; then
	if [ -z "$bin" ]; then
		echo "SKIP: running pgquery: there is no PostgreSQL server"
		built=${built/ pgquery / }
	else
		check "a PostgreSQL server starts" start_database || { cat "$work/initdb" "$work/database.log"; built=${built/ pgquery / }; }
	fi
fi
script web-a
script web-b
form=no limit=2 address=127.0.0.1
mkdir "$work/files" "$work/certificates"
# tested NAME: vigilctl module test finds no leak and no other mistake
tested() {
	local words
	mapfile -t words < <("settings_$1" | sed 's/ = /=/')
	"$vigilctl" module test "$modules/$1" --for 1s "${words[@]}" >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
}
for name in $built; do
	check "vigilctl module test finds no mistake in $name" tested "$name"
done
run_form() { # run_form yes|no TEXT
	form=$1 form_text=$2 limit=2 address=127.0.0.1
	rm -rf "$work/state" "$work/files" "$work/certificates" # what another run has left
	mkdir "$work/files" "$work/certificates"
	echo new >"$work/files/fresh"
	for name in web-a web-b; do "$work/init.d/$name" stop >/dev/null 2>&1; done
	: >"$work/values.$form"
	conf
	check "$form_text: vigild -t accepts the configuration" eval '"$vigild" -t -c "$work/vigil.conf" >"$work/out"'
	start_vigild
	for name in $built; do "test_$name"; done
	for name in $built; do
		has_value "$name has made no error" "/runs/$name/errors" 0
	done
	check "$form_text: vigild stops" stop_vigild
}
run_form no "in vigild"
run_form yes "in a process of its own"
check "both forms have stored the same values" diff "$work/values.no" "$work/values.yes"
if [ -n "$blocks" ] && has pgquery; then
	built=$blocks
	run_form yes "a callback that blocks, in a process of its own"
fi

# --- a vigild of the author's own, as vigil-module(7) says ----------------------------------------

mkdir "$work/me"
printf '[vigil]\nmodules = %s\nsocket = %s/sock\npipe = %s/pipe\nstate_dir = %s/state\n' \
	"$work/me" "$work/me" "$work/me" "$work/me" >"$work/me/vigil.conf"
five() { # five NAME OPTION
	"$vigilctl" module new "$1" && make -s -C "$1" VIGILCTL="$vigilctl" check &&
		"$vigilctl" -c vigil.conf register "$@" &&
		printf 'run %s\nget /daemons/%s/value\n' "$1" "$1" | "$vigild" -C -c vigil.conf
}
for option in isolate=no isolate=yes; do
	name=new-${option#*=}
	(cd "$work/me" && five "$name" $option) >"$work/out" 2>&1
	check "commands from an empty folder to a value, without an installation, work with $option" \
		eval 'grep -qE "^[0-9]+$" "$work/out" || { cat "$work/out"; false; }'
done
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
