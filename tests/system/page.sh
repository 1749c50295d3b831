#!/bin/bash
# The status page, without a script and in a real browser: its rows and their details, the search, the
# keyboard, and how it shows daemons that are paused, stale or removed, a degraded vigild, and a vigild
# without daemons.
. "$(dirname "$0")/lib.sh" || exit 1
for program in python3 chromedriver; do
	command -v $program >/dev/null || skip_all "there is no $program; the page is not tested in a browser"
done
(cd "$here" && python3 -B -c 'import browser, sys; sys.exit(not browser.program())') ||
	skip_all "there is no chromium; the page is not tested in a browser"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the module http was not built: libevent_extra is missing"
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT

# --- without daemons ------------------------------------------------------------------------------

printf '[daemons]\nhttp = yes\n[daemon:http]\nlisten = 127.0.0.1:0\n' | write_conf
start_vigild
at() { echo "http://$(ctl get /daemons/http/listen | tr -d '[]" \n')"; }
curl -s "$(at)/" >"$work/empty"
check "a page without daemons says that nothing is watched" grep -q 'Nothing is watched' "$work/empty"
check "a page without daemons says how to begin" grep -q 'vigilctl register nginx module=service' "$work/empty"
command=$(sed -n 's/.*<code>vigilctl \(register host module=system\)<.*/\1/p' "$work/empty")
if [ "$(id -u)" = 0 ]; then
	check "a command that the page names registers a daemon" ctl -q -c "$work/vigil.conf" ${command:-none}
	check "the page with a daemon no longer says how to begin" eval '! curl -s "$(at)/" | grep -q "How to begin"'
	rm -rf "$work/conf.d"
fi
stop_vigild

# --- with daemons ---------------------------------------------------------------------------------

script() { { echo '#!/bin/sh'; cat; } >"$work/$1"; chmod 755 "$work/$1"; }
script status <<<"[ ! -e $work/down ] || exit 3"
script restart <<<'exit 1'
script evil <<'S'
echo 'OK - <script>document.title = "bent"</script><img src=x onerror="document.title = 1">&amp;"'"'"' | a=1'
S
script disk <<'S'
echo "WARNING - 2 of 3 disks are full; $(head -c 600 /dev/zero | tr '\0' x) the end | '/srv'=18814599168B;;;0;33554432000 /=12.5%;80;90"
echo "/srv   18.8 GB  of  33.6 GB"
echo "/home <b>full</b>"
S
echo 'exit 1' >>"$work/disk"
script gauge <<S
[ ! -e $work/broken ] || exit 3
echo "OK - \$(cat $work/number) rpm | speed=\$(cat $work/number)B;4000;5000;0;6000"
S
echo 1000 >"$work/number"
write_conf <<C
[daemons]
http = yes
svc = yes
evil = yes
disk = yes
gauge = yes
mean = yes
[daemon:http]
listen = 127.0.0.1:0
heartbeat = 10s
[daemon:svc]
module = service
service = some-service
manager = command
status_command = $work/status
restart_command = $work/restart
interval = 200ms
backoff = 1h
[daemon:evil]
module = exec
command = $work/evil
interval = 300ms
[daemon:disk]
module = exec
command = $work/disk
interval = 300ms
[daemon:gauge]
module = exec
command = $work/gauge
interval = 200ms
[daemon:mean]
module = average
source = speed=/daemons/gauge/perfdata/speed/value
interval = 100ms
windows = 1s
points = 30
C
start_vigild
at=$(at)
ready() {
	is /runs/svc/health/level OK && is /runs/evil/health/level OK && is /runs/disk/health/level WARNING &&
		ctl get /daemons/mean/values/speed/ring 2>/dev/null | grep -c '[0-9]' | grep -qv '^[01]$'
}
check "the daemons for the page are OK or WARNING as expected" wait_for 30 ready

# --- without a script -----------------------------------------------------------------------------

curl -s "$at/" >"$work/page"
has() { grep -qF -- "$1" "$work/page"; }
check "the table is in the page itself" has '<tr role="row" data-name="svc" data-tone="ok"'
check "the worst daemon is first" [ "$(grep -o '<tr role="row" data-name="[a-z]*"' "$work/page" | head -1)" = '<tr role="row" data-name="disk"' ]
check "a row is a link to its details" has '<a href="?daemon=svc"'
check "the level that a plugin prints is not shown twice" has '<span class="level warn">WARNING</span> <span class="text">2 of 3'
check "each row has a bar of the last 24 hours, with its meaning in words" \
	grep -qE 'aria-label="Last 24 hours: OK [1-9]0 min, no data 2[23]\.[0-9] h"' "$work/page"
check "the page says its version" has "vigil $(ctl -q version | sed 's/[^0-9]*\([0-9.]*\).*/\1/')"
check "the page says its host" has "<h1>$(hostname)</h1>"
check "the page says since when vigild runs" has 'up <time'
check "markup in the text of a plugin is escaped" has '&lt;script&gt;document.title'
check "markup in the text of a plugin makes no element" eval '! grep -qE "<(script>|img|b>)" "$work/page"'
check "the page contains no placeholder of its template" eval '! grep -qE "\{\{|@style@|@script@" "$work/page"'
check "all links of the page are relative" eval '! grep -oE "(href|src|action)=\"[^\"]*\"" "$work/page" | grep -qE "\"(/|[a-z]+://)"'
nonce() { curl -s -D - -o /dev/null "$at/" | tr -d '\r' | sed -n "s/^Content-Security-Policy:.*script-src 'nonce-\([0-9a-f]*\)'.*/\1/p"; }
check "two responses have different nonces" [ "$(nonce)" != "$(nonce)" ]
check "the nonce has at least 32 digits" [ "$(nonce | wc -c)" -gt 32 ]
check "the Content-Security-Policy does not allow inline scripts or styles" eval '! curl -s -D - -o /dev/null "$at/" | grep -i content-security | grep -q unsafe'

curl -s "$at/?daemon=disk" >"$work/page"
check "the details of a daemon are a page that needs no script" has '<tr role="row" class="detail" data-of="disk">'
check "the page of one daemon shows no other daemon" [ "$(grep -c 'data-name=' "$work/page")" = 1 ]
check "the page of one daemon links to all daemons" has '<a id="all" href="./">'
check "the details have the whole text" has 'xxx the end</p>'
check "the details keep the lines of a long text" eval "grep -qx '<pre tabindex=\"0\">/srv   18.8 GB  of  33.6 GB' '$work/page' || has '/srv   18.8 GB  of  33.6 GB'"
check "the details escape a long text" has '/home &lt;b&gt;full&lt;/b&gt;</pre>'
check "values have their units and thresholds" has 'WARNING at 80 %, CRITICAL at 90 %'
check "a large value is scaled and has its exact value as a title" has '<span title="18814599168 B">18.81 GB</span>'
check "the page of an unknown daemon is 404" [ "$(curl -s -o /dev/null -w '%{http_code}' "$at/?daemon=none")" = 404 ]
curl -s "$at/?daemon=svc" >"$work/page"
check "the details of a service say its state" has '<dt>Service</dt><dd>some-service running, run by command'
check "the details have the history" has '<h3>History</h3>'
curl -s "$at/?daemon=mean" >"$work/page"
check "a plot has the unit of its value" grep -qE '<span class="last">1 kB|<span class="last">1000 B' "$work/page"
check "a plot says its time span" grep -qE 'over [0-9.]+ s' "$work/page"
check "a plot has labels on its axis" grep -qE '<div class="y" aria-hidden="true"><span>[0-9.]+ k?B</span>' "$work/page"
curl -s "$at/?find=EVI" >"$work/page"
check "the search by name works without a script" eval 'has "data-name=\"evil\"" && ! has "data-name=\"svc\""'
curl -s "$at/?find=%3Cb%3E" >"$work/page"
check "a search text is escaped, and the page says that nothing was found" eval 'has "value=\"&lt;b&gt;\"" && has "<p id=\"none\" >"'

# --- in a browser ---------------------------------------------------------------------------------

VIGIL_SHOTS=${VIGIL_SHOTS:-} timeout 3000 python3 - "$at" "$work" "$vigilctl" <<'P' || not_ok "the browser's part of the test ran to its end"
import http.client, http.server, os, subprocess, sys, threading
sys.path.insert(0, os.environ["top_srcdir"] + "/tests/system")
from browser import Browser
at, work, vigilctl = sys.argv[1:]
failed = 0

def check(text, verdict, seen=""):
    global failed
    print(("ok - " if verdict else "not ok - ") + text + (f": {seen}" if seen and not verdict else ""), flush=True)
    failed += not verdict

def ctl(*words):
    subprocess.run([vigilctl, "-q", "-s", work + "/control.sock", *words], check=True)

def write(name, text):
    with open(f"{work}/{name}.new", "w") as file:
        file.write(text)
    os.rename(f"{work}/{name}.new", f"{work}/{name}")

ROW = """(name) => document.querySelector(`#rows tr[data-name="${name}"]`)"""
CELL = """(name, column) => document.querySelector(`#rows tr[data-name="${name}"] .${column}`)?.innerText || "" """
DETAIL = """(name) => document.querySelector(`#rows tr.detail[data-of="${name}"]`)"""
ORDER = 'Array.from(document.querySelectorAll("#rows tr[data-name]:not([hidden])"), (r) => r.dataset.name).join()'
def cell(name, column):
    return f'({CELL})("{name}", "{column}")'

def detail(name):
    return f'(({DETAIL})("{name}")?.innerText || "")'

SLASH, ENTER, ESCAPE, DOWN, UP = "/", "\ue007", "\ue00c", "\ue015", "\ue013"

with Browser() as b:
    b.open("about:blank")
    b.requests()
    b.open(at + "/")
    check("the page is live", b.wait_for('document.getElementById("link").textContent === "live"'))
    b.run("window.mark = 1")
    check("there is a row for each daemon", b.run('return document.querySelectorAll("#rows tr").length') == 6)
    check("columns and rows have heads", b.run("""return document.querySelectorAll('thead th[scope=col]').length === 5
        && document.querySelectorAll('tbody th[scope=row]').length === 6"""))
    headline = 'document.getElementById("headline").textContent'
    check("the headline counts the daemons that need attention", b.wait_for(headline + ' === "1 warning"'))

    b.requests()
    open(work + "/down", "w").close()
    check("a service that stops is shown as CRITICAL, with the reason",
        b.wait_for(f'/CRITICAL.*some-service is stopped.*; its restart failed/s.test({cell("svc", "health")})'))
    check("the page shows the restart that failed", b.wait_for(f'/1.*1 failed/s.test({cell("svc", "restarts")})'))
    check("the page shows the time of the next try", b.wait_for(f'/next try in 5[0-9] min/.test({cell("svc", "health")})'))
    check("the daemon that became CRITICAL is moved to the top", b.wait_for(ORDER + '.startsWith("svc,disk,")'))
    check("the headline counts a daemon that became CRITICAL", b.wait_for(headline + ' === "1 critical, 1 warning"'))
    check("the title counts a daemon that became CRITICAL", b.wait_for('document.title.startsWith("(2) vigil on ")'))
    check("a change is announced to a screen reader", b.wait_for('/svc.*CRITICAL/.test(document.getElementById("news").textContent)'))
    check("changes arrive over the stream, without another request", b.requests() == [], b.requests())

    ctl("pause", "svc", "--for", "2h", "--reason", "<b>work</b>")
    check("the health column shows a pause with its end, its user and its reason",
        b.wait_for(f'/PAUSED.*until .*1 h 5[0-9] min more.*by .*<b>work<.b>/s.test({cell("svc", "health")})'))
    check("a paused daemon shows its present level and text", b.wait_for(f'/at present CRITICAL: some-service/.test({cell("svc", "health")})'))
    ctl("resume", "svc")
    os.unlink(work + "/down")
    check("a service that runs again is shown as OK", b.wait_for(f'/OK.*running/s.test({cell("svc", "health")})'))
    check("the bar of the last 24 hours still shows the CRITICAL time", b.wait_for(f"""({ROW})("svc").querySelector("rect.bad") !== null"""))

    # Keyboard.
    b.run("document.activeElement.blur()")
    b.press(SLASH)
    check("the key / moves the focus to the search", b.run('return document.activeElement.id') == "find")
    b.press("GAU")
    check("the search shows only the daemons with that name", b.wait_for(ORDER + ' === "gauge"'), b.run("return " + ORDER))
    b.press(ENTER)
    check("Enter opens the first daemon that was found", b.wait_for(f'({DETAIL})("gauge")'))
    check("the opened row has the focus", b.wait_for('document.activeElement.textContent === "gauge"'))
    check("an opened row has aria-expanded for a screen reader", b.run('return document.activeElement.getAttribute("aria-expanded")') == "true")
    b.press(ESCAPE)
    check("Escape shows all daemons again", b.wait_for(ORDER + '.split(",").length === 6'))
    b.run("""document.querySelector('#rows a').focus()""")
    b.press(DOWN)
    check("the arrow keys go from row to row", b.run('return document.activeElement.closest("tr") === document.querySelectorAll("#rows tr[data-name]")[1]'))
    b.press(SLASH + "nothing-has-this-name")
    check("the page says that no name was found", b.wait_for('!document.getElementById("none").hidden'))
    b.press(ESCAPE)

    # Details.
    check("an opened row has values and history", b.wait_for(f'/History.*Values.*speed\\s+1000 B/s.test({detail("gauge")})'))
    b.run(f'({ROW})("gauge").querySelector("a").focus()')
    write("number", "2000\n")
    check("an opened row shows new values", b.wait_for(f'/speed\\s+2000 B/.test({detail("gauge")})'))
    check("the focus stays when an opened row is updated", b.run(
        f'return document.activeElement === ({ROW})("gauge").querySelector("a")'))
    b.run(f'({ROW})("mean").querySelector("a").click()')
    check("a click opens the plots", b.wait_for(f'({DETAIL})("mean")?.querySelector("figure path")'))
    check("a plot shows new numbers", b.wait_for(f'/2 kB/.test(({DETAIL})("mean").querySelector(".last").textContent)'))
    check("a plot has labels for values and times", b.run(
        f"""const f = ({DETAIL})("mean").querySelector("figure");
        return f.querySelectorAll(".y span").length > 1 && /ago/.test(f.querySelector(".x").textContent)"""))
    open(work + "/broken", "w").close()
    check("values that are no longer current are shown as stale",
        b.wait_for(f'({DETAIL})("gauge")?.querySelector(".values.stale .mark")?.textContent === "stale"'))
    check("a plot of stale values is shown as stale", b.wait_for(f'({DETAIL})("mean")?.querySelector("figure.stale .mark")'))
    os.unlink(work + "/broken")
    check("values that are current again are not shown as stale", b.wait_for(f'({DETAIL})("gauge") && !({DETAIL})("gauge").querySelector(".stale")'))
    b.run(f'({ROW})("disk").querySelector("a").click()')
    check("a long text keeps its lines", b.wait_for(f'/^.srv   18.8 GB  of  33.6 GB\\n.home <b>full<.b>$/m.test(({DETAIL})("disk")?.querySelector("pre")?.textContent)'))
    b.run(f'({ROW})("disk").querySelector("a").click()')
    check("a second click closes the row", b.wait_for(f'({DETAIL})("disk") === null'))

    check("markup in the text of a plugin is shown as text", b.run(f'return {cell("evil", "health")}').find('<script>document.title = "bent"</script><img') > 0)
    check("markup in the text of a plugin makes no element in the table", b.run('return document.querySelectorAll("#rows script, #rows img, #rows b").length') == 0)

    with open(work + "/vigil.conf") as file:
        conf = file.read()
    write("vigil.conf", conf.replace("evil = yes", "evil = no\nfresh = yes") + "[daemon:fresh]\nmodule = exec\ncommand = /bin/true\n")
    ctl("reload")
    check("a new daemon gets a row after a reload", b.wait_for(f'({ROW})("fresh")'))
    check("a removed daemon has no row after a reload", b.wait_for(f'!({ROW})("evil")'))
    check("the rows are in the order of their severity and names", b.wait_for(ORDER + ' === "disk,fresh,gauge,http,mean,svc"'), b.run("return " + ORDER))
    check("the page was never reloaded", b.run("return window.mark") == 1)

    # vigild is degraded because it cannot write the state.
    os.rename(work + "/state", work + "/moved")
    open(work + "/state", "w").close()
    ctl("pause", "svc")
    ctl("resume", "svc")
    check("a row says why vigild is degraded", b.wait_for(
        f'/DEGRADED.*state.json cannot be written/s.test({cell("(vigild) state", "health")})'))
    check("the row of a degraded vigild is the first one", b.wait_for(ORDER + '.startsWith("(vigild) state,")'))
    check("the headline says that vigild is degraded", b.wait_for(f'/vigild is degraded/.test({headline})'))

    for width, height in (1280, 900), (390, 800):
        for scheme in "light", "dark":
            b.look(width, height, scheme)
            check(f"the page needs no horizontal scrolling at {width} pixels, {scheme}",
                b.run("return document.documentElement.scrollWidth <= window.innerWidth"))
            # WCAG 2: the contrast of a text with its background.
            ratio = b.run("""
                const channel = (c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
                const light = (c) => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
                const parse = (c) => c.match(/[\\d.]+/g).map(Number);
                let least = 99;
                for (const e of document.querySelectorAll("body *")) {
                    if (!Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim())) continue;
                    if (!e.checkVisibility() || ["SCRIPT", "STYLE", "title"].includes(e.tagName)) continue;
                    let behind = e;
                    while (behind && (parse(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
                    const a = light(parse(getComputedStyle(e).color)), g = light(parse(getComputedStyle(behind).backgroundColor));
                    least = Math.min(least, (Math.max(a, g) + .05) / (Math.min(a, g) + .05));
                }
                return least""")
            check(f"each text has a contrast of at least 4.5 to its background at {width} pixels, {scheme} ({ratio:.1f} to 1)", ratio >= 4.5)
            if os.environ.get("VIGIL_SHOTS"):
                b.screenshot(f"{os.environ['VIGIL_SHOTS']}/page-{width}-{scheme}.png")

    # The page of one daemon.
    b.open(at + "/?daemon=mean")
    check("the page of one daemon is live", b.wait_for('document.getElementById("link").textContent === "live"'))
    check("the page of one daemon shows only that daemon in a browser", b.run("return " + ORDER) == "mean")

    # Below a path of a reverse proxy, which removes the path.
    outside = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if not self.path.startswith("/vigil/"):
                outside.append(self.path)
                self.send_error(404)
                return
            server = http.client.HTTPConnection(at.split("/")[2])
            server.request("GET", self.path[len("/vigil"):])
            answer = server.getresponse()
            self.send_response(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in ("transfer-encoding", "content-length", "connection"):
                    self.send_header(key, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            try:
                while piece := answer.read1(65536):
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:
                pass  # the browser has closed its stream
            server.close()

        def log_message(self, *_):
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    below = f"http://127.0.0.1:{proxy.server_port}/vigil/"
    b.open(below)
    check("the page is live below a path of a reverse proxy", b.wait_for('document.getElementById("link").textContent === "live"'))
    b.run(f'({ROW})("disk").querySelector("a").click()')
    check("a row opens below a path of a reverse proxy", b.wait_for(f'({DETAIL})("disk")'))
    check("every link of the page is below the path of the reverse proxy", b.run(
        'return Array.from(document.querySelectorAll("a[href], form[action]"), (e) => e.href || e.action)'
        f'.every((u) => u.startsWith("{below}"))'))
    check("the page requests nothing outside of the path of the reverse proxy", [u for u in outside if u != "/favicon.ico"] == [], outside)
    proxy.shutdown()

    b.cdp("Emulation.setScriptExecutionDisabled", value=True)
    b.open(at + "/")
    b.call("POST", b.session + "/element/" + list(b.call("POST", b.session + "/element", {
        "using": "css selector", "value": 'tr[data-name="svc"] a'}).values())[0] + "/click", {})
    text = list(b.call("POST", b.session + "/element", {"using": "css selector", "value": "tr.detail"}).values())[0]
    text = b.call("GET", b.session + f"/element/{text}/text")
    check("a click opens the details in a browser that runs no script", "some-service" in text and "History" in text, text)

    check("the page fetches nothing from another server", [u for u in b.requests() if not u.startswith((at + "/", below, "data:"))] == [])
    check("the console of the browser has no messages", b.log("browser") == [], b.log("browser"))
sys.exit(failed != 0)
P
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
