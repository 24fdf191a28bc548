#!/bin/sh
# Story: a person mistypes, and is told in at most ten lines what was meant.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" h.csv
no() { words=$1; shift; refuses 2 "$words" "$leat" "$@"; }

tells "a command" 'no "did you mean .leat auto.?" atuo && no "did you mean .leat build show.?" build shwo && no "needs a second word" runs'
tells "an option" 'no "did you mean .--target.?" auto h.csv --taget disease && no "no option .-z." predict -z a b'
tells "a metric, a learner, a type, a stage, a task" '
	no "did you mean .logloss.?" auto h.csv --target disease --metric loglos &&
	no "did you mean .lightgbm.?" auto h.csv --target disease --learners linear,lightgmb &&
	no "did you mean .category.?" auto h.csv --target disease --type age=categry &&
	no "did you mean .engineer.?" auto h.csv --target disease --until engineeer &&
	no "did you mean .multiclass.?" auto h.csv --target disease --task multiclas
'
tells "numbers out of their range" '
	for bad in "--time 0" "--time soon" "--time -1" "--time 1e99" "--time nan" "--trials 0" "--trials 2.5" "--seed -1" "--threads 0" \
		"--threads many" "--memory 1" "--memory 1e30"; do
		no "takes a" auto h.csv --target disease $bad || { echo "$bad"; exit 1; }
	done
'
tells "values forgotten" '
	no "needs a value: COL" auto h.csv --target && no "needs a value" auto h.csv --target --json && no "needs a value" auto h.csv --target=
'
tells "two that exclude each other" 'no "exclude each other" auto h.csv --target disease --time 5 --trials 3'
tells "words missing or too many" 'no "DATA is missing" auto && no "nothing is known to do with" init a b && no "BUILD is missing" predict'
tells "a file name that is no build" 'no "-o FILE" build export x && "$leat" init -q >/dev/null && refuses 4 "near\|no build" "$leat" build export x -o x.leat'
tells "a report that could not be written is told before the work, not after it" '
	refuses 4 "no folder .none/such" "$leat" auto h.csv --target disease --time 600 --report none/such/r.html &&
	refuses 2 "is a folder" "$leat" visualize h.csv -o . && refuses 4 "no folder .none" "$leat" diagnose x h.csv -o none/r.html
'
tells "scikit-learn names of metrics do" 'ends_with 0 "$leat" auto h.csv --target disease --trials 1 --metric roc_auc --json && json out "j[\"metric\"][\"name\"] == \"auc\""'
tells "-C goes to a folder first, and a folder that is not there is told" '
	mkdir sub && cp h.csv sub && ends_with 0 "$leat" -C sub visualize h.csv && refuses 4 "none" "$leat" -C none doctor
'
tells "with --json a failure is an object on standard output too" '
	ends_with 2 "$leat" auto h.csv --json --taget x && json out "j[\"exit\"] == 2 and \"--taget\" in j[\"detail\"] and j[\"error\"]" &&
	ends_with 4 "$leat" --json predict nothing h.csv && json out "j[\"exit\"] == 4"
'
tells "LEAT_TRAIL shows where a failure passed" '
	ends_with 4 env LEAT_TRAIL=1 "$leat" auto none.csv --target y && grep -q "at .*query/.*:[0-9]" err && grep -q "at .*app/auto.c:[0-9]" err
'
finish
