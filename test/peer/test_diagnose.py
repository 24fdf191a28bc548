"""`leat diagnose` on labelled rows: every figure against scikit-learn, scipy or pandas, from `leat predict`'s answers."""
import json
import os
import re
import subprocess
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn import metrics as sk
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.calibration import calibration_curve
from sklearn.inspection import partial_dependence

LEAT = os.environ["LEAT"]
GROUP = ["--group", "who", "--cost", "2:7"]
ROWS, NEW = 500, 190                    # fewer new rows than any part draws: all are used


def run(*words, cwd):
    done = subprocess.run([LEAT, *map(str, words)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make(task, n, seed):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({
        "a": rng.normal(size=n).round(3), "b": rng.exponential(size=n).round(3), "few": rng.integers(0, 5, n),
        "noise": rng.normal(size=n).round(3), "city": rng.choice(["Rome", "Oslo", "Lima"], n, p=[0.5, 0.3, 0.2]),
    })
    z = 2 * X.a - X.b + 0.5 * X.few + (X.city == "Oslo") * 1.5 - 1
    z = z + rng.normal(size=n) * np.where(X.city == "Lima", 4, 0.6)          # Lima is hard
    if task == "regression":
        X["y"] = (100 + 10 * z).round(4)
    elif task == "binary":
        X["y"] = np.where(z > 0, "yes", "no")
    else:
        X["y"] = np.where(z < -1, "low", np.where(z < 1.5, "mid", "top"))
    return X


class Case:
    def __init__(self, task, folder):
        self.task, self.at = task, folder
        self.new = make(task, NEW, 2)
        self.new["who"] = np.random.default_rng(3).choice(["ann", "bob", "cy"], NEW, p=[0.6, 0.37, 0.03])   # the build knows no such column
        make(task, ROWS, 1).to_csv(folder / "train.csv", index=False)
        self.new.to_csv(folder / "new.csv", index=False)
        run("auto", "train.csv", "--target", "y", "--name", "m", "--trials", 2, "--learners", "linear,lightgbm", "-q", cwd=folder)
        self.d = json.loads(run("diagnose", "m", "new.csv", "--json", "--time", 0, *GROUP, cwd=folder))["diagnose"]
        self.trained = json.loads(run("diagnose", "m", "--json", "--time", 0, cwd=folder))["diagnose"]
        self.answers = self.predict(self.new, explain=True)
        self.y = self.new.y.to_numpy()
        self.classes = sorted(set(self.y))
        if task != "regression":
            self.p = self.answers[[f"p_{c}" for c in self.classes]].to_numpy()

    def predict(self, X, explain=False, intervals=None):
        X.drop(columns=["y", "who"], errors="ignore").to_csv(self.at / "ask.csv", index=False)
        more = ["--explain"] if explain else []
        more += ["--proba"] if self.task != "regression" else []
        more += ["--intervals", intervals] if intervals else []
        run("predict", "m", "ask.csv", "-o", "answer.csv", "-q", *more, cwd=self.at)
        return pd.read_csv(self.at / "answer.csv")

    def score(self, answers, y):
        """The build's metric."""
        if self.task == "binary":
            return sk.roc_auc_score(y == "yes", answers.p_yes)
        if self.task == "multiclass":
            return sk.log_loss(y, answers[[f"p_{c}" for c in self.classes]], labels=self.classes)
        return sk.root_mean_squared_error(y, answers.prediction)


@pytest.fixture(scope="module", params=["binary", "multiclass", "regression"])
def case(request, tmp_path_factory):
    return Case(request.param, tmp_path_factory.mktemp(request.param))


def only(case, *tasks):
    if case.task not in tasks:
        pytest.skip("another task's")


def near(a, b, tol=1e-9):
    np.testing.assert_allclose(a, b, rtol=tol, atol=tol)


def test_scores_are_scikit_learns(case):
    m, y = case.d["metrics"], case.y
    assert case.d["metric"] == {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}[case.task]
    assert (case.d["task"], case.d["target"], case.d["higher"]) == (case.task, "y", case.task == "binary")
    assert case.d["on"] == "new rows" and case.d["rows"] == NEW
    if case.task == "regression":
        p = case.answers.prediction
        near(m["rmse"], sk.root_mean_squared_error(y, p))
        near(m["mae"], sk.mean_absolute_error(y, p))
        near(m["r2"], sk.r2_score(y, p))
        near(m["mape"], sk.mean_absolute_percentage_error(y, p))
        return
    said = case.answers.prediction
    near(m["accuracy"], sk.accuracy_score(y, said))
    near(m["balanced_accuracy"], sk.balanced_accuracy_score(y, said))
    near(m["logloss"], sk.log_loss(y, case.p, labels=case.classes))
    if case.task == "binary":
        near(m["auc"], sk.roc_auc_score(y == "yes", case.p[:, 1]))
        near(m["f1"], sk.f1_score(y, said, pos_label="yes"))
    else:
        near(m["auc"], sk.roc_auc_score(y, case.p, multi_class="ovr"))
        near(m["f1"], sk.f1_score(y, said, average="macro"))


def on_curve(x, y, full_x, full_y):
    full = np.column_stack([full_x, full_y])
    for point in zip(x, y):
        assert np.abs(full - point).max(axis=1).min() < 1e-6, point


def test_roc_and_precision_recall(case):
    only(case, "binary", "multiclass")
    which = case.classes if case.task == "multiclass" else ["yes"]
    assert [r["class"] for r in case.d["roc"]] == which
    for r, pr, c in zip(case.d["roc"], case.d["pr"], which):
        truth, p = case.y == c, case.p[:, case.classes.index(c)]
        near(r["auc"], sk.roc_auc_score(truth, p))
        fpr, tpr, _ = sk.roc_curve(truth, p, drop_intermediate=False)
        on_curve(r["fpr"], r["tpr"], fpr, tpr)
        assert (r["fpr"][0], r["tpr"][0], r["fpr"][-1], r["tpr"][-1]) == (0, 0, 1, 1)
        near(np.trapezoid(r["tpr"], r["fpr"]), r["auc"], 0.01)
        near(pr["ap"], sk.average_precision_score(truth, p))
        precision, recall, _ = sk.precision_recall_curve(truth, p)
        on_curve(pr["recall"], pr["precision"], recall, precision)


def test_calibration(case):
    only(case, "binary", "multiclass")
    c = case.d["calibration"]
    if case.task == "binary":
        hit, sure = case.y == "yes", case.p[:, 1]
        near(c["brier"], sk.brier_score_loss(hit, sure))
    else:
        hit, sure = np.array(case.classes)[case.p.argmax(1)] == case.y, case.p.max(1)
        near(c["brier"], ((case.p - (case.y[:, None] == np.array(case.classes))) ** 2).sum(1).mean())
    share, mean = calibration_curve(hit, sure, n_bins=10)
    near([b["mean"] for b in c["bins"]], mean, 1e-6)
    near([b["share"] for b in c["bins"]], share, 1e-6)
    n = np.array([b["n"] for b in c["bins"]])
    assert n.sum() == NEW
    near(c["ece"], (n * np.abs(mean - share)).sum() / NEW)
    near(c["mce"], np.abs(mean - share).max())
    m = c["murphy"]                                          # Murphy 1973, over the same bins
    near(m["brier"], ((sure - hit) ** 2).mean())
    near(m["reliability"], (n * (mean - share) ** 2).sum() / NEW)
    near(m["resolution"], (n * (share - hit.mean()) ** 2).sum() / NEW)
    near(m["uncertainty"], hit.mean() * (1 - hit.mean()))
    near(m["brier"], m["reliability"] - m["resolution"] + m["uncertainty"] + m["within"])
    share, mean = calibration_curve(hit, sure, n_bins=10, strategy="quantile")
    near([b["mean"] for b in c["quantile_bins"]], mean, 1e-6)
    near([b["share"] for b in c["quantile_bins"]], share, 1e-6)


def test_confusion(case):
    only(case, "binary", "multiclass")
    c = case.d["confusion"]
    assert c["classes"] == case.classes
    np.testing.assert_array_equal(c["matrix"], sk.confusion_matrix(case.y, case.answers.prediction, labels=case.classes))


def test_precision_recall_and_f1_by_class(case):
    only(case, "binary", "multiclass")
    c, said = case.d["confusion"], case.answers.prediction
    theirs = sk.classification_report(case.y, said, output_dict=True, zero_division=0)
    for r in c["report"]:
        for key in ["precision", "recall", "f1", "support"]:
            near(r[key], theirs[r["class"]]["f1-score" if key == "f1" else key])
    for mean in ["macro", "micro", "weighted"]:
        p, r, f, _ = sk.precision_recall_fscore_support(case.y, said, average=mean, zero_division=0)
        near([c[mean]["precision"], c[mean]["recall"], c[mean]["f1"]], [p, r, f])


def test_lift_and_ks(case):
    only(case, "binary")
    p, truth, d = case.p[:, 1], case.y == "yes", case.d["lift"]
    near(d["ks"], stats.ks_2samp(p[truth], p[~truth]).statistic)
    near((p[truth] >= d["ks_at"]).mean() - (p[~truth] >= d["ks_at"]).mean(), d["ks"])
    gain = np.interp(np.arange(11) / 10, d["share"], d["gain"])
    near(d["lift"], np.diff(gain) * 10, 1e-5)


def test_thresholds_and_costs(case):
    only(case, "binary")
    t, p, truth = case.d["threshold"], case.p[:, 1], case.y == "yes"

    def cost(at):
        tn, fp, fn, tp = sk.confusion_matrix(truth, p >= at, labels=[False, True]).ravel()
        return (2 * fp + 7 * fn) / NEW

    for i, at in enumerate(t["at"]):
        at = 1.1 if i == 0 else p[np.abs(p - at).argmin()]                   # the point before the first says that no row is a case
        near(t["flagged"][i], (p >= at).mean(), 1e-6)
        near(t["recall"][i], sk.recall_score(truth, p >= at), 1e-6)
        near(t["f1"][i], sk.f1_score(truth, p >= at), 1e-6)
        near(t["balanced_accuracy"][i], sk.balanced_accuracy_score(truth, p >= at), 1e-6)
        near(t["cost"][0]["mean"][i], cost(at), 1e-6)
        if i:
            near(t["precision"][i], sk.precision_score(truth, p >= at), 1e-6)
    every = np.r_[np.unique(p), 1.1]
    best = t["best"]
    near(best["f1"]["value"], max(sk.f1_score(truth, p >= at) for at in every))
    near(best["balanced_accuracy"]["value"], max(sk.balanced_accuracy_score(truth, p >= at) for at in every))
    assert len(t["cost"]) == 1 and (t["cost"][0]["fp"], t["cost"][0]["fn"]) == (2, 7)
    near(t["cost"][0]["best"]["value"], min(cost(at) for at in every))
    near(cost(t["cost"][0]["best"]["threshold"]), t["cost"][0]["best"]["value"])
    said = case.answers.prediction == "yes"
    near(t["cost"][0]["now"], (2 * (said & ~truth).sum() + 7 * (~said & truth).sum()) / NEW)
    near(best["f1"]["now"], sk.f1_score(truth, said))


def test_groups_as_fairlearn_compares_them(case):
    g, y = case.d["groups"], case.y
    assert g["column"] == "who" and {x["group"] for x in g["list"]} == {"ann", "bob", "cy"}
    rates = {}
    for x in g["list"]:
        here = (case.new.who == x["group"]).to_numpy()
        assert x["n"] == here.sum() and x["compared"] == (here.sum() >= 20)
        if case.task != "binary":
            p = case.answers.prediction.to_numpy()[here]
            near(x["bias"] if case.task == "regression" else x["accuracy"], (y[here] - p).mean() if case.task == "regression" else (y[here] == p).mean())
            near(x["score"], case.score(case.answers[here], y[here]), 1e-6)
            continue
        said, truth = (case.answers.prediction == "yes").to_numpy()[here], y[here] == "yes"
        near(x["selection_rate"], said.mean())
        for key, of in (("tpr", truth), ("fpr", ~truth)):
            assert (x[key] is None) == (not of.any())
            if of.any():
                near(x[key], said[of].mean())
        if x["compared"]:
            rates[x["group"]] = [said.mean(), said[truth].mean(), said[~truth].mean()]
    if case.task == "binary":                                # fairlearn.metrics: demographic_parity_*, equalized_odds_*
        low, high = np.min(list(rates.values()), axis=0), np.max(list(rates.values()), axis=0)
        near(g["demographic_parity_difference"], high[0] - low[0])
        near(g["demographic_parity_ratio"], low[0] / high[0])
        near(g["equalized_odds_difference"], (high - low)[1:].max())
        near(g["equalized_odds_ratio"], (low / high)[1:].min())
        assert g["four_fifths"] == (low[0] / high[0] >= 0.8)


def test_a_group_column_that_is_not_there_is_refused(case):
    done = subprocess.run([LEAT, "diagnose", "m", "new.csv", "--group", "whom"], cwd=case.at, capture_output=True, text=True)
    assert done.returncode == 2 and "'whom'" in done.stderr, done.stderr


def kept(case):
    """What the build keeps of its errors out of fold."""
    def find(v):
        if isinstance(v, dict):
            return v["conformal"] if "conformal" in v else next(filter(None, map(find, v.values())), None)
        return find(json.loads(v)) if isinstance(v, str) and v.startswith("{") else None
    return find(json.loads(run("build", "show", "m", "--json", cwd=case.at)))


def test_intervals_are_split_conformal(case):
    """Vovk; MAPIE's "base" with cv, and "lac": the ceil((n + 1) level)-th smallest score of rows out of fold."""
    k, many = kept(case), make(case.task, 2000, 4)
    assert k["rows"] == ROWS and len(k["score"]) == 256
    answers = case.predict(many, intervals=0.9)
    wanted = int(np.ceil((ROWS + 1) * 0.9))
    if case.task == "regression":
        r = case.trained["residuals"]
        spread = (lambda f: np.interp(f, k["at"], k["spread"])) if k["at"] else (lambda f: np.ones(len(f)))
        scores = np.sort(np.abs(r["residual"]) / spread(np.array(r["fitted"])))
        half = (answers.hi - answers.lo) / 2
        near(answers.hi - half, answers.prediction, 1e-9)
        q = half / spread(answers.prediction.to_numpy())
        near(q, q[0], 1e-9)
        assert scores[wanted - 1] * (1 - 1e-5) <= q[0] <= scores[wanted + 2] * (1 + 1e-5)        # one score in three is kept
        held = (answers.lo <= many.y) & (many.y <= answers.hi)
    else:
        p = answers[[f"p_{c}" for c in case.classes]].to_numpy()
        rank = [(i + 1) * (ROWS - 56) // 200 for i in range(200)] + list(range(ROWS - 55, ROWS + 1))      # which are kept
        q = next(s for r, s in zip(rank, k["score"]) if r >= wanted)
        inside = (1 - p <= q) | (p == p.max(1, keepdims=True))
        sure = np.abs(1 - p - q).min(1) > 1e-9
        said = answers["set"].map(lambda s: set(str(s).split("|")))
        assert all(set(np.array(case.classes)[row]) == s for row, s, ok in zip(inside, said, sure) if ok)
        held = np.array([y in s for y, s in zip(many.y, said)])
    assert abs(held.mean() - 0.9) < 4 * np.sqrt(0.09 * (1 / ROWS + 1 / len(many))), held.mean()


def test_coverage_is_judged_on_rows_not_calibrated_on(case):
    levels = {x["level"]: x for x in case.d["conformal"]["levels"]}
    assert set(levels) == {0.5, 0.8, 0.9, 0.95}
    answers = case.predict(case.new, intervals=0.8)
    if case.task == "regression":
        held, width = (answers.lo <= case.y) & (case.y <= answers.hi), answers.hi - answers.lo
    else:
        said = answers["set"].map(lambda s: str(s).split("|"))
        held, width = np.array([y in s for y, s in zip(case.y, said)]), said.map(len)
    near(levels[0.8]["coverage"], held.mean())
    near(levels[0.8]["width"], width.mean(), 1e-9)
    for x in case.trained["conformal"]["levels"]:            # halves of the training rows judge each other
        low = 4 * np.sqrt(x["level"] * (1 - x["level"]) * 3 / ROWS)
        assert x["coverage"] > x["level"] - low and x["n"] == ROWS


def test_more_than_the_rows_can_promise_is_refused(case):
    done = subprocess.run([LEAT, "predict", "m", "new.csv", "--intervals", "0.999"], cwd=case.at, capture_output=True, text=True)
    assert done.returncode != 0 and "999 rows" in done.stderr and "'500'" in done.stderr, done.stderr


def test_gain(case):
    only(case, "binary")
    order = np.argsort(-case.p[:, 1], kind="stable")
    found = np.r_[0, np.cumsum(case.y[order] == "yes")] / (case.y == "yes").sum()
    near(case.d["lift"]["gain"], np.interp(case.d["lift"]["share"], np.arange(NEW + 1) / NEW, found), 0.02)
    assert case.d["lift"]["gain"][0] == 0 and case.d["lift"]["gain"][-1] == 1


def test_residuals(case):
    only(case, "regression")
    r = case.d["residuals"]
    left = case.y - case.answers.prediction.to_numpy()
    near(r["fitted"], case.answers.prediction, 1e-6)
    near(r["residual"], left, 1e-5)
    near((r["mean"], r["sd"]), (left.mean(), left.std()))
    theory, sample = stats.probplot(left, fit=False)
    near(r["qq"]["theory"], theory, 1e-6)
    near(r["qq"]["sample"], sample, 1e-5)
    edges = [b["lo"] for b in r["histogram"]] + [r["histogram"][-1]["hi"]]
    inside = np.clip(left, edges[0], edges[-1])
    assert np.abs(np.histogram(inside, edges)[0] - [b["count"] for b in r["histogram"]]).sum() <= 2       # rounded edges
    X = np.column_stack([np.ones(NEW), case.answers.prediction])     # Koenker's form of Breusch and Pagan's test
    squared = left ** 2
    fitted = X @ np.linalg.lstsq(X, squared, rcond=None)[0]
    lm = NEW * ((fitted - squared.mean()) ** 2).sum() / ((squared - squared.mean()) ** 2).sum()
    near(r["breusch_pagan"]["lm"], lm, 1e-6)
    near(r["breusch_pagan"]["p"], stats.chi2.sf(lm, 1), 1e-6)
    near(r["interval"]["half"], np.sort(np.abs(left))[int(np.ceil(0.9 * (NEW + 1))) - 1])


def test_permutation_importance(case):
    rng = np.random.default_rng(0)
    base = case.score(case.answers, case.y)
    ours = {i["column"]: i for i in case.d["importance"]}
    for column in ["a", "city", "noise"]:
        drops = []
        for _ in range(6):
            X = case.new.copy()
            X[column] = rng.permutation(X[column].to_numpy())
            drop = base - case.score(case.predict(X), case.y)
            drops.append(drop if case.task == "binary" else -drop)
        i = ours[column]
        assert abs(i["drop"] - np.mean(drops)) <= 4 * np.hypot(np.std(drops), i["sd"]) / np.sqrt(6) + 1e-9, column
    assert ours["a"]["drop"] == max(i["drop"] for i in case.d["importance"])
    n = case.d["shuffles"]
    assert n == 10
    for i in case.d["importance"]:                           # Student's one-sided test of the mean, as ttest_1samp
        if i["sd"] and i["sd"] > 0:
            near(i["p"], stats.t.sf(i["drop"] / (i["sd"] / np.sqrt(n - 1)), n - 1), 1e-4)
    assert ours["a"]["p"] < 0.001


def test_shapley_values(case):
    ours = {i["column"]: i["shap"] for i in case.d["importance"]}
    for column in ["a", "b", "few", "noise", "city"]:
        phi = case.answers[[c for c in case.answers if re.fullmatch(rf"shap_(.*_)?{column}", c)]].to_numpy()
        assert phi.size
        if case.task != "multiclass":                        # there, `predict` explains the class it says
            near(ours[column], np.abs(phi).mean(), 1e-6)
    s = case.d["shap"]
    assert s["exact"] is True and s["error"] is None and s["off"] < 1e-6
    if case.task != "multiclass":
        near(s["base"], case.answers.shap_base, 1e-6)
    strongest = max(ours, key=ours.get)
    swarm = case.d["shap"]["columns"]
    assert swarm[0]["column"] == strongest
    values = case.new[strongest].to_numpy().astype(float)
    phi = case.answers[f"shap_{strongest}"].to_numpy()
    assert len(swarm[0]["points"]) == 150
    for p in swarm[0]["points"]:
        assert np.abs(phi[np.isclose(values, p["value"], rtol=1e-6)] - p["phi"]).min() < 1e-5 * (1 + abs(p["phi"]))


def test_partial_dependence_and_ice(case):
    class Asked(BaseEstimator):
        def fit(self, X, y):
            return self

        def __sklearn_is_fitted__(self):
            return True

        def predict_proba(self, X):
            return case.predict(X)[[f"p_{c}" for c in case.classes]].to_numpy()

        def predict(self, X):
            return case.predict(X).prediction.to_numpy()

    class AskedClass(ClassifierMixin, Asked):
        classes_ = np.array(case.classes)

    class AskedValue(RegressorMixin, Asked):
        pass

    model = AskedValue() if case.task == "regression" else AskedClass()
    X = case.new.drop(columns="y")
    parts = {p["column"]: p for p in case.d["partial"]}
    for column in ["a", "few"]:
        part = parts[column]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = partial_dependence(model, X.astype({"few": float}), [column], grid_resolution=20, kind="both", method="brute")
        at = case.classes.index(part["class"]) if case.task == "multiclass" else 0
        near(part["grid"], theirs["grid_values"][0], 1e-6)
        near(part["mean"], theirs["average"][at], 1e-6)
        ice = theirs["individual"][at]
        assert part["rows"] == NEW and len(part["ice"]) == 30
        near(part["ice"], ice[:30], 1e-6)
    assert sorted(parts["city"]["grid"]) == ["Lima", "Oslo", "Rome"]
    for city, mean in zip(parts["city"]["grid"], parts["city"]["mean"]):
        answers = case.predict(X.assign(city=city))
        at = f"p_{parts['city']['class']}" if case.task != "regression" else "prediction"
        near(mean, answers[at].mean(), 1e-6)


def test_accumulated_local_effects(case):
    """Apley and Zhu 2020, the bins as PyALE makes them: quantiles that are values, each value in the bin it ends."""
    X = case.new.drop(columns="y")
    for part in case.d["partial"]:
        if part["column"] not in ("a", "few"):
            continue
        v = np.sort(X[part["column"]].to_numpy().astype(float))
        edges = np.unique([v[(len(v) - 1) * k // 20] for k in range(21)])
        at = np.clip(np.searchsorted(edges, X[part["column"]], side="left"), 1, None)
        answers = [case.predict(X.assign(**{part["column"]: edges[at - side]})) for side in (0, 1)]
        name = f"p_{part['class']}" if case.task != "regression" else "prediction"
        step = pd.Series(answers[0][name] - answers[1][name]).groupby(at).mean().reindex(range(1, len(edges)), fill_value=0)
        n = pd.Series(at).value_counts().reindex(range(1, len(edges)), fill_value=0).to_numpy()
        effect = np.r_[0, np.cumsum(step)]
        effect -= (n * (effect[1:] + effect[:-1]) / 2).sum() / n.sum()
        near(part["ale"]["at"], edges, 1e-6)
        near(part["ale"]["n"], n)
        near(part["ale"]["effect"], effect, 1e-6)


def holds(rule, X):
    if m := re.fullmatch(r"(\w+) is (not )?'(.*)'", rule):
        return (X[m[1]] == m[3]) != bool(m[2])
    m = re.fullmatch(r"(\w+) (<|>=) (\S+)", rule)
    return X[m[1]] < float(m[3]) if m[2] == "<" else X[m[1]] >= float(m[3])


def test_weak_spots(case):
    y = case.y
    if case.task == "regression":
        loss = (y - case.answers.prediction.to_numpy()) ** 2
    else:
        loss = -np.log(np.maximum(case.p[np.arange(NEW), [case.classes.index(c) for c in y]], 1e-15))
    for s in case.d["slices"]:
        here = np.all([holds(rule, case.new) for rule in s["where"].split(" and ")], axis=0)
        assert here.sum() == s["n"] >= 30
        near(s["loss"], loss[here].mean(), 1e-6)
        near(s["rest"], loss[~here].mean(), 1e-6)
        near(s["p"], stats.ttest_ind(loss[here], loss[~here], equal_var=False).pvalue, 1e-6)
        near(s["p_adjusted"], min(1, s["p"] * case.d["slices_looked_at"]))       # Bonferroni
        assert s["loss"] > s["rest"] and s["p"] < 0.001
        near(s["score"], case.score(case.answers[here], y[here]), 1e-6)
    if case.task == "regression":
        assert "Lima" in case.d["slices"][0]["where"]


def test_learning_curve(case):
    c = case.d["learning_curve"]
    rows = [p["rows"] for p in c["points"]]
    assert c["learner"] in ("linear", "lightgbm") and len(rows) == 5 and rows == sorted(rows)
    assert rows[-1] == round(NEW * 0.8) and 5 <= rows[0] <= 0.2 * NEW
    first, last = c["points"][0], c["points"][-1]
    worse = (lambda a, b: a > b) if case.task != "binary" else (lambda a, b: a < b)
    assert worse(first["valid"], last["valid"]) and worse(last["valid"], last["train"])
    assert all(p["se"] > 0 and p["train_se"] >= 0 for p in c["points"])


def test_a_booster_ends_where_its_trial_did(case):
    """What record_evaluation would have told: the last point is the trial's own score out of fold."""
    assert "rounds" not in case.d                            # new rows are out of no fold
    shown = json.loads(run("build", "show", "m", "--json", cwd=case.at))
    facts = shown["facts"] if isinstance(shown["facts"], dict) else json.loads(shown["facts"])
    score = {t["trial"]: t["score"] for t in facts["trials"]}
    assert case.trained.get("rounds") or case.task == "regression"          # there the ensemble may be without a booster
    for r in case.trained.get("rounds", []):
        assert r["learner"] == "lightgbm" and r["at"] == sorted(set(r["at"])) and len(r["valid"]) == len(r["train"]) == len(r["at"])
        if case.task == "binary":                            # elsewhere the member's temperature counts, which the trial does not know
            near(r["valid"][-1], score[r["trial"]], 1e-6)
        better = (lambda a, b: a > b) if case.task == "binary" else (lambda a, b: a < b)
        assert better(r["valid"][-1], r["valid"][0]) and better(r["train"][-1], r["valid"][-1])


def test_the_training_rows_are_answered_out_of_fold(case):
    d = case.trained
    shown = json.loads(run("build", "show", "m", "--json", cwd=case.at))
    assert d["on"] == "out of fold" and d["rows"] == ROWS
    text = json.dumps(shown)
    name = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}[case.task]
    scores = [float(v) for v in re.findall(r'"(?:score|value)": (-?[\d.e+-]+)', text)]
    assert any(abs(v - d["metrics"][name]) < 1e-6 * abs(v) for v in scores), (d["metrics"], scores)


def test_sampled_shapley_values_add_up_and_say_how_sure_they_are(tmp_path):
    make("regression", 300, 1).to_csv(tmp_path / "train.csv", index=False)
    run("auto", "train.csv", "--target", "y", "--name", "m", "--trials", 1, "--learners", "mlp", "-q", cwd=tmp_path)
    d = json.loads(run("diagnose", "m", "--json", "--time", 0, cwd=tmp_path))["diagnose"]
    s, phi = d["shap"], {i["column"]: i["shap"] for i in d["importance"]}
    assert s["exact"] is False and s["off"] < 1e-6 and s["rows"] == 300
    assert 0 < s["error"] < 0.15 * max(phi.values()) and min(phi, key=phi.get) == "noise"
