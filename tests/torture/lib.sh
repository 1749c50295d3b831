# lib.sh: functions for the torture tests, in addition to those for the system tests.  The bash scripts
# in this folder source it.
#
# Each test has a short form for `make check` and a full form for `make torture`.  In addition to the
# `ok -` lines it prints `figure` lines with a promise and a measurement, of which tests/torture/run makes
# a table.  Random choices come from $seed, which is printed: SEED=N makes the same choices again.

. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh" || exit 1

torture=$(basename "$0" .sh)
seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "seed $seed"

# count SHORT FULL: prints the number for this form
count() { if [ "${TORTURE_FORM:-}" = full ]; then echo "$2"; else echo "$1"; fi; }
# figure PROMISE MEASURED: prints a row of the table
figure() { printf 'figure\t%s\t%s\t%s\n' "$torture" "$1" "$2"; }
