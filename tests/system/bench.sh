#!/bin/bash
# Each benchmark runs in its short form and prints rows of the right format.  The test asserts no
# times, because the machine also does other work; so several run at the same time, the longest first.
. "$(dirname "$0")/lib.sh" || exit 1
MAKEFLAGS= make -C "$top_builddir" -s bench-programs >/dev/null || { not_ok "the programs of the benchmarks are built"; finish; }
install_staged
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export top_srcdir top_builddir BENCH_FORM=short
benches="detect_latency peers two_days hang looks usage idle control isolate http growth start exec streams ticks https children state"
run() {
	local began=${EPOCHREALTIME/./}
	bash "$top_srcdir/tests/bench/$1.sh" >"$work/$1.rows" 2>"$work/$1.errors"
	echo $? $((${EPOCHREALTIME/./} - began)) >"$work/$1.status"
}
for bench in $benches; do
	while [ "$(jobs -rp | wc -l)" -ge 4 ]; do wait -n; done
	run $bench &
done
wait
number='-?[0-9.]+(e[-+][0-9]+)?'
row="^[a-z0-9_]+ [a-zA-Z0-9_]+ $number $number $number\$"
for bench in $benches; do
	read -r status took <"$work/$bench.status"
	rows=$(grep -cE "$row" "$work/$bench.rows")
	other=$(grep -vE "$row|^#|^SKIP: " "$work/$bench.rows" | head -n 1)
	if [ $status = 77 ]; then
		grep '^SKIP: ' "$work/$bench.rows"
	elif [ $status = 0 ] && [ "$rows" -gt 0 ] && [ -z "$other" ]; then
		ok "bench $bench prints $rows rows in $((took / 100000))e-1 s"
	else
		cat "$work/$bench.rows" "$work/$bench.errors"
		not_ok "bench $bench prints rows: $rows, exit status $status, another line: $other"
	fi
done
# A benchmark that is not in the list above is not tested.
for file in "$top_srcdir"/tests/bench/*.sh; do
	bench=$(basename "$file" .sh)
	case " $benches many " in *" $bench "*) ;; *) not_ok "bench $bench is tested" ;; esac
done
finish
