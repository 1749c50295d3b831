# Completion of vigilctl for bash: verbs, names of daemons, addresses in the state.
#
# The choices come from vigilctl itself, with the same -s and -c as on the command line.  Keys of
# the state are untrusted: they are compared and quoted, and never passed to a command that would
# expand them, such as compgen -W.

# Calls vigilctl with the options of the command line, so that it asks the same vigild.
_vigilctl_ask() { "${_vigilctl_words[@]}" "$@" 2>/dev/null; }

_vigilctl_verbs() { _vigilctl_ask help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'; }
_vigilctl_services() { _vigilctl_ask services | awk 'NR > 1 { print $1 }'; }
_vigilctl_names() { _vigilctl_ask status | awk 'NR > 1 { print $1 }'; }

# The addresses one step below what has been typed; JSON is printed with one member per line.  A key
# that JSON has to escape is left out.
_vigilctl_pointers() {
	local above=${1%/*}
	_vigilctl_ask -o json get "$above" |
		sed -n 's/^  "\([^"\\]*\)": .*/\1/p' | sed -e 's/~/~0/g' -e 's,/,~1,g' -e "s,^,$above/,"
}

# _vigilctl_offer CURRENT CHOICES: offers the choices that begin with the current word, quoted.  If
# readline splits the word at a character of COMP_WORDBREAKS, such as a:b, it expects only the last
# part; of web@1 it expects @1, because an @ begins the name of a host.
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
	# An address may continue, so no blank follows it.
	[[ $current != /* ]] || compopt -o nospace
}

_vigilctl() {
	local words current previous verb= choices= i
	# COMP_WORDS is not used, because web@1 would be three words.
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
	services:*)
		case $current in
		-*) choices=$'--unprotected\n--verbose\n--register\n--dry-run' ;;
		*) choices=$(_vigilctl_services) ;;
		esac ;;
	start:* | stop:* | restart:*)
		case $current in
		-*) choices=--dry-run ;;
		*) choices=$(_vigilctl_names) ;;
		esac ;;
	explain:* | run:* | call:* | unregister:*) choices=$(_vigilctl_names) ;;
	reload:*) choices=--dry-run ;;
	log:*) choices=$'error\nwarning\nnotice\ninfo\ndebug' ;;
	module:module) choices=$'new\ntest' ;;
	module:test) compopt -o dirnames; return ;;
	module:*) choices=$'--ticks\n--for' ;;
	esac
	_vigilctl_offer "$current" "$choices"
} 2>/dev/null

complete -F _vigilctl vigilctl
