#!/bin/sh
# Story: a data engineer derives, checks, splits, labels and certifies; and what is derived carries what is behind it.
. "$(dirname "$0")/lib.sh"
begin
python3 - <<'PY'
import random
random.seed(6)
with open("raw.csv", "w") as f:
    f.write('id,patient,day,city,"amount ""net""",outcome\r\n')
    for i in range(1000):
        f.write(f'{i},{i % 97},2026-0{1 + i // 250}-{1 + i % 28:02d},"{random.choice(["Ulm", "Bonn, Süd"])}",{random.gauss(50, 9):.3f},{random.choice(["yes", "no", "no", "no"])}\r\n')
    f.write('500,14,2026-03-01,Ulm,50.0,yes')
open("patients.csv", "w").write("id\n" + "".join(f"{i}\n" for i in range(95)))
PY
"$leat" init >/dev/null && "$leat" data add raw raw.csv -q >/dev/null && "$leat" data add patients patients.csv -q --no-pointer >/dev/null

tells "a derived version knows what it was made from, and is the same bytes again" '
	"$leat" data derive clean --sql "SELECT DISTINCT ON (id) * FROM raw ORDER BY id, outcome" -m "one row an id" --json >d.json && json d.json "j[\"derived\"][0][\"rows\"] == 1000" &&
	"$leat" data show clean --json >s.json && json s.json "j[\"made_from\"] == [\"raw@1\"] and \"DISTINCT ON\" in j[\"version\"][\"detail\"][\"sql\"] and j[\"version\"][\"detail\"][\"engine\"].startswith(\"v\")" &&
	"$leat" data derive clean --sql "SELECT DISTINCT ON (id) * FROM raw ORDER BY id, outcome" --json >d.json && json d.json "j[\"derived\"][0][\"unchanged\"] and j[\"derived\"][0][\"version\"] == \"clean@1\"" &&
	"$leat" data derive twin --sql "SELECT DISTINCT ON (id) * FROM raw ORDER BY id, outcome" -q >/dev/null && "$leat" data files clean --json >a.json && "$leat" data files twin --json >b.json &&
	python3 -c "import json; a, b = (json.load(open(x))[\"files\"][0][\"digest\"] for x in (\"a.json\", \"b.json\")); assert a == b"
'
tells "what says something else each time is refused, and so is its own newest version" '
	refuses 2 "random" "$leat" data derive bad --sql "SELECT random() FROM raw" && refuses 2 "current_date" "$leat" data derive bad --sql "SELECT current_date FROM raw" &&
	refuses 2 "catch up" "$leat" data derive clean --sql "SELECT * FROM clean" && refuses 2 "names no dataset" "$leat" data derive bad --sql "SELECT 1 AS one"
'
tells "a newer input makes it stale, refresh makes it new, in order, and once" '
	"$leat" data derive sum --sql "SELECT city, count(*) AS n FROM clean GROUP BY city ORDER BY city" --format csv -q >/dev/null && printf "1001,1,2026-05-01,Ulm,1,no\r\n" >more && { cat raw.csv; printf "\r\n"; cat more; } >raw2.csv && mv raw2.csv raw.csv &&
	"$leat" data add raw raw.csv -q >/dev/null && "$leat" data show clean >out && grep -q "^stale .*raw@2" out && "$leat" data ls --json >l.json && json l.json "{d[\"dataset\"]: d[\"state\"] for d in j[\"datasets\"]}[\"clean\"] == \"stale\"" &&
	"$leat" data derive sum --refresh --json >d.json && json d.json "j[\"derived\"][0][\"was_stale\"] and j[\"derived\"][0][\"version\"] == \"sum@2\"" &&
	"$leat" data show clean --json >s.json && json s.json "j[\"version\"][\"name\"] == \"clean@2\" and not j[\"marks\"][\"stale\"]" &&
	"$leat" data derive --stale --json >d.json && json d.json "[x[\"was_stale\"] for x in j[\"derived\"]] == [False, False, True] and j[\"derived\"][2][\"version\"] == \"twin@2\""
