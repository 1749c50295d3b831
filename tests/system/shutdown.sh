#!/bin/bash
# A machine that shuts down under the real sysvinit, OpenRC and runit.  vigil's own script is stopped
# before all others, and a vigild that still runs starts none of the services that were stopped.
#
# Each machine is an overlay of this one, in separate namespaces, so that nothing here is changed.
# Packages that are not installed are fetched by apt-get download and unpacked into the overlay.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "machines in namespaces need root"
unshare --pid --mount --fork --mount-proc true 2>/dev/null || skip_all "this machine does not allow namespaces"
install_staged
set_paths
work=$(mktemp -d)
packages=$top_builddir/tests/packages
services="aaa slow zzz"
outer=
power_off() {
	[ -z "$outer" ] || { kill -9 "$outer"; wait "$outer"; } 2>/dev/null
	outer=
}
clean_up() { power_off; rm -rf "$work"; }
trap clean_up EXIT

# --- a machine ------------------------------------------------------------------------------------

# lower DIRECTORY PACKAGE...: unpacks these packages; fails with the reason in $why
lower() {
	local package dir=$1 part; shift
	mkdir -p "$packages" "$dir"
	for package; do
		if ! ls "$packages/${package}_"*.deb >/dev/null 2>&1; then
			command -v apt-get >/dev/null && command -v dpkg >/dev/null ||
				{ why="$package is for Debian alone"; return 1; }
			(cd "$packages" && timeout 60 apt-get -qq download "$package") >/dev/null 2>&1 ||
				{ why="the package $package cannot be had"; return 1; }
		fi
		dpkg -x "$packages/${package}_"*.deb "$dir" || { why="$package cannot be unpacked"; return 1; }
	done
	for part in bin sbin lib; do # as this machine has them
		[ -L "/$part" ] && [ -d "$dir/$part" ] || continue
		mkdir -p "$dir/usr/$part"
		cp -a "$dir/$part/." "$dir/usr/$part/"
		rm -rf "${dir:?}/$part"
	done
}

# Runs in a new mount namespace, mounts the root directory and becomes process 1 in it.
cat >"$work/boot" <<'END'
set -e
layer=$1 stage=$2; shift 2
mount -t tmpfs machine /mnt
mkdir /mnt/up /mnt/work /mnt/root
cp -a "$layer" /mnt/layer
cp -a "$stage/." /mnt/layer/
mount -t overlay overlay -o "lowerdir=/mnt/layer:/,upperdir=/mnt/up,workdir=/mnt/work" /mnt/root
cd /mnt/root
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs run run
mount -t tmpfs tmp tmp
rm -rf etc/init.d etc/rc?.d etc/runlevels etc/service
mkdir -p etc/init.d etc/runlevels/default etc/runlevels/shutdown run/lock etc/service
for level in 0 1 2 3 4 5 6 S; do mkdir "etc/rc$level.d"; done
: >run/utmp
: >tmp/order
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb chroot . "$@"
END
inside() { nsenter --target "$inner" --pid --mount --root --wd -- "$@"; }
put() { inside sh -c "cat >$1 && chmod ${2:-755} $1"; }
is_up() {
	inner=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null)
	inner=${inner%% *}
	[ -n "$inner" ] && [ "$(readlink "/proc/$inner/root")" != / ] && inside test -e /tmp/order 2>/dev/null
}
# Reaps orphans, and does nothing else.
shell='read -r _ <>/tmp/.stay'
power_on() { # power_on LAYER COMMAND...: as process 1
	local layer=$1; shift
	env -u NOTIFY_SOCKET unshare --pid --mount --propagation private --fork --kill-child \
		bash "$work/boot" "$layer" "$stage" "$@" >"$work/console" 2>&1 &
	outer=$!
	wait_for 20 is_up || { cat "$work/console"; not_ok "a machine in namespaces comes up"; return 1; }
}

# --- the services of the machine ------------------------------------------------------------------

