#!/bin/sh
# ctest: full
# Story: kill -9 fifty times in the middle of leat auto, at any moment; the project works every time, and nothing that was
# said to be kept is lost.
. "$(dirname "$0")/lib.sh"
begin
cp "$heart" h.csv

tells "fifty killed runs leave a project that works" '
	python3 - <<-END
		import json, os, random, signal, subprocess, time
		leat = os.environ["LEAT"]
		def ask(*words):
		    r = subprocess.run([leat, *words, "--json"], capture_output=True, text=True)
		    assert r.returncode == 0, (words, r.returncode, r.stderr)
		    return json.loads(r.stdout)
		random.seed(9)
		begun = 0
		for k in range(50):
		    p = subprocess.Popen([leat, "auto", "h.csv", "--target", "disease", "--time", "30", "-q"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		    time.sleep(random.uniform(0, 2.5))           # when to strike is left to chance, not what is checked
		    p.send_signal(signal.SIGKILL)
		    p.wait()
		    if not os.path.exists(".leat"): continue
		    runs = ask("runs", "ls")["runs"]
		    assert len(runs) >= begun and all(r["state"] == "interrupted" for r in runs), runs
		    begun = len(runs)
		    for r in runs[:1]:
		        full = ask("runs", "show", r["run"])
		        assert [t["trial"] for t in full["trials"]] == sorted(t["trial"] for t in full["trials"])
		assert begun > 25, begun
	END
'
tells "then a run goes through, and it can take up the trials of a killed one" '
	ends_with 0 "$leat" auto h.csv --target disease --trials 2 -q && test "$(cat out)" = h@1 && ends_with 0 "$leat" predict h h.csv &&
	ends_with 0 "$leat" auto h.csv --target disease --trials 3 --resume 1 -q
'
tells "no worker runs on" '
	for p in /proc/[0-9]*; do
		if [ "$(readlink "$p/cwd" 2>/dev/null)" = "$home" ] && tr "\\0" " " <"$p/cmdline" | grep -q " worker"; then echo "$p"; exit 1; fi
	done
'
finish
