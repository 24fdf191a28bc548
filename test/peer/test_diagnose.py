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
        make(task, ROWS, 1).to_csv(folder / "train.csv", index=False)
        self.new.to_csv(folder / "new.csv", index=False)
        run("auto", "train.csv", "--target", "y", "--name", "m", "--trials", 2, "--learners", "linear,lightgbm", "-q", cwd=folder)
        self.d = json.loads(run("diagnose", "m", "new.csv", "--json", cwd=folder))["diagnose"]
        self.answers = self.predict(self.new, explain=True)
        self.y = self.new.y.to_numpy()
        self.classes = sorted(set(self.y))
        if task != "regression":
            self.p = self.answers[[f"p_{c}" for c in self.classes]].to_numpy()

    def predict(self, X, explain=False):
        X.drop(columns="y", errors="ignore").to_csv(self.at / "ask.csv", index=False)
        more = ["--explain"] if explain else []
        more += ["--proba"] if self.task != "regression" else []
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


def test_confusion(case):
    only(case, "binary", "multiclass")
    c = case.d["confusion"]
    assert c["classes"] == case.classes
    np.testing.assert_array_equal(c["matrix"], sk.confusion_matrix(case.y, case.answers.prediction, labels=case.classes))


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


def test_shapley_values(case):
    ours = {i["column"]: i["shap"] for i in case.d["importance"]}
    for column in ["a", "b", "few", "noise", "city"]:
        phi = case.answers[[c for c in case.answers if re.fullmatch(rf"shap_(.*_)?{column}", c)]].to_numpy()
        assert phi.size
        if case.task != "multiclass":                        # there, `predict` explains the class it says
            near(ours[column], np.abs(phi).mean(), 1e-6)
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


def test_the_training_rows_are_answered_out_of_fold(case):
    d = json.loads(run("diagnose", "m", "--json", cwd=case.at))["diagnose"]
    shown = json.loads(run("build", "show", "m", "--json", cwd=case.at))
    assert d["on"] == "out of fold" and d["rows"] == ROWS
    text = json.dumps(shown)
    name = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}[case.task]
    scores = [float(v) for v in re.findall(r'"(?:score|value)": (-?[\d.e+-]+)', text)]
    assert any(abs(v - d["metrics"][name]) < 1e-6 * abs(v) for v in scores), (d["metrics"], scores)
