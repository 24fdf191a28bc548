#!/bin/sh
# Story: an analyst looks for rows that are unlike the others, first without labels, then with some to judge by.
. "$(dirname "$0")/lib.sh"
begin
python3 - <<'PY'
import random
r = random.Random(5)
with open("pay.csv", "w") as plain, open("known.csv", "w") as known:
    plain.write("amount,hour,fee,country\n")
    known.write("amount,hour,fee,country,fraud\n")
    for i in range(600):
        amount, hour, country = r.gauss(50, 10), r.gauss(14, 2), r.choice("ABC")
        odd = i % 50 == 7
        if odd: amount, hour = r.choice([(300, 14), (52, 1), (-60, 27)])
        row = f"{amount:.2f},{hour:.2f},{amount * .02 + r.gauss(0, .02):.3f},{country}"
        plain.write(row + "\n")
        known.write(row + ("," if i % 100 == 9 else ",yes" if odd else ",no") + "\n")
PY

tells "without labels there is a build, and nothing judges it" '
	"$leat" auto pay.csv --task anomaly --contamination 0.03 --trials 5 --json >out 2>err &&
	json out "j[\"task\"] == \"anomaly\" and j[\"metric\"][\"value\"] is None and len(j[\"leaderboard\"]) == 5"
'
tells "it calls anomalies what was planted, and no more than was asked for" '
	"$leat" predict pay pay.csv --proba -o p.csv &&
	python3 -c "
rows = open(\"p.csv\").read().split()[1:]
found = [i for i, r in enumerate(rows) if r.startswith(\"anomaly\")]
planted = [i for i in range(600) if i % 50 == 7]
assert len(found) <= 25 and len(set(found) & set(planted)) >= 7, (found, planted)"
'
tells "it says why" '
	head -9 pay.csv >few.csv && "$leat" predict pay few.csv --explain --json >out && json out "max(((k, v) for k, v in j[\"predictions\"][7].items() if k.startswith(\"shap_\")), key=lambda x: x[1])[0] != \"shap_country\""
'
tells "with labels the detectors are judged, rows without a label only learned from" '
	"$leat" auto known.csv --task anomaly --target fraud --trials 5 --metric average_precision --json >out 2>err &&
	json out "j[\"metric\"][\"value\"] > .8 and any(\"6 of 600\" in w for w in j[\"warnings\"])"
'
tells "the labels themselves are not looked at: the same rows, the same scores" '
	"$leat" predict known known.csv --proba -o q.csv && python3 -c "
a = [float(r.split(\",\")[-1]) for r in open(\"p.csv\").read().split()[1:]]
b = [float(r.split(\",\")[-1]) for r in open(\"q.csv\").read().split()[1:]]
assert max(abs(x - y) for x, y in zip(a, b)) < .2"
'
tells "the build can be made again" '"$leat" build reproduce known >out 2>err'
tells "a target of three values judges nothing" 'refuses 2 "two values" "$leat" auto pay.csv --task anomaly --target country'
tells "weights are refused" 'refuses 2 "no weights" "$leat" auto pay.csv --task anomaly --weight fee'
tells "contamination is for anomalies" 'refuses 2 "task anomaly" "$leat" auto known.csv --target fraud --contamination 0.1'
tells "leat diagnose says where to look" 'refuses 2 "report" "$leat" diagnose known'
finish
