#!/bin/bash
# What the state costs: one write, and reading all of it with 10,000 daemons (state.c).
# BENCH_FORM=short measures less.
rounds=101 daemons=10000
[ "${BENCH_FORM:-}" != short ] || { rounds=3 daemons=100; }
"$top_builddir/tests/bench/state" $rounds $daemons
