# Tables and queries of a real PostgreSQL become versions: as of one moment, as Parquet, with the query as their source.
. "$LEAT_SOURCE/test/scenario/lib.sh"
begin
"$LEAT_SOURCE/test/server/postgres" start "$PWD/pg" || exit 1
trap '"$LEAT_SOURCE/test/server/postgres" stop "$home/pg"' EXIT
address=$(cat pg/address)
cat >setup.sql <<'END'
create table orders(id integer primary key, who text, amount numeric(12,2), at timestamp, ok boolean);
insert into orders select i, case when i % 5 > 0 then chr(1040 + i % 7) end, i * 1.25, timestamp '2026-01-01' + i * interval '1 hour', i % 2 = 0
  from generate_series(1, 2000) i;
create table empty(x integer);
create schema more;
create table more.facts(k text, v double precision);
insert into more.facts values ('pi', 3.14159);
END
mkdir p && cd p || exit 1
sql() { psql -qAt "$address" -c "$1"; }

tells "a database with its tables becomes a version, one Parquet file a table" '
	psql -qAt "$address" -f ../setup.sql &&
	"$leat" data add shop "$address" --json >out && json out "j[\"version\"][\"files\"] == 3" && "$leat" data files shop -q >out && [ "$(tr "\n" " " <out)" = "empty.parquet more.facts.parquet orders.parquet " ]
'
tells "its rows are those that the server gives" '
	"$leat" data get shop s && "$LEAT_PYTHON" - s/orders.parquet <<-END
	import datetime, sys
	import pyarrow.parquet as pq
	t = pq.read_table(sys.argv[1]).to_pylist()
	assert len(t) == 2000, len(t)
	for r in t:
	    i = r["id"]
	    assert float(r["amount"]) == i * 1.25 and r["ok"] == (i % 2 == 0) and r["at"] == datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=i), r
	    assert r["who"] == (chr(1040 + i % 7) if i % 5 else None), r
	END
'
tells "unchanged tables make no version, a changed one does" '
	"$leat" data add shop "$address" --json >out && json out "j[\"unchanged\"]" && sql "update orders set amount = 0 where id = 7" &&
	"$leat" data add shop "$address" --json >out && json out "j[\"version\"][\"version\"] == 2" && "$leat" data diff shop@1 shop@2 --json >out &&
	json out "[f[\"path\"] for f in j[\"files\"]] == [\"orders.parquet\"]"
'
tells "a query is run by the server, and kept as the source" '
	"$leat" data add per "$address" --sql "select who, sum(amount) as total, count(*) filter (where ok) as good from orders group by who order by who nulls first" --json >out &&
	json out "j[\"version\"][\"rows\"] == 8" && "$leat" data show per --json >out && json out "j[\"sources\"][0][\"detail\"].startswith(\"select who\") and j[\"sources\"][0][\"kind\"] == \"postgres\"" &&
	"$leat" data add one "$address" --table more.facts -q >out && refuses 2 "nope" "$leat" data add x "$address" --table nope && refuses 2 "syntax error" "$leat" data add x "$address" --sql "selec 1"
'
finish
