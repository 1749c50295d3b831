# lib.sh: functions for the rows of the matrix.  A row has the variables row (its name), work (its directory),
# scratch (the directory of all rows), top_srcdir, top_builddir and here (this folder).

skip() { echo "SKIP: $row: $*"; exit 77; }
die() { echo "not ok - $row: $*"; exit 1; }
have() { command -v "$1" >/dev/null; }

# columns: pads the columns of a table with tabs
columns() {
	awk -F '\t' '{ for (i = 1; i <= NF; i++) { cell[NR, i] = $i; if (length($i) > width[i]) width[i] = length($i) } n = NF }
		END { for (r = 1; r <= NR; r++) { line = ""
			for (i = 1; i <= n; i++) line = line sprintf("%-" width[i] "s  ", cell[r, i])
			sub(/ +$/, "", line); print line } }'
}

# need PROGRAM PACKAGE [PROGRAM PACKAGE]...: skips the row if a program of this machine is missing.  With
# MATRIX_INSTALL=yes, root installs the packages; nothing else of the matrix changes the machine.
need() {
	local packages=
	while [ $# -gt 1 ]; do
		have "$1" || packages+=" $2"
		shift 2
	done
	[ -n "$packages" ] || return 0
	have apt-get || skip "these packages of Debian are needed:$packages"
	[ "${MATRIX_INSTALL:-}" = yes ] && [ "$(id -u)" = 0 ] ||
		skip "run: apt-get install --no-install-recommends$packages (or set MATRIX_INSTALL=yes)"
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive flock "$scratch/apt.lock" apt-get -qq -y install --no-install-recommends $packages >"$work/install.log" 2>&1 ||
		skip "apt-get could not install$packages; see $work/install.log"
}

# reachable: skips the row if other users cannot enter its directory.  Some tests of root start programs as another
# user, and these find no libraries then.
reachable() {
	[ "$(id -u)" = 0 ] || return 0
	need setpriv util-linux
	setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$work" ||
		skip "other users cannot enter $work; set MATRIX_DIR to a directory such as /var/tmp/matrix"
}

# mirror: the address of Debian's packages, as this machine has it; MATRIX_MIRROR is another one
mirror() {
	have apt-get || return 1
	[ -z "${MATRIX_MIRROR:-}" ] || { echo "$MATRIX_MIRROR"; return; }
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1
}
release() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release; }

# own_apt ARCHITECTURE SUITE: an apt for this row, whose files are all in $work/apt; sets APT_CONFIG
own_apt() {
	local apt=$work/apt uri
	uri=$(mirror) && [ -n "$uri" ] || skip "apt has no source of Debian's packages on this machine"
	mkdir -p "$apt/etc/apt.conf.d" "$apt/etc/preferences.d" "$apt/lists/partial" "$apt/archives/partial"
	: >"$apt/status"
	printf "%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $2 main\n" deb deb-src >"$apt/etc/sources.list"
	cat >"$apt/conf" <<-E
		Dir::Etc "$apt/etc";
		Dir::State "$apt";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt";
		Dir::Log "$apt";
		APT::Architecture "$1";
		APT::Architectures { "$1"; };
		APT::Install-Recommends "false";
		APT::Sandbox::User "root";
	E
	export APT_CONFIG=$apt/conf
	[ -n "$(find "$apt/updated" -mmin -1440 2>/dev/null)" ] && return
	apt-get -qq update >"$work/apt.log" 2>&1 && touch "$apt/updated" ||
		skip "Debian's packages for $1 cannot be had; see $work/apt.log"
}

# version_of PACKAGE...: the versions of Debian packages that own_apt has downloaded
version_of() {
	local name file
	for name; do
		for file in "$work"/apt/archives/"${name}"_*.deb; do
			[ -e "$file" ] || continue
			file=$(basename "$file" | sed 's/^[^_]*_//; s/_.*//; s/^[0-9]*%3a//; s/[-+~].*//')
			echo "$file"
			break
		done
	done
}

# add LOG FILE...: adds the ok, not ok and SKIP lines of the files to the totals in the last line of the log
add() {
	local log=$1 total p f s
	shift
	total=$(tail -n 1 "$log")
	[[ $total =~ $totals ]] || return
	p=$((BASH_REMATCH[1] + $(cat "$@" | grep -c '^ok - ')))
	f=$((BASH_REMATCH[2] + $(cat "$@" | grep -c '^not ok - ')))
	s=$((${BASH_REMATCH[4]:-0} + $(cat "$@" | grep -c '^SKIP: ')))
	cat "$@" >>"$log"
	echo "$p passed, $f failed, $s skipped" >>"$log"
}
totals='^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$'

# record ARCHITECTURE LIBC LIBRARIES LOG: writes the row's result; the last line of the log has its totals
record() {
	[[ $(tail -n 1 "$4") =~ $totals ]] || { tail -n 20 "$4"; die "the tests did not come to their end; see $4"; }
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$row" "$1" "$2" "$3" \
		"${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" "${BASH_REMATCH[4]:-0}" >"$work/result"
	grep -a '^SKIP: ' "$4"
	grep -aE '^not ok|^[^ ]+:[0-9]+:[FE]:' "$4"
	tail -n 1 "$4"
}
