#!/bin/sh
# Story: new rows are never as tidy as the old ones, and a build file may have been damaged on its way.
. "$(dirname "$0")/lib.sh"
begin
python3 - <<'END'
import random
random.seed(3)
rows = [(i % 50, random.choice(["red", "green", "blue"]), random.choice([1, 2, 3]), random.random()) for i in range(200)]
with open("train.csv", "w") as f:
    f.write("n,colour,level,x,y\n")
    for n, c, l, x in rows: f.write(f"{n},{c},{l},{x:.4f},{'yes' if n + 20 * (c == 'red') + 9 * l > 45 else 'no'}\n")
END
"$leat" auto train.csv --target y --trials 2 --type level=category --name m -q >/dev/null

tells "extra columns are fine, their order does not matter, and the target may be absent" '
	printf "x,zzz,level,n,colour\n.5,1,2,10,red\n.25,2,1,40,blue\n" >a.csv && printf "n,colour,level,x\n10,red,2,.5\n40,blue,1,.25\n" >b.csv &&
	"$leat" predict m a.csv --proba >one && "$leat" predict m b.csv --proba >two && cmp one two && test "$(wc -l <one)" -eq 3
'
tells "3, 3.0 and a quoted 3 are one level" '
	printf "n,colour,level,x\n10,red,3,.5\n10,red,3.0,.5\n10,red,\"3\",.5\n" >c.csv && "$leat" predict m c.csv --proba >out &&
	test "$(tail -n +2 out | sort -u | wc -l)" -eq 1
'
tells "a level never seen, and missing values, are no error" '
	printf "n,colour,level,x\n10,mauve,2,.5\n,,,\n10,red,2,NA\n" >d.csv && ends_with 0 "$leat" predict m d.csv && test "$(wc -l <out)" -eq 4
'
tells "a value that cannot be read counts as missing, with a warning" '
	printf "n,colour,level,x\nten,red,2,.5\n10,red,2,.5\n" >e.csv && ends_with 0 "$leat" predict m e.csv && grep -q "warning: .*n" err && test "$(wc -l <out)" -eq 3
'
tells "a needed column that is absent is refused by name" '
	printf "colour,level,x\nred,2,.5\n" >f.csv && refuses 2 "n" "$leat" predict m f.csv && test ! -s out
'
tells "a whole column that cannot be read is refused" '
	printf "n,colour,level,x\nten,red,2,.5\neleven,red,2,.5\n" >g.csv && refuses 2 "n" "$leat" predict m g.csv
'
tells "a column to keep that is not there is told" 'refuses 2 "did you mean .colour." "$leat" predict m a.csv --keep colou'
tells "labelled rows without the target cannot be diagnosed" 'refuses 2 "no column .y." "$leat" diagnose m b.csv'
tells "a truncated build is refused, whatever is left of it" '
	"$leat" build export m -o m.leat >/dev/null && size=$(wc -c <m.leat) &&
	for keep in 0 1 8 100 $((size / 2)) $((size - 1)); do
		head -c $keep m.leat >t.leat && ends_with 5 "$leat" predict t.leat a.csv && test ! -s out || { echo "kept $keep"; exit 1; }
	done
'
tells "a flipped bit anywhere is refused" '
	python3 - <<-END
		import os, subprocess
		good = open("m.leat", "rb").read()
		at = sorted({0, 3, 9, 40, len(good) - 1} | {len(good) * k // 17 for k in range(17)})
		for i in at:
		    bad = bytearray(good); bad[i] ^= 4
		    open("t.leat", "wb").write(bad)
		    got = subprocess.run([os.environ["LEAT"], "predict", "t.leat", "a.csv"], capture_output=True)
		    assert got.returncode == 5 and not got.stdout, (i, got)
	END
'
tells "a build damaged inside the store is refused too" '
	digest=$(sha256sum m.leat | cut -d" " -f1) && object=$(find .leat/objects -type f | while read -r f; do cmp -s "$f" m.leat && echo "$f"; done | head -1)
	test -n "$object" && chmod u+w "$object" && python3 -c "
import sys; p = sys.argv[1]; b = bytearray(open(p, \"rb\").read()); b[len(b) // 2] ^= 1; open(p, \"wb\").write(b)" "$object" &&
	refuses 5 "" "$leat" predict m a.csv
'
finish
