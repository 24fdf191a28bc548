"""measure.py -- run one command and say what it took: wall time, and the peak memory of its whole family.

Memory is the sum of proportional set sizes (smaps_rollup) of the process and all its descendants, sampled as often as 3 % of
the time allows, at most every 20 ms.  Processes whose parent has gone are still counted, because this process adopts
them, and they are ended when the command is done.  What the rest of the machine computed meanwhile is told too, so that a
disturbed run is known as such.  Linux only.
"""
import ctypes
import os
import resource
import signal
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_S = .02
SHARE = .03


def adopt_orphans():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def family(pid):
    """All descendants of a process, itself not among them."""
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                for child in map(int, f.read().split()):
                    found += [child, *family(child)]
    except OSError:
        pass
    return found


def pss_kib(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


def end_family():
    """End and reap whatever this process still has below it; what has ended by itself is reaped too, or its work would not count as ours."""
    for pid in family(os.getpid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def machine_cpu_s():
    """Seconds all processors have worked since the machine started."""
    with open("/proc/stat") as f:
        user, nice, system, _, _, irq, softirq = map(int, f.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def own_cpu_s():
    ours = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(r.ru_utime + r.ru_stime for r in ours)


def run(args, folder, log, limit_s, env=None):
    """Run args in folder, both outputs to the file log.  {"wall", "rc" (None: past limit_s and ended), "peak_mib", "others_s"}"""
    peak, machine, own = 0, machine_cpu_s(), own_cpu_s()
    with open(log, "wb") as out:
        begin = time.monotonic()
        child = subprocess.Popen(args, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=env)
        rc = None
        while time.monotonic() - begin < limit_s:
            at = time.monotonic()
            peak = max(peak, sum(map(pss_kib, family(os.getpid()))))
            cost = time.monotonic() - at
            try:
                rc = child.wait(timeout=max(SAMPLE_S, cost / SHARE))
                break
            except subprocess.TimeoutExpired:
                pass
        wall = time.monotonic() - begin
    end_family()
    others = machine_cpu_s() - machine - (own_cpu_s() - own)
    return {"wall": wall, "rc": rc, "peak_mib": peak / 1024, "others_s": max(0.0, others)}
