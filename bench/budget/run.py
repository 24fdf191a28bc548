#!/usr/bin/env python3
"""bench/budget/run.py -- does `leat auto --time T` end in time, on every set, with a valid build?

Rule: wall time of the whole process at most T + max(2 % of T, 0.2 s).  Method: each set's training file, each budget, one
after another, in a fresh folder on the same disk; wall by the monotonic clock around the process; then the build answers the test file.
Prints a line a run and what broke the rule.  Run with any Python 3:

    bench/budget/run.py [--times 1,2,10,60] [--sets titanic,poker]
"""
import argparse, json, os, pathlib, subprocess, tempfile, time

TOP = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("LEAT_BENCH_DATA", TOP.parent / "shared" / "data"))


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--times", default="1,2,10,60")
    ask.add_argument("--sets", default="")
    ask.add_argument("--leat", default=str(TOP / "build" / "leat"))
    a = ask.parse_args()
    sets = a.sets.split(",") if a.sets else sorted(p.name[:-10] for p in SHARED.glob("*_train.csv"))
    bad = runs = 0
    worst = {}
    for budget in (float(t) for t in a.times.split(",")):
        for name in sets:
            with tempfile.TemporaryDirectory() as folder:
                t = time.monotonic()
                run = subprocess.run([a.leat, "-q", "auto", str(SHARED / f"{name}_train.csv"), "--target", "target", "--time", f"{budget:g}",
                                      "--name", "m", "--json"], cwd=folder, capture_output=True, text=True)
                wall = time.monotonic() - t
                ok = run.returncode == 0
                told = json.loads(run.stdout) if ok else {}
                answer = subprocess.run([a.leat, "-q", "predict", "m", str(SHARED / f"{name}_test.csv"), "-o", "p.csv"], cwd=folder,
                                        capture_output=True, text=True) if ok else None
                rows = sum(1 for _ in open(f"{folder}/p.csv")) - 1 if ok and answer.returncode == 0 else 0
            over = wall - budget
            inside = ok and rows > 0 and over <= max(.02 * budget, .2)
            runs += 1
            bad += not inside
            worst[budget] = max(worst.get(budget, -1e9), over)
            board = told.get("leaderboard", [])
            print(f"{name:10} {budget:4g} s  wall {wall:7.3f} s  {'ok ' if inside else 'BAD'}  {told.get('metric', {}).get('name', '-'):8} "
                  f"{told.get('metric', {}).get('value') or float('nan'):.5g}  {len(board)} trials  {'' if ok else run.stderr.strip()[-200:]}", flush=True)
    for budget, over in sorted(worst.items()):
        print(f"budget {budget:g} s: worst overrun {over:+.3f} s (allowed {max(.02 * budget, .2):.2f})")
    print(f"{runs - bad} of {runs} runs inside the rule with a valid build")
    return bad != 0


if __name__ == "__main__":
    raise SystemExit(main())
