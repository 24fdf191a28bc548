#!/usr/bin/env python3
"""bench/lake/run.py -- what versioning data costs beside plain hashing and copying, beside Git and beside DVC.

All figures come from one run, on one disk; each is the median of --repeat passes (large ones: one pass); the page cache is warm, as it is
right after data were written.  DVC is installed into its own environment below --work (setup once, not timed).

  files N   N files of 1 KiB of random bytes in folders of 100
              add      leat data add          at most 3 x sha256sum over them (find | xargs sha256sum)
              again    leat data add, unchanged   at most 2 x git status on the same tree, all of it tracked
              status   leat status                at most 2 x git status
              get      leat data get into a new folder    at most 3 x cp -r
              dvc      dvc add, dvc add again, dvc status, dvc checkout on the same files
  large     one file of --large GiB of random bytes: add at most the larger of 1.5 x sha256sum and 1.3 x (cp + sync); peak memory under 100 MiB
  csv       a CSV of --csv GB, then the same with rows inserted in its middle: the second version adds under 3 % of the stored bytes
  versions  --versions versions of one dataset, each with one file changed: the time of the first and last adds and of asking

    bench/lake/run.py [--leat build/leat] [--work build/bench-lake] [--only files,large,csv,versions] [--files 10000,100000] [--no-dvc]
"""
import argparse, os, pathlib, random, shutil, statistics, subprocess, sys, time

