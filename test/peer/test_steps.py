"""Features against pandas, numpy and scikit-learn, which compute the same from the same rows."""
import math
import os
import re
import subprocess

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import TargetEncoder

rng = np.random.default_rng(5)
WORDS = "late train again nice trip cheap delay thanks never station crew seat window price early cancelled".split()
MARKS = ["!", "!!", "$", "?"]


def sentences(n):
    out = []
    for _ in range(n):
        topic = rng.integers(0, 4)
        words = rng.choice(WORDS[topic * 4:topic * 4 + 4] + WORDS[:2], rng.integers(3, 9))
        out.append(" ".join(w.upper() if rng.random() < .1 else w for w in words) + str(rng.choice(MARKS)))
    return out


def frame(n):
    return pd.DataFrame({
        "n": rng.normal(size=n).round(4),
        "c": rng.choice(list("abcdefgh"), n, p=[.3, .2, .15, .1, .1, .08, .05, .02]),
        "e": rng.choice(["x", "y", "z"], n),
        "d": pd.Timestamp("1969-11-03") + pd.to_timedelta(rng.integers(0, 3_000_000_000, n) // 60 * 60, unit="s"),
        "w": pd.Timestamp("2001-02-03") + pd.to_timedelta(rng.integers(0, 400, n), unit="D"),
        "t": sentences(n),
    })


class Made:
    """Runs leat-probe steps; train[part][name] and new[part][name] are columns."""

    def __init__(self, at, train, new, task, folds, ideas):
        train.to_csv(f"{at}/train.csv", index=False)
        new.to_csv(f"{at}/new.csv", index=False)
        types = "c=category,e=category,t=text"
        done = subprocess.run([os.environ["PROBE"], "steps", f"{at}/train.csv", f"{at}/new.csv", task, str(folds), types, ideas],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        self.of = {"train": {}, "new": {}}
        for line in done.stdout.splitlines():
            where, part, name, *values = line.split("\t")
            self.of[where].setdefault(int(part), {})[name] = np.array(values, float)


@pytest.fixture(scope="module", params=["binary", "regression"])
def made(request, tmp_path_factory):
    train, new = frame(600), frame(200)
    new.loc[0, "c"] = "never seen"
    signal = train.t.str.contains("seat|crew", case=False) + (train.c == "b") * 1.5 + rng.normal(size=600)
    train["y"] = (signal > 1).astype(int) if request.param == "binary" else signal.round(4)
    train["fold"] = np.arange(600) % 3
    ideas = "count:c,target:c,cross:c:e,group:c:n,gap:w:d,rank:c:n,levels:c:e,digits:n"
    m = Made(tmp_path_factory.mktemp("steps"), train, new, request.param, 3, ideas)
    m.train, m.new, m.task = train, new, request.param
    return m


def near(a, b, rel=1e-6):
    np.testing.assert_allclose(a, b, rtol=rel, atol=rel)


def test_dates_equal_pandas(made):
    d, got = made.new.d, made.of["new"][0]
    near(got["d.year"], d.dt.year)
    near(got["d.month"], d.dt.month)
    near(got["d.day"], d.dt.day)
    near(got["d.weekday"], d.dt.day_of_week)
    near(got["d.hour"], d.dt.hour)
    near(got["d.minute"], d.dt.minute)
    near(got["d.weekend"], d.dt.day_of_week >= 5)
    near(got["d.year_sin"], np.sin(2 * np.pi * d.dt.day_of_year / 365.25))
    near(got["d.year_cos"], np.cos(2 * np.pi * d.dt.day_of_year / 365.25))
    near(got["d.days"], (d - made.train.d.min()) / pd.Timedelta(days=1))
    near(got["w - d (days)"], (made.new.w - d) / pd.Timedelta(days=1))


def test_levels_are_coded_by_frequency_and_counted(made):
    counts = made.train.c.value_counts()
    order = sorted(counts.index, key=lambda c: (-counts[c], c))
    near(made.of["new"][0]["c"], [order.index(c) if c in order else math.nan for c in made.new.c])
    near(made.of["new"][0]["count of c"], np.log1p([counts.get(c, 0) for c in made.new.c]))


def test_group_statistics_equal_pandas(made):
    by = made.train.groupby("c").n.mean()
    mean = np.array([by.get(c, made.train.n.mean()) for c in made.new.c])
    near(made.of["new"][0]["mean of n by c"], mean)
    near(made.of["new"][0]["n - mean of n by c"], made.new.n - mean, 1e-5)


def test_more_group_statistics_equal_pandas(made):
    """Levels never seen get those of all rows; a rank is read between numpy's quantiles of the level."""
    got, n = made.of["new"][0], made.train.n
    for word, f in {"spread": lambda v: v.std(ddof=0), "median": lambda v: v.median(), "least": lambda v: v.min(),
                    "most": lambda v: v.max()}.items():
        by = {c: f(v) for c, v in made.train.groupby("c").n}
        near(got[f"{word} of n by c"], [by.get(c, f(n)) for c in made.new.c])
    levels = made.train.groupby("c").e.nunique()
    near(got["levels of e by c"], [levels.get(c, 0) for c in made.new.c])
    share = np.linspace(0, 1, 11)
    knots = {c: np.quantile(v, share) for c, v in made.train.groupby("c").n}
    want = [np.interp(v, knots.get(c, np.quantile(n, share)), share) for c, v in zip(made.new.c, made.new.n)]
    near(got["rank of n in c"], want, 1e-4)


def test_digits_equal_numpys(made):
    got, n = made.of["new"][0], made.new.n.abs()
    near(got["n.fraction"], n - np.trunc(n))
    near(got["n.digit"], np.trunc(n) % 10)


def test_target_means_of_new_rows_equal_scikit_learns_encoder(made):
    for part in range(4):
        seen = made.train[made.train.fold != part]
        kind = "binary" if made.task == "binary" else "continuous"
        encoder = TargetEncoder(smooth=10, target_type=kind).fit(seen[["c"]], seen.y)
        near(made.of["new"][part]["target mean of c"], encoder.transform(made.new[["c"]])[:, 0])
        pairs = (seen.c + "|" + seen.e).to_frame("p")
        rare = (made.train.c + "|" + made.train.e).value_counts()
        pairs.p = pairs.p.where(pairs.p.map(rare) >= 2, "rare")
        encoder = TargetEncoder(smooth=10, target_type=kind).fit(pairs, seen.y)
        ours = made.of["new"][part]["target mean of c x e"]
        theirs = encoder.transform((made.new.c + "|" + made.new.e).to_frame("p"))[:, 0]
        known = (made.new.c + "|" + made.new.e).map(rare).fillna(0) >= 2
        near(ours[known], theirs[known])


def test_held_out_rows_get_what_was_fitted_outside_their_fold(made):
    for part in range(3):
        seen, held = made.train[made.train.fold != part], made.train.fold == part
        mean, by = seen.y.mean(), seen.groupby("c").y.agg(["sum", "count"])
        want = [(by["sum"].get(c, 0) + 10 * mean) / (by["count"].get(c, 0) + 10) for c in made.train.c[held]]
        near(made.of["train"][part]["target mean of c"][held], want)


# ---------------------------------------------------------------------- text

M64 = (1 << 64) - 1


def hashed(data, seed):
    h = 14695981039346656037 ^ seed
    for b in data:
        h = ((h ^ b) * 1099511628211) & M64
    z = h = (h + 0x9E3779B97F4A7C15) & M64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def grams(text):
    out, before = [], None
    for word in re.findall(r"[A-Za-z0-9]+|[^A-Za-z0-9\s]+", text):
        word = word.lower()
        h = hashed(word.encode(), 1)
        out.append(h)
        if before is not None:
            out.append(hashed(before.to_bytes(8, "little") + h.to_bytes(8, "little"), 2))
        if word[0].isalnum():
            edge = f"<{word}>"
            out += [hashed(edge[i:i + 3].encode(), 3) for i in range(len(edge) - 2)]
        before = h
    return [h & 0xFFFF for h in out]


@pytest.fixture(scope="module")
def weights(made):
    """Weighed documents of train and new rows by scikit-learn, over the buckets that stand in two training texts."""
    counts = {}
    for name in ("train", "new"):
        t = getattr(made, name).t
        counts[name] = np.zeros((len(t), 1 << 16))
        for i, text in enumerate(t):
            np.add.at(counts[name][i], grams(text), 1)
    kept = (counts["train"] > 0).sum(0) >= 2
    tf = TfidfTransformer(sublinear_tf=True).fit(counts["train"][:, kept])
    return tf.transform(counts["train"][:, kept]).toarray(), tf.transform(counts["new"][:, kept]).toarray()


def test_counts_of_a_text(made):
    t, got = made.new.t, made.of["new"][0]
    near(got["t.chars"], t.str.len())
    near(got["t.words"], t.str.findall(r"[A-Za-z0-9]+").str.len())
    near(got["t.capitals"], t.str.count(r"[A-Z]") / t.str.len())
    near(got["t.marks"], t.str.count(r"[^A-Za-z0-9\s]") / t.str.len())


def test_singular_vectors_equal_numpys(made, weights):
    train, new = weights
    names = sorted(k for k in made.of["new"][0] if k.startswith("t.topic"))
    ours = np.array([made.of["new"][0][k] for k in names]).T
    ours_train = np.array([made.of["train"][0][k] for k in names]).T
    _, s, vt = np.linalg.svd(train, full_matrices=False)
    k = len(names)
    assert k == 15                                     # one for 40 texts
    assert (ours_train ** 2).sum() > .999 * (s[:k] ** 2).sum()
    for i in range(3):
        theirs = new @ vt[i]
        near(ours[:, i] * np.sign(ours[:, i] @ theirs), theirs, 2e-3)


def test_the_score_is_scikit_learns_ridge(made, weights):
    train, new = weights
    for part in (0, 3):
        seen = (made.train.fold != part).to_numpy()
        mean = made.train.y[seen].mean()
        ridge = Ridge(alpha=1, fit_intercept=False).fit(train[seen], made.train.y[seen] - mean)
        theirs = ridge.predict(new) + mean
        ours = made.of["new"][part]["t.score"]
        assert np.abs(ours - theirs).max() < .02 * theirs.std()             # it ends when little is left to gain


def test_scores_of_training_rows_did_not_see_them(made):
    score, y = made.of["train"][3]["t.score"], made.train.y.to_numpy()
    shuffled = made.of["train"][3]["target mean of c"]
    fitted = made.of["new"][3]["t.score"]
    assert np.corrcoef(score, y)[0, 1] < .9 and np.corrcoef(shuffled, y)[0, 1] < .9
    assert np.isfinite(score).all() and np.isfinite(fitted).all()
