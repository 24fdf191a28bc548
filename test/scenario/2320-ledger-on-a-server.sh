#!/bin/sh
# Story: a team keeps its ledger in a PostgreSQL database: the same commands, the same answers.
# ctest: postgres timeout=300
. "$(dirname "$0")/lib.sh"
begin
if [ -z "$LEAT_POSTGRES" ]; then
	echo "1..0 # no PostgreSQL server is installed"
	exit 0
fi
address=$(cat "$LEAT_POSTGRES/address")
place=${address##*host=}
sql() { psql -h "$place" -U leat -d leat -qAt -c "$1"; }
schema=story_$$
url="$address&schema=$schema"

tells "an address that holds a password is refused and nothing is made" '
	refuses 2 "PGPASSWORD" "$leat" init --ledger "postgres://leat:hush@localhost/leat" &&
	! grep -q hush err && [ ! -e .leat ]
'
tells "what is no address is refused in words" '
	refuses 2 "postgres://" "$leat" init --ledger ledger.db && [ ! -e .leat ] &&
	refuses 2 "schema" "$leat" init --ledger "$address&schema=Not-Good" && [ ! -e .leat ]
'
tells "a server that is not there is named, with the next step" '
	refuses 6 "is the server up" "$leat" init --ledger "postgres://leat@/leat?host=$PWD" && [ ! -e .leat ]
'
tells "a database that is not there is named" '
	refuses 4 "createdb" "$leat" init --ledger "postgres://leat@/nowhere?host=$place" && [ ! -e .leat ]
'
tells "a project is made with its ledger in a schema of its own" '
	"$leat" init --ledger "$url" >out && grep -q "made a project" out &&
	[ ! -e .leat/leat.db ] && grep -q "^ledger: .*schema=$schema" .leat/config &&
	[ "$(sql "SELECT count(*) FROM $schema.event")" -ge 1 ]
'
tells "two projects do not share a schema by accident" '
	mkdir other && cd other && refuses 3 "a ledger already" "$leat" init --ledger "$url" && [ ! -e .leat ]
'
tells "leat auto records a run there, and the build is listed" '
	"$leat" auto "$heart" --target disease --trials 2 --learners linear --seed 3 --json >auto.json 2>err || { cat err; false; }
	json auto.json "j[\"build\"].endswith(\"@1\")" &&
	"$leat" runs ls --json >runs.json && json runs.json "len(j[\"runs\"]) == 1 and j[\"runs\"][0][\"state\"] == \"done\"" &&
	"$leat" build ls --json >builds.json && json builds.json "len(j[\"builds\"]) == 1" &&
	[ "$(sql "SELECT count(*) FROM $schema.run WHERE state = '"'done'"'")" = 1 ]
'
tells "the log is verified, and the same tables come out of it" '
	"$leat" log verify >out && "$leat" log >log.out && [ -s log.out ]
'
tells "a row edited by hand is found" '
	sql "UPDATE $schema.trial SET score = score + 1 WHERE number = (SELECT min(number) FROM $schema.trial)" &&
	refuses 5 "trial" "$leat" log verify &&
	"$leat" log rebuild >out && "$leat" log verify >out
'
tells "the build predicts from there" '
	"$leat" predict "$(basename "$heart" .csv)" "$heart" >scored.csv && [ "$(wc -l <scored.csv)" = "$(wc -l <"$heart")" ]
'
finish
