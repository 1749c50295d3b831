# verbs.sh: the verbs and the users that may use them.  access.sh and budget.sh source it.
#
# own: the user that vigild runs as.  member: a user of the group, as a supplementary or primary group.
# stranger: any other user, here with the group of vigild's own user, which gives no rights.
#
#	verb	params	words to the pipe	root own member stranger pipe
table='
status	{}	-	yes yes yes no no
get	{"pointer":"/vigil/pid"}	/vigil/pid	yes yes yes no no
watch	{"pointer":"/daemons"}	/daemons	yes yes yes no no
list	{}	-	yes yes yes no no
services	{"names":["*"]}	-	yes yes yes no no
explain	{"name":"one"}	one	yes yes yes no no
check	{"name":"one"}	one	yes yes yes no no
modules	{}	-	yes yes yes no no
version	{}	-	yes yes yes no no
reload	{}	-	yes yes no no yes
run	{"name":"one"}	one	yes yes no no yes
start	{"names":["kept"]}	kept	yes yes no no no
stop	{"names":["kept"]}	kept	yes yes no no no
restart	{"names":["kept"]}	kept	yes yes no no no
call	{"name":"one"}	one	yes yes no no no
pause	{"names":["one"]}	one	yes yes no no yes
resume	{"names":["one"]}	one	yes yes no no yes
log	{"level":"notice"}	notice	yes yes no no yes
register	{"name":"extra","options":["module=average","source=/vigil/pid"]}	extra module=average	yes no no no no
unregister	{"name":"extra"}	extra	yes no no no no
module	{"what":"test","module":"one"}	test one	none none none none no
console	{}	-	none none none none no
help	{}	-	none none none none no
'
rows() { grep -v '^$' <<<"$table"; }
requests() { rows | cut -f 1,2 | tr '\t' ' '; }
