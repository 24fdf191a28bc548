#!/bin/sh
# Story: the disk fills up.  The sentence says so, and what was there before still works.
. "$(dirname "$0")/lib.sh"
begin
mkdir small
if ! mount -t tmpfs -o size=400k tmpfs small 2>/dev/null; then
	echo "ok 1 - # SKIP only root can mount a small disk"
	echo "1..1"
	exit 0
fi
trap 'umount "$home/small"' EXIT
cp "$heart" small/h.csv

tells "a run that does not fit ends with status 6 and says why" '
	cd small && got=0; "$leat" auto h.csv --target disease --trials 6 >../out 2>../err || got=$?
	cat ../err >&2; test $got -eq 6 && test "$(grep -c "^leat auto:" ../err)" -eq 1
'
tells "answers that do not fit leave no half file" '
	cp h.csv small/ 2>/dev/null || cp "$heart" h.csv; mkdir -p big && cd big && cp "$heart" h.csv && "$leat" auto h.csv --target disease --trials 2 -q >/dev/null &&
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do tail -n +2 h.csv; done >body && (head -1 h.csv; cat body; cat body) >long.csv &&
	got=0; "$leat" predict h long.csv --proba --explain -o "$home/small/p.csv" >../out 2>../err || got=$?
	test $got -eq 6 && test ! -e "$home/small/p.csv" && test -z "$(ls "$home/small" | grep new)"
'
tells "with room again, the project works" '
	cd small && rm -rf .leat/objects/zz; mount -o remount,size=60m . && ends_with 0 "$leat" auto h.csv --target disease --trials 2 -q &&
	ends_with 0 "$leat" predict h h.csv && ends_with 0 "$leat" runs ls
'
finish
