#!/bin/sh
# Story: a damaged disk is noticed and healed from a remote, and room is won back from what nobody names any more.
. "$(dirname "$0")/lib.sh"
begin
mkdir far
cat >make.py <<'END'
import random
random.seed(1)
with open("sales.csv", "w") as f:
    f.write("id,amount,town\n")
    for i in range(120000):
        f.write(f"{i},{random.random()},{random.choice(['Ulm', 'Bonn', 'Kiel'])}\n")
with open("more.csv", "w") as f:
    f.write("id,amount,town\n")
    for i in range(90000):
        f.write(f"{i},{random.gauss(0, 1)},Rom\n")
END
cat >flip.py <<'END'
import os
import sys
os.chmod(sys.argv[1], 0o644)
b = bytearray(open(sys.argv[1], "rb").read())
b[len(b) // 2] ^= 4
open(sys.argv[1], "wb").write(b)
END
python3 make.py
packs() { ls .leat/packs/*.pack; }
old() { find .leat/objects .leat/packs -type f -exec touch -d "2 days ago" {} +; }

tells "what was added is sound" '
	"$leat" init -q . && "$leat" data add sales sales.csv -q && "$leat" data add more more.csv -q && "$leat" data add small "$heart" -q &&
	ends_with 0 "$leat" fsck && grep -q "all is well" out && ends_with 0 "$leat" fsck --json && json out "j[\"faults\"] == 0 and j[\"objects\"] > 5"
'
tells "an address with a password in it is refused, and kept nowhere" '
	refuses 2 "keys do not belong\|no names, passwords" "$leat" remote add origin "s3://key:geheim@lake/churn" &&
	refuses 2 "no kind of store" "$leat" remote add origin "ftp://host/churn" && ! grep -r geheim .leat
'
tells "a remote is named once" '
	ends_with 0 "$leat" remote add origin far/lake && refuses 3 "already" "$leat" remote add origin elsewhere &&
	ends_with 0 "$leat" remote ls && grep -q "origin *$home/far/lake" out && refuses 4 "no remote .backup" "$leat" push backup
'
tells "push brings all, and the second time nothing" '
	ends_with 0 "$leat" push --json && json out "j[\"objects\"] > 5" && ends_with 0 "$leat" push --json && json out "j[\"objects\"] == 0"
'
tells "a flipped bit is found and located" '
	pack=$(packs | head -1) && python3 flip.py "$pack" &&
	ends_with 5 "$leat" fsck && grep -q "${pack#.leat/} at byte" out && grep -q "damaged or missing" err
'
tells "lost packs come back from the remote" '
	rm -f $(packs) && ends_with 5 "$leat" fsck --repair && ends_with 5 "$leat" fsck && grep -q "not there" out &&
	ends_with 0 "$leat" pull --json && json out "j[\"objects\"] > 5" &&
	ends_with 0 "$leat" fsck && ends_with 0 "$leat" data get sales back && cmp sales.csv back/sales.csv
'
tells "gc spares what is young, and what is named" '
	"$leat" data rm more -q >/dev/null && ends_with 0 "$leat" gc --json && json out "j[\"removed\"] == 0 and j[\"spared\"] > 0" &&
	old && before=$(du -sb .leat/packs | cut -f1) && ends_with 0 "$leat" gc --dry-run --json && json out "j[\"removed\"] > 0 and j[\"dry_run\"]" &&
	test "$(du -sb .leat/packs | cut -f1)" = "$before" &&
	ends_with 0 "$leat" gc --json && json out "j[\"removed\"] > 0 and j[\"freed_bytes\"] > 100000" && test "$(du -sb .leat/packs | cut -f1)" -lt "$before" &&
	ends_with 0 "$leat" fsck && ends_with 0 "$leat" data get sales again && cmp sales.csv again/sales.csv
'
tells "a remote is forgotten, not emptied" '
	ends_with 0 "$leat" remote rm origin && refuses 4 "no remote yet" "$leat" pull && ls far/lake/packs/*.pack >/dev/null
'
tells "two clones that both worked push to one remote, and nothing is lost" '
	"$leat" remote add origin ../shared -q && "$leat" push -q >/dev/null && cd .. &&
	ends_with 0 "$leat" clone shared one && ends_with 0 "$leat" clone shared two && refuses 3 "is there already" "$leat" clone shared two &&
	echo "a,b
1,2" >one/ones.csv && echo "a,b
3,4" >two/twos.csv &&
	(cd one && "$leat" data add ones ones.csv -q && "$leat" push -q) >/dev/null && (cd two && "$leat" data add twos twos.csv -q && "$leat" push -q) >/dev/null &&
	(cd one && "$leat" pull -q && "$leat" push -q) >/dev/null && ends_with 0 "$leat" clone shared three --json && json out "j[\"ledgers\"] == 3"
'
tells "and both histories are there to be proved" '
	cd ../three && sha256sum ../one/ones.csv ../two/twos.csv | cut -c1-64 >../names && ends_with 0 "$leat" fsck && ends_with 0 "$leat" log verify &&
	ends_with 0 "$leat" log --kind ledger.received --json && cp out ../received &&
	json ../received "len({e[\"subject\"] for e in j[\"event\"]}) == 3" && refuses 3 "another one" "$leat" gc
'
finish
