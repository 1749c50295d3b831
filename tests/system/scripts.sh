# scripts.sh: for tests whose services are run by init scripts in the scratch directory.  The tests
# source it after lib.sh.  It ends the services when the test exits.
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/init.d" "$work/run"
end_others() { :; } # a test may replace it to end other processes
clean_up() {
	local pid
	stop_vigild
	end_others
	for pid in "$work"/run/*.pid; do [ ! -f "$pid" ] || kill -9 "$(cat "$pid")" 2>/dev/null; done
	rm -rf "$work"
}
trap clean_up EXIT

# script NAME [SED-EXPRESSION ...]: writes the init script of the demonstration, edited, for a service
script() {
	local name=$1 word expressions=(); shift
	for word; do expressions+=(-e "$word"); done
	sed -e "s|@dir@/demo.pid|$work/run/$name.pid|" "${expressions[@]}" \
		"$top_srcdir/conf/demo/demo.init" >"$work/init.d/$name"
	chmod 755 "$work/init.d/$name"
}
