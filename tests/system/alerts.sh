#!/bin/bash
# The alert rules for Prometheus.  Each metric that a rule uses exists in vigil.  promtool, a program of Prometheus,
# checks that the alerts fire when they must and not otherwise; the cases are in alerts.yml.
. "$(dirname "$0")/lib.sh" || exit 1
rules=$top_srcdir/conf/vigil-alerts.yml
metrics=$top_srcdir/src/modules/http/metrics.c

for name in $(grep -oh 'expr:.*' "$rules" "$top_srcdir/conf/vigil-fleet.yml" | grep -oE 'vigil_[a-z_]+' | sort -u); do
	check "the metric $name of the alert rules exists in vigil" grep -q "\"$name\"" "$metrics"
done
command -v promtool >/dev/null || { echo "SKIP: promtool is not installed (package prometheus)"; finish; }
check "promtool accepts the alert rules" promtool check rules "$rules"
check "promtool accepts the recording rules" promtool check rules "$top_srcdir/conf/vigil-fleet.yml"
if promtool test rules "$here/alerts.yml" >"${TMPDIR:-/tmp}/alerts.$$" 2>&1; then
	ok "the alert rules fire when they must, and only then"
else
	cat "${TMPDIR:-/tmp}/alerts.$$"
	not_ok "the alert rules fire when they must, and only then"
fi
rm -f "${TMPDIR:-/tmp}/alerts.$$"
# A new rule needs a test, because otherwise nobody notices when it breaks.
for alert in $(sed -n 's/.*- alert: //p' "$rules"); do
	check "the alert $alert has a test" grep -q "$alert" "$here/alerts.yml"
done
finish
