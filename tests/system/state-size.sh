#!/bin/bash
# A state.json that the next start would refuse to read does not replace the last good one.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
trap 'stop_vigild; rm -rf "$work"' EXIT
cc=$(make_variable CC)
command -v "${cc%% *}" >/dev/null || skip_all "there is no compiler"

# A module that stores a text of the given size, and the number of its starts.
mkdir -p "$work/modules/keeper"
cat >"$work/keeper.c" <<'C'
#include <stdlib.h>
#include <string.h>
#include <vigil/vigil.h>

static int put(vigil_daemon *d)
{
	size_t size = (size_t)vigil_option_int(d, "size");
	char *text = malloc(size + 1);
	json_t *value;

	memset(text, 'x', size);
	value = json_stringn(text, size);
	free(text);
	return vigil_state_set(d, "text", value);
}

static int start(vigil_daemon *d)
{
	vigil_persist(d, "starts");
	vigil_persist(d, "text");
	vigil_state_set(d, "starts",
		json_integer(1 + json_integer_value(vigil_state_get(d, "starts"))));
	return put(d);
}

static int reconfigure(vigil_daemon *d)
{
	return put(d);
}

static const vigil_option options[] = {
	VIGIL_OPTION("size", VIGIL_SIZE, "10", "bytes of the text", .min = 0, .max = 1073741824),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "keeper", .summary = "keeps a text", .options = options, .start = start,
	.reconfigure = reconfigure);
C
# The module needs the sanitizer flags of the program that loads it.
$cc -D_GNU_SOURCE $(make_variable SANITIZE) -fPIC -shared -I"$top_srcdir/include" "$work/keeper.c" \
	-o "$work/modules/keeper/keeper.so" $(make_variable JANSSON_LIBS) ||
	skip_all "the module cannot be compiled"

# configure SIZE: writes the configuration, in which the daemon big stores so many bytes
configure() {
	write_conf <<C
[daemons]
big = yes
small = yes
[daemon:big]
module = keeper
size = $1
[daemon:small]
module = keeper
C
}
more_modules=$work/modules
degraded() { get /vigil/degraded 2>/dev/null | grep -q '"state"'; }
saved() { grep -q "\"starts\": $1" "$work/state/state.json" 2>/dev/null; }

configure 10
start_vigild
check "a small state is saved" wait_for 20 saved 1
configure 65M
ctl -q reload
check "a state of more than 64 MiB makes vigild degraded" wait_for 60 degraded
check "the log names the size and the daemon with the largest state" \
	grep -q "state.json is not written.* it would have [0-9.]* MiB; the largest: big [0-9.]* MiB" "$work/log"
check "the log says what to do" grep -q "disable that daemon or reduce what it keeps" "$work/log"
check "the last good state.json is kept" [ "$(stat -c %s "$work/state/state.json")" -lt 10000 ]
check "no unfinished file stays" [ ! -e "$work/state/state.json.new" ]
check "vigild stops with a state that is too large" stop_vigild
check "the last good state.json is kept when vigild stops" [ "$(stat -c %s "$work/state/state.json")" -lt 10000 ]
configure 10
: >"$work/log"
start_vigild
check "the next start reads the last good state.json" wait_for 10 is /daemons/small/starts 2
check "the next start sets no state.json aside" [ ! -e "$work/state/state.json.bad" ]
check "vigild stops with a small state" stop_vigild
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
