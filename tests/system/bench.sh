#!/bin/bash
# Each benchmark runs in its short form and prints rows of the right format.  The test asserts no
# times, because the machine also does other work.
. "$(dirname "$0")/lib.sh" || exit 1
MAKEFLAGS= make -C "$top_builddir" -s bench-programs >/dev/null || { not_ok "the programs of the benchmarks are built"; finish; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export top_srcdir top_builddir BENCH_FORM=short
for bench in children control detect_latency growth hang idle isolate looks peers start state ticks; do
	bash "$top_srcdir/tests/bench/$bench.sh" >"$work/rows" 2>&1
	status=$?
	rows=$(grep -cE '^[a-z0-9_]+ [a-zA-Z0-9_]+ [0-9.e+]+ [0-9.e+]+ [0-9.]+$' "$work/rows")
	others=$(grep -vE '^([a-z0-9_]+ [a-zA-Z0-9_]+ [0-9.e+]+ [0-9.e+]+ [0-9.]+$|#|SKIP: )' "$work/rows")
	if [ $status = 77 ]; then
		grep '^SKIP: ' "$work/rows"
	elif [ $status = 0 ] && [ "$rows" -gt 0 ] && [ -z "$others" ]; then
		ok "bench $bench prints $rows rows"
	else
		cat "$work/rows"
		not_ok "bench $bench prints rows: $rows, exit status $status"
	fi
done
finish
