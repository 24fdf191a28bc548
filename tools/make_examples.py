#!/usr/bin/env python3
"""tools/make_examples.py -- make examples/*.csv from the tables inside the Orange3 wheel.

Run once, by hand; the results are committed.  Nothing is cleaned: missing marks, rows and values stay as they are.
The three header lines of Orange's .tab format become one, blanks around names go, and a target with a clumsy name
gets a short one (see TABLES).

usage: python3 tools/make_examples.py       (needs pip and a package registry)
"""

import csv
import hashlib
import io
import pathlib
import subprocess
import sys
import tempfile
import zipfile

WHEEL = "Orange3==3.40.0"
WHEEL_SHA256 = "1c24dc6df818be26710d6d8d7595a8a50682e3c99e6e3bdabe14591e26f5a85b"
TABLES = [  # file in the wheel, file made, new names, rows
    ("Orange/datasets/heart_disease.tab", "heart_disease.csv", {"diameter narrowing": "disease"}, 303),
    ("Orange/tests/datasets/imports-85.tab", "imports-85.csv", {}, 205),
]


def fetch_wheel(folder):
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", folder,
         "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311",
         "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_27_x86_64", WHEEL],
        check=True)
    (wheel,) = pathlib.Path(folder).glob("*.whl")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        sys.exit(f"{wheel.name} has another SHA-256 than expected")
    return wheel


def convert(tab, names, rows_n):
    """Orange's .tab text -> CSV text."""
    lines = list(csv.reader(io.StringIO(tab), delimiter="\t"))
    header = [names.get(name.strip(), name.strip()) for name in lines[0]]
    rows = [[cell.strip() for cell in line] for line in lines[3:] if line]  # lines 1 and 2: types and roles
    if len(rows) != rows_n or any(len(row) != len(header) for row in rows):
        sys.exit(f"{len(rows)} rows instead of {rows_n}, or ragged ones")
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header] + rows)
    return out.getvalue()


def main():
    here = pathlib.Path(__file__).resolve().parent.parent / "examples"
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(fetch_wheel(folder)) as wheel:
        for source, name, names, rows_n in TABLES:
            text = convert(wheel.read(source).decode("utf-8"), names, rows_n)
            (here / name).write_text(text, encoding="utf-8", newline="")
            print(f"examples/{name}: {rows_n} rows, {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
