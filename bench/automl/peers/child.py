"""peers/child.py -- the process of a peer: `child.py fit job.json`, later `child.py predict job.json`, in the cell's folder.

A runner is a file of this folder with
    fit(job, X, y)          train within job["budget"] seconds and leave what is needed in the folder `model`
    load(job)               that model again, in a fresh process
    answer(model, job, X)   (classes, rows x classes) or, for numbers, (None, vector)
    size_bytes(model, job)  what predicting needs on disk (where missing: all of `model`)
    READS = "file"          where X is not a pandas frame but the path of a CSV (the library has a reader of its own)
Both commands are started with -P, so that a runner called as its library is called does not hide it.
"""
import importlib.util
import json
import pathlib
import statistics
import sys
import time

WARM_ROWS, WARM_S = 30, 6.0


def runner_of(name):
    at = pathlib.Path(__file__).resolve().parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"runner_{name}", at)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_answer(classes, values, to):
    if classes is None:
        lines = ["prediction", *(repr(float(v)) for v in values)]
    else:
        lines = [",".join(f"p_{c}" for c in classes), *(",".join(repr(float(v)) for v in row) for row in values)]
    pathlib.Path(to).write_text("\n".join(lines) + "\n")


def folder_bytes(at):
    return sum(f.stat().st_size for f in pathlib.Path(at).rglob("*") if f.is_file())


def fit(runner, job):
    if getattr(runner, "READS", "frame") == "file":
        runner.fit(job, "train.csv", job["target"])
        return
    import pandas as pd
    train = pd.read_csv("train.csv")
    runner.fit(job, train.drop(columns=[job["target"]]), train[job["target"]])


def warm(runner, model, job, frame, batch):
    """Median time of one row as a DataFrame, the first left out; rows a second of the whole test file, the best of what fits."""
    rows, begin = [], time.perf_counter()
    for i in range(WARM_ROWS + 1):
        one = frame.iloc[[i % len(frame)]]
        t = time.perf_counter()
        runner.answer(model, job, one)
        rows.append(time.perf_counter() - t)
        if i >= 5 and time.perf_counter() - begin > WARM_S:
            break
    best, begin = float("inf"), time.perf_counter()
    for _ in range(3):
        t = time.perf_counter()
        runner.answer(model, job, batch)
        best = min(best, time.perf_counter() - t)
        if time.perf_counter() - begin > WARM_S:
            break
    return {"row_ms": statistics.median(rows[1:]) * 1e3, "rows_s": len(frame) / best}


def predict(runner, job):
    model = runner.load(job)
    from_file = getattr(runner, "READS", "frame") == "file"
    if from_file:
        data = "new.csv"
    else:
        import pandas as pd
        data = pd.read_csv("new.csv")
    write_answer(*runner.answer(model, job, data), "p.csv")
    told = {"answered_at": time.monotonic()}
    import pandas as pd
    told |= warm(runner, model, job, pd.read_csv("new.csv"), data)
    size = getattr(runner, "size_bytes", None)
    told["size_bytes"] = size(model, job) if size else folder_bytes("model")
    told["kept"] = runner.describe(model, job) if hasattr(runner, "describe") else None
    pathlib.Path("told.json").write_text(json.dumps(told))


def main():
    job = json.loads(pathlib.Path(sys.argv[2]).read_text())
    (fit if sys.argv[1] == "fit" else predict)(runner_of(job["runner"]), job)


if __name__ == "__main__":
    main()
