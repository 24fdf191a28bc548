"""Drift statistics equal scipy's: chi-square of homogeneity, Kolmogorov-Smirnov, and the population stability index by numpy."""
import tempfile

import numpy as np
import pytest
from scipy import special, stats

from probe import call, write_box


def ours(before, now, bins=10):
    with tempfile.TemporaryDirectory() as at:
        write_box(f"{at}/in", {"before": np.asarray(before, float), "now": np.asarray(now, float)})
        return {k: float(v) for k, v in (line.split() for line in call("drift", f"{at}/in", bins).split("\n") if line)}


def psi(p, q):
    p, q = np.maximum(p / p.sum(), 1e-4), np.maximum(q / q.sum(), 1e-4)
    return float(((q - p) * np.log(q / p)).sum())


@pytest.mark.parametrize("seed", range(12))
def test_counts(seed):
    r = np.random.default_rng(seed)
    k = int(r.integers(2, 60))
    before, now = r.poisson(r.uniform(1, 400, k)), r.poisson(r.uniform(1, 400, k))
    before[0] += 1
    now[-1] += 1
    seen = before + now > 0
    theirs = stats.chi2_contingency(np.array([before[seen], now[seen]]), correction=False)
    got = ours(before, now)
    assert got["chi_square"] == pytest.approx(theirs.statistic, rel=1e-10)
    assert got["df"] == theirs.dof
    assert got["chi_square_p"] == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-300)
    assert got["psi"] == pytest.approx(psi(before, now), rel=1e-12)


@pytest.mark.parametrize("x,df", [(1e-6, 1), (0.5, 1), (3.84, 1), (40, 1), (1000, 900), (800, 900), (5, 400), (2000, 3), (99, 100)])
def test_chi_square_tail(x, df):
    # one table whose statistic is x cannot be had for each x: two categories scaled so that it is near, then the tail by scipy
    n = 1e6
    shift = np.sqrt(x * n / 8) if df == 1 else None
    if shift is None:
        r = np.random.default_rng(int(x))
        before, now = r.poisson(1000, df + 1), r.poisson(1000, df + 1)
    else:
        before, now = np.array([n / 2 + shift / 2, n / 2 - shift / 2]), np.array([n / 2 - shift / 2, n / 2 + shift / 2])
    got = ours(before, now)
    assert got["df"] == df
    assert got["chi_square_p"] == pytest.approx(stats.chi2.sf(got["chi_square"], df), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("n,m,shift", [(50, 80, 0.3), (1000, 700, 0.05), (5000, 5000, 0), (300, 4000, 1.5), (40, 40, 0), (2000, 3000, 0.12)])
def test_kolmogorov_smirnov(n, m, shift):
    r = np.random.default_rng(n + m)
    a, b = np.round(r.normal(size=n), 2), np.round(r.normal(shift, 1, size=m), 2)
    values = np.union1d(a, b)
    before = np.array([(a == v).sum() for v in values])
    now = np.array([(b == v).sum() for v in values])
    got = ours(before, now)
    theirs = stats.ks_2samp(a, b, method="asymp")
    assert got["ks"] == pytest.approx(theirs.statistic, abs=1e-12)
    en = np.sqrt(n * m / (n + m))
    assert got["ks_p"] == pytest.approx(special.kolmogorov((en + 0.12 + 0.11 / en) * got["ks"]), rel=1e-9, abs=1e-15)
    assert got["ks_p"] == pytest.approx(theirs.pvalue, abs=0.02)
    # decile bins of the earlier sample: equal values stay together, every bin but the last is filled to its edge
    edges, seen = [], 0
    for i, c in enumerate(before):
        seen += c
        if len(edges) < 9 and seen >= n * (len(edges) + 1) / 10 and seen < n:
            edges.append(i)
    cuts = np.array([-1, *edges, len(values) - 1])
    p = np.array([before[i + 1:j + 1].sum() for i, j in zip(cuts[:-1], cuts[1:])])
    q = np.array([now[i + 1:j + 1].sum() for i, j in zip(cuts[:-1], cuts[1:])])
    assert got["bins"] == len(p)
    assert got["binned_psi"] == pytest.approx(psi(p, q), rel=1e-12)


def test_nothing_to_compare():
    got = ours([0, 0], [1, 2])
    assert np.isnan(got["psi"]) and np.isnan(got["chi_square"]) and np.isnan(got["ks"])
