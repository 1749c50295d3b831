#!/bin/bash
# The status page in a real browser: a service dies and the page shows it, without being loaded anew.
. "$(dirname "$0")/lib.sh" || exit 1
for program in python3 chromedriver; do
	command -v $program >/dev/null || skip_all "there is no $program; the page is not looked at in a browser"
done
(cd "$here" && python3 -B -c 'import browser, sys; sys.exit(not browser.program())') ||
	skip_all "there is no chromium; the page is not looked at in a browser"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the module http was not built: libevent_extra is missing"
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT

script() { { echo '#!/bin/sh'; cat; } >"$work/$1"; chmod 755 "$work/$1"; }
script status <<<"[ ! -e $work/down ] || exit 3"
script restart <<<'exit 1'
script evil <<'S'
echo 'OK - <script>document.title = "bent"</script><img src=x onerror="document.title = 1">&amp;"'"'"' | a=1'
S
script rings <<S
read ring <$work/ring
echo "{\"load\": {\"1m\": {\"ring\": [\$ring], \"unit\": \"x\"}}, \"words\": {\"ring\": [\"a\", \"b\"]}, \"one\": {\"ring\": [1]}}"
S
echo '1, 2, 3' >"$work/ring"
write_conf <<C
[daemons]
http = yes
svc = yes
evil = yes
rings = yes
[daemon:http]
listen = 127.0.0.1:0
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
[daemon:rings]
module = exec
command = $work/rings
format = json
interval = 300ms
C
start_vigild
at=http://$(ctl get /daemons/http/listen | tr -d '[]" \n')
ready() { curl -s "$at/v1/rows" | grep -q '"points"' && is /runs/svc/health/level OK && is /runs/evil/health/level OK; }
check "the daemons are up" wait_for 20 ready

# What stands there without a script.
curl -s "$at/" >"$work/page"
has() { grep -qF -- "$1" "$work/page"; }
check "the table is in the page itself" has '<tr role="row" data-name="svc" data-tone="ok">'
check "with the service in words" has '<span class="tone ok">running</span>'
check "a plot is, too" has '<polyline points="0.0,54.0 120.0,28.0 240.0,2.0"/>'
check "what strangers wrote is text" has '&lt;script&gt;document.title'
check "and nothing else" eval '! grep -qE "<(script>|img)" "$work/page"'
check "nothing is left to be filled in" eval '! grep -q "{{" "$work/page"'
nonce() { curl -s -D - -o /dev/null "$at/" | tr -d '\r' | sed -n "s/^Content-Security-Policy:.*script-src 'nonce-\([0-9a-f]*\)'.*/\1/p"; }
check "no two answers share a nonce" [ "$(nonce)" != "$(nonce)" ]
check "of some length" [ "$(nonce | wc -c)" -gt 32 ]

VIGIL_SHOTS=${VIGIL_SHOTS:-} timeout 300 python3 - "$at" "$work" "$vigilctl" <<'P' || not_ok "the browser's part came to its end"
import os, subprocess, sys
sys.path.insert(0, os.environ["top_srcdir"] + "/tests/system")
from browser import Browser
at, work, vigilctl = sys.argv[1:]
failed = 0

def check(text, verdict):
    global failed
    print(("ok - " if verdict else "not ok - ") + text, flush=True)
    failed += not verdict

def ctl(*words):
    subprocess.run([vigilctl, "-q", "-s", work + "/control.sock", *words], check=True)

ROW = """(name) => document.querySelector(`#rows tr[data-name="${name}"]`)"""
CELL = """(name, column) => document.querySelector(`#rows tr[data-name="${name}"] .${column}`)?.innerText || "" """
def cell(name, column):
    return f'({CELL})("{name}", "{column}")'

