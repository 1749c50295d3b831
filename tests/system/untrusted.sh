#!/bin/bash
# A program that vigild runs as another user gets nothing of root's: not the terminal on which vigild was
# started and into which it could push input, not root's environment and not root's keys.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "this needs root"
command -v python3 >/dev/null || skip_all "there is no python3"
command -v setpriv >/dev/null || skip_all "there is no setpriv"
install_staged
set_paths
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
mkdir -m 777 "$work/out"
cat >"$work/plugin" <<'S'
#!/usr/bin/env python3
import ctypes, fcntl, os, sys, termios
out = sys.argv[1]
found = []
# The line would run in the console of vigild, or later in the shell.
for name in ["/dev/tty"] + ["/proc/self/fd/%d" % n for n in range(3)]:
    try:
        fd = os.open(name, os.O_RDWR | os.O_NONBLOCK)
        for c in "pushed by a plugin\n":
            fcntl.ioctl(fd, termios.TIOCSTI, c.encode())
        found.append("pushes into " + name)
    except OSError:
        pass
try:
    os.open("/dev/tty", os.O_RDWR)
    found.append("has a terminal")
except OSError:
    pass
if os.getsid(0) != os.getpid():
    found.append("is in the session of another process")
if os.uname().machine == "x86_64":
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(250, 10, -3, b"user", b"vigil-secret", 0) >= 0:
        found.append("finds root's key")
allowed = {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "LC_NUMERIC", "LC_MESSAGES", "GIVEN",
           "LC_CTYPE", "VIGIL_RUN"}
found += ["has %s of root's environment" % name for name in os.environ if name not in allowed]
if "/planted" in os.environ.get("PATH", ""):
    found.append("has the PATH of root")
with open(out + "/new", "w") as report:
    report.write("\n".join(found))
os.rename(out + "/new", out + "/report")
print("OK - found %d things" % len(found))
S
chmod 755 "$work/plugin"
write_conf <<C
[daemons]
thief = yes
[daemon:thief]
module = exec
command = $work/plugin $work/out
user = nobody
interval = 1h
environment = GIVEN=by the admin
C
export VAULT_TOKEN=secret LD_LIBRARY_PATH=/root/lib PATH=$PATH:/planted AWS_SECRET_ACCESS_KEY=secret
timeout 600 python3 "$here/untrusted.py" "$vigild" "$work/vigil.conf" "$work/out/report" >"$work/shown" 2>&1
check "the program ran as another user and wrote its report" [ -e "$work/out/report" ]
if [ -s "$work/out/report" ]; then
	while read -r line || [ -n "$line" ]; do not_ok "a program of another user $line"; done <"$work/out/report"
else
	ok "a program of another user gets no terminal, no environment and no key of root"
fi
check "a program of another user pushed nothing into the terminal" eval '! grep -q pushed "$work/shown"'
finish
