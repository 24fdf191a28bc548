"""Stage 1's figures equal those of pandas and SciPy, on data with ties, gaps and long tails."""
import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from probe import call

rng = np.random.default_rng(11)
N = 1500


def close(a, b, eps=1e-9):
    return a == pytest.approx(b, rel=eps, abs=eps)


def frame():
    d = pd.DataFrame({
        "normal": rng.normal(3, 2, N), "tail": np.exp(rng.normal(0, 2, N)), "whole": rng.integers(-3, 9, N).astype(float),
        "gaps": np.where(rng.random(N) < .3, np.nan, rng.normal(0, 1, N)), "tiny": rng.normal(1e-7, 1e-9, N), "huge": rng.normal(1e12, 1e6, N),
        "colour": rng.choice(["red", "green", "blue", None], N, p=[.5, .3, .15, .05]), "town": rng.choice([f"t{i}" for i in range(40)], N),
    })
    z = d.normal + .3 * d.whole + (d.colour == "red") * 2 + rng.normal(0, 2, N)
    return d, z


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def seen(request, tmp_path_factory):
    d, z = frame()
    task = request.param
    if task == "binary":
        d["y"] = np.where(z > z.median(), "yes", "no")
    elif task == "multiclass":
        d["y"] = pd.cut(z, [-np.inf, *z.quantile([.3, .5, .9]), np.inf], labels=["a", "b", "c", "d"]).astype(str)
    else:
        d["y"] = z
    path = tmp_path_factory.mktemp("v") / f"{task}.csv"
    d.to_csv(path, index=False)
    d = pd.read_csv(path, keep_default_na=True)
    out = json.loads(call("visualize", path, "y"))
    return task, d, out, {c["name"]: c for c in out["column"]}


def test_the_task_and_the_counts(seen):
    task, d, out, column = seen
    assert out["task"] == task
    assert (out["rows"], out["columns"], out["duplicates"]) == (len(d), d.shape[1], int(d.duplicated().sum()))
    assert close(out["missing_share"], d.isna().to_numpy().mean())
    for name, c in column.items():
        assert c["missing"] == int(d[name].isna().sum())
        assert c["distinct"] == d[name].nunique()


def test_moments_and_quantiles_are_those_of_pandas(seen):
    _, d, _, column = seen
    for name in ["normal", "tail", "whole", "gaps", "tiny", "huge"]:
        c, x = column[name], d[name]
        for ours, theirs in [("mean", x.mean()), ("sd", x.std()), ("min", x.min()), ("max", x.max()), ("q1", x.quantile(.25)),
                             ("median", x.median()), ("q3", x.quantile(.75))]:
            assert close(c[ours], theirs), (name, ours)
        assert close(c["skew"], x.skew(), 1e-6), name


def test_bins_and_levels_hold_every_row_and_the_right_ones(seen):
    task, d, out, column = seen
    for name in ["normal", "tail", "whole", "gaps"]:
        c, x = column[name], d[name]
        assert sum(b["count"] for b in c["bins"]) + c.get("below", 0) + c.get("above", 0) == x.notna().sum()
        for k, b in enumerate(c["bins"]):
            last = k == len(c["bins"]) - 1
            # edges are printed to six digits: judge only bins whose edges no value is near
            near = ((x - b["lo"]).abs().min() < 1e-5 * abs(b["lo"])) or ((x - b["hi"]).abs().min() < 1e-5 * abs(b["hi"]))
            inside = d[(x >= b["lo"]) & ((x <= b["hi"]) if last else (x < b["hi"]))]
            if near or len(inside) == 0:
                continue
            assert b["count"] == len(inside)
            against(task, out, b, inside)
    top = column["colour"]["top"]
    counts = d.colour.value_counts()
    assert {t["value"]: t["count"] for t in top} == counts.to_dict()
    for t in top:
        against(task, out, t, d[d.colour == t["value"]])
    towns = d.town.value_counts()
    assert [t["count"] for t in column["town"]["top"]] == towns.head(10).tolist()
    assert column["town"]["other"]["count"] == towns.iloc[10:].sum()


def against(task, out, part, rows):
    if task == "regression":
        assert close(part["mean"], rows.y.mean(), 1e-5)
    else:
        for k, name in enumerate(out["classes"]):
            assert close(part["share"][k], (rows.y == name).mean(), 1e-5)


def cramers_v(table):
    n, (r, k) = table.sum(), table.shape
    phi = max(0, stats.chi2_contingency(table, correction=False)[0] / n - (k - 1) * (r - 1) / (n - 1))
    rr, kk = r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)
    return math.sqrt(phi / min(kk - 1, rr - 1))


def test_associations_are_auc_spearman_cramers_v_and_epsilon_squared(seen):
    task, d, _, column = seen
    for name in ["normal", "tail", "whole", "gaps"]:
        a, both = column[name]["association"], d[[name, "y"]].dropna()
        if task == "binary":
            assert a["kind"] == "auc" and close(a["value"], roc_auc_score(both.y == "yes", both[name]))
        elif task == "regression":
            assert a["kind"] == "spearman" and close(a["value"], stats.spearmanr(both[name], both.y)[0])
    for name in ["colour", "town"]:
        a, both = column[name]["association"], d[[name, "y"]].dropna()
        if task == "regression":
            groups = [g.to_numpy() for _, g in both.groupby(name).y]
            k, n = len(groups), len(both)
            within = sum(((g - g.mean()) ** 2).sum() for g in groups)
            theirs = max(0, 1 - within / ((both.y - both.y.mean()) ** 2).sum() * (n - 1) / (n - k))
            assert a["kind"] == "eta" and close(a["value"], theirs)
        else:
            assert a["kind"] == "cramers_v" and close(a["value"], cramers_v(pd.crosstab(both[name], both.y).to_numpy()))


def test_correlations_are_those_of_pandas(seen):
    _, d, out, _ = seen
    names = out["correlation"]["names"]
    assert {"normal", "tail", "whole", "gaps", "tiny", "huge"} <= set(names)
    theirs = d[names].corr().to_numpy()
    assert np.allclose(np.array(out["correlation"]["matrix"], float), theirs, atol=1e-7)