TOP = pathlib.Path(__file__).resolve().parents[2]
DVC = ["dvc==3.63.0", "pathspec==0.12.1"]          # later pathspec breaks it
QUIET = dict(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def sh(args, cwd, **more):
    return subprocess.run(args, cwd=cwd, check=True, shell=isinstance(args, str), **{**QUIET, **more})


def timed(args, cwd, before=None, n=3):
    """Median seconds; `before` runs untimed in front of each pass."""
    took = []
    for _ in range(n):
        if before:
            before()
        t = time.perf_counter()
        sh(args, cwd)
        took.append(time.perf_counter() - t)
    return statistics.median(took)


def rm(path):
    shutil.rmtree(path, ignore_errors=True)


def line(what, seconds, ratio=None, beside="", limit=None):
    verdict = "" if limit is None else "  (limit %.1f: %s)" % (limit, "met" if ratio <= limit else "MISSED")
    print("  %-28s %9.3f s%s%s" % (what, seconds, "" if ratio is None else "   %.2f x %s" % (ratio, beside), verdict), flush=True)


def dvc_of(a):
    """DVC in an environment of its own; None where it cannot be installed."""
    if a.no_dvc:
        return None
    env = a.work / "dvc-env"
    dvc = env / "bin" / "dvc"
    if not dvc.exists():
        try:
            sh([sys.executable, "-m", "venv", str(env)], a.work)
            sh([str(env / "bin" / "pip"), "install", "-q", *DVC], a.work)
        except subprocess.CalledProcessError:
            print("dvc could not be installed; going on without it")
            return None
    print("dvc " + subprocess.run([str(dvc), "--version"], capture_output=True, text=True).stdout.strip())
    return str(dvc)


def make_tree(folder, n):
    data = os.urandom(1 << 20)
    for i in range(n):
        if i % 100 == 0:
            os.makedirs(folder / f"{i // 100:04d}")
        at = random.randrange(len(data) - 1024)
        (folder / f"{i // 100:04d}" / f"{i % 100:02d}.dat").write_bytes(data[at:at + 1016] + i.to_bytes(8, "big"))


def git_init(p):
    sh(["git", "init", "-q", "."], p)
    sh(["git", "config", "user.email", "a@b"], p)
    sh(["git", "config", "user.name", "a"], p)


def bench_files(a, n, dvc):
    print(f"{n} files of 1 KiB")
    p = a.work / f"files-{n}"
    rm(p)
    p.mkdir()
    make_tree(p / "tree", n)
    git_init(p)
    sh([a.leat, "init"], p)
    sh("git add tree && git commit -qm x && sync", p)
    r = a.repeat
    hash_s = timed("find tree -type f -print0 | xargs -0 sha256sum", p, n=r)
    line("sha256sum", hash_s)
    git_s = timed(["git", "status"], p, n=r)
    line("git status", git_s)
    def fresh():
        rm(p / ".leat")
        sh([a.leat, "init"], p)
    add = timed([a.leat, "data", "add", "x", "tree"], p, before=fresh, n=r)
    line("leat data add", add, add / hash_s, "sha256sum", 3)
    again = timed([a.leat, "data", "add", "x", "tree"], p, n=r)
    line("leat data add, unchanged", again, again / git_s, "git status", 2)
    status = timed([a.leat, "status"], p, n=r)
    line("leat status", status, status / git_s, "git status", 2)
    both = [[], []]
    for _ in range(r):                                             # in turns, so that what the disk is busy with hits both
        for took, args, made in ((both[0], ["cp", "-r", "tree", "copy"], "copy"), (both[1], [a.leat, "data", "get", "x", "out"], "out")):
            rm(p / made)
            took.append(timed(args, p, n=1))
    cp_s, get = map(statistics.median, both)
    line("cp -r", cp_s)
    line("leat data get", get, get / cp_s, "cp -r", 3)
    sh(["diff", "-r", "tree", "out"], p)
    if dvc:
        d = a.work / f"dvc-{n}"
        rm(d)
        d.mkdir()
        shutil.copytree(p / "tree", d / "tree")
        git_init(d)
        sh([dvc, "init", "-q"], d)
        sh([dvc, "config", "core.analytics", "false"], d)
        for what, args, ours in (("dvc add", [dvc, "add", "-q", "tree"], add), ("dvc add, unchanged", [dvc, "add", "-q", "tree"], again),
                                 ("dvc status", [dvc, "status", "-q"], status)):
            s = timed(args, d, n=1)
            line(what, s, s / ours, "leat")
        rm(d / "tree")
        s = timed([dvc, "checkout", "-q"], d, n=1)
        line("dvc checkout", s, s / get, "leat data get")
        rm(d)
    rm(p)


def peak_mib(args, cwd):
    """Runs it; (seconds, peak resident MiB of it alone), by wait4 of a small parent."""
    code = "import os,sys,time,resource,subprocess\nt=time.perf_counter();p=subprocess.Popen(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)\n" \
           "_,s,u=os.wait4(p.pid,0);print(time.perf_counter()-t,u.ru_maxrss/1024,s)"
    out = subprocess.run([sys.executable, "-c", code, *args], cwd=cwd, check=True, capture_output=True, text=True).stdout.split()
    assert out[2] == "0", "it failed"
    return float(out[0]), float(out[1])


def bench_large(a):
    print(f"one file of {a.large} GiB")
    p = a.work / "large"
    rm(p)
    p.mkdir()
    with open(p / "big.bin", "wb") as f:
        for _ in range(int(a.large * 256)):
            f.write(os.urandom(4 << 20))
    sh("sync", p)
    sh([a.leat, "init"], p)
    hash_s = timed(["sha256sum", "big.bin"], p, n=1)
    line("sha256sum", hash_s)
    cp_s = timed("cp big.bin copy && sync copy", p, n=1)
    line("cp and sync", cp_s)
    os.unlink(p / "copy")
    sh("sync", p)
    s, mib = peak_mib([a.leat, "data", "add", "big", "big.bin"], p)
    allowed = max(1.5 * hash_s, 1.3 * cp_s)
    line("leat data add", s, s / allowed, "the larger of 1.5 sha256sum, 1.3 (cp + sync)", 1)
    print(f"  peak memory {mib:.0f} MiB  (limit 100: {'met' if mib < 100 else 'MISSED'})")
    s = timed([a.leat, "data", "add", "big", "big.bin"], p, n=1)
    line("leat data add, unchanged", s)
    s = timed([a.leat, "data", "get", "big", "out"], p, n=1)
    line("leat data get", s, s / cp_s, "cp and sync")
    sh(["cmp", "big.bin", "out/big.bin"], p)
    rm(p)


def stored(p):
    """Bytes of everything the store keeps: objects, packs and their indexes."""
    return sum(os.lstat(os.path.join(r, f)).st_size for d in ("objects", "packs") for r, _, fs in os.walk(p / ".leat" / d) for f in fs)


def bench_csv(a):
    print(f"a CSV of {a.csv} GB, then rows inserted in its middle")
    p = a.work / "csv"
    rm(p)
    p.mkdir()
    r = random.Random(1)
    rows = int(a.csv * 1e9 / 100)
    words = ["red", "green", "light blue", "dark grey", "violet"]

    def row(i):
        return f"{i},{r.random():.12f},{r.gauss(0, 1):.9f},{r.choice(words)},2026-{r.randint(1, 12):02d}-{r.randint(1, 28):02d},{r.getrandbits(64):016x},{r.randint(0, 10**6)}\n"
    with open(p / "t.csv", "w") as f:
        f.write("id,a,b,colour,day,key,amount\n")
        for i in range(0, rows, 10000):
            f.write("".join(row(k) for k in range(i, min(i + 10000, rows))))
    sh([a.leat, "init"], p)
    s = timed([a.leat, "data", "add", "t", "t.csv"], p, n=1)
    line("leat data add", s)
    first = stored(p)
    half = os.path.getsize(p / "t.csv") // 2
    with open(p / "t.csv", "rb") as f, open(p / "n.csv", "wb") as g:
        g.write(f.read(half) + f.readline())
        g.write("".join(row(rows + i) for i in range(1000)).encode())
        shutil.copyfileobj(f, g, 1 << 20)
    os.replace(p / "n.csv", p / "t.csv")
    s = timed([a.leat, "data", "add", "t", "t.csv"], p, n=1)
    line("the second version", s)
    more = stored(p) - first
    print(f"  stored {first / 1e6:.0f} MB, then {more / 1e6:.2f} MB more: {100 * more / first:.2f} %  (limit 3: {'met' if more < .03 * first else 'MISSED'})")
    rm(p)


def bench_versions(a):
    print(f"{a.versions} versions of one dataset of 100 files")
    p = a.work / "versions"
    rm(p)
    p.mkdir()
    make_tree(p / "tree", 100)
    sh([a.leat, "init"], p)
    took = []
    for i in range(a.versions):
        (p / "tree" / "0000" / f"{i % 100:02d}.dat").write_bytes(i.to_bytes(8, "big") * 128)
        t = time.perf_counter()
        sh([a.leat, "-q", "data", "add", "x", "tree", "--profile", "none"], p)
        took.append(time.perf_counter() - t)
    line("the first hundred adds", sum(took[:100]) / 100)
    line("the last hundred adds", sum(took[-100:]) / 100, sum(took[-100:]) / sum(took[:100]), "the first")
    for what in (["data", "ls"], ["data", "show", "x"], ["data", "log", "x", "-q"], ["data", "diff", "x@1", "x"], ["status"]):
        line("leat " + " ".join(what), timed([a.leat, *what], p, n=3))
    rm(p)


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--leat", default=str(TOP / "build" / "leat"))
    ask.add_argument("--work", default=str(TOP / "build" / "bench-lake"))
    ask.add_argument("--only", default="files,large,csv,versions")
    ask.add_argument("--files", default="10000,100000")
    ask.add_argument("--large", type=float, default=4)
    ask.add_argument("--csv", type=float, default=1)
    ask.add_argument("--versions", type=int, default=10000)
    ask.add_argument("--repeat", type=int, default=5)
    ask.add_argument("--no-dvc", action="store_true")
    a = ask.parse_args()
    a.work = pathlib.Path(a.work).resolve()
    a.work.mkdir(parents=True, exist_ok=True)
    a.leat = str(pathlib.Path(a.leat).resolve())
    only = a.only.split(",")
    if "files" in only:
        dvc = dvc_of(a)
        for n in a.files.split(","):
            bench_files(a, int(n), dvc)
    if "large" in only:
        bench_large(a)
    if "csv" in only:
        bench_csv(a)
    if "versions" in only:
        bench_versions(a)


if __name__ == "__main__":
    main()
