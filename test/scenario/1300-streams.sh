#!/bin/sh
# Story: results go down the pipe, talk stays on the terminal, and every command speaks JSON.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" h.csv
unset NO_COLOR
esc=$(printf '\033')

tells "with --json and -q there is one object, and nothing else anywhere" '
	ends_with 0 "$leat" auto h.csv --target disease --trials 2 --json -q && test ! -s err && test "$(wc -l <out)" -eq 1 && cp out a.json
'
tells "its shape is the one that was promised" '
	json a.json "j[\"build\"] == \"h@1\" and len(j[\"digest\"]) == 64 and j[\"task\"] == \"binary\"" &&
	json a.json "set(j[\"metric\"]) == {\"name\", \"direction\", \"value\", \"se\"} and j[\"metric\"][\"name\"] == \"auc\"" &&
	json a.json "all({\"learner\", \"score\", \"se\", \"fit_s\", \"predict_us_row\", \"size_bytes\", \"pareto\"} <= set(r) for r in j[\"leaderboard\"])" &&
	json a.json "isinstance(j[\"leaderboard\"], list) and len(j[\"leaderboard\"]) == 2 and isinstance(j[\"warnings\"], list)" &&
	json a.json "len(j[\"stages\"]) == 8 and all({\"name\", \"seconds\", \"summary\"} <= set(s) for s in j[\"stages\"])" &&
	json a.json "j[\"report\"].endswith(\".html\") and j[\"wall_s\"] > 0"
'
tells "rows to judge by are judged by" '
	ends_with 0 "$leat" auto h.csv --target disease --trials 2 --test h.csv --report r.html --json -q &&
	json out ".5 < j[\"test\"][\"auc\"] <= 1 and j[\"test\"][\"logloss\"] > 0 and j[\"report\"].endswith(\"/r.html\")" && test -s r.html
'
tells "every other command speaks JSON too" '
	for c in "init" "doctor" "build ls" "build show h" "build export h -o h.leat" "runs ls" "runs show 1" "visualize h.csv" \
		"predict h h.csv" "predict h h.csv -o p.csv" "diagnose h h.csv" "help auto" "man" "completion bash" "help --version"; do
		"$leat" $c --json >one.json 2>err && json one.json "isinstance(j, dict)" || { echo "$c"; exit 1; }
	done
	json one.json "j[\"version\"]"
'
tells "talk is on standard error only, and -q silences it" '
	"$leat" auto h.csv --target disease --trials 1 >out 2>err && grep -q "preprocess" err && ! grep -q "preprocess" out &&
	"$leat" auto h.csv --target disease --trials 1 -q >out 2>err && test ! -s err
'
tells "no colour in a pipe, unless asked for; NO_COLOR and --color never win" '
	! "$leat" help | grep -q "$esc" && "$leat" help --color always | grep -q "$esc" &&
	! "$leat" help --color never | grep -q "$esc" && ! NO_COLOR=1 "$leat" build ls | grep -q "$esc"
'
tells "no progress line without a terminal" '! "$leat" auto h.csv --target disease --trials 1 2>&1 | grep -q "$(printf "\r")"'
if command -v script >/dev/null 2>&1; then
	tells "on a terminal there are a progress line and colours, but not with NO_COLOR" '
		script -qec "env TERM=xterm $leat auto h.csv --target disease --trials 2" /dev/null >tty </dev/null && grep -q "$esc\\[K" tty && grep -q "$esc\\[1m" tty &&
		script -qec "env TERM=xterm NO_COLOR=1 $leat build show h" /dev/null >tty </dev/null && ! grep -q "$esc\\[1m" tty
	'
fi
tells "a reader that has seen enough is not scolded, but the status says that not all was written" '
	head -1 h.csv >long.csv && for i in $(seq 300); do tail -n +2 h.csv; done >>long.csv &&
	{ "$leat" predict h long.csv 2>err; echo $? >status; } | head -1 >out && test "$(cat out)" = prediction && test "$(cat status)" = 6 && test ! -s err
'
tells "a full disk is a failure that is told" '
	ends_with 6 sh -c "\"\$0\" help auto >/dev/full" "$leat" && grep -q "No space left" err &&
	ends_with 6 sh -c "\"\$0\" predict h h.csv >/dev/full" "$leat"
'
tells "an argument that is a file name with blanks is taken whole" '
	cp h.csv "my data.csv" && ends_with 0 "$leat" auto "my data.csv" --target disease --trials 1 -q && test "$(cat out)" = "my-data@1"
'
finish
