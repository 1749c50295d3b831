#!/bin/sh
# check.sh: runs the module for some ticks, in a process of its own, and looks at what it left.
set -u
vigilctl=${VIGILCTL:-vigilctl}
failed=0

# leaves TEXT OPTION...: after three ticks with these options, the JSON holds the text
leaves() {
	text=$1; shift
	if "$vigilctl" -o json module test . --ticks 3 "$@" | grep -qF "$text"; then
		echo "ok - $text"
	else
		echo "not ok - $text"
		failed=1
	fi
}

leaves '"value": 3'
leaves '"level": "OK"'
leaves '"level": "WARNING"' limit=2
exit $failed
