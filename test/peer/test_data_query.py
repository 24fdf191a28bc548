"""`leat data query` answers as pandas does: joins, groups, windows, missing values, over CSV, JSON and Parquet versions."""
import json
import os
import subprocess

import numpy as np
import pandas as pd
import pytest

LEAT = os.environ["LEAT"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    at = tmp_path_factory.mktemp("lake")
    r = np.random.default_rng(4)
    n = 3000
    a = pd.DataFrame({"id": np.arange(n), "k": r.integers(0, 40, n), "x": np.round(r.normal(size=n), 6), "s": r.choice(["a", "b,c", 'd"e', "ü"], n),
                      "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(r.integers(0, 200, n), unit="D")})
    a.loc[r.random(n) < 0.1, "x"] = np.nan
    b = pd.DataFrame({"k": np.arange(35), "w": np.round(r.uniform(size=35), 6)})
    a.to_csv(at / "a.csv", index=False)
    a.to_parquet(at / "a.parquet")
    b.to_json(at / "b.json", orient="records")
    run = lambda *words: subprocess.run([LEAT, *words], cwd=at, capture_output=True, text=True, check=True)
    run("init")
    for name, file in (("csv", "a.csv"), ("pq", "a.parquet"), ("b", "b.json")):
        run("data", "add", name, file, "-q", "--no-pointer")
    return at, a, b


def ask(at, sql):
    done = subprocess.run([LEAT, "data", "query", sql, "--json"], cwd=at, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return pd.DataFrame(json.loads(done.stdout)["rows"])


@pytest.mark.parametrize("name", ["csv", "pq"])
def test_groups(lake, name):
    at, a, _ = lake
    got = ask(at, f"SELECT s, count(*) AS n, count(x) AS m, sum(x) AS t, min(day) AS d FROM '{name}@1' GROUP BY s ORDER BY s")
    want = a.groupby("s").agg(n=("id", "size"), m=("x", "count"), t=("x", "sum"), d=("day", "min")).reset_index()
    got = got.set_index("s").loc[want["s"]].reset_index()
    assert list(got["n"]) == list(want["n"]) and list(got["m"]) == list(want["m"])
    assert np.allclose(got["t"], want["t"]) and list(got["d"]) == [d.strftime("%Y-%m-%d") for d in want["d"]]


@pytest.mark.parametrize("name", ["csv", "pq"])
def test_joins(lake, name):
    at, a, b = lake
    got = ask(at, f"SELECT a.id, w * x AS y FROM '{name}@1' a LEFT JOIN 'b@latest' USING (k) ORDER BY id")
    want = a.merge(b, on="k", how="left").sort_values("id")
    y = want["w"] * want["x"]
    assert list(got["id"]) == list(want["id"])
    assert np.allclose(got["y"].astype(float), y, equal_nan=True)


def test_windows(lake):
    at, a, _ = lake
    got = ask(at, "SELECT id, row_number() OVER (PARTITION BY k ORDER BY day, id) AS r FROM 'csv@1' ORDER BY id")
    want = a.sort_values(["k", "day", "id"]).groupby("k").cumcount().add(1).sort_index()
    assert list(got["r"]) == list(want)


def test_both_formats_hold_the_same_rows(lake):
    at, _, _ = lake
    assert ask(at, "SELECT count(*) AS n FROM (FROM 'csv@1' EXCEPT FROM 'pq@1')")["n"][0] == 0
