#!/bin/bash
# Debian's Nagios plugins, each run for real.  `vigilctl check`, /metrics and a real icinga2 must show
# exactly what the plugin printed.  A wrapper records the output of the single run that vigild makes.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/icinga-lib.sh" || exit 1

basic=/usr/lib/nagios/plugins
if [ "${1:-}" != inside ]; then
	master_or_skip
	[ -x $basic/check_tcp ] || skip_all "monitoring-plugins-basic is not installed"
	install_staged
	set_paths
	[ -e "$modules/icinga/icinga.so" ] || skip_all "vigil was built without OpenSSL"
	export plugins_work
	plugins_work=$(mktemp -d)
	trap 'rm -rf "$plugins_work"' EXIT
	chmod 755 "$plugins_work"
	# The other packages are unpacked, not installed, with the libraries that they need.
	(
		cd "$plugins_work" || exit
		for package in monitoring-plugins-standard liburiparser1 libdbi1 libmariadb3 libradcli4 libpq5 libnet-snmp-perl fping; do
			timeout 60 apt-get download "$package" >>"$plugins_work/apt.log" 2>&1
		done
		for package in *.deb; do [ ! -e "$package" ] || dpkg -x "$package" "$plugins_work/root"; done
	)
	unshare -m -p -n -f --mount-proc --kill-child bash "$0" inside
	exit
fi

set_paths
work=$plugins_work
standard=$work/root/usr/lib/nagios/plugins
[ -d "$standard" ] || echo "SKIP: monitoring-plugins-standard cannot be downloaded: $(tail -n 1 "$work/apt.log" 2>/dev/null)"
servers=
trap 'stop_vigild; stop_master; [ -z "$servers" ] || kill "$servers"' EXIT
prepare_master
echo '127.0.0.1 master.test' >>/etc/hosts

# --- services on loopback -------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 100 \
	-subj /CN=localhost -addext 'subjectAltName = DNS:localhost, IP:127.0.0.1' >/dev/null 2>&1
# servers.py: each port greets with a line and answers lines that begin with a word; `tls` ports do so over TLS.
cat >"$work/servers.py" <<'P'
import select, socket, ssl, struct, sys, threading, time
work = sys.argv[1]
mail = {b"EHLO": b"250-here\r\n250 HELP\r\n", b"HELO": b"250 here\r\n", b"QUIT": b"221 bye\r\n"}
ups = {b"GET NUMLOGINS": b"NUMLOGINS ups 1\n", b"GET VAR ups ups.status": b'VAR ups ups.status "OL"\n',
    b"GET VAR ups input.voltage": b'VAR ups input.voltage "230.4"\n', b"GET VAR ups battery.charge": b'VAR ups battery.charge "98.5"\n',
    b"GET VAR ups ups.load": b'VAR ups ups.load "12.5"\n', b"GET VAR ups ups.temperature": b'VAR ups ups.temperature "24.5"\n',
    b"GET VAR ups": b"ERR VAR-NOT-SUPPORTED\n", b"LIST": b"ERR UNKNOWN-COMMAND\n", b"LOGOUT": b"OK Goodbye\n"}
tcp = { # port: greeting, answers, TLS
    21: (b"220 ftp here\r\n", {b"QUIT": b"221 bye\r\n"}, 0),
    22: (b"SSH-2.0-here_1.0\r\n", {}, 0),
    25: (b"220 mail here ESMTP\r\n", mail, 0), 465: (b"220 mail here ESMTP\r\n", mail, 1),
    37: (struct.pack(">I", int(time.time()) + 2208988800), None, 0),
    110: (b"+OK here\r\n", {b"QUIT": b"+OK bye\r\n"}, 0), 995: (b"+OK here\r\n", {b"QUIT": b"+OK bye\r\n"}, 1),
    119: (b"200 news here\r\n", {b"QUIT": b"205 bye\r\n"}, 0), 563: (b"200 news here\r\n", {b"QUIT": b"205 bye\r\n"}, 1),
    143: (b"* OK here\r\n", {b"a1 LOGOUT": b"* BYE\r\n"}, 0), 993: (b"* OK here\r\n", {b"a1 LOGOUT": b"* BYE\r\n"}, 1),
    3310: (b"", {b"PING": b"PONG\n"}, 0), 3493: (b"", ups, 0),
    5222: (b"", {b"<": b"<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' id='1'>"}, 0),
    6667: (b"", {b"NICK": b":here 001 x :hello\r\n:here 255 x :I have 5 clients\r\n"}, 0),
    2000: (b"", {b"LOAD": b"LOAD 0.25-0.50-0.75\n"}, 0), 9000: (b"a greeting | with a bar\r\n", {b"x": b"y\n"}, 0),
}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(work + "/cert.pem", work + "/key.pem")
def talk(sock, greeting, answers, tls):
    try:
        if tls: sock = context.wrap_socket(sock, server_side=True)
        if greeting: sock.sendall(greeting)
        buffer = b""
        while answers is not None:
            data = sock.recv(4096)
            if not data: break
            buffer += data
            while b"\n" in buffer or buffer.startswith((b"<", b"PING")):
                line, _, buffer = buffer.partition(b"\n")
                for word in sorted(answers, key=len, reverse=True):
                    if line.upper().startswith(word.upper()): sock.sendall(answers[word]); break
                if line.upper().startswith((b"QUIT", b"LOGOUT")): raise OSError
    except OSError: pass
    sock.close()
