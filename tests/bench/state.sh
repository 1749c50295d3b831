#!/bin/bash
# What the state costs: a write, and reading all of it with 10,000 daemons (state.c).
# BENCH_FORM=short takes a moment.
rounds=101 daemons=10000
[ "${BENCH_FORM:-}" != short ] || { rounds=3 daemons=100; }
"$top_builddir/tests/bench/state" $rounds $daemons