lsb_script() { # lsb_script NAME: the stop of the service "slow" takes 3 s
	cat <<END
#!/bin/sh
### BEGIN INIT INFO
# Provides:          $1
# Required-Start:    \$remote_fs \$syslog
# Required-Stop:     \$remote_fs \$syslog
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: $1
### END INIT INFO
# pidfile: /run/$1.pid
start() { start-stop-daemon --start --oknodo --background --make-pidfile --pidfile /run/$1.pid --exec /bin/sleep -- 1000000; }
stop() { start-stop-daemon --stop --oknodo --retry 5 --pidfile /run/$1.pid; rm -f /run/$1.pid; }
[ \$1 = status ] || echo "$1 \$1" >>/tmp/order
case \$1 in
start) start ;;
stop) stop; [ $1 != slow ] || sleep 3 ;;
restart) stop; start ;;
status) start-stop-daemon --status --pidfile /run/$1.pid ;;
esac
END
}
openrc_script() { # openrc_script NAME
	cat <<END
#!/sbin/openrc-run
command=/bin/sleep
command_args=1000000
command_background=yes
pidfile=/run/$1.pid
start_pre() { echo "$1 start" >>/tmp/order; }
stop_post() { echo "$1 stop" >>/tmp/order; [ $1 != slow ] || sleep 3; }
END
}
# The last script of a shutdown, which replaces the one that ends the machine.
last_script() {
	cat <<'END'
#!/bin/sh
### BEGIN INIT INFO
# Provides:          last
# Required-Start:
# Required-Stop:
# X-Stop-After:      aaa slow zzz
# Default-Start:
# Default-Stop:      0 6
# Short-Description: the end
### END INIT INFO
touch /tmp/down
sleep 1000
END
}
vigil_conf() { # vigil_conf MANAGER: writes it where the shipped scripts expect it
	local name
	{
		printf '[vigil]\nsocket = /tmp/control.sock\npipe = /tmp/control.pipe\nstate_dir = /tmp/state\n'
		printf 'log = stderr\nrestart_rate = 1000/1s\n[daemons]\n'
		for name in $services; do echo "$name = yes"; done
		for name in $services; do
			printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = %s\ninterval = 200ms\nbackoff = 0\n' \
				"$name" "$name" "$1"
		done
	} | put "$(make_variable sysconfdir)/vigil/vigil.conf" 644
}
ctl() { inside "$(make_variable bindir)/vigilctl" -s /tmp/control.sock "$@"; }
all_running() { local name; for name in $services; do is "/daemons/$name/service_state/value" running || return 1; done; }
start_outside() { # starts a vigild that no script stops
	inside setsid "$(make_variable sbindir)/vigild" -c "$(make_variable sysconfdir)/vigil/vigil.conf" \
		>"$work/log" 2>&1 </dev/null &
	disown
	check "$scene: vigild watches services that run" wait_for 30 all_running || cat "$work/log"
}
sleepers() { inside sh -c 'cat /proc/[0-9]*/cmdline' 2>/dev/null | tr '\0' ' ' | grep -o 'sleep 1000000' | wc -l; }
runs() { [ "$(sleepers)" = "$1" ]; }
is_down() { inside test -e /tmp/down; }
refused() { get /daemons/aaa/service_state | grep -qF "$1"; }
mark() { inside sh -c 'echo "the end begins" >>/tmp/order'; }
since_mark() { inside sed '1,/^the end begins$/d' /tmp/order; }
first_stopped() { [ "$(since_mark | awk '$2 == "stop" { print $1; exit }')" = "$1" ]; }
none_started() { ! since_mark | grep -q ' \(start\|restart\)$'; }
after_the_shutdown() { # checks that belong to every scene
	check "$scene: the machine goes down" wait_for 60 is_down
	check "$scene: no stopped service is started again" none_started
	check "$scene: no service runs after the shutdown" wait_for 10 runs 0
	[ "$failed" -eq "$before" ] || { since_mark; tail -20 "$work/log"; } 2>/dev/null
}
in_words() { # in_words TEXT
	check "$scene: vigild says why it restarts nothing" wait_for 20 refused "$1"
	check "$scene: vigild still restarts nothing some checks later" eval 'sleep 1; none_started && runs 0'
}
scene() { scene=$1; before=$failed; power_off; : >"$work/log"; }

# --- sysvinit -------------------------------------------------------------------------------------

