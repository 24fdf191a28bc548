#!/usr/bin/env python3
"""bench/automl/ablate.py -- what each part of `leat auto` adds: the run is made again with one part left out at a time.

The program leaves out what the environment variable LEAT_WITHOUT names (features, portfolio, mlp, ensemble, search).  Same
splits, judge and measures as run.py; cells stay in OUT/ablate.jsonl by the program's digest.  The table gives, per part,
the geometric mean over sets of (error without it / error with all), over 1: the part pays; and how many sets are better
with it by more than one paired standard error.

    build/deps/py/bin/python bench/automl/ablate.py [--time 10] [--sets titanic,credit,house,digits,telescope,mice] [--splits 0,1,2]
"""
import argparse
import datetime
import math
import os
import pathlib
import statistics

import data
import rows
import run

PARTS = ["features", "portfolio", "mlp", "ensemble", "search"]


def options():
    ask = argparse.ArgumentParser(description="leat auto with one part left out at a time")
    ask.add_argument("--time", type=float, default=10)
    ask.add_argument("--sets", default="")
    ask.add_argument("--splits", default="0,1,2")
    ask.add_argument("--parts", default=",".join(PARTS))
    ask.add_argument("--leat", default=str(data.TOP / "build" / "leat"))
    ask.add_argument("--out", type=pathlib.Path, default=data.TOP / "build" / "bench")
    ask.add_argument("--alone", default="")
    ask.add_argument("--for", dest="seconds", type=float, default=0)
    ask.add_argument("--only-table", action="store_true")
    a = ask.parse_args()
    a.options, a.envs, a.tmp, a.keep, a.wait_policy = "", None, None, "", ""
    a.sets = (a.sets or ",".join(data.SIX if a.time < 60 else ["titanic", "house", "telescope"])).split(",")
    return a


def fill(a, done, file):
    """Measure what is missing; False where --for ended it."""
    import time
    begin, version = time.monotonic(), rows.digest(a.leat)
    for split in map(int, a.splits.split(",")):
        for name in a.sets:
            for part in ["", *a.parts.split(",")]:
                row = {"who": f"leat-without-{part}" if part else "leat", "version": version, "set": name, "split": split, "seed": split,
                       "budget": a.time, "cpu": rows.cpu()}
                if rows.key(row) in done:
                    continue
                if a.seconds and time.monotonic() - begin > a.seconds:
                    return False
                os.environ["LEAT_WITHOUT"] = part
                row |= run.measure(a, row["who"], name, split, split)
                row["at"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ")
                rows.append(file, row)
                done[rows.key(row)] = row
                print(f"{row['at'][11:16]} without {part or 'nothing':10} {name:10} split {split}  {run.line_of(row)}", flush=True)
    return True


def table(a, done):
    version = rows.digest(a.leat)
    error = {(r["who"], r["set"], r["split"]): r["error"] for r in done.values() if r["version"] == version and r["budget"] == a.time and "error" in r}
    print(f"{a.time:g} s, leat {version}; error without the part over error with all of them, per set, then the geometric mean\n")
    print(f"{'without':10} " + " ".join(f"{s:>10}" for s in a.sets) + f" {'mean':>8}  pays on  hurts on")
    for part in a.parts.split(","):
        cells, ratios, pays, hurts = [], [], 0, 0
        for name in a.sets:
            pairs = [(error["leat", name, s], error[f"leat-without-{part}", name, s]) for s in map(int, a.splits.split(","))
                     if ("leat", name, s) in error and (f"leat-without-{part}", name, s) in error]
            if not pairs:
                cells.append(f"{'-':>10}")
                continue
            ratio = max(sum(p[1] for p in pairs), 1e-6) / max(sum(p[0] for p in pairs), 1e-6)
            gain = [without - whole for whole, without in pairs]
            se = statistics.stdev(gain) / math.sqrt(len(gain)) if len(gain) > 1 else 0
            mean = statistics.fmean(gain)
            pays += mean > 0 and mean >= se
            hurts += mean < 0 and -mean >= se
            ratios.append(ratio)
            cells.append(f"{ratio:10.4f}")
        mean = math.exp(statistics.fmean(map(math.log, ratios))) if ratios else float("nan")
        print(f"{part:10} " + " ".join(cells) + f" {mean:8.4f}  {pays:7}  {hurts:8}")


def main():
    a = options()
    file = a.out / "ablate.jsonl"
    done = rows.read(file)
    whole = a.only_table or fill(a, done, file)
    table(a, done)
    if not whole:
        raise SystemExit(3)


if __name__ == "__main__":
    main()
