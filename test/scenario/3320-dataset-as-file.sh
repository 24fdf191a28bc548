#!/bin/sh
# Story: wherever a command takes a file it takes a dataset's version, and the run knows which.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" h.csv
mkdir two && head -150 h.csv >two/a.csv && { head -1 h.csv; tail -n +151 h.csv; } >two/b.csv
"$leat" init >/dev/null 2>&1 && "$leat" data add heart h.csv -q --no-pointer >/dev/null && "$leat" data add parts two -q --no-pointer >/dev/null

tells "a version trains a model of the dataset's name, and the run keeps name, version and digest" '
	"$leat" auto heart@latest --target disease --trials 2 -q >/dev/null && "$leat" runs show 1 --json >r.json && "$leat" data show heart --json >s.json &&
	python3 -c "
import json
r, s = json.load(open(\"r.json\")), json.load(open(\"s.json\"))
assert r[\"data\"] == \"heart@1\" and r[\"build\"] == \"heart@1\", r
i = r[\"inputs\"][0]
assert i[\"name\"] == \"heart@1\" and i[\"digest\"] == s[\"version\"][\"digest\"], i"
'
tells "several files of a version are one table, give the same model, and can be trained again" '
	"$leat" auto parts@1 --target disease --trials 2 -q >/dev/null && "$leat" predict parts h.csv -o a.csv -q && "$leat" predict heart h.csv -o b.csv -q && cmp a.csv b.csv &&
	"$leat" build reproduce parts >out && grep -q "byte for byte" out && "$leat" diagnose parts >/dev/null
'
tells "a version is scored, looked at and diagnosed as a file is" '
	"$leat" predict heart heart@1 -o c.csv -q && cmp b.csv c.csv && "$leat" visualize heart@1 --json >v.json && json v.json "j[\"rows\"] == 303" &&
	"$leat" diagnose heart parts@1 --json >d.json && json d.json "j[\"rows\"] == 303" && "$leat" predict heart parts@1/a.csv -q -o p.csv && test "$(wc -l <p.csv)" -eq 150
'
tells "a file of that very name wins, and it is said" '
	head -11 h.csv >heart@1 && "$leat" predict heart heart@1 -o f.csv 2>err && grep -q "is a file here" err && test "$(wc -l <f.csv)" -eq 11 && rm heart@1
'
tells "a dataset without its version, or one that is not there, is told in words" '
	refuses 4 "heart@latest" "$leat" auto heart --target disease && refuses 4 "no dataset .nope" "$leat" predict heart nope@1
'
finish
