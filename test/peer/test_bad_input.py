"""Bad input gets the right exit status and a sentence that names the file and what is wrong (leat-probe table FILE)."""
import gzip
import os
import random
import subprocess

import openpyxl
import pytest

BAD = [
    ("empty.csv", b"", 2, "is empty"),
    ("header.csv", b"a,b\n", 2, "no rows"),
    ("ragged.csv", b"a,b,c\n1,2,3\n1,2\n", 2, "line 3 has 2 values"),
    ("long.csv", b"a,b,c\n1,2,3\n1,2,3,4\n", 2, "line 3 has 4 values"),
    ("twice.csv", b"a,b,a\n1,2,3\n", 2, "both named 'a'"),
    ("nameless.csv", b"a,,c\n1,2,3\n", 2, "column 2 has no name"),
    ("index.csv", b",a\n0,1\n", 2, "index=False"),
    ("latin1.csv", "name\nJürgen\n".encode("latin1"), 2, "line 2 is not UTF-8"),
    ("utf16.csv", "a,b\n1,2\n".encode("utf-16"), 2, "UTF-16"),
    ("quote.csv", b'a,b\n1,"x\n2,3\n', 2, "line 2: a quote is opened"),
    ("binary.csv", bytes(random.Random(1).randbytes(5000)), 2, "not text"),
    ("png.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 2, "not text"),
    ("tabs.tsv", b"a,b\n1,2\n", 2, "not by tabs"),
    ("x.parquet", b"PAR1 but not really", 2, "x.parquet"),
    ("x.json", b'[{"a": 1}, {"a": ', 2, "x.json"),
    ("records.json", b'"just text"', 2, "records.json"),
    ("x.ndjson", b'{"a": 1}\nnot json\n', 2, "line 2"),
    ("x.xlsx", b"PK\x03\x04 but not really", 2, "x.xlsx"),
    ("gone.csv", None, 4, "no such file"),
    ("gone*.csv", None, 4, "no file matches"),
    ("cut.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999)[:50], 2, "cut off"),
    ("big.csv", b"a\n" + b"x" * (17 << 20) + b"\n", 7, "line 2: a value of column 'a'"),
    ("wide.csv", b",".join(b"c%d" % i for i in range(100001)) + b"\n", 7, "100001 columns"),
]


@pytest.mark.parametrize("name, data, status, words", BAD, ids=[b[0] for b in BAD])
def test_bad_input(tmp_path, name, data, status, words):
    if data is not None:
        (tmp_path / name).write_bytes(data)
    done = subprocess.run([os.environ["PROBE"], "table", tmp_path / name], capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stderr
    assert words in done.stderr and name in done.stderr
    assert done.stdout == ""
    assert len(done.stderr) < 600


def test_no_such_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["a"])
    book.active.append([1])
    book.save(tmp_path / "x.xlsx")
    done = subprocess.run([os.environ["PROBE"], "table", tmp_path / "x.xlsx", "sheet=nope"], capture_output=True, text=True, timeout=60)
    assert done.returncode in (2, 4) and "nope" in done.stderr


def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a\n1\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root reads everything")
    done = subprocess.run([os.environ["PROBE"], "table", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 8 and "x.csv" in done.stderr


def test_ten_thousand_columns_are_read(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(",".join(f"c{i}" for i in range(10000)) + "\n" + ",".join("1" for _ in range(10000)) + "\n")
    done = subprocess.run([os.environ["PROBE"], "table", path, "only=summary"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_damaged_excel_files_are_refused_at_once(tmp_path):
    """DuckDB's extension looks for the parts of a damaged archive without end; ours looks first."""
    book = openpyxl.Workbook()
    for row in [["a", "b"], [1, "x"], [2, "y"]]:
        book.active.append(row)
    path = tmp_path / "x.xlsx"
    book.save(path)
    whole, r, statuses = path.read_bytes(), random.Random(5), []
    for i in range(40):
        data = bytearray(whole)
        if i % 4:
            data[r.randrange(len(data))] ^= 1 << r.randrange(8)
        else:
            del data[r.randrange(len(data)) :]
        path.write_bytes(data)
        done = subprocess.run([os.environ["PROBE"], "table", path], capture_output=True, text=True, timeout=60)
        statuses.append(done.returncode)
        assert done.returncode in (0, 2), done.stderr        # 0: a bit that means nothing, in a time for example
    assert statuses.count(2) > 30
