#!/usr/bin/env python3
"""bench/speed/run.py -- how quickly the program starts and predicts, and how much memory a run takes.

  version   `leat --version`, whole process, median of 20 after one warm-up              must be under 10 ms
  predict   `leat predict` on 500 rows (CSV in, CSV out), whole process, median of 20     must be under 150 ms
  memory    `leat auto --time 10` on credit: sum of proportional set sizes (smaps_rollup) of the process and all its children,
            sampled every 20 ms, the highest                                              must be under 300 MiB

    bench/speed/run.py [--leat build/leat]
"""
import argparse, os, pathlib, statistics, subprocess, tempfile, time

TOP = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("LEAT_BENCH_DATA", TOP.parent / "shared" / "data"))


def timed(args, folder, n=20):
    took = []
    for i in range(n + 1):
        t = time.perf_counter()
        subprocess.run(args, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        took.append((time.perf_counter() - t) * 1e3)
    return statistics.median(took[1:]), min(took[1:]), max(took[1:])


def family(pid):
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in open(f"/proc/{pid}/task/{task}/children").read().split():
                yield from family(int(child))
    except OSError:
        return


def pss_kib(pid):
    try:
        for line in open(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--leat", default=str(TOP / "build" / "leat"))
    a = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print("version  median %.1f ms (min %.1f, max %.1f)" % timed([a.leat, "--version"], folder))
        run = subprocess.Popen([a.leat, "-q", "auto", str(SHARED / "credit_train.csv"), "--target", "target", "--time", "10", "--name", "credit"],
                               cwd=folder, stdout=subprocess.DEVNULL)
        most = 0
        while run.poll() is None:
            most = max(most, sum(pss_kib(p) for p in family(run.pid)))
            time.sleep(.02)
        print(f"memory   highest sum of proportional set sizes {most / 1024:.0f} MiB (exit {run.returncode})")
        lines = open(SHARED / "credit_test.csv").read().splitlines()[:501]
        pathlib.Path(folder, "rows.csv").write_text("\n".join(lines) + "\n")
        print("predict  median %.1f ms (min %.1f, max %.1f), 500 rows of credit" % timed([a.leat, "-q", "predict", "credit", "rows.csv", "-o", "out.csv"], folder))


if __name__ == "__main__":
    main()
