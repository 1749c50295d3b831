# Completion of vigilctl for bash: verbs, names of daemons, addresses in the state.
#
# What there is, vigilctl itself is asked, with the same -s and -c that stand on the line.  Keys of
# the state are words of strangers: they are compared and quoted, and never handed to anything that
# would expand them, as compgen -W does.

# The words of the line up to the verb: asks the same vigild, quietly.
_vigilctl_ask() { "${_vigilctl_words[@]}" "$@" 2>/dev/null; }

_vigilctl_verbs() { _vigilctl_ask help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'; }
_vigilctl_names() { _vigilctl_ask status | awk 'NR > 1 { print $1 }'; }

# The addresses one step below what has been typed; JSON is printed with a member a line.  A key that
# JSON has to escape is left out.
_vigilctl_pointers() {
	local above=${1%/*}
	_vigilctl_ask -o json get "$above" |
		sed -n 's/^  "\([^"\\]*\)": .*/\1/p' | sed -e 's/~/~0/g' -e 's,/,~1,g' -e "s,^,$above/,"
}

# _vigilctl_offer CURRENT CHOICES: those that go on from what stands there, quoted.  Where readline
# takes the word for several (COMP_WORDBREAKS), as a:b, it wants the last of them alone; of web@1 it
# wants @1, since an @ begins the name of a host.
_vigilctl_offer() {
	local current=$1 choice quoted before
	printf -v quoted %q "$current"
	before=${quoted%"${quoted##*["${COMP_WORDBREAKS//[!@=:]/}"]}"}
	before=${before%@}
	while IFS= read -r choice; do
		[[ -n $choice && $choice == "$current"* ]] || continue
		printf -v quoted %q "$choice"
		COMPREPLY+=("${quoted#"$before"}")
	done <<<"$2"
	# An address goes on.
	[[ $current != /* ]] || compopt -o nospace
}

_vigilctl() {
	local words current previous verb= choices= i
	# Not COMP_WORDS, where web@1 is three of them.
	read -a words <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:blank:]] ]] || words+=("")
	current=${words[${#words[@]}-1]} previous=${words[${#words[@]}-2]}
	_vigilctl_words=("${words[0]}")
	COMPREPLY=()
	for ((i = 1; i < ${#words[@]} - 1; i++)); do
		case ${words[i]} in
		-s | -c | --socket | --config)
			_vigilctl_words+=("${words[i]}" "${words[i+1]}")
			i=$((i + 1)) ;;
		-o | --output) i=$((i + 1)) ;;
		-*) ;;
		*) verb=${words[i]}; break ;;
		esac
	done
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
		-*) choices=$'--watch\n--verbose\n--worst' ;;
		*) choices=$(_vigilctl_names) ;;
		esac ;;
	explain:* | run:* | restart:* | unregister:*) choices=$(_vigilctl_names) ;;
	reload:*) choices=--dry-run ;;
	log:*) choices=$'error\nwarning\nnotice\ninfo\ndebug' ;;
	module:module) choices=$'new\ntest' ;;
	module:test) compopt -o dirnames; return ;;
	module:*) choices=--ticks ;;
	esac
	_vigilctl_offer "$current" "$choices"
} 2>/dev/null

complete -F _vigilctl vigilctl
