"""How fast the store takes bytes in and gives them out, beside sha256sum, cp -r and cp + sync on the same files, one run.

usage: bench/store/run.py PROBE [--work DIR] [--what many,more,large,csv] [--rounds N]
  many   10,000 files of 1 KiB      more   100,000 of them
  large  one file of 4 GiB, half of which packs      csv   a gigabyte CSV, then with rows inserted in the middle
Prints one line a measure: the best of N rounds, and the ratios that issue 5 asks for.  PROBE is build/tests/leat-probe.
"""
import argparse
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time


def run(args, **more):
    start = time.perf_counter()
    done = subprocess.run(args, check=True, capture_output=True, text=True, **more)
    return time.perf_counter() - start, done


def fresh(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    return path


def size_of(path):
    return sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def probe_cost(done):
    seconds, peak = done.stderr.split()[-2:]
    return float(seconds), int(peak) / 2**20


def small(probe, work, n, rounds):
    files = work / f"files-{n}"
    if not files.exists():
        files.mkdir(parents=True)
        draw = random.Random(1)
        for i in range(n):
            text = "".join(f"{draw.randrange(10**6)},{draw.random():.6f},{draw.choice(['red', 'green'])}\n" for _ in range(60))
            (files / f"{i:06}.csv").write_text(text[:1024])
    names = "\n".join(str(files / f"{i:06}.csv") for i in range(n)) + "\n"
    best = {}
    for _ in range(rounds):
        took, _ = run(["xargs", "-n", "1000000", "sha256sum"], input=names)
        best["sha256sum"] = min(took, best.get("sha256sum", 1e9))
        store = fresh(work / "store")
        took, done = run([probe, "store", "put", str(store)], input=names)
        best["put"] = min(took, best.get("put", 1e9))
        took, _ = run([probe, "store", "put", str(store)], input=names)
        best["put again"] = min(took, best.get("put again", 1e9))
        shutil.rmtree(work / "copy", ignore_errors=True)
        took, _ = run(["cp", "-r", str(files), str(work / "copy")])
        best["cp -r"] = min(took, best.get("cp -r", 1e9))
        took, _ = run([probe, "store", "out", str(store), str(fresh(work / "out"))], input=done.stdout)
        best["out"] = min(took, best.get("out", 1e9))
    lines = [line.split() for line in done.stdout.splitlines()]
    for i in random.Random(2).sample(range(n), 200):
        assert (work / "out" / str(i)).read_bytes() == pathlib.Path(lines[i][1]).read_bytes(), "what came out is not what went in"
    print(f"{n} x 1 KiB: sha256sum {best['sha256sum']:.3f} s, put {best['put']:.3f} s ({best['put'] / best['sha256sum']:.2f} x, at most 3), "
          f"put again {best['put again']:.3f} s, cp -r {best['cp -r']:.3f} s, out {best['out']:.3f} s "
          f"({best['out'] / best['cp -r']:.2f} x, at most 3), stored {size_of(store) / 1e6:.1f} MB", flush=True)


def one_file(probe, work, path):
    with open(path, "rb") as f:
        while f.read(1 << 24):
            pass
    sha, done = run(["sha256sum", str(path)])
    name = done.stdout.split()[0]
    start = time.perf_counter()
    shutil.copyfile(path, work / "copy.bin")
    os.sync()
    copy = time.perf_counter() - start
    (work / "copy.bin").unlink()
    store = fresh(work / "store")
    os.sync()
    took, done = run([probe, "store", "cut", str(store), str(path)])
    assert done.stdout.split()[0] == name, "the store's name is not what sha256sum says"
    _, peak = probe_cost(done)
    limit = max(1.5 * sha, 1.3 * copy)
    print(f"{path.name}, {path.stat().st_size / 2**30:.2f} GiB: sha256sum {sha:.2f} s, cp + sync {copy:.2f} s, put {took:.2f} s "
          f"({took / limit:.2f} of the limit {limit:.2f} s), peak {peak:.0f} MiB (at most 100), stored {size_of(store) / 1e6:.0f} MB", flush=True)
    back, done = run([probe, "store", "back", str(store), name, str(work / "back.bin")])
    _, peak = probe_cost(done)
    print(f"  back {back:.2f} s, peak {peak:.0f} MiB", flush=True)
    (work / "back.bin").unlink()
    return store


def large(probe, work):
    path = work / "large.bin"
    if not path.exists():
        rows = b"".join(b"%d,ship to address number %d,status ok\n" % (i * 7919 % 1000003, i % 9999) for i in range(100000))
        with open(path, "wb") as f:
            while f.tell() < 4 << 30:
                f.write(os.urandom(1 << 22))
                at = random.randrange(1 << 20)
                f.write((rows[at:] + rows)[:1 << 22])
    one_file(probe, work, path)


def csv(probe, work):
    path, second = work / "rows.csv", work / "rows2.csv"
    draw = random.Random(3)

    def rows(n):
        return "".join(f"{x},{x * 7919 % 1000003},{x * 104729 % 999983 / 7:.4f},{'red green blue'.split()[x % 3]},2024-{x % 12 + 1:02}-{x % 28 + 1:02},"
                       f"ship to address number {x % 9999},waiting\n" for x in (draw.randrange(10**9) for _ in range(n)))
    if not path.exists():
        with open(path, "w") as f:
            while f.tell() < 10**9:
                f.write(rows(20000))
    if not second.exists():
        with open(path, "rb") as a, open(second, "wb") as b:
            left = path.stat().st_size // 2
            while left:
                piece = a.read(min(left, 1 << 24))
                left -= len(piece)
                b.write(piece)
            b.write(a.readline())
            b.write(rows(1000).encode())
            shutil.copyfileobj(a, b, 1 << 24)
    store = one_file(probe, work, path)
    before = size_of(store)
    took, done = run([probe, "store", "cut", str(store), str(second)])
    more = size_of(store) - before
    print(f"  1000 rows inserted in the middle: put {took:.2f} s, {more / 1e6:.2f} MB more, {100 * more / before:.3f} % (under 3)", flush=True)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("probe")
    args.add_argument("--work", default="/tmp/bench-store", type=pathlib.Path)
    args.add_argument("--what", default="many,more,large,csv")
    args.add_argument("--rounds", default=3, type=int)
    given = args.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    for what in given.what.split(","):
        if what == "many":
            small(given.probe, given.work, 10000, given.rounds)
        elif what == "more":
            small(given.probe, given.work, 100000, given.rounds)
        elif what == "large":
            large(given.probe, given.work)
        elif what == "csv":
            csv(given.probe, given.work)
        else:
            sys.exit(f"run.py: unknown measure '{what}'")


if __name__ == "__main__":
    main()
