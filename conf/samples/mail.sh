#!/bin/sh
# mail.sh: for the module notify: mails what has changed, by sendmail.
#
#   command = /usr/local/lib/vigil/mail.sh ADDRESS ...
set -eu
[ $# -gt 0 ] || { echo "usage: mail.sh ADDRESS ..." >&2; exit 2; }
sendmail=${SENDMAIL:-/usr/sbin/sendmail}
[ -x "$sendmail" ] || { echo "there is no $sendmail" >&2; exit 1; }

{
	printf 'To: %s\n' "$*"
	printf 'Subject: [%s] %s\n' "$VIGIL_HOST" "$VIGIL_SUMMARY"
	printf 'Content-Type: text/plain; charset=utf-8\nAuto-Submitted: auto-generated\n\n'
	printf '%s  %s\n%s\n\n' "$VIGIL_TIME" "$VIGIL_POINTER" "$VIGIL_TEXT"
	printf 'All of it, as JSON:\n\n'
	cat
	echo
} | "$sendmail" -oi -- "$@"
