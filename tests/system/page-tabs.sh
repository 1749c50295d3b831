#!/bin/bash
# The status page in eight tabs and windows of one real browser: all of them share one stream, show each
# change, say when the connection is lost, and are live again after it.
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

# The page must find vigild again at the same address.
port=$(python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
{ echo '#!/bin/sh'; echo "[ ! -e $work/down ] || exit 2"; } >"$work/status"
chmod 755 "$work/status"
# Two streams are allowed: the one of the browser, and the next one when it changes hands.
write_conf <<C
[daemons]
http = yes
svc = yes
[daemon:http]
listen = 127.0.0.1:$port
heartbeat = 500ms
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

# The test asks for vigild to be started again by a line on descriptor 3, and reads its pid back.
mkfifo "$work/ask" "$work/answer"
(
	timeout 400 python3 - "http://127.0.0.1:$port/" "$work" <<'P'
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
    def each(script, seconds=30):
        """In how many tabs the script is true in the end, each looked at as it is in the foreground."""
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
    check("each of them says so in its title", each('document.title.startsWith("(1) ")') == 8)
    os.unlink(work + "/down")
    check("each of eight tabs shows that the daemon is OK again", each(TONE + ' === "ok"') == 8)

    for tab in tabs:
        b.switch_to(tab)
        if b.run("return leader === me"):
            b.close_tab()
            tabs.remove(tab)
            break
    check("one of the tabs had the stream, and is closed now", len(tabs) == 7)
    open(work + "/down", "w").close()
    check("the others show a change after the tab with the stream was closed", each(TONE + ' === "bad"') == 7)
    check("the others are live", each(LIVE) == 7)
    tabs.append(b.new_tab("tab"))
    b.open(at)
    check("a tab that is opened later is complete and live",
        b.wait_for(LIVE) and b.wait_for(TONE + ' === "bad"') and b.run("return complete"))

    os.kill(pid(), signal.SIGSTOP)
    check("each tab notices a vigild that is stopped while its connections stay open", each(LOST) == 8)
    text = b.run('return document.getElementById("lost").innerText')
    check("the page says since when it has no news, with the zone of the time",
        re.search(r"Connection lost.*last news.* from \d\d:\d\d:\d\d (UTC|GMT|[A-Z]{2,5})", text, re.S), text)
    check("the words are large", b.run(
        'return parseFloat(getComputedStyle(document.querySelector("#lost strong")).fontSize)') >= 18)
    check("the words are at the top", b.run(
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
    check("each tab shows what the new vigild says", each(TONE + ' === "ok"') == 8)
    check("the 24 hours before the crash are still known", each(
        """document.querySelector('#rows tr[data-name="svc"] rect.bad') !== null""") == 8)

    # Without a channel between tabs, each visible tab has a stream of its own and a hidden one has none.
    for tab in tabs[1:]:
        b.switch_to(tab)
        b.close_tab()
    b.switch_to(tabs[0])
    b.open("about:blank")
    b.cdp("Page.addScriptToEvaluateOnNewDocument", source="delete window.BroadcastChannel")
    b.open(at)
    check("a browser without BroadcastChannel has its page live", b.wait_for(LIVE))
    b.new_tab("tab")
    b.switch_to(tabs[0])
    b.run("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    check("its stream is closed while the tab is hidden", b.wait_for("source === null"))
    b.run("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    check("its page is live again when it is shown", b.wait_for("source !== null && " + LIVE))
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
check "the eight tabs were tried to the end" [ "$(cat "$work/verdict")" = 0 ]
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
