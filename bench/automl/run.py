#!/usr/bin/env python3
"""bench/automl/run.py -- `leat auto` beside LightGBM's defaults, on the same files, splits and seeds.

Question: does a person who types one command get a better model than one who calls LightGBM with its defaults?
Method: each set (its _train and _test files put together) is split 70/30 five times, seeded, stratified by class.
Leat gets the training file as CSV and ten seconds, whole process; it answers the test file with `leat predict --proba`.
LightGBM gets the same rows through pandas (text columns as categories) and its own defaults, one process, two threads.
Both are judged here by scikit-learn: AUC (two classes), log loss (more), RMSE (numbers).  A row is cached by set, seed,
budget and the program's digest, so that a run can be taken up again.  Run with the tests' Python:

    build/deps/py/bin/python bench/automl/run.py [--time 10] [--sets titanic,credit] [--seeds 5] [--out build/bench]
"""
import argparse, hashlib, json, math, os, pathlib, subprocess, tempfile, time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

TOP = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("LEAT_BENCH_DATA", TOP.parent / "shared" / "data"))
EXAMPLES = TOP / "examples"
SETS = ["titanic", "credit", "house", "digits", "telescope", "abalone", "heart_disease", "imports-85"]


def load(name):
    """The whole set as text cells, and its target's name."""
    if (SHARED / f"{name}_train.csv").exists():
        parts = [pd.read_csv(SHARED / f"{name}_{p}.csv", dtype=str, keep_default_na=False) for p in ("train", "test")]
        return pd.concat(parts, ignore_index=True), "target"
    frame = pd.read_csv(EXAMPLES / f"{name}.csv", dtype=str, keep_default_na=False)
    return frame, frame.columns[-1]


def task_of(y):
    values = pd.to_numeric(y, errors="coerce")
    n = y.nunique()
    if n == 2:
        return "binary"
    if values.notna().all() and (n > 20 or not (values == values.round()).all()):
        return "regression"
    return "multiclass"


def score(task, y, p, classes):
    if task == "regression":
        return math.sqrt(float(np.mean((np.asarray(y, float) - p) ** 2)))
    if task == "binary":
        return roc_auc_score((np.asarray(y) == classes[1]).astype(int), p[:, 1])
    return log_loss(y, p, labels=classes)


def leat_once(leat, train, test, target, task, seconds, seed, folder):
    train.to_csv(folder / "train.csv", index=False)
    test.drop(columns=[target]).to_csv(folder / "new.csv", index=False)
    t = time.monotonic()
    run = subprocess.run([leat, "-q", "auto", "train.csv", "--target", target, "--task", task, "--time", str(seconds), "--seed", str(seed),
                          "--name", "m", "--json"], cwd=folder, capture_output=True, text=True)
    wall = time.monotonic() - t
    if run.returncode:
        raise SystemExit(f"leat auto failed on {folder}: {run.stderr}")
    told = json.loads(run.stdout)
    t = time.monotonic()
    subprocess.run([leat, "-q", "predict", "m", "new.csv", "--proba", "-o", "p.csv"], cwd=folder, check=True, capture_output=True)
    cold = time.monotonic() - t
    out = pd.read_csv(folder / "p.csv", dtype=str, keep_default_na=False)
    if task == "regression":
        p, classes = out["prediction"].astype(float).to_numpy(), None
    else:
        columns = [c for c in out.columns if c.startswith("p_")]
        classes = [c[2:] for c in columns]
        p = out[columns].astype(float).to_numpy()
    size = sum(f.stat().st_size for f in folder.glob(".leat/objects/**/*") if f.is_file())
    return {"value": score(task, test[target], p, classes), "wall": wall, "cold_predict": cold, "stored_bytes": size,
            "told": told.get("metric", {}).get("value")}


def lightgbm_once(train, test, target, task, seed):
    import lightgbm
    t = time.monotonic()
    both = pd.concat([train, test], ignore_index=True)
    X = both.drop(columns=[target]).replace({m: np.nan for m in ["", "NA", "N/A", "NaN", "NULL", "None", "?"]})
    for c in X.columns:
        number = pd.to_numeric(X[c], errors="coerce")
        X[c] = number if number.notna().sum() == X[c].notna().sum() else X[c].astype("category")
    a, b, y = X.iloc[:len(train)], X.iloc[len(train):], train[target]
    kind = lightgbm.LGBMRegressor if task == "regression" else lightgbm.LGBMClassifier
    model = kind(random_state=seed, n_jobs=2, verbose=-1)
    model.fit(a, y.astype(float) if task == "regression" else y)
    p = model.predict(b) if task == "regression" else model.predict_proba(b)
    return {"value": score(task, test[target], p, None if task == "regression" else list(model.classes_)), "wall": time.monotonic() - t}


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--time", type=float, default=10)
    ask.add_argument("--sets", default=",".join(SETS))
    ask.add_argument("--seeds", type=int, default=5)
    ask.add_argument("--out", default=str(TOP / "build" / "bench"))
    ask.add_argument("--leat", default=str(TOP / "build" / "leat"))
    a = ask.parse_args()
    out = pathlib.Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(open(a.leat, "rb").read()).hexdigest()[:12]
    cache = out / "automl.jsonl"
    rows = {}
    for line in cache.read_text().splitlines() if cache.exists() else []:
        row = json.loads(line)
        rows[row["key"]] = row
    better = 0
    print(f"{'set':14} {'metric':8} {'leat':>9} {'lightgbm':>9} {'ratio of errors':>16} {'leat wins':>10} {'wall max':>9}")
    for name in a.sets.split(","):
        frame, target = load(name)
        frame = frame[~frame[target].isin(["", "?", "NA"])].reset_index(drop=True)      # rows without a target teach nobody
        task = task_of(frame[target])
        got, peer, walls = [], [], []
        for seed in range(a.seeds):
            train, test = train_test_split(frame, test_size=.3, random_state=seed, stratify=None if task == "regression" else frame[target])
            for who, key in (("leat", f"leat {digest} {name} {seed} {a.time}"), ("lightgbm", f"lightgbm {name} {seed}")):
                if key not in rows:
                    with tempfile.TemporaryDirectory() as folder:
                        row = leat_once(a.leat, train, test, target, task, a.time, seed, pathlib.Path(folder)) if who == "leat" \
                            else lightgbm_once(train, test, target, task, seed)
                    row["key"] = key
                    rows[key] = row
                    with open(cache, "a") as f:
                        f.write(json.dumps(row) + "\n")
                (got if who == "leat" else peer).append(rows[key]["value"])
                if who == "leat":
                    walls.append(rows[key]["wall"])
        error = (lambda v: 1 - v) if task == "binary" else (lambda v: v)
        x, y = np.mean([error(v) for v in got]), np.mean([error(v) for v in peer])
        wins = sum(error(g) < error(p) for g, p in zip(got, peer))
        better += x < y
        metric = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}[task]
        print(f"{name:14} {metric:8} {np.mean(got):9.5g} {np.mean(peer):9.5g} {x / y:16.3f} {wins:>7}/{a.seeds} {max(walls):9.2f}", flush=True)
    print(f"better in mean on {better} of {len(a.sets.split(','))}")


if __name__ == "__main__":
    main()
