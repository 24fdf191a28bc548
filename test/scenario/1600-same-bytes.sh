#!/bin/sh
# Story: the same data, options, seed and trials give the same build, byte for byte.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" h.csv
digest() { "$leat" auto h.csv --target disease --trials 4 --json -q "$@" >out 2>err && python3 -c 'import json; print(json.load(open("out"))["digest"])'; }

tells "on one thread and on two, in two projects" '
	mkdir a b && cp h.csv a && cp h.csv b &&
	one=$(cd a && digest --threads 1) && two=$(cd b && digest --threads 2) && test -n "$one" && test "$one" = "$two"
'
tells "in one project the equal build keeps its number" '
	cd a && digest --threads 2 >/dev/null && json out "j[\"build\"] == \"h@1\""
'
tells "another seed gives another build" 'cd a && one=$(digest) && two=$(digest --seed 2) && test "$one" != "$two"'
finish
