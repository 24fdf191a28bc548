# A data engineer's story: a delivery comes in, is versioned, looked at, compared, checked out, removed and brought back.
. "$LEAT_SOURCE/test/scenario/lib.sh"
begin
tree="python3 $LEAT_SOURCE/test/clients/tree.py"
mkdir shop && cd shop || exit 1
git init -q . 2>/dev/null

tells "a folder becomes a version, named by the digest that an independent script finds" '
	mkdir -p data/2026 data/empty && cp "$heart" data/heart.csv && printf "a,b\n1,x\n2,y\n" >data/2026/small.csv && printf "#!/bin/sh\n" >data/run.sh &&
	chmod +x data/run.sh && ln -s 2026/small.csv data/link && printf "ünï" >"data/Füße ✓.txt" &&
	"$leat" data add raw/heart data -m "first delivery" --tag gold --source-time 2026-03-01 --json >out &&
	json out "j[\"version\"][\"name\"] == \"raw/heart@1\" and j[\"version\"][\"files\"] == 5 and j[\"version\"][\"tags\"] == [\"gold\"]" &&
	json out "j[\"version\"][\"digest\"] == \"$($tree data)\"" && json out "j[\"version\"][\"source_time\"] == \"2026-03-01\""
'
tells "the same of a folder of thousands, cut into many nodes" '
	python3 -c "