sysvinit() { # sysvinit shipped|init|rc
	local name vigil=
	lower "$work/sysvinit" sysvinit-core sysv-rc insserv startpar initscripts || return 1
	if [ "$1" = rc ]; then power_on "$work/sysvinit" bash -c "mkfifo /tmp/.stay; $shell"; else
		power_on "$work/sysvinit" sh -c 'printf "id:2:initdefault:\nl6:6:wait:/bin/sh /lib/init/rc 6\n" >/etc/inittab; exec /sbin/init'
	fi || return 0
	for name in $services; do lsb_script "$name" | put "/etc/init.d/$name"; done
	last_script | put /etc/init.d/last
	vigil_conf lsb
	if [ "$1" = shipped ]; then
		vigil=vigil
		inside sed -e 's|^stop() {|&\n\techo vigil stop >>/tmp/order|' \
			"$(make_variable sysconfdir)/init.d/vigil" | put /etc/init.d/vigil
	fi
	inside insserv -f $services $vigil last >"$work/insserv" 2>&1 || cat "$work/insserv"
	inside env RUNLEVEL=2 PREVLEVEL=N /lib/init/rc 2 >"$work/rc2" 2>&1
	if [ "$1" = shipped ]; then
		check "$scene: insserv makes vigil the first script to stop" inside test -e /etc/rc6.d/K01vigil -a ! -e /etc/rc6.d/K01aaa
		check "$scene: vigil's script starts vigild" wait_for 30 all_running
	else
		start_outside
	fi
	mark
	if [ "$1" = rc ]; then
		inside env RUNLEVEL=6 PREVLEVEL=2 /bin/sh /lib/init/rc 6 >"$work/rc6" 2>&1 </dev/null &
		disown
	else
		inside telinit 6
	fi
	after_the_shutdown
	if [ "$1" = shipped ]; then
		check "$scene: vigil is stopped before all other services" first_stopped vigil
	else
		in_words "the machine is shutting down (sysvinit)"
	fi
}
for how in shipped init rc; do
	case $how in
	shipped) scene "sysvinit, vigil's own script" ;;
	init) scene "sysvinit, a vigild that is not stopped" ;;
	rc) scene "sysv-rc without init, a vigild that is not stopped" ;;
	esac
	sysvinit $how || { echo "SKIP: sysvinit: $why"; break; }
done

# --- OpenRC ---------------------------------------------------------------------------------------

openrc() { # openrc shipped|outside
	local name
	if command -v openrc >/dev/null; then mkdir -p "$work/openrc"; else
		lower "$work/openrc" openrc librc1 libeinfo1 || return 1
	fi
	power_on "$work/openrc" bash -c "mkfifo /tmp/.stay; mkdir /run/openrc; touch /run/openrc/softlevel; $shell" || return 0
	for name in $services; do openrc_script "$name" | put "/etc/init.d/$name"; done
	vigil_conf openrc
	inside mkdir -p "$(make_variable runstatedir)" "$(make_variable localstatedir)/lib" "$(make_variable localstatedir)/log"
	if [ "$1" = shipped ]; then
		# OpenRC would prefer a script in /usr/local/etc/init.d.
		inside rm -f "$(make_variable sysconfdir)/init.d/vigil"
		{ cat "$top_builddir/conf/vigil.openrc"; echo 'stop_post() { echo "vigil stop" >>/tmp/order; }'; } | put /etc/init.d/vigil
		inside rc-update add vigil default >/dev/null 2>&1
	fi
	for name in $services; do inside rc-update add "$name" default >/dev/null 2>&1; done
	inside openrc default >"$work/console" 2>&1
	if [ "$1" = shipped ]; then check "$scene: vigil's script starts vigild" wait_for 30 all_running || cat "$work/console"; else start_outside; fi
	mark
	inside openrc shutdown >>"$work/console" 2>&1 </dev/null
	inside touch /tmp/down
	after_the_shutdown
	if [ "$1" = shipped ]; then
		check "$scene: vigil is stopped before all other services" first_stopped vigil
	else
		in_words "the machine is shutting down (OpenRC)"
	fi
}
for how in shipped outside; do
	case $how in
	shipped) scene "OpenRC, vigil's own script" ;;
	outside) scene "OpenRC, a vigild that is not stopped" ;;
	esac
	openrc $how || { echo "SKIP: OpenRC: $why"; break; }
done

# --- runit ----------------------------------------------------------------------------------------

runit() {
	local name
	if [ -x /sbin/runit ]; then mkdir -p "$work/runit"; else lower "$work/runit" runit || return 1; fi
	power_on "$work/runit" bash -c 'mkdir -p /etc/runit; cd /etc/runit
		printf "#!/bin/sh\nexit 0\n" >1
		printf "#!/bin/sh\nexec runsvdir /etc/service\n" >2
		printf "#!/bin/sh\nsv force-stop /etc/service/*\ntouch /tmp/down\nsleep 1000\n" >3
		chmod 755 1 2 3
		exec runit' || return 0
	for name in $services; do
		inside mkdir -p "/etc/sv/$name"
		printf '#!/bin/sh\necho "%s start" >>/tmp/order\nexec sleep 1000000\n' "$name" | put "/etc/sv/$name/run"
		printf '#!/bin/sh\necho "%s stop" >>/tmp/order\n[ %s != slow ] || sleep 3\n' "$name" "$name" | put "/etc/sv/$name/finish"
		inside ln -s "/etc/sv/$name" "/etc/service/$name"
	done
	vigil_conf runit
	start_outside
	mark
	inside sh -c 'touch /run/runit.stopit && chmod 100 /run/runit.stopit && kill -CONT 1' # as runit-init 0 does
	after_the_shutdown
	in_words "the machine is shutting down (runit)"
}
scene "runit, a vigild that is not stopped"
runit || echo "SKIP: runit: $why"
finish
