# Completion of vigilctl for bash: verbs, names of daemons, addresses in the state.
#
# What there is, vigilctl itself is asked, with the same -s and -c that stand on the line.

# The words of the line up to the verb: asks the same vigild, quietly.
_vigilctl_ask() { "${_vigilctl_words[@]}" "$@" 2>/dev/null; }

_vigilctl_verbs() { _vigilctl_ask help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'; }
_vigilctl_names() { _vigilctl_ask status | awk 'NR > 1 { print $1 }'; }

# The addresses one step below what has been typed; JSON is printed with a member a line.
_vigilctl_pointers() {
	local above=${1%/*}
	_vigilctl_ask -o json get "$above" |
		sed -n 's/^  "\(.*\)": .*/\1/p' | sed -e 's/~/~0/g' -e 's,/,~1,g' -e "s,^,$above/,"
}

_vigilctl() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb= i
	_vigilctl_words=("${COMP_WORDS[0]}")
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-s | -c | --socket | --config)
			_vigilctl_words+=("${COMP_WORDS[i]}" "${COMP_WORDS[i+1]}")
			i=$((i + 1)) ;;
		-o | --output) i=$((i + 1)) ;;
		-*) ;;
		*) verb=${COMP_WORDS[i]}; break ;;
		esac
	done
	local IFS=$'\n' choices=
	case $verb:$previous in
	:-s | :-c | :--socket | :--config) compopt -o default; return ;;
	:-o | :--output) choices=$'table\njson' ;;
	:*)
		case $current in
		-*) choices=$'-s\n-c\n-o\n-q\n-r\n-V\n-h' ;;
		*) choices=$(_vigilctl_verbs) ;;
		esac ;;
	help:*) choices=$(_vigilctl_verbs) ;;
	get:* | watch:*) choices=$(_vigilctl_pointers "$current") ;;
	check:*)
		case $current in
		/*) choices=$(_vigilctl_pointers "$current") ;;
		-*) choices=$'-w\n-c' ;;
		*) choices=$(_vigilctl_names) ;;
		esac ;;
	pause:* | resume:*)
		case $current in
		-*) choices=$'--all\n--for\n--reason' ;;
		*) choices=$(_vigilctl_names) ;;
		esac ;;
	status:*)
		case $current in
		-*) choices=--watch ;;
		*) choices=$(_vigilctl_names) ;;
		esac ;;
	explain:* | run:* | restart:* | unregister:*) choices=$(_vigilctl_names) ;;
	log:*) choices=$'error\nwarning\nnotice\ninfo\ndebug' ;;
	module:module) choices=$'new\ntest' ;;
	module:test) compopt -o dirnames; return ;;
	module:*) choices=--ticks ;;
	esac
	# shellcheck disable=SC2207
	COMPREPLY=($(compgen -W "$choices" -- "$current"))
	# An address goes on.
	case ${COMPREPLY[0]} in /*) compopt -o nospace ;; esac
} 2>/dev/null

complete -F _vigilctl vigilctl
