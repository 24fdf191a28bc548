#!/bin/sh
# Story: a modeler runs programs of her own by `leat run`; they log to their run from several processes; runs are searched, compared,
# put out of sight; what stops a program leaves an honest record.
. "$(dirname "$0")/lib.sh"
begin
export leat
"$leat" init -q . >/dev/null 2>&1 || "$leat" init >/dev/null

tells "a Python program logs to its run, from eight processes at once" '
	cat >train.py <<PY
import os, subprocess, sys
leat = os.environ["leat"]
print("epoch 1", flush=True)
print("to stderr", file=sys.stderr, flush=True)
print("epoch 2", flush=True)
many = [subprocess.Popen([leat, "metric", "log", "loss=%r" % (1 / (i + 1)), "--step", str(i)]) for i in range(8)]
assert all(p.wait() == 0 for p in many)
subprocess.run([leat, "metric", "log", "--from", "-"], input="".join("acc %r %d\n" % (i / 1000, i) for i in range(1000)), text=True, check=True)
subprocess.check_call([leat, "param", "lr=0.1", "depth=6"])
subprocess.check_call([leat, "tag", "set", "team=risk"])
subprocess.check_call([leat, "note", "it converged"])
open("model.bin", "wb").write(b"\0model")
os.makedirs("plots", exist_ok=True)
open("plots/roc.csv", "w").write("fpr,tpr\n0,0\n")
PY
	ends_with 0 "$leat" run --name first --experiment nets --tag stage=draft --data train.py --out model.bin --out plots -- python3 train.py &&
	printf "epoch 1\nepoch 2\n" | cmp - out && grep -q "to stderr" err &&
	"$leat" runs show first --json >j && json j "j[\"state\"] == \"done\" and j[\"exit\"] == 0 and j[\"experiment\"] == \"nets\"" &&
	json j "j[\"metrics\"][\"loss\"][\"n\"] == 8 and j[\"metrics\"][\"loss\"][\"last\"] == 0.125 and j[\"metrics\"][\"loss\"][\"max\"] == 1" &&
	json j "j[\"metrics\"][\"acc\"][\"n\"] == 1000 and j[\"params\"] == {\"lr\": \"0.1\", \"depth\": \"6\"}" &&
	json j "j[\"tags\"] == {\"team\": \"risk\", \"stage\": \"draft\"} and j[\"notes\"][0][\"text\"] == \"it converged\"" &&
	json j "[i[\"name\"] for i in j[\"inputs\"]] == [\"train.py\"] and j[\"resources\"][\"peak_bytes\"] > 1e6" &&
	json j "{\"model.bin\", \"plots/roc.csv\", \"log/output.txt\"} <= {a[\"name\"] for a in j[\"artifacts\"]}"
'
tells "what it said comes back line by line, each stream in its order, and outputs byte by byte" '
	"$leat" artifact get log/output.txt --run first >out && printf "epoch 1\nepoch 2\nto stderr\n" >want && sort out | cmp - want &&
	"$leat" artifact get log/stdout.txt --run first >out && printf "epoch 1\nepoch 2\n" | cmp - out &&
	"$leat" artifact get log/stderr.txt --run first >out && printf "to stderr\n" | cmp - out &&
	"$leat" artifact get model.bin --run first -o back.bin && cmp model.bin back.bin
'
tells "every point of a metric comes back" '
	"$leat" metric show acc --run first >out && [ "$(wc -l <out)" -eq 1001 ] && [ "$(tail -1 out | cut -d, -f1,3)" = "999,0.999" ]
'
tells "a param is set once; a run that nobody names is asked for" '
	refuses 3 "has another value already" "$leat" param lr=0.2 --run first && "$leat" param lr=0.1 --run first &&
	refuses 2 "no run to log to" "$leat" param lr=0.2 &&
	refuses 2 "takes a number" "$leat" metric auc=good --run first
'
tells "the exit status of the program is passed on and recorded" '
	ends_with 7 "$leat" run -- sh -c "exit 7" && "$leat" runs show latest --json >j &&
	json j "j[\"state\"] == \"failed\" and j[\"exit\"] == 7" && ends_with 0 "$leat" runs ls -f "exit_code = 7" -q && [ "$(wc -l <out)" -eq 1 ]
