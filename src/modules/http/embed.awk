# embed.awk: makes page_html.c of what `od -An -v -tu1` prints of the page.
BEGIN {
	print "/* clang-format off: made of page.html, page.css and page.js by embed.awk */"
	print "#include \"page.h\"\n"
	print "const unsigned char page_html[] = {"
}
{
	gsub(/[[:space:]]+/, " ")
	sub(/^ /, "")
	sub(/ $/, "")
	count += NF
	gsub(/ /, ",")
	print "\t" $0 ","
}
END {
	print "\t0};"
	print "const size_t page_html_size = " count ";"
}
