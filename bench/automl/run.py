#!/usr/bin/env python3
"""bench/automl/run.py -- `leat auto` beside the AutoML tools people use: same files, splits, seeds, budgets and processors.

Question: on the same clock, does one command give a better model than AutoGluon, FLAML, H2O, MLJAR and LightGBM's defaults?
Method: each set (data.py) is split 70/30, five times.  Cells run one after another, split 0 of all sets first.  In a cell one
process reads the training CSV, fits and saves; a second one loads and answers the test CSV (cold) and, for peers,
goes on to time single rows and batches (warm).  Everybody has two processors, is told task, metric, budget and seed, and
is used as its own documentation asks (peers/NAME.py).  Wall counts the whole process, imports too, though a peer is
given the whole budget for its fit.  No OMP_ variable is set: with OMP_WAIT_POLICY=PASSIVE LightGBM on two threads takes 4 to 10 times as
long on an idle machine (digits, defaults: 5.3 s, unset 0.65 s), which would be an unfair match; on a machine where
others work at the same time, use --wait-policy PASSIVE and call the figures that.  Memory and time: measure.py.  Errors: judge.py.  A peer that fails is a row with
its words.  Cells that are measured already are not measured again; --until ends the run between two cells.

    bench/automl/setup                                    the peers' environments, once
    build/deps/py/bin/python bench/automl/run.py --who leat,ag,flaml --time 10
    build/deps/py/bin/python bench/automl/table.py        the figures, from what is measured so far
"""
import argparse
import datetime
import json
import pathlib
import shlex
import subprocess
import sys
import tempfile
import time

import data
import judge
import rows

HERE = pathlib.Path(__file__).resolve().parent
# who: (environment, runner, its name in the environment's list of versions, what is set besides)
PEERS = {
    "ag": ("agfull", "autogluon", "autogluon.tabular", {}),
    "flaml": ("flaml", "flaml", "FLAML", {}),
    "mljar": ("mljar", "mljar", "mljar-supervised", {}),
    "h2o": ("h2o", "h2o", "h2o", {}),
    "lightgbm": ("flaml", "lightgbm", "lightgbm", {}),
}
NO_BUDGET = {"lightgbm"}
THREADS = 2


def version_of(envs, who):
    environment, _, package, _ = PEERS[who]
    for line in (envs / f"{environment}.freeze").read_text().splitlines():
        name, _, version = line.partition("==")
        if name.lower() == package.lower():
            return version
    raise SystemExit(f"run.py: '{package}' is not in {envs / environment}; run bench/automl/setup --envs {envs} --only {environment}")


def job_of(a, who, name, seed, folder):
    task = data.task_of(name)
    job = {"who": who, "folder": str(folder), "task": task, "metric": data.METRIC[task], "target": data.TARGET, "budget": int(a.time) if a.time == int(a.time) else a.time, "seed": seed,
           "threads": THREADS, "wait_policy": a.wait_policy, "limit_s": 5 * a.time + 240}
    if who.startswith("leat"):
        return {**job, "leat": str(pathlib.Path(a.leat).resolve()), "options": shlex.split(a.options)}
    environment, runner, _, more = PEERS[who]
    return {**job, "python": str(a.envs / environment / "bin" / "python"), "runner": runner, **more}


def measure(a, who, name, split, seed):
    """One cell: {"error" or "failure", "wall", ...}"""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=a.tmp) as folder:
        folder = pathlib.Path(folder)
        shape = data.write(name, split, folder)
        job = job_of(a, who, name, seed, folder)
        (folder / "job.json").write_text(json.dumps(job))
        done = subprocess.run([*shlex.split(a.alone), sys.executable, "-P", str(HERE / "cell.py"), str(folder / "job.json")], check=False)
        if done.returncode != 0 or not (folder / "cell.json").exists():
            raise SystemExit(f"run.py: cell.py ended with {done.returncode} on {who} {name} split {split}")
        cell = json.loads((folder / "cell.json").read_text())
        if a.keep:
            subprocess.run(["cp", "-r", str(folder), f"{a.keep}/{who}-{name}-{split}"], check=True)
        if "failure" not in cell:
            try:
                cell["error"] = judge.error(job["task"], folder / "truth.csv", folder / "p.csv")
            except (ValueError, KeyError) as what:
                cell["failure"] = f"its answer: {what}"
        return {**cell, **shape, "task": job["task"]}


