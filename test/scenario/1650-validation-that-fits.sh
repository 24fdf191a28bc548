#!/bin/sh
# Story: rows that are of one person, of one day, or of more weight than others are judged as they will be used; the answer keeps a
# direction that is known; and every build is made again from its own record, also one made within a time.
. "$(dirname "$0")/lib.sh"
begin
# 24 persons of 8 visits; the answer goes with the person's own level (unknown for new ones) and falls with `dose`.
python3 - >v.csv <<'E2'
import random
random.seed(5)
print("person,day,level,dose,noise,w,ill")
for p in range(24):
    base = random.gauss(0, 1)
    tag = round(random.random(), 3)
    for v in range(8):
        dose = round(random.random() * 4, 2)
        ill = random.gauss(base - .8 * (dose - 2), 1) > 0
        print(f"p{p:02d},2024-{1 + v:02d}-{1 + p % 28:02d},{tag},{dose},{round(random.gauss(0, 1), 3)},{1 + v % 3},{'yes' if ill else 'no'}")
E2
auto() { ends_with 0 "$leat" auto v.csv --target ill -q --report r.html "$@"; }
facts() { "$leat" build show "$1" --json >out && json out "$2"; }

tells "by itself the rows are split at random" '
	auto --trials 3 --name plain && facts plain "j[\"facts\"][\"validation\"][\"kind\"] == \"stratified\""
'
tells "with --group the score is for persons not seen before: their level helps less" '
	auto --trials 3 --name grouped --group person && facts grouped "j[\"facts\"][\"validation\"][\"kind\"] == \"grouped\"" &&
	json out "all(c[\"name\"] != \"person\" for c in j[\"columns\"])"
'
tells "with --time-column later rows judge, and one model a member has seen all rows" '
	auto --trials 3 --name timed --time-column day && facts timed "j[\"facts\"][\"validation\"][\"kind\"] == \"ordered\"" &&
	json out "all(m[\"models\"] == 1 for m in j[\"members\"]) and all(c[\"name\"] != \"day\" for c in j[\"columns\"])"
'
tells "weights and balanced classes count, and learners that cannot are not asked" '
	auto --trials 4 --name weighed --weight w --class-weight balanced &&
	facts weighed "not {\"knn\"} & {t[\"learner\"] for t in j[\"facts\"][\"trials\"]}"
'
tells "a monotone answer never rises with the dose, whatever the other columns say" '
	auto --trials 4 --name falls --monotone dose=- --group person &&
	python3 - >sweep.csv <<E3
import csv
rows = list(csv.DictReader(open("v.csv")))[::9]
print("row,person,day,level,dose,noise,w")
for k, r in enumerate(rows):
    for d in range(0, 41):
        print(",".join([str(k), r["person"], r["day"], r["level"], str(d / 10), r["noise"], r["w"]]))
E3
	"$leat" predict falls sweep.csv --proba --keep row,dose -o p.csv -q >out 2>err &&
	python3 -c "
import csv, sys
last = {}
moved = 0
for r in csv.DictReader(open(\"p.csv\")):
    p = float(r[\"p_yes\"])
    if r[\"row\"] in last:
        assert p <= last[r[\"row\"]] + 1e-12, r
        moved += p < last[r[\"row\"]]
    last[r[\"row\"]] = p
assert moved > 20, moved"
'
tells "builds made by trials and within a time are made again, byte for byte, on any number of threads" '
	auto --time 1 --name hurried --group person --weight w &&
	ends_with 0 "$leat" build reproduce hurried --threads 1 && grep -q "equal, byte for byte" out &&
	ends_with 0 "$leat" build reproduce timed --threads 2 --json && json out "j[\"equal\"] and j[\"digest\"] == j[\"made\"] and j[\"differs\"] is None"
'
tells "test rows of another kind, and test rows that were trained on, are told with numbers" '
	awk -F, "NR == 1 || \$4 < 2.4" v.csv >low.csv && awk -F, "NR == 1 || \$4 >= 1.6" v.csv >high.csv &&
	auto --trials 1 --name a --exclude person,day --test v.csv --json &&
	json out "any(\"192 of 192 test rows are equal to a training row\" in w for w in j[\"warnings\"])" &&
	ends_with 0 "$leat" auto low.csv --target ill --trials 1 --test high.csv --exclude person,day -q --report r.html --json &&
	json out "any(\"booster tells them apart with AUC 0.\" in w and \"dose\" in w for w in j[\"warnings\"])"
'
tells "a build file from elsewhere wants its data named, and only that data" '
	"$leat" build export falls -o falls.leat -q >out && mkdir away && cp falls.leat away && cd away &&
	refuses 4 "name the file with --data" "$leat" build reproduce falls.leat &&
	sed 2d ../v.csv >other.csv && refuses 2 "is not what build .falls. was trained on" "$leat" build reproduce falls.leat --data other.csv &&
	cp ../v.csv . && ends_with 0 "$leat" build reproduce falls.leat --data v.csv && grep -q "equal, byte for byte" out
'
tells "what cannot be is refused in words, with what to do" '
	refuses 4 "did you mean .person.?" "$leat" auto v.csv --target ill --group persn --trials 1 &&
	refuses 2 "not dates or numbers" "$leat" auto v.csv --target ill --time-column person --trials 1 &&
	refuses 2 "not with --time-column\|--time-column" "$leat" auto v.csv --target ill --group person --time-column day --trials 1 &&
	refuses 2 "does not hold numbers" "$leat" auto v.csv --target ill --weight person --trials 1 &&
	refuses 2 "only numbers rise and fall" "$leat" auto v.csv --target ill --monotone person=+ --trials 1 &&
	refuses 2 "keeping --monotone" "$leat" auto v.csv --target ill --monotone dose=- --learners knn --trials 1 &&
	refuses 2 "needs classes" "$leat" auto v.csv --target noise --class-weight balanced --trials 1
'
finish
