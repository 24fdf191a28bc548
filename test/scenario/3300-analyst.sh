#!/bin/sh
# Story: an analyst asks versions of data in SQL, joins formats, keeps answers, and cannot reach what she was not given.
. "$(dirname "$0")/lib.sh"
begin
python3 - <<'PY'
import json, random
random.seed(5)
with open("sales.csv", "w") as f:
    f.write("id,day,city,amount,paid\n")
    for i in range(500):
        f.write(f"{i},2026-0{1 + i // 200}-{1 + i % 28:02d},{random.choice(['Ulm', 'Bonn', 'Kiel'])},{random.gauss(100, 20):.2f},{random.choice(['yes', 'no'])}\n")
with open("cities.json", "w") as f:
    json.dump([{"city": "Ulm", "land": "BW"}, {"city": "Bonn", "land": "NW"}], f)
open("secret.csv", "w").write("word\nhidden\n")
PY
"$leat" init >/dev/null && "$leat" data add sales sales.csv -m 'first delivery' >/dev/null 2>&1 && "$leat" data add cities cities.json --no-pointer -q >/dev/null

tells "a version answers SQL, and a second format joins" '
	"$leat" data query "SELECT land, count(*) AS n, round(sum(amount), 2) AS total FROM '\''sales@1'\'' JOIN '\''cities@latest'\'' USING (city) GROUP BY land ORDER BY land" --json >a.json &&
	python3 - <<-PY
		import csv, json
		land = {r["city"]: r["land"] for r in json.load(open("cities.json"))}
		want = {}
		for r in csv.DictReader(open("sales.csv")):
		    if r["city"] in land:
		        n, s = want.get(land[r["city"]], (0, 0))
		        want[land[r["city"]]] = (n + 1, s + float(r["amount"]))
		got = {r["land"]: (r["n"], r["total"]) for r in json.load(open("a.json"))["rows"]}
		assert got.keys() == want.keys() and all(got[k][0] == want[k][0] and abs(got[k][1] - want[k][1]) < 0.006 for k in want), (got, want)
	PY
'
tells "an old version answers as it was, whatever came later" '
	head -100 sales.csv >sales2.csv && mv sales2.csv sales.csv && "$leat" data add sales sales.csv -q &&
	"$leat" data query "SELECT (SELECT count(*) FROM '\''sales@1'\'') AS old, (SELECT count(*) FROM sales) AS new" --format csv >out && test "$(tail -1 out)" = "500,99"
'
tells "the answer goes to a file, whole, as CSV, JSON or Parquet" '
	for f in a.csv a.ndjson a.parquet; do "$leat" data query "SELECT id, amount FROM '\''sales@1'\'' WHERE paid = '\''yes'\'' ORDER BY id" -o $f -q || exit 1; done &&
	"$leat" data add answers a.parquet -q --no-pointer >/dev/null && "$leat" data query "FROM answers" --format csv >b.csv && cmp a.csv b.csv && test "$(wc -l <a.csv)" -eq "$(($(wc -l <a.ndjson) + 1))"
'
tells "a question that fails leaves the old file" '
	echo old >keep.csv && ends_with 2 "$leat" data query "SELECT CAST(city AS INTEGER) FROM sales" -o keep.csv && test "$(cat keep.csv)" = old && test "$(ls | grep -c new)" -eq 0
'
tells "files, addresses, databases, extensions and settings are out of reach" '
	for q in "SELECT * FROM read_csv('\''secret.csv'\'')" "SELECT * FROM '\''secret.csv'\''" "FROM read_text('\''/etc/passwd'\'')" "COPY (SELECT 1) TO '\''stolen.csv'\''" "ATTACH '\''x.db'\''" \
		"INSTALL httpfs" "LOAD httpfs" "FROM '\''http://127.0.0.1:1/x.csv'\''" "SET enable_external_access=true" "CREATE TABLE t AS FROM sales" "FROM glob('\''*'\'')" "FROM read_parquet('\''.leat/cache/tree/*/*'\'')"; do
		got=0; "$leat" data query "$q" >out 2>err || got=$?
		test $got -eq 3 -o $got -eq 2 && ! grep -q "hidden\|root:" out err || { echo "$got for $q"; exit 1; }
	done && test ! -e stolen.csv && test ! -e x.db
'
tells "texts, comments and names of WITH that look like datasets are none" '
	"$leat" data query "WITH gone AS (SELECT 1 AS one) SELECT one, '\''nope@7'\'' AS s FROM gone -- FROM '\''nope@8'\''" --format csv >out && test "$(tail -1 out)" = "1,nope@7"
'
tells "a name that is not there is told with a near one, a wrong column too" '
	refuses 4 "sales" "$leat" data query "FROM '\''slaes@1'\''" && refuses 2 "amount" "$leat" data query "SELECT amuont FROM sales"
'
tells "one file of several is named by its path, files of several kinds are refused in words" '
	mkdir many && printf "x\n1\n" >many/a.csv && printf "x\n2\n" >many/b.csv && printf "{\"x\":3}\n" >many/c.ndjson && "$leat" data add many many -q --no-pointer >/dev/null &&
	refuses 2 "csv and ndjson" "$leat" data query "FROM many" && "$leat" data query "SELECT sum(x) AS s FROM '\''many@1/*.csv'\''" --format csv >out && test "$(tail -1 out)" = 3 &&
	"$leat" data query "SELECT x FROM '\''many@1/c.ndjson'\''" --format csv >out && test "$(tail -1 out)" = 3 && refuses 4 "no data file" "$leat" data query "FROM '\''many@1/d.csv'\''"
'
tells "datasets are found by a column, a value, a message" '
	"$leat" data find land --json >f.json && json f.json "[x[\"dataset\"] for x in j[\"found\"]] == [\"cities\"]" && "$leat" data find ulm sales --json >f.json &&
	json f.json "j[\"found\"][0][\"dataset\"] == \"sales\"" && "$leat" data find nosuchword --json >f.json && json f.json "j[\"found\"] == []"
'
tells "nothing is left in tmp" 'test -z "$(ls .leat/tmp)"'
finish