def calm(a, who, name, split, seed):
    """A cell beside which the rest of the machine worked for less than a tenth of a processor; None where none of two was, so
    that a later run measures it (with --anyway: the only one, whatever went on)."""
    tries = []
    for _ in range(1 if a.anyway else 2):
        tries.append(measure(a, who, name, split, seed))
        if tries[-1]["others_s"] <= .1 * tries[-1]["wall"]:
            return tries[-1]
        print(f"      {who} {name} split {split}: others worked {tries[-1]['others_s']:.1f} s meanwhile", flush=True)
    return min(tries, key=lambda t: t["others_s"] / t["wall"]) if a.anyway else None


def line_of(row):
    if "failure" in row:
        return "FAILED: " + row["failure"][-200:].replace("\n", " | ")
    return (f"error {row['error']:.5g}  wall {row['wall']:.2f}  peak {row['peak_mib']:.0f} MiB  size {row['size_bytes'] / 2**20:.2f} MiB  "
            f"cold {row['cold_s']:.2f} s  row {row.get('row_ms', float('nan')):.3g} ms  {row.get('rows_s', float('nan')):.3g} rows/s")


def options():
    ask = argparse.ArgumentParser(description="leat auto beside its peers; see the head of this file")
    ask.add_argument("--who", "--only-peer", dest="who", default="leat,ag,flaml,mljar,h2o,lightgbm", help="who runs, comma separated; leat-NAME is leat with --options")
    ask.add_argument("--time", type=float, default=10)
    ask.add_argument("--sets", default=",".join(data.SETS))
    ask.add_argument("--splits", default="0,1,2,3,4")
    ask.add_argument("--seeds", default="", help="seeds besides the split's own number, e.g. 1,2,3 (the same split each time)")
    ask.add_argument("--leat", default=str(data.TOP / "build" / "leat"))
    ask.add_argument("--options", default="", help="more options for leat auto, in one string")
    ask.add_argument("--envs", type=pathlib.Path, default=data.TOP / "build" / "peers")
    ask.add_argument("--out", type=pathlib.Path, default=data.TOP / "build" / "bench", help="folder of leat.jsonl")
    ask.add_argument("--alone", default="", help="command put before each cell, to keep the machine quiet while it runs")
    ask.add_argument("--until", default="", help="HH:MM (UTC): begin no cell after this")
    ask.add_argument("--for", dest="seconds", type=float, default=0, help="begin no cell later than so many seconds from now, and end with 3")
    ask.add_argument("--keep", default="", help="folder that gets a copy of each cell's files")
    ask.add_argument("--wait-policy", default="", help="OMP_WAIT_POLICY of every process of a cell (default: not set)")
    ask.add_argument("--anyway", action="store_true", help="keep cells that the rest of the machine disturbed, too")
    ask.add_argument("--tmp", default=None, help="where the cells' folders are made")
    a = ask.parse_args()
    unknown = [w for w in a.who.split(",") if w not in PEERS and not w.startswith("leat")]
    if unknown:
        ask.error(f"nobody called '{unknown[0]}'; there are leat, {', '.join(PEERS)}")
    return a


def plan(a):
    """(who, set, split, seed), split by split."""
    for split in map(int, a.splits.split(",")):
        for name in a.sets.split(","):
            for who in a.who.split(","):
                for seed in map(int, a.seeds.split(",")) if a.seeds else [split]:
                    yield who, name, split, seed


def late(until):
    now = datetime.datetime.now(datetime.timezone.utc)
    hour, minute = map(int, until.split(":"))
    return (now.hour, now.minute) >= (hour, minute)


def main():
    a, begin = options(), time.monotonic()
    cpu, ours = rows.cpu(), a.out / "leat.jsonl"
    done = {**rows.read(rows.PEERS), **rows.read(ours)}
    for who, name, split, seed in plan(a):
        is_leat = who.startswith("leat")
        version = rows.digest(a.leat) if is_leat else version_of(a.envs, who)
        row = {"who": who, "version": version, "set": name, "split": split, "seed": seed, "budget": 0 if who in NO_BUDGET else a.time, "cpu": cpu + (f" {a.wait_policy}" if a.wait_policy else "")}
        if rows.key(row) in done:
            continue
        if a.until and late(a.until):
            print(f"it is {a.until}: ending", flush=True)
            return
        if a.seconds and time.monotonic() - begin > a.seconds:
            raise SystemExit(3)
        cell = calm(a, who, name, split, seed)
        if not cell:
            continue
        row |= cell
        row["at"] = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ")
        rows.append(ours if is_leat else rows.PEERS, row)
        done[rows.key(row)] = row
        print(f"{row['at'][11:16]} {who:9} {name:10} split {split} seed {seed} {a.time:g} s  {line_of(row)}", flush=True)


if __name__ == "__main__":
    main()