def serve(port, greeting, answers, tls):
    server = socket.create_server(("127.0.0.1", port))
    while True: threading.Thread(target=talk, args=(server.accept()[0], greeting, answers, tls), daemon=True).start()
for port, what in tcp.items(): threading.Thread(target=serve, args=(port, *what), daemon=True).start()
def udp(port, answer):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", port))
    while True: q, peer = s.recvfrom(4096); s.sendto(answer(q), peer)
def ntp(q):
    def stamp(): t = time.time() + 2208988800; return struct.pack(">II", int(t), int(t % 1 * 2**32))
    if q[0] & 7 == 6: return q[:12] # a control message, for check_ntp_peer
    return struct.pack(">BBbb", 0x24, 1, 4, -20) + b"\0" * 8 + b"GPS\0" + stamp() + q[40:48] + stamp() + stamp()
threading.Thread(target=udp, args=(123, ntp), daemon=True).start()
threading.Thread(target=udp, args=(7, lambda q: q), daemon=True).start()
threading.Thread(target=udp, args=(37, lambda q: struct.pack(">I", int(time.time()) + 2208988800)), daemon=True).start()
print("up", flush=True)
threading.Event().wait()
P
python3 "$work/servers.py" "$work" >"$work/servers.out" 2>"$work/servers.err" &
servers=$!
wait_for 20 grep -q up "$work/servers.out"

# --- the plugins ----------------------------------------------------------------------------------

mkdir "$work/out" "$work/files"
# record NAME COMMAND...: runs the command, stores its output and its exit code, and passes both on
cat >"$work/record" <<R
#!/bin/bash
name=\$1; shift
"\$@" >"$work/out/\$name.part" 2>"$work/out/\$name.err"
code=\$?
cat "$work/out/\$name.part"; cat "$work/out/\$name.err" >&2
echo "\$code" >"$work/out/\$name.code"; mv "$work/out/\$name.part" "$work/out/\$name.out"
exit "\$code"
R
chmod 755 "$work/record"
now=$(date +%s)
echo "$now|1234567|7654321|2345678|8765432" >"$work/files/mrtg.log"
for i in 1 2 3; do echo "$((now - 300 * i)) $((100000 + i)) $((200000 + i)) 300000 400000"; done >>"$work/files/mrtg.log"
printf 'one\ntwo: an ERROR here\nthree | ERROR\n' >"$work/files/log"
printf '[%s] here\n' "$now" >"$work/files/nagios.log"
cat >"$work/files/three" <<'P'
#!/bin/sh
printf 'THREE CRITICAL - 3 disks\n/ is fine\n/srv | is \xc3\xbc full, at 18814599168 B\n\nlast | '
printf "'/'=18814599168B;18814599169:;@0.1:0.25;0;9007199254740993 '/srv it''s'=0.1s;;;; 'a=b'=12345678.875c"
printf "\ncpu=-0.000125%%;~:80.50 n=.5\n"
exit 2
P
chmod 755 "$work/files/three"

