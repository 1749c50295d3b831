# machine-lib.sh: what the machine*.sh tests share: the state of the daemon `machine`; sourced after lib.sh.
count() { is "/daemons/machine/services/$1" "$2"; } # CONDITION NUMBER
level() { is /runs/machine/health/level "$1"; }
text() { get /runs/machine/health/text; }
says() { grep -qF -- "$1" <<<"$(text)"; }
# bad NAME CONDITION: whether the list of the bad services has this
bad() { ctl get /daemons/machine/bad | python3 -c '
import json, sys
sys.exit(not any(b["name"] == sys.argv[1] and b["condition"] == sys.argv[2] for b in json.load(sys.stdin)))' "$1" "$2"; }
not_bad() { ! ctl get /daemons/machine/bad | grep -q "\"name\": *\"$1\""; }
# The answers of the managers so far, by kind.
queries() { local kind; for kind in batched workers cached; do get /vigil/queries/$kind; done | xargs; }
# quiet SECONDS: whether nothing is queried for so long
quiet() { local before; before=$(queries); sleep "$1"; [ "$(queries)" = "$before" ]; }
