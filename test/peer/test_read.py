"""Files that pandas, pyarrow and openpyxl wrote are read as pandas reads them (leat-probe table FILE)."""
import datetime
import gzip
import json
import os
import random
import subprocess

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

WORDS = ["red", "light blue", 'the "best"', "a,b", "naïve – ünïcode ✓", "tab\there", "two\nlines", "it's", "semi;colon", "pipe|d"]


def table(path, *options):
    done = subprocess.run([os.environ["PROBE"], "table", str(path), *options], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    out = json.loads(done.stdout)
    return out, {c["name"]: c for c in out["columns"]}


def frame(rows=500, seed=3):
    r = random.Random(seed)
    day = datetime.datetime(1999, 12, 31)
    return pd.DataFrame({
        "number": [None if r.random() < 0.1 else r.gauss(0, 10 ** r.randint(-8, 8)) for _ in range(rows)],
        "whole": [r.randint(-(10**9), 10**9) for _ in range(rows)],
        "word": [None if r.random() < 0.1 else r.choice(WORDS) for _ in range(rows)],
        "yes": [r.random() < 0.5 for _ in range(rows)],
        "when": [day + datetime.timedelta(seconds=r.randint(-(10**9), 10**9)) for _ in range(rows)],
        "day": [day + datetime.timedelta(days=r.randint(-20000, 20000)) for _ in range(rows)],
    })


def same(path, df, *options):
    out, got = table(path, *options)
    assert out["rows"] == len(df)
    assert list(got) == list(df.columns)
    types = {"number": "number", "whole": "integer", "word": "category", "yes": "boolean", "when": "datetime", "day": "datetime"}
    for name in df.columns:
        column = got[name]
        assert column["type"] == types[name], name
        assert column["nulls"] == int(df[name].isna().sum()), name
        for mine, theirs in zip(column["values"], df[name], strict=True):
            if pd.isna(theirs):
                assert mine is None
            elif column["type"] == "datetime":
                assert abs((pd.Timestamp(mine) - theirs).total_seconds()) < 1e-3
            elif column["type"] == "boolean":
                assert mine.lower() == str(theirs).lower()
            else:
                assert mine == theirs          # numbers to the last bit


@pytest.mark.parametrize("options", [
    {}, {"sep": ";"}, {"sep": "\t"}, {"sep": "|"}, {"lineterminator": "\r\n"}, {"quoting": 1}, {"encoding": "utf-8-sig"},
    {"quoting": 2, "lineterminator": "\r\n", "encoding": "utf-8-sig"}, {"na_rep": "NA"},
    {"sep": ",", "doublequote": False, "escapechar": "\\", "quoting": 1},
])
def test_csv_in_every_dialect(tmp_path, options):
    df = frame()
    df.to_csv(tmp_path / "x.csv", index=False, **options)
    same(tmp_path / "x.csv", df)


def test_csv_equals_pandas_reading_of_it(tmp_path):
    df = frame(3000, 5)
    df.to_csv(tmp_path / "x.csv", index=False)
    theirs = pd.read_csv(tmp_path / "x.csv")
    _, got = table(tmp_path / "x.csv")
    for name in ["number", "whole", "word"]:
        mine = pd.Series(got[name]["values"], dtype=theirs[name].dtype)
        pd.testing.assert_series_equal(mine, theirs[name], check_names=False, check_exact=True)


@pytest.mark.parametrize("ending", [".csv.gz", ".csv.zst", ".tsv", ".tsv.gz"])
def test_compressed_and_tab_separated(tmp_path, ending):
    df = frame()
    sep = "\t" if "tsv" in ending else ","
    if ending.endswith(".zst"):
        with pa.output_stream(tmp_path / f"x{ending}", compression="zstd") as f:
            f.write(df.to_csv(index=False).encode())
    else:
        df.to_csv(tmp_path / f"x{ending}", index=False, sep=sep)
    same(tmp_path / f"x{ending}", df)


def test_gzip_in_two_members_and_under_a_plain_name(tmp_path):
    text = frame().to_csv(index=False).encode()
    (tmp_path / "x.csv").write_bytes(gzip.compress(text[:1000]) + gzip.compress(text[1000:]))
    same(tmp_path / "x.csv", frame())


def test_gzip_cut_off_is_refused(tmp_path):
    text = frame(5000).to_csv(index=False).encode()
    packed = gzip.compress(text)
    for n in [len(packed) - 1, len(packed) // 2, 12]:
        (tmp_path / "x.csv.gz").write_bytes(packed[:n])
        done = subprocess.run([os.environ["PROBE"], "table", tmp_path / "x.csv.gz"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "damaged or cut off" in done.stderr, (n, done.stderr)


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip", "none"])
def test_parquet(tmp_path, compression):
    df = frame()
    df.to_parquet(tmp_path / "x.parquet", compression=compression)
    same(tmp_path / "x.parquet", df)
    same(tmp_path / "x.parquet", df, "threads=2")


def test_parquet_types_of_arrow(tmp_path):
    t = pa.table({
        "i8": pa.array([1, None, -3], pa.int8()), "u32": pa.array([1, None, 4294967295], pa.uint32()),
        "i64": pa.array([1, 2**60, None], pa.int64()), "f32": pa.array([0.5, None, 2.25], pa.float32()),
        "d128": pa.array([None, "1.25", "3.50"]).cast(pa.decimal128(10, 2)), "inf": pa.array([1.0, float("inf"), float("nan")]),
        "b": pa.array([True, None, False]), "dict": pa.array(["x", "y", "x"]).dictionary_encode(),
        "date": pa.array([datetime.date(2020, 1, 2), None, datetime.date(1950, 1, 1)]),
        "ns": pa.array([1, None, 10**18], pa.timestamp("ns")), "tz": pa.array([0, None, 10**6], pa.timestamp("us", tz="Europe/Berlin")),
        "list": pa.array([[1, 2], None, []]),
    })
    pq.write_table(t, tmp_path / "x.parquet")
    _, got = table(tmp_path / "x.parquet")
    values = {name: got[name]["values"] for name in got}
    assert values["i8"] == [1, None, -3] and values["u32"] == [1, None, 4294967295]
    assert values["i64"] == ["1", str(2**60), None]
    assert values["f32"] == [0.5, None, 2.25] and values["d128"] == [None, 1.25, 3.5]
    assert values["inf"] == [1, None, None] and got["inf"]["infinite"] == 1
    assert values["b"] == ["true", None, "false"] and values["dict"] == ["x", "y", "x"]
    assert values["date"] == ["2020-01-02", None, "1950-01-01"]
    assert values["ns"] == ["1970-01-01", None, "2001-09-09T01:46:40"]
    assert values["tz"] == ["1970-01-01", None, "1970-01-01T00:00:01"]
    assert values["list"][0] == "[1, 2]" and values["list"][1] is None


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_json(tmp_path, lines, packed):
    df = frame()
    path = tmp_path / (("x.ndjson" if lines else "x.json") + packed)
    text = df.to_json(orient="records", lines=lines, date_format="iso", double_precision=15)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    theirs = pd.DataFrame(json.loads(line) for line in text.splitlines()) if lines else pd.DataFrame(json.loads(text))
    df["number"] = theirs["number"]            # pandas writes 15 digits
    same(path, df)


def test_excel(tmp_path):
    df = frame()
    df["when"] = df["when"].dt.round("s")
    with pd.ExcelWriter(tmp_path / "x.xlsx") as w:
        pd.DataFrame({"other": [1]}).to_excel(w, sheet_name="first", index=False)
        df.to_excel(w, sheet_name="second one", index=False)
    df["number"] = pd.read_excel(tmp_path / "x.xlsx", sheet_name="second one")["number"]     # it was written to 16 digits
    same(tmp_path / "x.xlsx", df, "sheet=second one")
    _, got = table(tmp_path / "x.xlsx")
    assert list(got) == ["other"]


def test_excel_with_empty_rows_and_mixed_cells(tmp_path):
    book = openpyxl.Workbook()
    for row in [["a", "b"], [1, "x"], [None, None], ["two", 2.5], [3, None]]:
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    _, got = table(tmp_path / "x.xlsx")
    assert got["a"]["values"] == ["1", "two", "3"]
    assert got["b"]["values"] == ["x", "2.5", None]


def test_numbers_to_the_last_bit(tmp_path):
    r = random.Random(11)
    texts = [repr(r.choice([-1, 1]) * r.random() * 10 ** r.randint(-300, 300)) for _ in range(5000)]
    texts += ["1e-320", "4.9e-324", "1.7976931348623157e308", "0.1", "-0", "123456789012345678e-5", ".5", "5.", "+1", "1E5"]
    texts += [f"{r.randint(0, 10**18)}.{r.randint(0, 10**18)}" for _ in range(2000)]
    (tmp_path / "x.csv").write_text("x\n" + "\n".join(texts) + "\n")
    _, got = table(tmp_path / "x.csv")
    assert got["x"]["values"] == [float(t) for t in texts]


@pytest.mark.parametrize("ending", ["csv", "json", "ndjson", "parquet"])
def test_what_we_write_pandas_reads(tmp_path, ending):
    df = frame()
    df.to_parquet(tmp_path / "in.parquet")
    out = tmp_path / f"out.{ending}"
    table(tmp_path / "in.parquet", f"write={out}")
    if ending == "csv":
        back = pd.read_csv(out, keep_default_na=False, na_values=[""])
    elif ending == "parquet":
        back = pd.read_parquet(out)
    else:
        text = out.read_text()
        back = pd.DataFrame([json.loads(line) for line in text.splitlines()] if ending == "ndjson" else json.loads(text))
    assert list(back.columns) == list(df.columns)
    for name in ["number", "whole"]:
        assert [None if pd.isna(v) else float(v) for v in back[name]] == [None if pd.isna(v) else float(v) for v in df[name]]
    assert [None if pd.isna(v) else v for v in back["word"]] == [None if pd.isna(v) else v for v in df["word"]]
    assert (pd.to_datetime(back["when"], format="ISO8601") == df["when"]).all()
