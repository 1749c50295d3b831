#!/bin/bash
# The status page in eight tabs and windows of one real browser.  All of them share one stream, show
# each change, report a lost connection, and are live again when the connection is back.
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

# The page must find vigild again at the same address.
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
{ echo '#!/bin/sh'; echo "[ ! -e $work/down ] || exit 2"; } >"$work/status"
chmod 755 "$work/status"
# Two streams are allowed: that of the browser, and the next one when another tab takes it over.
write_conf <<C
[daemons]
http = yes
svc = yes
[daemon:http]
listen = 127.0.0.1:$port
heartbeat = 2s
changes_max = 2
[daemon:svc]
module = exec
command = $work/status
format = text
interval = 200ms
C
start_vigild
check "the daemon that the tabs watch is OK at first" wait_for 20 is /runs/svc/health/level OK
echo $vigild_pid >"$work/pid"

# The Python code asks for a restart of vigild with a line in $work/ask, and waits for $work/answer.
mkfifo "$work/ask" "$work/answer"
(
	timeout 3000 python3 - "http://127.0.0.1:$port/" "$work" <<'P'
import os, re, signal, sys
sys.path.insert(0, os.environ["top_srcdir"] + "/tests/system")
from browser import Browser
at, work = sys.argv[1:]
failed = 0

def check(text, verdict, seen=""):
    global failed
    print(("ok - " if verdict else "not ok - ") + text + (f": {seen}" if seen and not verdict else ""), flush=True)
    failed += not verdict

def pid():
    with open(work + "/pid") as file:
        return int(file.read())

def restarted():
    with open(work + "/ask", "w") as file:
        file.write("start\n")
    with open(work + "/answer") as file:
        file.read()

LIVE = 'document.getElementById("link")?.textContent === "live" && document.getElementById("lost").hidden'
LOST = '!document.getElementById("lost").hidden && document.getElementById("link").textContent === "not live"'
TONE = """document.querySelector('#rows tr[data-name="svc"]')?.dataset.tone"""
STREAMS = 'performance.getEntriesByType("resource").length'

with Browser() as b:
    tabs = [b.current_tab()]
    def each(script, seconds=300):
        """The number of tabs in which the script becomes true while the tab is in the foreground."""
        count = 0
        for tab in tabs:
            b.switch_to(tab)
            count += b.wait_for(script, seconds)
        return count

    for i in range(8):
        if i:
            tabs.append(b.new_tab("tab" if i < 5 else "window"))
        b.open(at)
        check(f"tab {i + 1} of eight loads and is live", b.wait_for(LIVE))
    check("eight tabs are live while the server allows two streams", each(LIVE) == 8)

    open(work + "/down", "w").close()
    check("each of eight tabs shows that a daemon became CRITICAL", each(TONE + ' === "bad"') == 8)
    check("each of eight tabs counts a CRITICAL daemon in its title", each('document.title.startsWith("(1) ")') == 8)
    os.unlink(work + "/down")
    check("each of eight tabs shows that the daemon is OK again", each(TONE + ' === "ok"') == 8)

    for tab in tabs:
        b.switch_to(tab)
        if b.run("return leader === me"):
            b.close_tab()
            tabs.remove(tab)
            break
    check("the tab that had the stream is found and closed", len(tabs) == 7)
    open(work + "/down", "w").close()
    check("the other tabs show a change after the tab with the stream was closed", each(TONE + ' === "bad"') == 7)
    check("the other tabs are live after the tab with the stream was closed", each(LIVE) == 7)
    tabs.append(b.new_tab("tab"))
    b.open(at)
    check("a tab that is opened later is complete and live",
        b.wait_for(LIVE) and b.wait_for(TONE + ' === "bad"') and b.run("return complete"))

    os.kill(pid(), signal.SIGSTOP)
    check("each tab notices that vigild is stopped although its connections stay open", each(LOST) == 8)
    text = b.run('return document.getElementById("lost").innerText')
    check("a page without a connection shows the time of the last update with its zone",
        re.search(r"Connection lost.*last update.* at \d\d:\d\d:\d\d (UTC|GMT|[A-Z]{2,5})", text, re.S), text)
    check("the message of the lost connection is in large letters", b.run(
        'return parseFloat(getComputedStyle(document.querySelector("#lost strong")).fontSize)') >= 18)
    check("the message of the lost connection is at the top of the page", b.run(
        'return document.getElementById("lost").getBoundingClientRect().top < document.getElementById("top").getBoundingClientRect().top'))
    check("the title of a page without a connection does not claim a state",
        b.run("return document.title").startswith("(?) "))
    os.kill(pid(), signal.SIGCONT)
    check("each tab is live again when vigild continues", each(LIVE) == 8)

    os.kill(pid(), signal.SIGKILL)
    check("each tab says that the connection is lost after vigild was killed", each(LOST) == 8)
    os.unlink(work + "/down")
    restarted()
    check("each tab is live again after a new vigild was started", each(LIVE) == 8)
    check("each tab shows the state from the new vigild", each(TONE + ' === "ok"') == 8)
    check("each tab shows the history from before the crash", each(
        """document.querySelector('#rows tr[data-name="svc"] rect.bad') !== null""") == 8)

    # Without BroadcastChannel, each visible tab has its own stream and a hidden tab has none.
    for tab in tabs[1:]:
        b.switch_to(tab)
        b.close_tab()
    b.switch_to(tabs[0])
    b.open("about:blank")
    b.cdp("Page.addScriptToEvaluateOnNewDocument", source="delete window.BroadcastChannel")
    b.open(at)
    check("the page is live in a browser without BroadcastChannel", b.wait_for(LIVE))
    b.new_tab("tab")
    b.switch_to(tabs[0])
    b.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    check("a hidden tab closes its stream in a browser without BroadcastChannel", b.wait_for("source === null"))
    b.run("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    check("a hidden tab is live again when it is shown", b.wait_for("source !== null && " + LIVE))
sys.exit(failed != 0)
P
	echo $? >"$work/verdict"
	echo end >"$work/ask"
) &
while read -r word <"$work/ask" && [ "$word" = start ]; do
	wait "$vigild_pid" 2>/dev/null
	start_vigild
	echo $vigild_pid >"$work/pid"
	echo >"$work/answer"
done
check "the tests in eight tabs ran to their end" [ "$(cat "$work/verdict")" = 0 ]
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
