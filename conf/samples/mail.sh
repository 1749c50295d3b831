#!/bin/sh
# mail.sh: mails what has changed, with the module notify of vigil; see vigil-notify(8):
#   command = /usr/local/lib/vigil/mail.sh ADDRESS ...
#
# A line for each change, the worst first.  Texts of plugins and programs reach the mail, so headers are
# ASCII without controls, and no line is longer than a mail server takes.
set -eu
[ $# -gt 0 ] || { echo "usage: mail.sh ADDRESS ..." >&2; exit 2; }
sendmail=${SENDMAIL:-/usr/sbin/sendmail}
[ -x "$sendmail" ] || { echo "mail.sh: no such program: $sendmail" >&2; exit 1; }
LC_ALL=C
export LC_ALL

header() { printf '%s' "$*" | tr -c '\040-\176' '?' | cut -c 1-200; }

# Breaks lines at blanks; a word that is longer than a line, between two characters of UTF-8.
wrap() {
	tr -d '\r' | awk -v max=200 '
	{
		indent = ""
		while (length($0) > max) {
			for (i = max + 1; i > max / 2 && substr($0, i, 1) != " "; i--)
				;
			skip = 1
			if (substr($0, i, 1) != " ") {
				i = max + 1
				for (n = 0; n < 3 && substr($0, i, 1) ~ /[\200-\277]/; n++)
					i--
				skip = 0
			}
			print indent substr($0, 1, i - 1)
			$0 = substr($0, i + skip)
			indent = "    "
		}
		print indent $0
	}'
}

host=$(printf '%s' "${VIGIL_HOST:-}" | tr -cd 'A-Za-z0-9.-')
{
	printf 'To: %s' "$(header "$1")"
	i=0
	for address; do
		[ $i -eq 0 ] || printf ',\n %s' "$(header "$address")"
		i=1
	done
	printf '\nSubject: %s\n' "$(header "[${VIGIL_HOST:-}] ${VIGIL_SUMMARY:-}")"
	date '+Date: %a, %d %b %Y %H:%M:%S %z'
	printf 'Message-ID: <%s.%s.vigil@%s>\n' "$(date +%Y%m%d%H%M%S)" $$ "${host:-localhost}"
	printf 'MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n'
	printf 'Content-Transfer-Encoding: 8bit\nAuto-Submitted: auto-generated\n\n'
	[ "${VIGIL_COUNT:-1}" -le 1 ] ||
		printf '%s changes on %s, the worst first:\n\n' "$VIGIL_COUNT" "${VIGIL_HOST:-}"
	{
		printf '%s\n' "${VIGIL_LINES:-"${VIGIL_TIME:-}  ${VIGIL_POINTER:-}: ${VIGIL_TEXT:-}"}"
		[ -z "${VIGIL_LONG_TEXT:-}" ] || printf '\n%s\n' "$VIGIL_LONG_TEXT"
	} | wrap
} | "$sendmail" -oi -- "$@"
