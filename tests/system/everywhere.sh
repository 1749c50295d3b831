#!/bin/bash
# A service dies and is restarted.  Each place where a sysadmin looks shows this in one run: the page
# in a browser, `vigilctl status --watch`, a real Prometheus and the real icinga2.
. "$(dirname "$0")/lib.sh" || exit 1

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "a separate icinga2 master needs root"
	for program in icinga2 ip python3 prometheus chromedriver; do
		command -v $program >/dev/null || skip_all "$program is not installed"
	done
	(cd "$here" && python3 -B -c 'import browser, sys; sys.exit(not browser.program())') ||
		skip_all "there is no chromium"
	unshare -m -p -n -f true 2>/dev/null || skip_all "this machine allows no namespaces"
	install_staged
	set_paths
	[ -e "$modules/icinga/icinga.so" ] && [ -e "$modules/http/http.so" ] ||
		skip_all "vigil was built without libevent_extra or OpenSSL"
	# In separate namespaces the machine's icinga2 is not touched, and loopback is the only network.
	exec unshare -m -p -n -f --mount-proc --kill-child bash "$0" inside
fi

set_paths
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
chmod 755 "$work"
prometheus_pid= looker=
clean_up() {
	[ -z "$prometheus_pid" ] || kill "$prometheus_pid"
	[ -z "$looker" ] || kill "$looker" 2>/dev/null
	stop_vigild
	/etc/init.d/icinga2 stop >/dev/null 2>&1
	[ ! -s "$work/demo.pid" ] || kill "$(cat "$work/demo.pid")" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p "$work/etc" "$work/lib"
cp -a /etc/icinga2/. "$work/etc"
cp -a /var/lib/icinga2/. "$work/lib"
mount --bind "$work/etc" /etc/icinga2
mount --bind "$work/lib" /var/lib/icinga2
cp /etc/hosts "$work/hosts"
mount --bind "$work/hosts" /etc/hosts
echo '127.0.0.1 master.test' >>/etc/hosts

# --- a master, a service and vigil ----------------------------------------------------------------

icinga2 api setup --cn master.test >"$work/setup.log" 2>&1 || { cat "$work/setup.log"; not_ok "icinga2 api setup works"; exit 1; }
cat >/etc/icinga2/icinga2.conf <<'C'
include "constants.conf"
include "zones.conf"
include <itl>
include "features-enabled/*.conf"
object ApiUser "reader" { password = "r"; permissions = [ "*" ] }
object ApiUser "vigil" { password = "v"; permissions = [ "actions/process-check-result" ] }
object Host "web1" { check_command = "dummy"; enable_active_checks = false }
object Service "demo" { host_name = "web1"; check_command = "passive"; enable_active_checks = false
	max_check_attempts = 1 }
C
chown -R nagios:nagios /etc/icinga2 /var/lib/icinga2
/etc/init.d/icinga2 start >"$work/start.log" 2>&1
echo v >"$work/password"; chmod 600 "$work/password"

# The restart waits for the file `go`, so the service is down until each place has shown that.
cat >"$work/demo" <<S
#!/bin/sh
case \$1 in
status) [ -s $work/demo.pid ] || exit 3 ;;
restart)
	while [ ! -e $work/go ]; do sleep 0.1; done
	setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
	echo \$! >$work/demo.pid ;;
esac
S
chmod 755 "$work/demo"
setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
echo $! >"$work/demo.pid"
write_conf <<C
[daemons]
demo = yes
http = yes
icinga = yes
[daemon:demo]
module = service
service = demo
manager = command
pidfile = $work/demo.pid
status_command = $work/demo status
restart_command = $work/demo restart
interval = 500ms
restart_timeout = 5m
[daemon:http]
listen = 127.0.0.1:5669
[daemon:icinga]
url = https://master.test:5665
user = vigil
password_file = $work/password
host = web1
submit = demo
queue = $work/queue
C
start_vigild

