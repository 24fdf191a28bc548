#!/bin/sh
# Story: everything that can be wrong with a file is said in one clear sentence, with the right status, and leaves nothing.
. "$(dirname "$0")/lib.sh"
begin
python3 - <<'END'
import random
random.seed(1)
def w(name, rows, sep=","): open(name, "w").write("\n".join(sep.join(map(str, r)) for r in rows) + "\n")
ok = [["a", "b", "y"]] + [[i % 17, round(random.random(), 3), random.choice("pq")] for i in range(60)]
w("ok.csv", ok); w("hash.csv", ok, "#")
open("empty.csv", "w"); w("header.csv", ok[:1])
open("rubbish.csv", "wb").write(bytes(random.randrange(256) for _ in range(3000)))
r = [x[:] for x in ok]; r[30] += ["more"]; w("ragged.csv", r)
r = [x[:] for x in ok]; r[30] = r[30][:2]; w("short.csv", r)
w("dup.csv", [["a", "a", "y"]] + ok[1:]); w("noname.csv", [["a", "", "y"]] + ok[1:])
open("latin.csv", "wb").write(b"a,b,y\n" + b"".join(b"%d,caf\xe9,%s\n" % (i, random.choice([b"p", b"q"])) for i in range(40)))
w("constant.csv", [["a", "b", "y"]] + [[i % 9, i % 3, "p"] for i in range(40)])
w("missing.csv", [["a", "b", "y"]] + [[i % 9, i % 3, ""] for i in range(40)])
w("single.csv", [["a", "b", "y"]] + [[i % 9, i % 3, "p" if i else "q"] for i in range(40)])
w("three.csv", ok[:4])
w("flat.csv", [["a", "b", "y"]] + [[1, 2, random.choice("pq")] for _ in range(40)])
w("endless.csv", [["a", "b", "y"]] + [[i % 7, "inf" if i % 5 == 0 else i % 11, random.choice("pq")] for i in range(60)])
w("wide.csv", [["c%d" % i for i in range(10000)] + ["y"]] + [[random.randrange(9) for _ in range(10000)] + [random.choice("pq")] for _ in range(30)])
r = [x[:] for x in ok]; r[5][1] = "x" * 1000000; w("fat.csv", r)
END
auto() { want=$1; words=$2; file=$3; shift 3; refuses "$want" "$words" "$leat" auto "$file" --target y --trials 1 "$@"; }

tells "no such file" 'auto 4 "no such file.*none.csv" none.csv'
tells "a folder" 'auto 2 "is a folder" .'
tells "an empty file" 'auto 2 "empty.csv. is empty" empty.csv'
tells "only a header" 'auto 2 "column names and no rows" header.csv'
tells "binary rubbish" 'auto 2 "is not text" rubbish.csv'
tells "a delimiter nobody uses: the one column is named" 'auto 4 "no target .y. .*a#b#y" hash.csv'
tells "a row too long, with its line" 'auto 2 "line 31 has 4 values.*3 columns" ragged.csv'
tells "a row too short, with its line" 'auto 2 "line 31 has 2 values.*3 columns" short.csv'
tells "a column name twice" 'auto 2 "columns 1 and 2 are both named .a." dup.csv'
tells "a column without a name" 'auto 2 "column 2 has no name" noname.csv'
tells "not UTF-8, with its line and the cure" 'auto 2 "line 2 is not UTF-8.*iconv" latin.csv'
tells "a constant target" 'auto 2 "target .y. is .p. in every row" constant.csv'
tells "a target that is always missing" 'auto 2 "missing in every row" missing.csv'
tells "a class with one row" 'auto 2 "class .q. .*only one row" single.csv'
tells "three rows" 'auto 2 "only 3 rows" three.csv'
tells "columns that are all constant" 'auto 2 "all are constant" flat.csv'
tells "words as target of a regression" 'auto 2 "regression needs numbers" ok.csv --task regression'
tells "no target given: the columns are told" 'refuses 2 "no target given.*--target.*a, b, y" "$leat" auto ok.csv'
tells "no such target: a near name is told" 'refuses 4 "no target .diseas..*did you mean .disease." "$leat" auto "$heart" --target diseas'
tells "no such column to exclude, or to type" '
	auto 4 "no column to exclude .bb.*did you mean .b." ok.csv --exclude bb &&
	auto 2 "no column .bb.; did you mean .b." ok.csv --type bb=text
'
tells "the target excluded" 'auto 2 "is the target" ok.csv --exclude y'
tells "a metric for another task" 'auto 2 "rmse.*binary" ok.csv --metric rmse'
tells "a test file that is not there, or without the target" '
	auto 4 "no such file" ok.csv --test none.csv && printf "a,b\n1,2\n" >t.csv && auto 4 "no target .y. in .t.csv" ok.csv --test t.csv
'
tells "a run that does not exist" '"$leat" init -q . >/dev/null && auto 4 "99" ok.csv --resume 99; rm -rf .leat .gitignore leat.lock'
tells "a data file is no build file" 'refuses 5 "cannot be read" "$leat" predict ok.csv ok.csv'
tells "outside a project there are no builds and no runs" '
	refuses 4 "leat init" "$leat" build ls && refuses 4 "leat init" "$leat" runs ls && refuses 4 "nothing" "$leat" predict nothing ok.csv
'
tells "none of these left anything behind" 'test ! -e .leat && test -z "$(ls -A | grep -v "csv$" | grep -Ev "^(out|err)$")"'

tells "infinite numbers count as missing, with a warning" '
	ends_with 0 "$leat" auto endless.csv --target y --trials 2 --json && json out "any(\"infinite\" in w for w in j[\"warnings\"])"
'
tells "a megabyte in one cell does no harm" '
	got=0; "$leat" auto fat.csv --target y --trials 1 >out 2>err || got=$?
	test $got -eq 0 || test $got -eq 2
'
tells "ten thousand columns do no harm" 'ends_with 0 "$leat" auto wide.csv --target y --time 4 -q'
finish
