# ctest: full timeout=600
# A machine that is switched off: `leat data add` and `leat data get` are killed at many moments; what was there stays, the next
# try goes through, and there is never half a version.
. "$LEAT_SOURCE/test/scenario/lib.sh"
begin
tree="python3 $LEAT_SOURCE/test/clients/tree.py"
mkdir p && cd p || exit 1

# Kill the command after so many milliseconds.
killed_after() {
	ms=$1
	shift
	python3 -c 'import subprocess, sys
p = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try: p.wait(float(sys.argv[1]) / 1000)
except subprocess.TimeoutExpired: p.kill()
p.wait()' "$ms" "$@"
}

tells "an add that is killed leaves the versions that were there, or one more that is whole" '
	python3 -c "
import os
os.makedirs(\"d/sub\")
for i in range(900): open(f\"d/sub/{i:04d}\", \"w\").write(str(i) * 50)
open(\"d/t.csv\", \"w\").write(\"a,b\n\" + \"1,x\n\" * 2000)" &&
	"$leat" data add x d -q && i=0 &&
	while [ $i -lt 30 ]; do
		i=$((i + 1))
		python3 -c "
import sys
for k in range(0, 900, 3): open(f\"d/sub/{k:04d}\", \"w\").write(f\"{sys.argv[1]} {k}\" * 20)" $i
		killed_after $((i * 2)) "$leat" data add x d
		"$leat" data log x --json >../log || { echo "after kill $i"; exit 1; }
		n=$("$leat" data log x -q | wc -l)
		"$leat" data get x ../out -q --force && d=$($tree ../out) &&
		[ "$("$leat" data show x --json | python3 -c "import json,sys; print(json.load(sys.stdin)[\"version\"][\"digest\"])")" = "$d" ] || { echo "version $n is not whole after kill $i"; exit 1; }
	done
'
tells "after all that, an add goes through and the log is sound" '
	"$leat" data add x d -q && "$leat" data show x --json >../out.json && json ../out.json "j[\"version\"][\"digest\"] == \"$($tree d)\"" && "$leat" log verify >../log 2>../err
'
tells "a get that is killed goes on when it is asked again, and is whole then" '
	i=0 &&
	while [ $i -lt 25 ]; do
		i=$((i + 1))
		rm -rf ../g
		killed_after $((i * 3)) "$leat" data get x ../g
		"$leat" data get x ../g -q && [ "$($tree ../g)" = "$($tree d)" ] || { echo "after kill $i"; exit 1; }
		[ ! -e ../g.leat-part ] || { echo "a part was left after kill $i"; exit 1; }
	done
'
tells "what a get over changed files was killed in is put right by the next, and work is not lost" '
	"$leat" data get x@1 w -q --no-pointer && echo mine >w/mine && i=0 &&
	while [ $i -lt 15 ]; do
		i=$((i + 1))
		killed_after $((i * 4)) "$leat" data get x w --force
		killed_after $((i * 3)) "$leat" data get x@1 w --force
	done
	"$leat" data get x w -q --force && [ "$(cat w/mine)" = mine ] && rm w/mine && [ "$($tree w)" = "$($tree d)" ]
'
finish