cat >"$work/prometheus.yml" <<'C'
global: { scrape_interval: 1s }
scrape_configs: [ { job_name: vigil, static_configs: [ { targets: [ "127.0.0.1:5669" ] } ] } ]
C
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
	--web.listen-address=127.0.0.1:9090 >"$work/prometheus.log" 2>&1 &
prometheus_pid=$!
script -qec "'$vigilctl' -s '$work/control.sock' status --watch" /dev/null </dev/null >"$work/screen" 2>&1 &
looker=$!

# --- the places -----------------------------------------------------------------------------------

timeout 400 python3 - "$work" <<'P' || not_ok "the script that visits all places exits with 0"
import base64, json, os, signal, ssl, sys, time, urllib.request
sys.path.insert(0, os.environ["top_srcdir"] + "/tests/system")
from browser import Browser
work = sys.argv[1]
failed = 0

def check(text, verdict):
    global failed
    print(("ok - " if verdict else "not ok - ") + text, flush=True)
    failed += not verdict

def until(look, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if look():
                return True
        except (OSError, KeyError, IndexError):
            pass
        time.sleep(0.1)
    return False

def load(url, user=None):
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(user).decode())
    return json.load(urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=5))

def icinga_state():
    answer = load("https://127.0.0.1:5665/v1/objects/services/web1!demo", b"reader:r")["results"][0]["attrs"]
    return int(answer["state"]) if answer["last_check_result"] else None

def prometheus(query):
    answer = load("http://127.0.0.1:9090/api/v1/query?query=" + urllib.request.quote(query))
    return float(answer["data"]["result"][0]["value"][1])

def screen():
    with open(work + "/screen", errors="replace") as file:
        return file.read().rsplit("\x1b[H", 1)[-1]

def row(name):
    return next((line for line in screen().splitlines() if line.startswith(name + " ")), "")

CELL = """((name, column) => document.querySelector(`#rows tr[data-name="${name}"] .${column}`)?.innerText || "")"""
with Browser() as b:
    b.open("http://127.0.0.1:5669/")
    check("the page is live", b.wait_for('document.getElementById("link").textContent === "live"'))
    check("the page shows that the service runs", b.wait_for(f'/demo is running/.test({CELL}("demo", "health"))'))
    check("status --watch shows that the service runs", until(lambda: "demo is running" in row("demo")))
    check("Prometheus has vigil_service_up = 1 while the service runs", until(lambda: prometheus('vigil_service_up{daemon="demo"}') == 1))
    check("icinga2 has the service in the state OK", until(lambda: icinga_state() == 0))

    with open(work + "/demo.pid") as file:
        pid = int(file.read())
    os.kill(pid, signal.SIGKILL)
    check("the page shows the dead service as CRITICAL", b.wait_for(f'/CRITICAL/.test({CELL}("demo", "health"))'))
    check("status --watch shows the dead service as CRITICAL", until(lambda: "CRITICAL" in row("demo")))
    check("Prometheus has vigil_service_up = 0 for the dead service", until(lambda: prometheus('vigil_service_up{daemon="demo"}') == 0))
    check("icinga2 has the dead service in the state CRITICAL", until(lambda: icinga_state() == 2))

    open(work + "/go", "w").close()
    check("the page shows that the service runs again", b.wait_for(f'/demo is running/.test({CELL}("demo", "health"))'))
    check("status --watch shows that the service runs again", until(lambda: "demo is running" in row("demo")))
    check("Prometheus has vigil_service_up = 1 after the restart", until(lambda: prometheus('vigil_service_up{daemon="demo"}') == 1))
    check("Prometheus has one restart of the service",
        until(lambda: prometheus('vigil_service_restarts_total{daemon="demo"}') == 1))
    check("icinga2 has the service in the state OK after the restart", until(lambda: icinga_state() == 0))
sys.exit(failed != 0)
P
ctl explain demo >"$work/explained"
for line in 'has ended, seen at once' 'restart issued' 'restart 1 worked after'; do
	check "vigilctl explain says: $line" grep -q "$line" "$work/explained"
done
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || { tail -40 "$work/log"; tail -5 "$work/prometheus.log"; tail -c 2000 "$work/screen"; }
finish