'
tells "a newer input that changes nothing is put on record, and it is stale no more" '
	"$leat" data derive old --sql "SELECT count(*) AS n FROM raw WHERE id < 10" -q >/dev/null && { cat raw.csv; printf "1002,1,2026-05-01,Ulm,1,no\r\n"; } >raw2.csv && mv raw2.csv raw.csv && "$leat" data add raw raw.csv -q >/dev/null &&
	"$leat" data derive old --refresh --json >d.json && json d.json "j[\"derived\"][0][\"was_stale\"] and j[\"derived\"][0][\"unchanged\"]" && "$leat" data derive old --refresh --json >d.json && json d.json "not j[\"derived\"][0][\"was_stale\"]"
'
cat >rules.yaml <<'YAML'
columns:
  id: {not_null: true, unique: true, type: integer}
  city: {accepted_values: [Ulm], severity: warn}
  patient: {relationships: {to: 'patients@1', field: id}}
  outcome: {matches: '^(yes|no)$'}
rules:
  - row_count: {min: 1000, max: 2000}
  - column: id
    drift: {from: 'raw@1', psi: 0.1}
YAML
tells "rules are tried, counted and shown; exit status 3; the result stays with the version" '
	ends_with 3 "$leat" data check raw@1 rules.yaml --junit j.xml --json && json out "{(r[\"column\"], r[\"test\"]): (r[\"outcome\"], r[\"failed\"]) for r in j[\"results\"]}[(\"id\", \"unique\")] == (\"failed\", 2)" &&
	json out "[(r[\"outcome\"], r[\"failed\"]) for r in j[\"results\"] if r[\"test\"] == \"relationships\"] == [(\"failed\", 20)]" && json out "[r[\"outcome\"] for r in j[\"results\"] if r[\"test\"] == \"accepted_values\"] == [\"warned\"]" &&
	json out "j[\"failed\"] == 2 and j[\"warned\"] == 1 and [r for r in j[\"results\"] if r[\"test\"] == \"unique\"][0][\"offending\"] == [{\"id\": 500, \"rows\": 2}]" &&
	python3 -c "import xml.etree.ElementTree as e; s = e.parse(\"j.xml\").getroot()[0]; assert s.get(\"failures\") == \"2\" and len(s.findall(\"testcase\")) == 8" &&
	"$leat" data show raw@1 >out && grep -q "^checked .*2 of 8" out && ends_with 3 "$leat" data check clean rules.yaml
'
tells "what is wrong with the rules is told with its line" '
	printf "columns:\n  id:\n    not_nul: true\n" >r.yaml && refuses 2 "line 3: .*did you mean .not_null" "$leat" data check raw r.yaml && printf "columns:\n  idd: {unique: true}\n" >r.yaml && refuses 2 "line 2: .*did you mean .id" "$leat" data check raw r.yaml &&
	printf "rules:\n  - expression: amuont > 1\n" >r.yaml && refuses 2 "line 2" "$leat" data check raw r.yaml && printf "rules:\n  - expression: \"(SELECT count(*) FROM read_csv(\x27/etc/passwd\x27)) > 0\"\n" >r.yaml && ends_with 3 "$leat" data check raw r.yaml && ! grep -q root: out err
'
tells "a slice keeps header and bytes, every row lies on one side, and again is the same" '
	"$leat" data split raw@1 --holdout 0.2 --as raw.eval --json >s.json && "$leat" data get raw.eval e -q && "$leat" data get raw.train t -q && "$leat" data get raw@1 whole -q &&
	python3 - <<-PY
		import json
		whole, e, t = (open(f"{d}/raw.csv", "rb").read().split(b"\n") for d in ("whole", "e", "t"))
		assert whole[0] == e[0] == t[0]
		rows = [x for x in whole[1:] if x]; rows[-1] = rows[-1]
		held, rest = [x for x in e[1:] if x], [x for x in t[1:] if x]
		assert sorted(held + rest) == sorted(rows) and 150 < len(held) < 250 and not set(held) & set(rest)
		place = {x: i for i, x in enumerate(rows)}
		assert [place[x] for x in held] == sorted(place[x] for x in held)
		s = json.load(open("s.json")); assert s["eval"]["rows"] == len(held) and s["rest"]["rows"] == len(rest)
	PY
	"$leat" data split raw@1 --holdout 0.2 --as raw.eval --json >s.json && json s.json "j[\"eval\"][\"unchanged\"] and j[\"rest\"][\"unchanged\"]"
