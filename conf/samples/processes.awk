#!/usr/bin/awk -f
# processes.awk: reports processes that cannot work, as one JSON object per line.
#
# It is for the module exec with `mode = stream`.  A process in uninterruptible sleep (D) mostly waits for
# a disk or a file server.  A zombie (Z) has ended, and its parent does not reap it.  The health is WARNING
# if there are more of either than the second argument, in two reports in a row, because a process may be
# in these states for a moment.  fflush() makes awk write each line at once, because vigild does not see
# what is still in a buffer.
#
#     processes.awk [SECONDS [LIMIT]]

# Makes a name safe for a string in JSON.
function safe(name) {
	gsub(/[^A-Za-z0-9_.:\/+@ -]/, "?", name)
	return name
}

# Counts the processes in each state into count, and remembers one name for each.
function look(	line, fields, letter) {
	count["D"] = count["Z"] = total = 0
	while ((ps | getline line) > 0) {
		split(line, fields, " ")
		letter = substr(fields[1], 1, 1)
		total++
		if (letter != "D" && letter != "Z") continue
		count[letter]++
		name[letter] = fields[3]
		parent[letter] = fields[2]
	}
	close(ps)
}

function report(	text, state) {
	high = (count["D"] > limit || count["Z"] > limit) ? high + 1 : 0
	text = total " processes"
	if (count["D"] > 0) text = text ", " count["D"] " in uninterruptible sleep, such as " safe(name["D"])
	if (count["Z"] > 0) text = text ", " count["Z"] " zombies, such as " safe(name["Z"]) " of process " parent["Z"]
	state = high > 1 ? "WARNING" : "OK"
	printf "{\"state\": \"%s\", \"output\": \"%s\", \"total\": %d, \"blocked\": %d, \"zombies\": %d}\n",
		state, text, total, count["D"], count["Z"]
	fflush()
}

BEGIN {
	every = ARGC > 1 ? ARGV[1] : 10
	limit = ARGC > 2 ? ARGV[2] : 5
	if (every !~ /^[0-9.]+$/ || every + 0 == 0 || limit !~ /^[0-9]+$/) {
		print "processes.awk: invalid argument; write it like 10 5" | "cat >&2"
		exit 2
	}
	limit += 0
	ps = "ps -e -o stat= -o ppid= -o comm="
	do {
		look()
		if (total == 0) {
			print "processes.awk: ps printed nothing; is procps installed?" | "cat >&2"
			exit 1
		}
		report()
	} while (system("exec sleep " every) == 0)
}