import os
os.mkdir(\"many\")
for i in range(3000): open(f\"many/{i*i:09d}.txt\", \"w\").write(str(i))" &&
	"$leat" data add many many --json >out && json out "j[\"version\"][\"digest\"] == \"$($tree many)\"" && [ "$($tree many/000000000.txt | wc -c)" -eq 65 ]
'
tells "adding it again makes no version and no event" '
	"$leat" data add raw/heart data --json >out && json out "j[\"unchanged\"] and j[\"version\"][\"version\"] == 1" &&
	"$leat" data log raw/heart --json >out && json out "len(j[\"versions\"]) == 1" &&
	"$leat" log --kind data.added --json >out && json out "len(j[\"event\"]) == 2"
'
tells "the pointer is small, made for Git, and says the same each time" '
	[ "$(wc -c <raw/heart.leatref)" -lt 600 ] && grep -q "^digest: sha256:$($tree data)" raw/heart.leatref && cp raw/heart.leatref kept &&
	"$leat" data add raw/heart data -q >/dev/null && cmp kept raw/heart.leatref && rm kept
'
tells "schema and statistics are those that Python finds" '
	"$leat" data show raw/heart --json >out && python3 - out data/heart.csv <<-END
	import csv, json, statistics, sys
	about = json.load(open(sys.argv[1]))["about"]
	table = next(t for t in about["tables"] if t["first"] == "heart.csv")
	rows = list(csv.DictReader(open(sys.argv[2])))
	assert table["rows"] == len(rows) and table["rows_exact"]
	for c in table["columns"]:
	    values = [r[c["name"]] for r in rows if r[c["name"]] not in ("", "NA", "?")]
	    assert c["missing"] == len(rows) - len(values), c
	    assert abs(c["distinct"] - len(set(values))) <= max(1, 0.02 * len(set(values))), (c, len(set(values)))
	    if "numbers" in c:
	        x = [float(v) for v in values]
	        n = c["numbers"]
	        assert n["min"] == min(x) and n["max"] == max(x), c
	        assert abs(n["mean"] - statistics.fmean(x)) < 1e-9 * max(1, abs(n["mean"])), c
	        assert abs(n["sd"] - statistics.stdev(x)) < 1e-9 * max(1, n["sd"]), c
	        rank = sum(v <= n["quantiles"]["p50"] for v in x) / len(x)
	        below = sum(v < n["quantiles"]["p50"] for v in x) / len(x)
	        assert below - 0.02 <= 0.5 <= rank + 0.02, (c, below, rank)
	    elif "top" in c:
	        value, count = c["top"][0]
	        assert count == max(values.count(v) for v in set(values)) == values.count(value), c
	END
'
tells "status sees what changed, without reading what did not" '
	"$leat" status --check -q && echo "3,z" >>data/2026/small.csv && rm data/run.sh && echo new >data/new.txt &&
	ends_with 3 "$leat" status --check --json && json out "[(f[\"what\"], f[\"path\"]) for f in j[\"pointers\"][1][\"files\"]] == [(\"changed\", \"2026/small.csv\"), (\"added\", \"new.txt\"), (\"removed\", \"run.sh\")]"
'
tells "the next version is compared with the one before: files, schema, statistics" '
	"$leat" data add raw/heart data -m "second" && "$leat" data diff raw/heart@1 raw/heart@2 --json >out &&
	json out "j[\"added\"] == 1 and j[\"removed\"] == 1 and j[\"changed\"] == 1 and any(\"rows 2 → 3\" == c[\"what\"] for c in j[\"columns\"])"
'
tells "every way to name a version finds it" '
	d=$("$leat" data show raw/heart@1 --json | python3 -c "import json,sys; print(json.load(sys.stdin)[\"version\"][\"digest\"])") &&
	for ref in raw/heart@1 raw/heart@gold "raw/heart@$(echo $d | cut -c1-10)" "$d"; do
		"$leat" data show "$ref" --json >out && json out "j[\"version\"][\"version\"] == 1" || exit 1
	done &&
	"$leat" data show raw/heart@2999-01-01 --json >out && json out "j[\"version\"][\"version\"] == 2" &&
	refuses 4 "did you mean" "$leat" data show raw/haert && refuses 4 "no version" "$leat" data show raw/heart@7
'
tells "an old version comes back into its place, byte for byte, and changed work is not lost" '
	"$leat" data get raw/heart@1 && [ "$($tree data)" = "$(grep ^digest raw/heart.leatref | cut -d: -f3)" ] && [ -x data/run.sh ] && [ ! -e data/new.txt ] &&
	"$leat" status >out && grep -q "newest is raw/heart@2" out && echo mine >>data/heart.csv &&
	refuses 3 "heart.csv. was changed here" "$leat" data get raw/heart && tail -1 data/heart.csv | grep -q mine && "$leat" data get raw/heart --force &&
	[ "$($tree data)" = "$(grep ^digest raw/heart.leatref | cut -d: -f3)" ]
'
tells "a version goes into a folder of its own, and its files are what sha256sum says" '
	"$leat" data get raw/heart@1 ../elsewhere && "$leat" data files raw/heart@1 --json >out &&
	python3 -c "
import hashlib, json
for f in json.load(open(\"out\"))[\"files\"]:
    if f[\"kind\"] in (\"file\", \"program\"):
        data = open(\"../elsewhere/\" + f[\"path\"], \"rb\").read()
        assert hashlib.sha256(data).hexdigest() == f[\"digest\"] and len(data) == f[\"bytes\"], f"
'
tells "a single file, several, and a glob keep their names" '
	"$leat" data add one data/heart.csv -q >out && "$leat" data files one -q >out && [ "$(cat out)" = heart.csv ] && rm -f one.csv &&
	"$leat" data add two data/heart.csv data/2026 -q >out && "$leat" data files two -q >out && [ "$(cat out | tr "\n" " ")" = "2026/small.csv heart.csv " ] &&
	"$leat" data add three "data/*.txt" -q >out && "$leat" data files three -q | wc -l | grep -q "^2$" &&
	"$leat" data get one@1 && "$leat" status --check -q
'
tells "tables of a SQLite database come as Parquet, with the query as their source" '
	python3 -c "
import sqlite3
c = sqlite3.connect(\"s.db\"); c.execute(\"create table orders(id integer, who text)\")
c.executemany(\"insert into orders values(?, ?)\", [(i, f\"p{i % 3}\") for i in range(100)]); c.commit()" &&
	"$leat" data add orders sqlite:s.db -q >out && "$leat" data add orders sqlite:s.db --json >out && json out "j[\"unchanged\"]" &&
	"$leat" data add per sqlite:s.db --sql "select who, count(*) as n from orders group by who" -q >out && "$leat" data show per --json >out &&
	json out "j[\"sources\"][0][\"detail\"].startswith(\"select who\") and j[\"about\"][\"tables\"][0][\"rows\"] == 3" && refuses 2 "nope" "$leat" data add x sqlite:s.db --table nope
'
tells "a whole project can be a dataset: what Leat and Git keep of it is passed over" '
	"$leat" data add everything . -q && "$leat" data add everything . --json >../out.json && json ../out.json "j[\"unchanged\"] and j[\"version\"][\"digest\"] == \"$($tree .)\""
'
tells "what cannot be kept is refused by its name, and nothing is half there" '
	mkdir odd && mkfifo odd/pipe && refuses 2 "odd/pipe" "$leat" data add odd odd && rm odd/pipe && ln -s /etc/passwd odd/out && refuses 2 "outside" "$leat" data add odd odd &&
	rm odd/out && refuses 2 "holds no files" "$leat" data add odd odd && refuses 2 "cannot name a dataset" "$leat" data add "a b" data && refuses 4 "nothing.csv" "$leat" data add x nothing.csv &&
	"$leat" data ls -q >out && ! grep -q odd out
'
tells "a removed version is gone from every lookup, and comes back" '
	"$leat" data rm raw/heart@2 -m "wrong" && refuses 4 "restore" "$leat" data show raw/heart@2 && "$leat" data show raw/heart --json >out && json out "j[\"version\"][\"version\"] == 1" &&
	refuses 3 "removed before" "$leat" data rm raw/heart@2 && "$leat" data restore raw/heart@2 && "$leat" data show raw/heart --json >out && json out "j[\"version\"][\"version\"] == 2"
'
tells "the password of an address is found in nothing that was written" '
	ends_with 2 "$leat" data add pg "postgres://u:pl4nted@127.0.0.1:1/x" && ! grep -q pl4nted err && ! grep -rqa pl4nted .leat *.leatref
'
tells "the tables are the fold of the log" '
	"$leat" log verify >out 2>err || { cat out err; exit 1; }
'
finish