names=() commands=()
# plugin NAME COMMAND...: adds a daemon of that name if its program exists
plugin() {
	[ -x "$2" ] || { echo "SKIP: $1: there is no ${2##*/}"; return; }
	names+=("$1"); shift
	commands+=("$*")
}
p=$basic h="-H 127.0.0.1"
plugin apt $p/check_apt -t 50
plugin clamd $p/check_clamd $h -p 3310
plugin cluster $p/check_cluster --service -l "'a cluster'" -d 0,1,2,0,3 -w 1 -c 3
plugin dhcp $p/check_dhcp -i lo -t 1
plugin disk $p/check_disk -w 10% -c 5%
plugin disk-units $p/check_disk -u bytes -w 1% -c 0% -p / -p /tmp
plugin disk-errors $p/check_disk -e -w 10% -c 100%
plugin dummy-0 $p/check_dummy 0 "'all is well'"
plugin dummy-1 $p/check_dummy 1
plugin dummy-2 $p/check_dummy 2 "'a text | with a bar'"
plugin dummy-values $p/check_dummy 2 "'a text | a=1;2;3;4;5 b=7c'"
plugin dummy-3 $p/check_dummy 3 "'not known'"
plugin file-age $p/check_file_age -w 1000000 -c 2000000 -f "$work/files/log"
plugin ftp $p/check_ftp $h
plugin host $p/check_host 127.0.0.1
plugin http $p/check_http $h -p 15669 -u /healthz
plugin http-404 $p/check_http $h -p 15669 -u /none
plugin http-long $p/check_http $h -p 15669 -u /metrics -s vigil_build_info -w 5 -c 10
plugin http-refused $p/check_http $h -p 15670
plugin icmp $p/check_icmp $h -n 3
plugin ide-smart $p/check_ide_smart -d /dev/null
plugin imap $p/check_imap $h
plugin ircd $p/check_ircd $h -t 10 -w 50 -c 100
plugin jabber $p/check_jabber $h
plugin load $p/check_load -w 100,100,100 -c 200,200,200
plugin load-cpu $p/check_load -r -w 0,0,0 -c 100,100,100
plugin log-first $p/check_log -F "$work/files/log" -O "$work/files/log.first" -q ERROR
touch "$work/files/log.old"
plugin log $p/check_log -F "$work/files/log" -O "$work/files/log.old" -q ERROR
plugin mrtg $p/check_mrtg -F "$work/files/mrtg.log" -a AVG -v 1 -w 50000 -c 500000 -l traffic -u B
plugin mrtgtraf $p/check_mrtgtraf -F "$work/files/mrtg.log" -a AVG -w 1000000,1000000 -c 5000000,5000000
plugin nagios $p/check_nagios -F "$work/files/nagios.log" -e 500 -C servers.py
plugin nntp $p/check_nntp $h
plugin nntps $p/check_nntps $h
plugin nscp-api $p/check_nscp_api --help
plugin nt $p/check_nt $h -p 12489 -v CLIENTVERSION
plugin ntp $p/check_ntp $h
plugin ntp-peer $p/check_ntp_peer $h -t 3
plugin ntp-time $p/check_ntp_time $h
plugin nwstat $p/check_nwstat $h -v LOAD1 -p 9999
plugin overcr $p/check_overcr $h -v LOAD -p 2000
plugin ping $p/check_ping $h -w 100,50% -c 200,90% -p 2
plugin pop $p/check_pop $h
plugin procs $p/check_procs -w 1000 -c 2000
plugin procs-cpu $p/check_procs --metric=CPU -w 0 -c 101
plugin real $p/check_real $h -p 5540
plugin rta-multi $p/check_rta_multi -n 2 127.0.0.1 127.0.0.2
plugin sensors $p/check_sensors
plugin simap $p/check_simap $h
plugin smtp $p/check_smtp $h -t 5
plugin spop $p/check_spop $h
plugin ssh $p/check_ssh 127.0.0.1
plugin ssmtp $p/check_ssmtp $h
plugin swap $p/check_swap -w 1% -c 0%
plugin tcp $p/check_tcp $h -p 5665
plugin tcp-refused $p/check_tcp $h -p 15671
plugin tcp-bar $p/check_tcp $h -p 9000 -e nothing
plugin tcp-certificate $p/check_tcp $h -p 993 -S -D 10,5
plugin time $p/check_time $h
plugin time-udp $p/check_time $h -u
plugin udp $p/check_udp $h -p 7 -s hello -e hello
plugin ups $p/check_ups $h -u ups
plugin users $p/check_users -w 50 -c 100
plugin negate $p/negate -s -o CRITICAL $p/check_dummy 0 "'fine | a=1'"
plugin negate-load $p/negate $p/check_load -w 100,100,100 -c 200,200,200
plugin urlize $p/urlize http://localhost/a?b=c $p/check_dummy 1 "'see this | a=1'"
plugin urlize-disk $p/urlize http://localhost/ "'$p/check_disk -w 1% -c 0% -p /'"
plugin three "$work/files/three"
if [ -d "$standard" ]; then
	s=$standard
	sed -i "s,/usr/lib/nagios/plugins,$basic," "$s"/* 2>/dev/null
	for file in "$basic"/utils.*; do ln -s "$file" "$s"; done
	export LD_LIBRARY_PATH=$work/root/usr/lib/x86_64-linux-gnu:$work/root/usr/lib/$(uname -m)-linux-gnu
	export PERL5LIB=$work/root/usr/share/perl5
	mkdir "$work/files/flexlm"
	plugin breeze $s/check_breeze $h -C public -w 10% -c 5%
	plugin curl $s/check_curl $h -p 15669 -u /healthz
	plugin curl-404 $s/check_curl $h -p 15669 -u /none
	plugin dbi $s/check_dbi -d none -q "'select 1'"
	plugin dig $s/check_dig $h -l localhost
	plugin disk-smb $s/check_disk_smb $h -s share
	plugin dns $s/check_dns $h -s 127.0.0.1
	plugin flexlm $s/check_flexlm -F "$work/files/flexlm/license"
	plugin fping $s/check_fping $h -n 2 -w 100,50% -c 200,90%
	plugin game $s/check_game qs 127.0.0.1
	plugin hpjd $s/check_hpjd $h
	plugin ifoperstatus $s/check_ifoperstatus $h -k 1
	plugin ifstatus $s/check_ifstatus $h
	plugin ldap $s/check_ldap $h -b dc=test
	plugin ldaps $s/check_ldaps $h -b dc=test
	plugin mailq $s/check_mailq -w 5 -c 10
	plugin mysql $s/check_mysql $h
	plugin mysql-query $s/check_mysql_query $h -q "'select 1'" -d test -u nobody -p nothing
	plugin oracle $s/check_oracle --tns test
	plugin pgsql $s/check_pgsql $h
	plugin radius $s/check_radius $h -F "$work/files/radius" -u a -p b
	plugin rpc $s/check_rpc $h -C nfs
	plugin snmp $s/check_snmp $h -o .1.3.6.1.2.1.1.3.0 -t 2
	plugin wave $s/check_wave $h
fi

configure_master <<C
object ApiUser "vigil" { password = "s"; permissions = [ "actions/process-check-result" ] }
object Host "web1" { check_command = "dummy"; enable_active_checks = false }
for (name in [ $(printf '"%s", ' "${names[@]}") ]) {
	object Service name { host_name = "web1"; check_command = "passive"; enable_active_checks = false
		max_check_attempts = 1 }
}
C
check "the Icinga master starts" start_master
echo s >"$work/password"; chmod 600 "$work/password"
{
	printf '[daemons]\nmaster = yes\nweb = yes\n'
	printf '%s = yes\n' "${names[@]}"
	printf '[daemon:web]\nmodule = http\nlisten = 127.0.0.1:15669\n'
	printf '[daemon:master]\nmodule = icinga\nhost = web1\nurl = https://master.test:5665\nuser = vigil\n'
	printf 'password_file = %s\nqueue = %s\ninterval = 5s\n' "$work/password" "$work/queue"
	for i in "${!names[@]}"; do
		printf '[daemon:%s]\nmodule = exec\ninterval = 1d\ntimeout = 60s\ncommand = %s %s %s\n' \
			"${names[i]}" "$work/record" "${names[i]}" "${commands[i]}"
	done
} | write_conf
start_vigild
all_have_run() { local name; for name in "${names[@]}"; do [ -e "$work/out/$name.out" ] || return 1; done; }
check "vigild has run all ${#names[@]} plugins" wait_for 120 all_have_run

# --- compare --------------------------------------------------------------------------------------

mkdir "$work/check"
for name in "${names[@]}"; do
	wait_for 20 eval '[ -n "$(get "/runs/$name/health/level")" ]'
	ctl check "$name" >"$work/check/$name.out" 2>"$work/check/$name.err"
	echo $? >"$work/check/$name.code"
done
has_all() {
	ask '/v1/objects/services?attrs=last_check_result&attrs=name' >"$work/services.json" 2>/dev/null &&
		python3 -c 'import json, sys; sys.exit(not all(s["attrs"]["last_check_result"] for s in json.load(open(sys.argv[1]))["results"]))' "$work/services.json"
}
check "the master has a result of each plugin" wait_for 60 has_all
python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:15669/metrics").read().decode(), end="")' >"$work/metrics"
# Parses the output of a plugin by the rules of the plugin guidelines, independently of vigil.  Blanks
# around the status line and at the end of a line do not count, as in Nagios and Icinga.
cat >"$work/compare.py" <<'P'
import json, os, re, sys
from decimal import Decimal
work, failed = sys.argv[1], 0
number = r"-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
def canonical(field): # numbers become exact decimals; the text around them stays
    return re.sub(number, lambda m: format(Decimal(m.group()).normalize(), "f"), field)
item = re.compile(r"('(?:[^']|'')*'|[^\s'=][^\s=]*)=(" + number + r")([^;\s]*)((?:;[^;\s]*)*)(?=\s|$)")
def items(text): # label, value, unit, thresholds and range
    found = []
    for label, value, unit, rest in item.findall(text):
        if label[0] == "'": label = label[1:-1].replace("''", "'")
        fields = [canonical(f) for f in rest.split(";")[1:]]
        while fields and not fields[-1]: fields.pop()
        found.append((label, canonical(value), unit, *fields))
    return found
def is_data(text): return bool(text.strip()) and not item.sub("", text).strip()
def split(text): # status line, long text, performance data
    lines, data, rest = text.split("\n"), [], []
    def cut(line):
        for at in [m.start() for m in re.finditer(r"\|", line)]:
            if is_data(line[at + 1:].replace("|", " ")) or not line[at + 1:].strip():
                return line[:at], items(line[at + 1:].replace("|", " "))
        return line, None
    first, found = cut(lines[0])
    data += found or []
    tail = False
    for line in lines[1:]:
        if tail and is_data(line): data += items(line); continue
        line, found = cut(line)
        if found: data += found; tail = True
        rest.append(line.rstrip() if found is not None else line)
    while rest and not rest[-1].strip(): rest.pop()
    return first.strip(), "\n".join(l.rstrip() for l in rest), data
def say(ok, text, *why):
    global failed
    print("ok - " + text if ok else "not ok - " + text)
    for w in why if not ok else (): print("   ", w)
    failed += not ok
def last(data): # the last of two values with one label counts
    return list({d[0]: d for d in data}.values())
services = {s["attrs"]["name"]: s["attrs"]["last_check_result"] for s in json.load(open(work + "/services.json"))["results"]}
metrics, levels = {}, {}
for line in open(work + "/metrics"):
    m = re.match(r'vigil_value\{daemon="([^"]*)",pointer="/daemons/[^/]*/perfdata/((?:[^"\\]|\\.)*)/value"\} (\S+)', line)
    if m: metrics.setdefault(m[1], {})[m[2].replace('\\"', '"').replace("\\\\", "\\").replace("~1", "/").replace("~0", "~")] = Decimal(m[3])
    m = re.match(r'vigil_daemon_health\{daemon="([^"]*)".* (\d)$', line)
    if m: levels[m[1]] = int(m[2])
for name in sys.argv[2:]:
    if not os.path.exists(work + "/out/%s.out" % name): say(False, "%s: the plugin has exited" % name); continue
    printed = open(work + "/out/%s.out" % name, "rb").read().decode()
    code = int(open(work + "/out/%s.code" % name).read())
    if not printed.strip():
        print("SKIP: %s: it prints nothing here: %s" % (name, open(work + "/out/%s.err" % name).read().strip().split("\n")[0]))
        continue
    line, rest, data = split(printed.rstrip("\n"))
    data = last(data) if code < 3 else [] # the numbers of a plugin that is UNKNOWN do not count
    def same(where, got_code, got_line, got_rest, got_data, change=lambda t: t):
        want = (min(code, 3), change(line), change(rest), data)
        got = (got_code, got_line, got_rest, got_data)
        say(got == want, "%s: %s has the exit status, the status line, the long text (%d lines) and %d values that the plugin printed"
            % (name, where, rest.count("\n") + bool(rest), len(data)), "printed: %r" % (want,), "arrived: %r" % (got,))
    out = open(work + "/check/%s.out" % name).read().rstrip("\n")
    first, _, tail = out.partition("\n")
    text, bar, perf = first.partition(" | ")
    # A reader of plugin output takes a bar as the start of performance data, so check prints a slash for it.
    same("check", int(open(work + "/check/%s.code" % name).read()), text, tail, items(perf), lambda t: t.replace("|", "/"))
    r = services[name]
    text, _, tail = r["output"].partition("\n")
    same("the master", int(r["state"]), text, tail, [i for p in r["performance_data"] or [] for i in items(p)])
    say(all("e" not in p.rsplit("=", 1)[1].lower().split(";")[0].rstrip("abcdefghijklmnopqrstuvwxyz%") for p in r["performance_data"] or []),
        "%s: no value at the master has an exponent" % name, r["performance_data"])
    say(levels.get(name) == min(code, 3) and {l: Decimal(v) for l, v, *_ in data} == metrics.get(name, {}),
        "%s: /metrics has the level and %d values that the plugin printed" % (name, len(data)),
        "printed: %r %r" % (min(code, 3), data), "arrived: %r %r" % (levels.get(name), metrics.get(name)))
sys.exit(failed > 0)
P
python3 "$work/compare.py" "$work" "${names[@]}" || failed=$((failed + 1))
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
