# man.awk: makes vigil.h(3) from vigil.h.  Each block of the header, from a comment to the next
# blank line, is a declaration and its description.

function escape(text) {
	gsub(/\\/, "\\e", text)
	if (text ~ /^[.']/)
		text = "\\&" text
	return text
}

function flush_block(    i) {
	if (code != "") {
		print ".Bd -literal -compact"
		printf "%s", code
		print ".Ed"
		print ".Pp"
	}
	if (words != "") {
		printf "%s", words
		print ".Pp"
	}
	code = words = ""
}

BEGIN {
	print ".\\\" Made from vigil.h by man.awk."
	print ".Dd November 23, 2026\n.Dt VIGIL.H 3\n.Os"
	print ".Sh NAME\n.Nm vigil.h\n.Nd the contract between vigild and the modules it hosts"
	print ".Sh SYNOPSIS\n.In vigil/vigil.h"
	print ".Sh DESCRIPTION"
}

# Lines that only the compiler needs.
/^#ifndef VIGIL_H|^#define VIGIL_H$|^#ifdef __cplusplus|^extern "C"|^#endif$|^#include|^#else$/ { next }
/^#if defined\(__GNUC__\)/ { skipping = 1 }
skipping { if (/^$/) skipping = 0; next }

/^\/\* --- / {
	flush_block()
	sub(/^\/\* --- /, ""); sub(/ -+ \*\/$/, "")
	print ".Ss " toupper(substr($0, 1, 1)) substr($0, 2)
	next
}
/^$/ { flush_block(); next }

# A comment at the margin is prose; one inside a struct belongs to its line.
/^\/\*/ || inside {
	if (!inside && code != "")
		flush_block()
	inside = 1
	line = $0
	if (sub(/ *\*\/$/, "", line))
		inside = 0
	sub(/^\/\* ?/, "", line); sub(/^ \* ?/, "", line)
	if (line != "" && line !~ /^ *$/)
		words = words escape(line) "\n"
	else if (words != "" && inside)
		words = words ".Pp\n"
	next
}
{
	gsub(/VIGIL_API /, "")
	gsub(/[ \t]*VIGIL_PRINTF\([0-9], [0-9]\)/, "")
	if ($0 != "}" || code != "")
		code = code escape($0) "\n"
}

END {
	flush_block()
	print ".Sh SEE ALSO\n.Xr vigil.conf 5 ,\n.Xr vigil-module 7 ,\n.Xr vigild 8"
}
