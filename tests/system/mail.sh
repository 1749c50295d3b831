#!/bin/bash
# The sample mail of the notify module, sent through a real mail server.  exim checks the syntax of
# the headers, rejects lines of more than 998 bytes and delivers into a file, which Python's mail
# parser reads.
#
# EXIM4 names the program if it is not installed.
. "$(dirname "$0")/lib.sh" || exit 1

exim=${EXIM4:-$(PATH=$PATH:/usr/sbin command -v exim4)}
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "a separate mail server needs root"
	[ -x "$exim" ] || skip_all "exim4 is not installed (apt-get install exim4-daemon-light)"
	command -v python3 >/dev/null || skip_all "python3 is not installed"
	unshare -m -p -n -f true 2>/dev/null || skip_all "this machine does not allow namespaces"
	install_staged
	# In separate namespaces, so that the machine's users and mail stay unchanged.  There is no network.
	exec unshare -m -p -n -f --mount-proc --kill-child bash "$0" inside
fi

set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/spool" "$work/inbox"
script() { { echo '#!/bin/sh'; cat; } >"$work/bin/$1"; chmod 755 "$work/bin/$1"; }

# --- a mail server --------------------------------------------------------------------------------

cp /etc/passwd "$work/passwd"
getent passwd Debian-exim >/dev/null ||
	echo 'Debian-exim:x:4242:65534::/var/spool/exim4:/usr/sbin/nologin' >>"$work/passwd"
cp /etc/group "$work/group"
getent group Debian-exim >/dev/null || echo 'Debian-exim:x:4242:' >>"$work/group"
mount --bind "$work/passwd" /etc/passwd
mount --bind "$work/group" /etc/group
chown Debian-exim:Debian-exim "$work/spool" "$work/inbox"
cat >"$work/exim.conf" <<C
exim_path = $exim
keep_environment = LD_LIBRARY_PATH
primary_hostname = mail.test
qualify_domain = mail.test
spool_directory = $work/spool
log_file_path = $work/inbox/%slog
tls_advertise_hosts =
acl_not_smtp = check
begin acl
check:
  deny message = a line has \$max_received_linelength bytes
       condition = \${if >{\$max_received_linelength}{998}}
  require verify = header_syntax
  accept
begin routers
local:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  file = $work/inbox/mbox
  user = Debian-exim
  group = Debian-exim
C
script sendmail <<S
exec "$exim" -C "$work/exim.conf" -odf "\$@"
S
export SENDMAIL=$work/bin/sendmail
mail=$top_srcdir/conf/samples/mail.sh
arrived() { [ "$(grep -c '^From ' "$work/inbox/mbox" 2>/dev/null)" = "$1" ]; }

# judge TEXT: runs Python code on stdin, which checks the last mail (m, its body, its lines)
judge() {
	local text=$1
	{
		cat <<'P'
import email, email.policy, email.utils, datetime, mailbox, os, sys
box = mailbox.mbox(sys.argv[1], factory=lambda f: email.message_from_binary_file(f, policy=email.policy.default))
mails = [box[k] for k in sorted(box.keys())]
m = mails[-1]
body = m.get_content()
lines = body.splitlines()
raw = open(sys.argv[1], "rb").read().split(b"\n")
P
		cat
	} >"$work/judge.py"
	check "$text" python3 "$work/judge.py" "$work/inbox/mbox"
}

