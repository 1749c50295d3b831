# lib.sh: what the torture tests share, over what all system tests share.  Sourced by bash scripts
# in this folder.
#
# Each takes a short form under `make check` and its full counts under `make torture`.  Beside the
# `ok -` lines it says what was promised and what was measured, one `figure` line each, which
# tests/torture/run gathers into a table.  Random choices come from $seed, which is printed: the
# same SEED=N chooses the same again.

. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh" || exit 1

torture=$(basename "$0" .sh)
seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "seed $seed"

# count SHORT FULL: how often, in this form
count() { if [ "${TORTURE_FORM:-}" = full ]; then echo "$2"; else echo "$1"; fi; }
# figure PROMISE MEASURED: a row of the table
figure() { printf 'figure\t%s\t%s\t%s\n' "$torture" "$1" "$2"; }