with Browser() as b:
    b.open("about:blank")
    b.requests()
    b.open(at + "/")
    check("it is live", b.wait_for('document.getElementById("link").textContent === "live"'))
    b.run("window.mark = 1")
    check("a row for each daemon", b.run('return document.querySelectorAll("#rows tr").length') == 4)
    check("all is well", b.run('return document.getElementById("headline").textContent') == "All is well")
    check("heads of columns and rows", b.run("""return document.querySelectorAll('thead th[scope=col]').length === 7
        && document.querySelectorAll('tbody th[scope=row]').length === 4"""))

    open(work + "/down", "w").close()
    check("a service dies, and the page shows it", b.wait_for(f'/stopped/.test({cell("svc", "service")})'))
    check("and its health", b.wait_for(f'/CRITICAL.*some-service is stopped.*; its restart failed/s.test({cell("svc", "health")})'))
    check("and the failed restart", b.wait_for(f'/1.*1 failed/s.test({cell("svc", "restarts")})'))
    check("and when it is tried again", b.wait_for(f'/in 59 min/.test({cell("svc", "next")})'))
    check("in the headline", b.wait_for('document.getElementById("headline").textContent === "1 needs a look"'))
    check("in the title", b.run("return document.title").startswith("(1) vigil on "))
    check("it is said to who listens", b.wait_for('/svc.*CRITICAL/.test(document.getElementById("news").textContent)'))
    ctl("pause", "svc", "--for", "2h", "--reason", "<b>work</b>")
    check("a pause, for how long and why", b.wait_for(f'/paused.*for 1 h 59 min more.*<b>work<.b>/s.test({cell("svc", "next")})'))
    ctl("resume", "svc")
    os.unlink(work + "/down")
    check("it runs again", b.wait_for(f'/running/.test({cell("svc", "service")})'))
    check("and all is well", b.wait_for('document.getElementById("headline").textContent === "All is well"'))

    with open(work + "/new", "w") as file:
        file.write("4, 3, 2, 1\n")
    os.rename(work + "/new", work + "/ring")
    check("a plot moves", b.wait_for("""document.querySelector('figure[data-plot="rings load/1m"] polyline')
        .getAttribute("points") === "0.0,2.0 80.0,19.3 160.0,36.7 240.0,54.0" """))
    check("there is no other", b.run('return document.querySelectorAll("figure").length') == 1)
    check("it says its numbers", b.run('return document.querySelector("figure svg").getAttribute("aria-label")')
        == "load/1m: now 1 x, lowest 1 x, highest 4 x")

    check("markup of strangers is text", b.run(f'return {cell("evil", "health")}').find('<script>document.title = "bent"</script><img') > 0)
    check("no element came of it", b.run('return document.querySelectorAll("#rows script, #rows img, #rows b").length') == 0)

    with open(work + "/vigil.conf") as file:
        conf = file.read()
    with open(work + "/vigil.conf", "w") as file:
        file.write(conf.replace("evil = yes", "evil = no\nfresh = yes") + "[daemon:fresh]\nmodule = exec\ncommand = /bin/true\n")
    ctl("reload")
    check("a new daemon has its row", b.wait_for(f'({ROW})("fresh")'))
    check("one that is gone has none", b.wait_for(f'!({ROW})("evil")'))
    check("in their order", b.run('return Array.from(document.querySelectorAll("#rows tr"), (r) => r.dataset.name).join()')
        == "fresh,http,rings,svc")
    check("the page was never loaded anew", b.run("return window.mark") == 1)

    for width, height in (1400, 900), (390, 800):
        for scheme in "light", "dark":
            b.look(width, height, scheme)
            check(f"nothing sticks out at {width} pixels, {scheme}",
                b.run("return document.documentElement.scrollWidth <= window.innerWidth"))
            # WCAG 2: text against what is behind it.
            ratio = b.run("""
                const channel = (c) => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
                const light = (c) => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
                const parse = (c) => c.match(/[\\d.]+/g).map(Number);
                let least = 99;
                for (const e of document.querySelectorAll("body *")) {
                    if (!Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim())) continue;
                    if (!e.checkVisibility() || ["SCRIPT", "STYLE"].includes(e.tagName)) continue;
                    let behind = e;
                    while (behind && (parse(getComputedStyle(behind).backgroundColor)[3] ?? 1) === 0) behind = behind.parentElement;
                    const a = light(parse(getComputedStyle(e).color)), g = light(parse(getComputedStyle(behind).backgroundColor));
                    least = Math.min(least, (Math.max(a, g) + .05) / (Math.min(a, g) + .05));
                }
                return least""")
            check(f"each text stands out from its ground ({ratio:.1f} to 1)", ratio >= 4.5)
            if os.environ.get("VIGIL_SHOTS"):
                b.screenshot(f"{os.environ['VIGIL_SHOTS']}/page-{width}-{scheme}.png")

    check("nothing was fetched from elsewhere", [u for u in b.requests() if not u.startswith((at + "/", "data:"))] == [])
    check("the console is silent", b.log("browser") == [])
sys.exit(failed != 0)
P
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
