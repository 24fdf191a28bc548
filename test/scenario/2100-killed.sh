#!/bin/sh
# Story: the power goes, again and again.  Whatever moment it is, the project works afterwards and its log is whole.
# (2110 tells it with fifty kills.)
. "$(dirname "$0")/lib.sh"
begin
: "${PROBE:?}"
kills=${kills:-5}
cp "$heart" h.csv

# The k-th moment, in seconds: spread over a run, the same in every test run.
moment() { awk -v k="$1" 'BEGIN { srand(k); rand(); printf "%.3f", .02 + rand() * 4.2 }'; }
# How many of this story's programs run.
ours() {
	for p in /proc/[0-9]*; do
		test "$(readlink "$p/cwd")" != "$home" || readlink "$p/exe"
	done 2>/dev/null | grep -c "/leat$"
}
whole() { "$PROBE" project . >proof 2>err && grep -q "^events [1-9]" proof; }

tells "$kills kills at any moment: each time the project opens, and its tables are the fold of its log" '
	killed=0
	for k in $(seq "$kills"); do
		status=0
		timeout -s KILL "$(moment "$k")" "$leat" auto h.csv --target disease --time 4 --threads 2 --seed "$k" -q >said 2>err || status=$?
		test $status -eq 137 && killed=$((killed + 1))
		test ! -d .leat || { ends_with 0 "$leat" runs ls && ends_with 0 "$leat" build ls && whole || { echo "after kill $k"; exit 1; }; }
	done
	echo "  $killed of $kills were killed"
	test $killed -gt 0
'
tells "no worker outlives the program that started it" '
	left=9
	for k in $(seq 100); do
		left=$(ours) || true
		test "$left" -gt 0 || break
		"$leat" runs ls >/dev/null
	done
	test "$left" -eq 0
'
tells "a run after all that ends well, and every build that is listed answers" '
	ends_with 0 "$leat" auto h.csv --target disease --trials 2 --name after -q && test "$(cat out)" = after@1 &&
	"$leat" build ls --json >builds.json && whole &&
	for b in $(python3 -c "import json; print(*[b[\"digest\"] for b in json.load(open(\"builds.json\"))[\"builds\"]])"); do
		ends_with 0 "$leat" predict "$b" h.csv -o p.csv && test "$(wc -l <p.csv)" -eq "$(wc -l <h.csv)" || exit 1
	done
'
finish
