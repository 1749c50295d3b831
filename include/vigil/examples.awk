# examples.awk: makes vigil-examples(7).  Replaces a line @FILE@ by the text of that file, which is
# relative to the directory top, and @docdir@ by the variable docdir.

function escape(text) {
	gsub(/\\/, "\\e", text)
	if (text ~ /^[.']/)
		text = "\\&" text
	return text
}

/^@.*@$/ {
	file = top "/" substr($0, 2, length($0) - 2)
	while ((status = (getline line <file)) > 0)
		print escape(line)
	if (status < 0) {
		print file " cannot be read" >"/dev/stderr"
		exit 1
	}
	close(file)
	next
}
{
	gsub(/@docdir@/, docdir)
	print
}
