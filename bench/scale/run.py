#!/usr/bin/env python3
"""bench/scale/run.py -- does `leat auto` learn from a million rows by 50 columns, and 100,000 by 2,000, in 300 s and 4 GiB?

Rules: wall of the whole process at most T + max(2 % of T, 0.2 s); highest sum of proportional set sizes at most 4 GiB; a build that
predicts.  Also: is any stage quadratic?  With --growth the same data are cut to a quarter and a half, each is run with the same
--trials, and wall per row is printed: it must not grow.  Files come from make.py (kept in OUT); 20,000 rows more are
made to judge by (1 - AUC).  Peak memory: ../automl/measure.py.

    build/deps/py/bin/python bench/scale/run.py [--shapes 1000000x50,100000x2000] [--time 300] [--growth]
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "automl"))
import measure  # noqa: E402

MEMORY_MIB = 4096
JUDGE_ROWS = 20000


def made(out, rows, columns):
    """(training file, file to judge by): one generator run, cut in two."""
    train, test = out / f"scale-{rows}x{columns}.csv", out / f"scale-{rows}x{columns}-test.csv"
    if not train.exists() or not test.exists():
        whole = out / "scale.part"
        subprocess.run([sys.executable, "-P", str(HERE / "make.py"), str(rows + JUDGE_ROWS), str(columns), str(whole)], check=True)
        with open(whole) as f, open(test, "w") as b:
            head = f.readline()
            b.write(head)
            with open(out / "scale.train", "w") as t:
                t.write(head)
                for _ in range(rows):
                    t.write(f.readline())
            b.writelines(f)
        whole.unlink()
        os.replace(out / "scale.train", train)
    return train, test


def auto(leat, train, folder, *more):
    done = measure.run([leat, "-q", "auto", str(train), "--target", "target", "--name", "m", "--no-keep", "--json", *more], folder, folder / "auto.log", 3600)
    said = (folder / "auto.log").read_text()
    return done, json.loads(said) if done["rc"] == 0 else said[-400:]


def judge(leat, test, folder):
    import pandas as pd
    from sklearn.metrics import roc_auc_score
    truth = pd.read_csv(test, usecols=["target"])["target"]
    done = measure.run([leat, "-q", "predict", "m", str(test), "--proba", "-o", "p.csv"], folder, folder / "predict.log", 600)
    if done["rc"] != 0:
        return float("nan"), done["wall"]
    return 1 - roc_auc_score(truth, pd.read_csv(folder / "p.csv")["p_1"]), done["wall"]


def budget(a, rows, columns, train, test):
    with tempfile.TemporaryDirectory(dir=a.out) as folder:
        folder = pathlib.Path(folder)
        done, told = auto(a.leat, train, folder, "--time", f"{a.time:g}")
        over = done["wall"] - a.time
        good = done["rc"] == 0 and over <= max(.02 * a.time, .2) and done["peak_mib"] <= MEMORY_MIB
        print(f"{rows} x {columns} ({train.stat().st_size / 2**20:.0f} MiB of CSV): wall {done['wall']:.1f} s of {a.time:g}, peak {done['peak_mib']:.0f} MiB, ", end="")
        if done["rc"] != 0:
            print(f"FAILED: {told}")
            return False
        error, wall = judge(a.leat, test, folder)
        print(f"{told['trials']} trials, 1 - AUC {error:.4f} on {JUDGE_ROWS} new rows (predicted in {wall:.2f} s), build {told['size_bytes'] / 2**20:.2f} MiB, "
              f"{'inside the rules' if good else 'OUTSIDE the rules'}", flush=True)
        for stage in told.get("stages", []):
            print("   ", json.dumps(stage)[:160])
        return good


def growth(a, rows, train):
    """The same number of trials on a quarter, a half and all rows: seconds per thousand rows."""
    for share in (4, 2, 1):
        with tempfile.TemporaryDirectory(dir=a.out) as folder:
            folder = pathlib.Path(folder)
            with open(train) as f, open(folder / "part.csv", "w") as part:
                for _ in range(rows // share + 1):
                    part.write(f.readline())
            done, told = auto(a.leat, folder / "part.csv", folder, "--trials", "2", "--learners", "lightgbm,linear")
            words = "" if done["rc"] == 0 else f"FAILED: {told}"
            print(f"    2 trials on {rows // share} rows: {done['wall']:.1f} s, {done['wall'] / (rows / share) * 1e3:.4f} s a thousand rows, "
                  f"peak {done['peak_mib']:.0f} MiB {words}", flush=True)


def main():
    ask = argparse.ArgumentParser(description="leat auto on much data; see the head of this file")
    ask.add_argument("--shapes", default="1000000x50,100000x2000")
    ask.add_argument("--time", type=float, default=300)
    ask.add_argument("--growth", action="store_true")
    ask.add_argument("--leat", default=str(TOP / "build" / "leat"))
    ask.add_argument("--out", type=pathlib.Path, default=TOP / "build" / "bench")
    ask.add_argument("--only-make", action="store_true")
    a = ask.parse_args()
    a.out = a.out.resolve()
    a.out.mkdir(parents=True, exist_ok=True)
    a.leat = str(pathlib.Path(a.leat).resolve())
    measure.adopt_orphans()
    good = True
    for shape in a.shapes.split(","):
        rows, columns = map(int, shape.split("x"))
        train, test = made(a.out, rows, columns)
        if a.only_make:
            continue
        good = budget(a, rows, columns, train, test) and good
        if a.growth:
            growth(a, rows, train)
    return not good


if __name__ == "__main__":
    raise SystemExit(main())
