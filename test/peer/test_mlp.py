"""The nets are networks that learn: with a fixed seed they come within a few per cent of scikit-learn's, or do better, on
the sets scikit-learn ships; the same fit twice gives the same bytes; a category of many levels is learnt by its table."""
import warnings

import numpy as np
import pytest
from sklearn import datasets
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import train_test_split

from probe import learn

SETS = {
    "binary": (datasets.load_breast_cancer, 2),
    "multiclass": (datasets.load_wine, 3),
    "regression": (datasets.load_diabetes, 0),
}


def split(task, seed=1):
    load, classes = SETS[task]
    X, y = load(return_X_y=True)
    X = X.astype(np.float32)
    train, test = train_test_split(np.arange(len(y)), test_size=0.3, random_state=seed, stratify=y if classes else None)
    return X, y.astype(float), classes, train, test


NETS = {
    "mlp": {"epochs": 256, "width": 64, "batch": 256},
    "realmlp": {"epochs": 128, "width": 64, "batch": 64},
    "tabm": {"epochs": 100, "width": 64, "members": 8, "batch": 32},
}


def ours(task, X, y, classes, train, net="mlp", **args):
    fit, valid = train_test_split(train, test_size=0.2, random_state=2, stratify=y[train] if classes else None)
    rows = {"train": np.sort(fit).astype(np.uint32), "valid": np.sort(valid).astype(np.uint32)}
    return learn(net, task, X, y, classes, args, **rows)


def error(task, y, margin):
    """Lower is better: 1 - AUC, log loss, root mean squared error."""
    if task == "regression":
        return mean_squared_error(y, margin) ** 0.5
    if task == "binary":
        return 1 - roc_auc_score(y, margin)
    z = margin.reshape(len(y), -1)
    p = np.exp(z - z.max(1, keepdims=True))
    return log_loss(y, p / p.sum(1, keepdims=True))


def theirs(task, X, y, train, test):
    warnings.simplefilter("ignore")
    kind = MLPRegressor if task == "regression" else MLPClassifier
    m = make_pipeline(StandardScaler(), kind(hidden_layer_sizes=(64, 64), early_stopping=True, n_iter_no_change=30, max_iter=600, random_state=0))
    m.fit(X[train], y[train])
    if task == "regression":
        return error(task, y[test], m.predict(X[test]))
    p = m.predict_proba(X[test])
    return error(task, y[test], p[:, 1] if task == "binary" else np.log(np.clip(p, 1e-15, 1)))


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("task", SETS)
def test_comes_close_to_scikit_learn(task, net):
    a, b, seeds = 0, 0, range(4) if task == "regression" else [1]  # 133 test rows: one split's error is chance to 6 %
    for seed in seeds:
        X, y, classes, train, test = split(task, seed)
        out = ours(task, X, y, classes, train, net, **NETS[net])
        outputs = classes if task == "multiclass" else 1
        a += error(task, y[test], out["margin"].reshape(len(y), outputs)[test].squeeze()) / len(seeds)
        b += theirs(task, X, y, train, test) / len(seeds)
    print(f"{task} {net}: ours {a:.4f}, scikit-learn {b:.4f}")
    slack = {"binary": 0.02, "multiclass": 0.05, "regression": 0.12 * b}[task]  # on 248 rows mlp is 10 % worse, tabm 3 % better
    assert a < b + slack


@pytest.mark.parametrize("net", NETS)
def test_the_same_fit_gives_the_same_bytes(net):
    X, y, classes, train, test = split("binary")
    one, two = (ours("binary", X, y, classes, train, net, **{**NETS[net], "epochs": 10, "dropout": 0.2}) for _ in range(2))
    assert bytes(one["bytes"]) == bytes(two["bytes"])
    assert np.array_equal(one["margin"], two["margin"])


def test_more_epochs_fit_the_training_rows_better():
    X, y, classes, train, _ = split("regression")
    rows = {"train": np.sort(train).astype(np.uint32)}
    errors = [error("regression", y[train], learn("mlp", "regression", X, y, 0, {"epochs": e}, **rows)["margin"][train]) for e in (3, 30, 100)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.7 * np.std(y[train])


@pytest.mark.parametrize("net", ["realmlp", "tabm"])
def test_a_category_of_many_levels_is_learnt_by_its_table(net):
    rng = np.random.default_rng(0)
    levels, n = 60, 3000
    effect, code = rng.normal(size=levels), rng.integers(0, levels, n)
    X = np.column_stack([code, rng.normal(size=n)]).astype(np.float32)
    y = effect[code] * X[:, 1] + 0.1 * rng.normal(size=n)  # no use without knowing each level
    rows = {"train": np.arange(2000, dtype=np.uint32), "valid": np.arange(2000, 2500, dtype=np.uint32)}
    args = {**NETS[net], "epochs": 60}
    out = learn(net, "regression", X, y, 0, args, kind=[1, 0], levels=[levels, 0], **rows)
    test = slice(2500, n)
    explained = 1 - np.var(y[test] - out["margin"][test]) / np.var(y[test])
    print(f"{net}: explains {explained:.3f}")
    assert explained > 0.85


def test_an_unheard_of_level_is_a_missing_one():
    rng = np.random.default_rng(1)
    n, levels = 400, 30
    code = rng.integers(0, 20, n).astype(np.float32)  # levels 20 .. 29 never come
    X = np.column_stack([code, rng.normal(size=n)]).astype(np.float32)
    X[-1], X[-2] = (levels, 0.5), (np.nan, 0.5)
    out = learn("realmlp", "regression", X, np.nan_to_num(X[:, 0]).astype(float), 0, {"epochs": 5, "width": 32}, kind=[1, 0], levels=[levels, 0],
                train=np.arange(n - 2, dtype=np.uint32))
    assert out["margin"][-1] == out["margin"][-2]
