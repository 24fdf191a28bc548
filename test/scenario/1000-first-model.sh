#!/bin/sh
# Story: a modeler has a file and wants a model; then uses it, looks into it, and takes it along.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" patients.csv

tells "one command outside a project makes one, and a build, and says so" '
	ends_with 0 "$leat" auto patients.csv --target disease --trials 3 &&
	grep -q "made a project in $home" err &&
	grep -q "^patients@1  auc 0\.[89]" out &&
	grep -q "report: $home/.leat/reports/patients@1.html" out &&
	test -s .leat/reports/patients@1.html
'
tells "the report is one page below 3 MB that loads nothing" '
	page=.leat/reports/patients@1.html
	test "$(wc -c <$page)" -lt 3145728 &&
	! grep -Eq "<(script|link|img)[^>]+(src|href)=.?https?:" $page
'
tells "it predicts one line a row, in order, with probabilities that add to one" '
	ends_with 0 "$leat" predict patients patients.csv --proba --keep age &&
	test "$(wc -l <out)" -eq 304 &&
	test "$(head -1 out)" = "age,prediction,p_0,p_1" &&
	python3 - <<-END
		import csv
		got = list(csv.DictReader(open("out"))); was = list(csv.DictReader(open("patients.csv")))
		assert [g["age"] for g in got] == [w["age"] for w in was]
		assert all(abs(float(g["p_0"]) + float(g["p_1"]) - 1) < 1e-12 for g in got)
		right = sum(g["prediction"] == w["disease"] for g, w in zip(got, was)) / len(got)
		assert right > .75, right
	END
'
tells "explanations and their base add up to the log-odds" '
	ends_with 0 "$leat" predict patients patients.csv --proba --explain &&
	python3 - <<-END
		import csv, math
		for r in csv.DictReader(open("out")):
		    p = float(r["p_1"]); z = sum(float(v) for k, v in r.items() if k.startswith("shap_"))
		    assert abs(math.log(p / (1 - p)) - z) < 1e-6, (p, z)
	END
'
tells "answers go to a CSV, JSON or Parquet file as asked" '
	"$leat" predict patients patients.csv -o a.csv && test "$(wc -l <a.csv)" -eq 304 &&
	"$leat" predict patients patients.csv -o a.json && json a.json "len(j) == 303 and set(j[0]) == {\"prediction\"}" &&
	"$leat" predict patients patients.csv -o a.parquet --proba && test "$(head -c 4 a.parquet)" = PAR1 &&
	"$leat" predict patients@1 patients.csv --format json >b.json && cmp a.json b.json
'
tells "builds are listed and shown" '
	ends_with 0 "$leat" build ls && grep -q "^patients@1 .*binary .*disease" out &&
	ends_with 0 "$leat" build ls -q && test "$(cat out)" = patients@1 &&
	ends_with 0 "$leat" build show patients@latest && grep -q Members out && grep -q "chest pain" out
'
tells "an exported build is named by its bytes and predicts the same anywhere" '
	ends_with 0 "$leat" build export patients -o m.leat &&
	digest=$(sha256sum m.leat | cut -d" " -f1) && grep -q "^$digest" out &&
	mkdir elsewhere && cp m.leat patients.csv elsewhere &&
	(cd / && "$leat" predict "$home/elsewhere/m.leat" "$home/elsewhere/patients.csv") >one &&
	"$leat" predict $digest patients.csv >two && cmp one two &&
	"$leat" predict "$(echo $digest | cut -c1-10)" patients.csv >three && cmp one three &&
	"$leat" build show m.leat >out && grep -q "$digest" out
'
tells "a build measures itself" '
	"$leat" build bench patients patients.csv --json >b.json &&
	json b.json "j[\"load_ms\"] > 0 and 0 < j[\"one_row_us\"][\"p50\"] <= j[\"one_row_us\"][\"p99\"] and j[\"rows_s\"] > 0"
'
tells "every trial of the run is on record" '
	ends_with 0 "$leat" runs ls && grep -q "^1 .*done .*patients@1" out &&
	"$leat" runs show latest --json >r.json &&
	json r.json "[t[\"trial\"] for t in j[\"trials\"]] == [1, 2, 3] and all(t[\"params\"] for t in j[\"trials\"]) and abs(sum(t[\"weight\"] for t in j[\"trials\"]) - 1) < 1e-9" &&
	json r.json "[s[\"name\"] for s in j[\"stages\"]] == \"visualize preprocess engineer select tune benchmark train diagnose\".split()"
'
tells "a diagnosis in full on the training rows, and on new ones" '
	ends_with 0 "$leat" diagnose patients -o d.html && grep -q auc out && test -s d.html &&
	"$leat" diagnose patients patients.csv --json >d.json && json d.json "j[\"rows\"] == 303 and .5 < j[\"metrics\"][\"auc\"] <= 1"
'
tells "the training rows come back from the store when the file is gone" '
	mv patients.csv away.csv && ends_with 0 "$leat" diagnose patients && grep -q "out of fold" out && mv away.csv patients.csv
'
tells "looking at data needs no project and keeps nothing" '
	mkdir bare && cd bare && ends_with 0 "$leat" visualize ../patients.csv --target disease -o page.html &&
	grep -q "303 rows, 14 columns" out && test -s page.html && test ! -e .leat
'
tells "a second run makes the second build, and both stay" '
	ends_with 0 "$leat" auto patients.csv --target disease --trials 2 -q && test "$(cat out)" = patients@2 &&
	"$leat" build ls -q >out && test "$(wc -l <out)" -eq 2 &&
	"$leat" predict patients@1 patients.csv >one.csv && "$leat" predict patients patients.csv >two.csv
'
finish
