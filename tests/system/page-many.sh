#!/bin/bash
# The status page with 1,000 daemons in a real browser.  A change sends one row and touches few nodes,
# and a search finds names among all rows.
. "$(dirname "$0")/lib.sh" || exit 1
for program in python3 chromedriver curl; do
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
trap '[ -z "${stream:-}" ] || kill "$stream" 2>/dev/null; stop_vigild; rm -rf "$work"' EXIT

{ echo '#!/bin/sh'; echo "[ ! -e $work/down ] || exit 2"; } >"$work/status"
chmod 755 "$work/status"
{
	printf '[daemons]\nhttp = yes\nsvc = yes\n'
	seq -f 'many-%04g = yes' 1000
	printf '[daemon:http]\nlisten = 127.0.0.1:0\nheartbeat = 10s\n'
	printf '[daemon:svc]\nmodule = exec\nformat = text\ninterval = 200ms\ncommand = %s\n' "$work/status"
	seq -f '[daemon:many-%04g]
module = average
interval = 1h
windows = 2h
source = /vigil/generation' 1000
} | write_conf
start_vigild
at=http://$(ctl get /daemons/http/listen | tr -d '[]" \n')
check "vigild has 1,002 daemons" wait_for 60 eval '[ "$(curl -s "$at/" | grep -c "<tr role=\"row\" data-name=")" = 1002 ]'

quiet() { [ "$(curl -s "$at/" | grep -c 'data-tone="ok"')" -ge 1002 ]; }
check "each of 1,002 daemons was checked and is OK" wait_for 60 quiet
curl -sSN --max-time 3600 "$at/v1/page" >"$work/stream" & stream=$!
check "the stored events of 1,002 daemons are not read at once" eval \
	'! ctl explain "*" --since 1h >"$work/out" 2>&1 && grep -q "names more than 20 daemons" "$work/out"'
check "the stored events of a few daemons are read at once" ctl -q explain 'many-000?' --since 1h
check "the stream sends all rows at first" wait_for 30 grep -q '^event: all' "$work/stream"
check "the stream sends each row at first" [ "$(sed '/^event: all/q' "$work/stream" | grep -c '^event: row')" -ge 1002 ]

timeout 3000 python3 - "$at" "$work" <<'P' || not_ok "the browser's part of the test ran to its end"
import os, sys
sys.path.insert(0, os.environ["top_srcdir"] + "/tests/system")
from browser import Browser
at, work = sys.argv[1:]
failed = 0

def check(text, verdict):
    global failed
    print(("ok - " if verdict else "not ok - ") + text, flush=True)
    failed += not verdict

TONE = """document.querySelector('#rows tr[data-name="svc"]').dataset.tone"""

with Browser() as b:
    b.open(at + "/")
    check("a page of 1,002 rows is live", b.wait_for('document.getElementById("link").textContent === "live"'))
    # The elapsed time is shown by texts inside <time>, which do not count.
    b.run("""
        window.touched = 0;
        new MutationObserver((list) => {
            for (const m of list) {
                const e = m.target.nodeType === 1 ? m.target : m.target.parentElement;
                if (e?.closest("time")) continue;
                window.touched += m.type === "childList" ? m.addedNodes.length + m.removedNodes.length : 1;
            }
        }).observe(document.documentElement, { subtree: true, childList: true, characterData: true, attributes: true });
    """)
    open(work + "/down", "w").close()
    check("one of 1,002 daemons becomes CRITICAL on the page", b.wait_for(TONE + ' === "bad"'))
    check("a daemon that became CRITICAL is moved to the top of 1,002", b.wait_for(
        """document.querySelector("#rows tr").dataset.name === "svc" """))
    b.wait_for('document.getElementById("headline").textContent === "1 critical"')
    touched = b.run("return window.touched")
    nodes = b.run('return document.querySelectorAll("*").length')
    check(f"a change of one daemon touched less than a hundredth of more than 10,000 nodes: {touched} of {nodes}", touched * 100 < nodes and nodes > 10000)
    b.run('const find = document.getElementById("find"); find.value = "many-07"; find.dispatchEvent(new Event("input"))')
    check("a search finds 100 names among 1,002", b.wait_for(
        'Array.from(document.querySelectorAll("#rows tr")).filter((tr) => !tr.hidden).length === 100'))
sys.exit(failed != 0)
P
check "a change of one daemon sends one row" wait_for 20 \
	eval 'sed "1,/^event: all/d" "$work/stream" | grep -q "data-name=.\"svc.\" data-tone=.\"bad"'
sent=$(sed '1,/^event: all/d' "$work/stream" | grep -c '^data: {"name":"many-')
check "rows that have not changed are not sent again" [ "$sent" = 0 ]
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
