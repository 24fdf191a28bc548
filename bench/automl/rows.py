"""rows.py -- the measured cells, one JSON object a line, appended as they come.

Peers' cells are kept in the project (measured/peers.jsonl): a machine of the same processor takes them up again.  Leat's cells
are of one program (its digest) and stay in the build folder.  A later line with the same key replaces an earlier one.
"""
import hashlib
import json
import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "measured" / "peers.jsonl"
KEY = ("who", "version", "set", "split", "seed", "budget", "cpu")


def cpu():
    """The processor's name and how many of them, as the key of a machine."""
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return f"{line.split(':', 1)[1].strip()} x{os.cpu_count()}"
    return f"unknown x{os.cpu_count()}"


def digest(program):
    return hashlib.sha256(pathlib.Path(program).read_bytes()).hexdigest()[:12]


def key(row):
    return tuple(row[k] for k in KEY)


def read(file):
    rows = {}
    if pathlib.Path(file).exists():
        for line in pathlib.Path(file).read_text().splitlines():
            row = json.loads(line)
            rows[key(row)] = row
    return rows


def append(file, row):
    file = pathlib.Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    short = {k: float(f"{v:.6g}") if isinstance(v, float) and k != "error" else v for k, v in row.items()}
    with open(file, "a") as f:
        f.write(json.dumps(short) + "\n")
