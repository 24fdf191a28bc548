#!/bin/sh
# Story: a folder becomes a project; commands find it from below; --no-keep and --until do as they say.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" h.csv

tells "init makes a project once" '
	ends_with 0 "$leat" init churn && grep -q "made a project in $home/churn" out && test -d churn/.leat &&
	ends_with 0 "$leat" init churn && grep -q "already" out
'
tells "in a Git repository, .leat/ is ignored" '
	command -v git >/dev/null || exit 0
	git init -q code && ends_with 0 "$leat" init code && grep -q "^/*.leat/" code/.gitignore &&
	cd code && cp ../h.csv . && "$leat" auto h.csv --target disease --trials 1 -q >/dev/null && test -z "$(git status --porcelain | grep -F .leat)"
'
tells "a project is found from a folder below it" '
	mkdir -p churn/deep/er && cp h.csv churn/deep/er && cd churn/deep/er && "$leat" auto h.csv --target disease --trials 1 -q >/dev/null &&
	test ! -e .leat && cd ../.. && "$leat" build ls -q >out && grep -q "h@1" out
'
tells "--no-keep records where the data lay and its digest, not its bytes" '
	mkdir lean && cd lean && cp ../h.csv . && "$leat" auto h.csv --target disease --trials 1 --no-keep -q >/dev/null && mv h.csv away.csv &&
	refuses 4 "not kept" "$leat" diagnose h
'
tells "--until stops after a stage, and --resume takes its trials up" '
	mkdir part && cd part && cp ../h.csv . && "$leat" auto h.csv --target disease --trials 3 --until select --json -q >out &&
	json out "j[\"build\"] is None and [s[\"name\"] for s in j[\"stages\"]][-1] == \"select\" and j[\"report\"]" &&
	"$leat" auto h.csv --target disease --trials 3 --resume latest --json -q >out && json out "j[\"build\"] == \"h@1\""
'
tells "several files are one table, by a glob" '
	mkdir many && cd many && head -100 ../h.csv >part-1.csv && (head -1 ../h.csv; tail -n +101 ../h.csv) >part-2.csv &&
	ends_with 0 "$leat" auto "part-*.csv" --target disease --trials 1 --json -q && json out "j[\"build\"] == \"part@1\"" &&
	rm part-1.csv && ends_with 0 "$leat" diagnose part --json && json out "j[\"rows\"] == 303"
'
tells "a name for the model is kept, and made fit where it is not" '
	cd churn && cp ../h.csv . && "$leat" auto h.csv --target disease --trials 1 --name "heart v2" -q >out && grep -q "^heart-v2@1" out
'
tells "a process killed in the middle leaves a project that works" '
	mkdir hard && cd hard && cp ../h.csv . && mkfifo talk && { "$leat" auto h.csv --target disease --time 600 >/dev/null 2>talk & pid=$!; } &&
	while read -r line; do case $line in engineer*) kill -KILL $pid;; esac; done <talk
	wait $pid || true
	ends_with 0 "$leat" runs ls && grep -q "interrupted" out && ends_with 0 "$leat" auto h.csv --target disease --trials 1 -q
'
finish
