# module_new.awk: converts the files of conf/skeleton to a table in C.
#
# NAME in the name of a file, and @NAME@ in its text, stand for the name of the module.
BEGIN {
	print "/* Made from conf/skeleton by module_new.awk. */"
	print "#include \"module_tools/module_new.h\"\n"
	print "#include <stddef.h>\n"
	print "const struct module_new_file module_new_files[] = {"
}
FNR == 1 {
	if (NR > 1)
		print "\t},"
	path = FILENAME
	sub(/.*\//, "", path)
	sub(/NAME/, "@NAME@", path)
	printf "\t{\"%s\", %s,\n", path, path ~ /\.sh$/ ? "0755" : "0644"
}
{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\\&")
	gsub(/\t/, "\\t")
	printf "\t\t\"%s\\n\"\n", $0
}
END {
	print "\t},\n\t{NULL, 0, NULL},\n};"
}
