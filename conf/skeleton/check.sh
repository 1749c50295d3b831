#!/bin/sh
# check.sh: tests the module.  `vigilctl module test` runs it for three ticks in a separate process,
# and prints its health and its state as JSON.
set -u
vigilctl=${VIGILCTL:-vigilctl}
failed=0

# prints TEXT OPTION...: with these options, the JSON contains the text
prints() {
	text=$1; shift
	if "$vigilctl" -o json module test . --ticks 3 "$@" | grep -qF "$text"; then
		echo "ok - $text"
	else
		echo "not ok - $text"
		failed=1
	fi
}

prints '"value": 3'
prints '"level": "OK"'
prints '"level": "WARNING"' limit=2
exit $failed