'
tells "later rows do not move old ones to the other side" '
	"$leat" data split raw@2 --holdout 0.2 --as later.eval -q && "$leat" data query "SELECT count(*) AS n FROM '\''raw.eval@1'\'' ANTI JOIN '\''later.eval@1'\'' USING (id, day, outcome)" --format csv >out && test "$(tail -1 out)" = 0
'
tells "groups stay together, strata keep their share, time cuts once" '
	"$leat" data split clean --holdout 0.25 --group patient --stratify outcome --seed 3 --as g.eval -q && "$leat" data query "SELECT count(*) AS n FROM (SELECT DISTINCT patient FROM '\''g.eval@1'\'') JOIN (SELECT DISTINCT patient FROM '\''g.train@1'\'') USING (patient)" --format csv >out && test "$(tail -1 out)" = 0 &&
	"$leat" data split clean --holdout 0.3 --stratify outcome --as o.eval -q && "$leat" data query "SELECT max(abs(e.n / w.n - 0.3)) < 0.01 AS good FROM (SELECT outcome, count(*) AS n FROM '\''o.eval@1'\'' GROUP BY 1) e JOIN (SELECT outcome, count(*) AS n FROM clean GROUP BY 1) w USING (outcome)" --format csv >out && test "$(tail -1 out)" = true &&
	"$leat" data split clean --holdout 0.1 --time-column day --as d.eval -q >out && "$leat" data query "SELECT (SELECT max(day) FROM '\''d.train@1'\'') < (SELECT min(day) FROM '\''d.eval@1'\'') AS good" --format csv >out && test "$(tail -1 out)" = true
'
tells "labels and certificates are shown, expire, are revoked, and pull down what was made from them" '
	"$leat" data label raw@1 --column outcome --by "Dr. Ada" --on 2026-03-01 --source "double reading" >/dev/null && refuses 4 "did you mean .outcome" "$leat" data label raw@1 --column outcom --by x &&
	refuses 2 "labels" "$leat" data certify raw@1 --until 2099-01-01 -m x && refuses 2 "future" "$leat" data certify raw@1 --fit --until 2020-01-01 -m x && "$leat" data certify raw@1 --labels --fit --until 2099-01-01 -m "read twice" >/dev/null &&
	"$leat" data show raw@1 >out && grep -q "^labelled .*outcome by Dr. Ada" out && grep -q "^certified .*labels certified, fit for training certified, until 2099-01-01" out &&
	"$leat" data show raw.eval --json >s.json && json s.json "j[\"marks\"][\"standing\"][\"fit\"] == \"certified\" and not j[\"marks\"][\"standing\"][\"own\"]" &&
	"$leat" data certify raw@1 --revoke -m "labels swapped" >/dev/null && "$leat" data show raw.eval --json >s.json && json s.json "j[\"marks\"][\"standing\"][\"fit\"] == \"revoked\" and \"raw@1\" in j[\"marks\"][\"standing\"][\"because\"]" &&
	"$leat" data ls --json >l.json && json l.json "\"revoked\" in {d[\"dataset\"]: d[\"state\"] for d in j[\"datasets\"]}[\"raw.eval\"]" && refuses 3 "no certificate" "$leat" data certify raw@1 --revoke -m again
'
tells "the tables are the fold of the ledger" '"$leat" log verify >out && "$leat" log rebuild >out'
finish
