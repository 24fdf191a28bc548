#!/bin/sh
# Story: Ctrl-C in the middle.  What was finished is kept, the project works, and the run can go on.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" h.csv

# Start a long run and wait, by its own talk and not by a clock, until trials are being made; then press Ctrl-C.
interrupt() {
	mkfifo talk
	# A shell makes its background commands deaf to Ctrl-C; env gives the ear back.
	env --default-signal=INT "$leat" auto h.csv --target disease --time 600 --seed 5 -v >out 2>talk &
	pid=$!
	while read -r line; do
		echo "$line" >>said
		case $line in engineer*) kill -INT $pid ;; esac
	done <talk
	status=0
	wait $pid || status=$?
	rm talk
	test $status -eq 130
}

tells "it ends at once with status 130 and says what was kept and how to go on" '
	: >said && interrupt && cp said err &&
	grep -q "interrupted: .*kept as run 1.*--resume 1" said
'
tells "the run is marked interrupted, nothing of it runs on, and the project works" '
	ends_with 0 "$leat" runs ls && grep -q "^1 *interrupted" out && ends_with 0 "$leat" build ls && test ! -s out
'
tells "another run goes on from its trials" '
	ends_with 0 "$leat" auto h.csv --target disease --seed 5 --trials 3 --resume 1 -q && test "$(cat out)" = h@1
'
tells "the trials of other data, or of another seed, are refused" '
	refuses 2 "seed" "$leat" auto h.csv --target disease --seed 6 --trials 3 --resume 1 &&
	head -200 h.csv >less.csv && refuses 2 "has changed" "$leat" auto less.csv --target disease --seed 5 --trials 3 --resume 1
'
finish