'
tells "a signal that ends it is recorded, and one sent to leat is passed on" '
	ends_with 143 "$leat" run -- sh -c "kill -TERM \$\$" && "$leat" runs show latest --json >j &&
	json j "j[\"state\"] == \"interrupted\" and j[\"signal\"] == 15" &&
	mkfifo ready && { "$leat" run -- sh -c "echo go >ready; exec sleep 600" >/dev/null 2>&1 & pid=$!; } && read -r word <ready && kill -TERM $pid &&
	{ got=0; wait $pid || got=$?; } && [ $got -eq 143 ] && "$leat" runs show latest --json >j && json j "j[\"state\"] == \"interrupted\""
'
tells "kill -9 of leat leaves an interrupted run" '
	rm -f ready && mkfifo ready && { "$leat" run -- sh -c "echo go >ready; exec sleep 3" >/dev/null 2>&1 & pid=$!; } && read -r word <ready && kill -KILL $pid &&
	{ wait $pid || true; } && "$leat" runs show latest --json >j && json j "j[\"state\"] == \"interrupted\""
'
tells "a program that is not there is told so, and the run says it failed" '
	refuses 4 "there is no such program" "$leat" run -- no-such-program && "$leat" runs show latest --json >j && json j "j[\"state\"] == \"failed\""
'
tells "with --json one object alone is on standard output" '
	ends_with 0 "$leat" run --json -q -- echo hi && json out "j[\"exit\"] == 0" && grep -q hi err
'
tells "words of the program that look like options are its own" '
	ends_with 0 "$leat" run -q python3 -c "import sys; print(sys.argv[1:])" --json --name x && grep -q -- "--json" out
'
tells "runs are searched by everything" '
	"$leat" runs ls -q -f "metrics.acc > 0.9 AND params.depth = 6 AND tags.team IN (\"risk\", \"b\") AND name LIKE \"fir%\"" >out && [ "$(cat out)" = 1 ] &&
	"$leat" runs ls -q -f "experiment = \"nets\" OR (verb = \"run\" AND NOT exit_code = 0)" --order-by "exit_code DESC" >out && [ "$(head -1 out)" != 1 ] &&
	"$leat" runs ls -q -f "dataset.name = \"train.py\" and notes.text RLIKE \"converg\" and artifacts.name = \"model.bin\"" >out && [ "$(cat out)" = 1 ] &&
	refuses 2 "at character 1.*did you mean .metrics." "$leat" runs ls -f "metrcs.acc > 1"
'
tells "runs are compared" '
	"$leat" param lr=0.3 --run 2 && "$leat" runs compare 1 2 --json >j &&
	json j "[r for r in j[\"rows\"] if r[\"key\"] == \"lr\"][0][\"values\"] == [\"0.1\", \"0.3\"]" && refuses 2 "two to" "$leat" runs compare 1
'
tells "runs are put out of sight and brought back" '
	"$leat" runs rm first >/dev/null && ! "$leat" runs ls -q | grep -qx 1 && "$leat" runs ls --deleted -q | grep -qx 1 &&
	refuses 3 "deleted" "$leat" metric auc=1 --run 1 && "$leat" runs restore 1 >/dev/null && "$leat" runs ls -q | grep -qx 1
'
tells "a build knows where it comes from and what came of it, and is proved" '
	"$leat" auto "$heart" --target disease --trials 2 --name h -q >/dev/null && head -20 "$heart" >new.csv && "$leat" predict h new.csv -o p.csv -q &&
	"$leat" build lineage h --json >j && json j "{n[\"kind\"] for n in j[\"nodes\"]} >= {\"build\", \"run\", \"data\", \"prediction\"}" &&
	[ "$(sha256sum <p.csv | cut -d" " -f1)" = "$(python3 -c "import json; print([n for n in json.load(open(\"j\"))[\"nodes\"] if n[\"kind\"] == \"prediction\"][0][\"digest\"])")" ] &&
	"$leat" build lineage h --dot | grep -q "digraph" && ends_with 0 "$leat" build verify h && grep -q "signed log" out &&
	"$leat" runs ls -q -f "params.target = \"disease\" and metrics.auc > 0.5" >out && [ "$(wc -l <out)" -eq 1 ]
'
tells "a build whose bytes were changed is damaged; one the ledger does not know is refused" '
	"$leat" build export h -o out.leat >/dev/null && ends_with 0 "$leat" build verify out.leat &&
	python3 -c "b = bytearray(open(\"out.leat\", \"rb\").read()); b[len(b) // 2] ^= 1; open(\"bad.leat\", \"wb\").write(b)" && ends_with 5 "$leat" build verify bad.leat &&
	mkdir -p ../other && cd ../other && "$leat" init >/dev/null && refuses 3 "never registered" "$leat" build verify ../work/out.leat
'
tells "all of it is the fold of the log" 'ends_with 0 "$leat" log verify'
finish
