#!/usr/bin/env python3
"""cell.py -- one cell of the bench, in a folder that run.py has filled: fit in one process, answer in another.

Started by run.py (beneath --alone, where given) with the name of a job file: {"who", "python" or "leat", "folder", "task",
"metric", "target", "budget", "seed", "threads", "limit_s"}.  Writes what it measured to cell.json in that folder; a
peer that failed has "failure" there, with the last words it said.  All commands of a cell run on the first `threads` processors.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import measure  # noqa: E402

CHILD = pathlib.Path(__file__).resolve().parent / "peers" / "child.py"
COLD_ROWS = 500


def last_words(log, n=600):
    return log.read_text(errors="replace").strip()[-n:]


def explain(done, log):
    return ("ended for taking too long; " if done["rc"] is None else f"exit {done['rc']}: ") + last_words(log)


def peer(job, folder, env):
    """Fit, then a second process that loads, answers the test file (cold), and goes on to measure one row and batches (warm)."""
    base = [job["python"], "-P", str(CHILD)]
    done = measure.run([*base, "fit", "job.json"], folder, folder / "fit.log", job["limit_s"], env)
    cell = {k: done[k] for k in ("wall", "peak_mib", "others_s")}
    if done["rc"] != 0:
        return {**cell, "failure": "fit: " + explain(done, folder / "fit.log")}
    begin = time.monotonic()
    done = measure.run([*base, "predict", "job.json"], folder, folder / "predict.log", job["limit_s"], env)
    told = folder / "told.json"
    if not (folder / "p.csv").exists() or not told.exists():
        return {**cell, "failure": "predict: " + explain(done, folder / "predict.log")}
    told = json.loads(told.read_text())
    cell["cold_s"] = told.pop("answered_at") - begin
    return {**cell, **told, "predict_peak_mib": done["peak_mib"]}


def leat(job, folder, env):
    """The same for leat; the whole process of `leat predict` is the cold answer."""
    program = [job["leat"], "-q"]
    ask = [*program, "auto", "train.csv", "--target", job["target"], "--task", job["task"], "--metric", job["metric"], "--time",
           f"{job['budget']:g}", "--seed", str(job["seed"]), "--name", "m", "--json", *job.get("options", [])]
    done = measure.run(ask, folder, folder / "fit.log", job["limit_s"], env)
    cell = {k: done[k] for k in ("wall", "peak_mib", "others_s")}
    if done["rc"] != 0:
        return {**cell, "failure": "auto: " + explain(done, folder / "fit.log")}
    told = json.loads((folder / "fit.log").read_text())
    cell |= {"size_bytes": told["size_bytes"], "trials": told["trials"], "told": told["metric"]["value"]}
    done = measure.run([*program, "predict", "m", "new.csv", "--proba", "-o", "p.csv"], folder, folder / "predict.log", job["limit_s"], env)
    if done["rc"] != 0:
        return {**cell, "failure": "predict: " + explain(done, folder / "predict.log")}
    cell |= {"cold_s": done["wall"], "predict_peak_mib": done["peak_mib"]}
    lines = (folder / "new.csv").read_text().split("\n")[:COLD_ROWS + 1]
    (folder / "few.csv").write_text("\n".join(lines) + "\n")
    few = []
    for _ in range(5):
        begin = time.monotonic()
        subprocess.run([*program, "predict", "m", "few.csv", "-o", "few.out.csv"], cwd=folder, env=env, check=False, capture_output=True)
        few.append(time.monotonic() - begin)
    cell["cold_500_s"] = statistics.median(few)
    bench = subprocess.run([*program, "build", "bench", "m", "new.csv", "--json"], cwd=folder, env=env, capture_output=True, text=True)
    if bench.returncode == 0:
        speed = json.loads(bench.stdout)
        cell |= {"row_ms": speed["one_row_us"]["p50"] / 1e3, "rows_s": speed["rows_s"]}
    return cell


def main():
    job = json.loads(pathlib.Path(sys.argv[1]).read_text())
    folder = pathlib.Path(job["folder"])
    cores = sorted(os.sched_getaffinity(0))[:job["threads"]]
    os.sched_setaffinity(0, cores)
    measure.adopt_orphans()
    (folder / "tmp").mkdir(exist_ok=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")}
    if job["wait_policy"]:
        env["OMP_WAIT_POLICY"] = job["wait_policy"]
    env |= {"TMPDIR": str(folder / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    cell = (leat if job["who"].startswith("leat") else peer)(job, folder, env)
    (folder / "cell.json").write_text(json.dumps(cell))


if __name__ == "__main__":
    main()