if ! echo | "$work/bin/sendmail" -oi -- root 2>"$work/why" || ! wait_for 10 arrived 1; then
	cat "$work/why" "$work"/inbox/*log
	not_ok "exim delivers a mail"
	exit 1
fi
rm "$work/inbox/mbox"

# --- the sample alone, with texts that a plugin can print -----------------------------------------

long=$(python3 -c 'print("x" * 5000 + "\u00e4" * 3000 + " end of the word")')
VIGIL_HOST='web.example' VIGIL_COUNT=2 VIGIL_SUMMARY='a: OK -> CRITICAL
Bcc: someone@example.com

a body' VIGIL_LINES="2026-11-29 04:12:07 CET  a: OK -> CRITICAL: $long
.
2026-11-29 04:12:07 CET  b: OK -> WARNING: slow" VIGIL_LONG_TEXT='' "$mail" root postmaster >"$work/out" 2>&1
check "exim delivers a mail whose text has words of thousands of bytes to both recipients" wait_for 10 arrived 2
[ "$failed" -eq 0 ] || cat "$work/out"
judge "no line of the mail is longer than 998 bytes, which is all that a mail server accepts" <<'P'
assert max(map(len, raw)) <= 998, max(map(len, raw))
P
judge "the mail contains the whole text, and no character is cut" <<'P'
joined = "".join(line.strip() for line in lines)
assert "x" * 5000 + "\u00e4" * 3000 in joined and "end of the word" in body
P
judge "a text with line ends adds no header and no recipient to the mail" <<'P'
assert m["Bcc"] is None and "Bcc" in m["Subject"], m.items()
P
judge "a line with a dot does not end the mail" <<'P'
assert "b: OK -> WARNING: slow" in body
P
judge "the mail has all headers, each of them once" <<'P'
assert m["Subject"].startswith("[web.example] a: OK -> CRITICAL"), m["Subject"]
when = email.utils.parsedate_to_datetime(m["Date"])
assert abs(datetime.datetime.now(datetime.timezone.utc) - when).total_seconds() < 3600
assert m["Message-ID"].endswith("@web.example>"), m["Message-ID"]
assert m.get_content_type() == "text/plain" and m.get_content_charset() == "utf-8"
assert m["MIME-Version"] == "1.0" and m["Auto-Submitted"] == "auto-generated"
assert [a.addr_spec for a in m["To"].addresses] == ["root", "postmaster"] or "root" in m["To"]
for name in ("Date", "Message-ID", "Subject", "To"):
    assert len(m.get_all(name)) == 1, name
P
VIGIL_HOST='wörld' VIGIL_SUMMARY='größe: OK -> CRITICAL' VIGIL_TIME=t VIGIL_POINTER=/p VIGIL_TEXT=words \
	"$mail" root
wait_for 10 arrived 3
judge "a subject that is not ASCII arrives as ASCII, and the text as UTF-8" <<'P'
assert m["Subject"].isascii() and "OK -> CRITICAL" in m["Subject"], m["Subject"]
assert m["Message-ID"] != mails[0]["Message-ID"]
P
rm "$work/inbox/mbox"

# --- from vigild to the mailbox -------------------------------------------------------------------

for n in a b c d; do echo 0 >"$work/$n"; done
script probe <<'S'
read -r code <"$1"
printf 'the disk / is full \303\244 %0100d %0100d\r\n' 1 2
exit "$code"
S
{
	printf '[daemons]\n'
	printf '%s = yes\n' mail a b c d
	printf '[daemon:mail]\nmodule = notify\nto = CRITICAL, WARNING, OK\ngroup = 6s\ncommand = %s root\n' "$mail"
	for n in a b c d; do
		printf '[daemon:%s]\nmodule = exec\ncommand = %s %s\ninterval = 100ms\n' \
			$n "$work/bin/probe" "$work/$n"
	done
} | write_conf
export TZ=CET-1
start_vigild
for n in a b c d; do wait_for 10 is "/runs/$n/health/level" OK; done
echo 1 >"$work/a"; echo 2 >"$work/b"; echo 2 >"$work/c"
# A mail about the start, at which everything was OK, would be the first one.
check "one mail about three changes arrives, and none about the start" wait_for 20 arrived 1
judge "the subject of a mail names the host, the worst state and the number of other changes" <<'P'
assert m["Subject"].startswith("[%s] " % os.uname().nodename), m["Subject"]
assert "OK -> CRITICAL" in m["Subject"] and "(and 2 more)" in m["Subject"], m["Subject"]
P
judge "a mail has one line for each change, the worst first, with the local time" <<'P'
changes = [l for l in lines if " -> " in l]
assert len(changes) == 3, lines
assert all("OK -> CRITICAL: the disk / is full \u00e4" in l for l in changes[:2]), changes
assert "  a: OK -> WARNING: " in changes[2], changes
assert all(" CET  " in l for l in changes), changes
P
echo 0 >"$work/b"
check "a recovery sends a mail" wait_for 20 arrived 2
judge "a mail about one change has one line" <<'P'
assert len([l for l in lines if " -> " in l]) == 1 and "b: CRITICAL -> OK" in m["Subject"], lines
P
check "vigild stops after the mails were sent" stop_vigild
[ "$failed" -eq 0 ] || { cat "$work"/inbox/*log; tail -20 "$work/log"; }
finish
