"""The form "trees" answers as LightGBM does: margins to the last bit, Shapley values to 1e-6, on the same float32 matrix.

First trees that LightGBM's Python package grew and wrote as text, with every way it has of missing values, categories,
classes and averaging; then our learner, beside the same package given the same parameters.
"""
import tempfile

import lightgbm
import numpy as np
import pytest

from probe import call, read_box, write_box

QUIET = {"verbosity": -1, "num_threads": 1, "deterministic": True, "force_col_wise": True, "seed": 3}


def make(seed, rows=600, numbers=6, levels=(), missing=0.0, zeros=0.0, classes=0):
    """A matrix with some structure, its kinds, and a target."""
    r = np.random.default_rng(seed)
    X = r.normal(size=(rows, numbers + len(levels))).astype(np.float32)
    X[:, 0] = np.round(X[:, 0], 1)
    for j, n in enumerate(levels):
        X[:, numbers + j] = np.floor(n * r.random(rows) ** 2)
    score = X[:, 0] * 2 + np.sin(3 * X[:, 1]) + X[:, 2] * X[:, 3] + r.normal(size=rows) * 0.3
    for j, _ in enumerate(levels):
        score = score + 1.5 * (X[:, numbers + j] % 3 == 1)
    hole = r.random(X.shape) < missing
    score = score + hole[:, 1]
    X[r.random(X.shape) < zeros] = 0
    X[hole] = np.nan
    y = score if not classes else np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)).astype(float)
    kind = np.array([0] * numbers + [1] * len(levels), np.uint8)
    return X, y, kind, np.array([0] * numbers + list(levels), np.uint32)


def walk(booster, X, kind, levels, outputs, mean=0, rounds=None):
    with tempfile.TemporaryDirectory() as at:
        booster.save_model(f"{at}/model.txt", num_iteration=rounds)
        write_box(f"{at}/in", {"X": X.T, "kind": kind, "levels": levels})
        call("trees", "walk", f"{at}/model.txt", outputs, mean, f"{at}/in", f"{at}/out")
        out = read_box(f"{at}/out")
    return out["margin"].reshape(len(X), outputs), out["shap"].reshape(len(X), outputs, X.shape[1] + 1)


def fit(learner, task, X, y, kind, levels, classes=0, args="{}", rounds=0, seed=1, **more):
    with tempfile.TemporaryDirectory() as at:
        write_box(f"{at}/in", {"X": X.T, "kind": kind, "levels": levels, "y": y.astype(float), **more})
        said = call("trees", "fit", learner, task, classes, args, rounds, seed, f"{at}/in", f"{at}/out").split()
        out = read_box(f"{at}/out")
    out.update(zip(said[::2], map(float, said[1::2])))
    k = classes if task == "multiclass" else 1
    out["margin"] = out["margin"].reshape(len(X), k)
    out["shap"] = out["shap"].reshape(len(X), k, X.shape[1] + 1)
    return out


def odd_rows(X, kind, seed):
    """The matrix, and rows that training never saw: missing everywhere, infinite, tiny, unknown and negative codes."""
    r = np.random.default_rng(seed)
    more = X[r.integers(len(X), size=300)].copy()
    odd = np.array([np.nan, np.inf, -np.inf, 0, -0.0, 1e-36, -1e-36, 1e-35, 3e38, -3e38, -1, 1000, 7.5, 1e10, 1e-45], np.float32)
    at = r.random(more.shape) < 0.4
    more[at] = odd[r.integers(len(odd), size=at.sum())]
    return np.vstack([X, more])


CASES = {
    "numbers": (dict(), dict(objective="regression"), 1),
    "numbers, rows missing": (dict(missing=0.2), dict(objective="regression", num_leaves=63, min_data_in_leaf=1), 1),
    "zero is missing": (dict(zeros=0.4), dict(objective="regression", zero_as_missing=True), 1),
    "zero and NaN are missing": (dict(zeros=0.3, missing=0.2), dict(objective="binary", zero_as_missing=True), 1),
    "missing is not used": (dict(missing=0.2), dict(objective="regression", use_missing=False), 1),
    "categories": (dict(levels=(4, 60, 200), missing=0.1), dict(objective="binary", min_data_per_group=5, cat_smooth=1), 1),
    "categories one by one": (dict(levels=(3, 9)), dict(objective="regression", max_cat_to_onehot=50), 1),
    "classes": (dict(levels=(12,), missing=0.05), dict(objective="multiclass", num_class=5), 5),
    "random thresholds": (dict(missing=0.1), dict(objective="binary", extra_trees=True), 1),
    "deep": (dict(rows=700, missing=0.02), dict(objective="regression", num_leaves=300, min_data_in_leaf=1), 1),
    "stumps": (dict(), dict(objective="binary", num_leaves=2), 1),
    "forest": (dict(missing=0.1, levels=(8,)), dict(objective="regression", boosting="rf", bagging_freq=1, bagging_fraction=0.6), 1),
    "dart": (dict(), dict(objective="binary", boosting="dart"), 1),
    "absolute error": (dict(missing=0.1), dict(objective="regression_l1"), 1),
    "one feature": (dict(numbers=4), dict(objective="regression", feature_fraction=0.1), 1),
}


@pytest.mark.parametrize("name", CASES)
def test_trees_of_lightgbm_answer_to_the_last_bit(name):
    shape, params, outputs = CASES[name]
    binary = {"classes": 2} if params["objective"] == "binary" else {"classes": outputs} if outputs > 1 else {}
    X, y, kind, levels = make(len(name), **shape, **binary)
    data = lightgbm.Dataset(X, y, categorical_feature=np.flatnonzero(kind).tolist(), params={**QUIET, **params})
    booster = lightgbm.train({**QUIET, **params}, data, 40)
    forest = params.get("boosting") == "rf"
    Z = odd_rows(X, kind, 1)
    for rounds in (None, 13):
        margin, shap = walk(booster, Z, kind, levels, outputs, mean=int(forest), rounds=rounds)
        raw = booster.predict(Z, raw_score=True, num_iteration=rounds).reshape(len(Z), outputs)
        if forest:
            raw = raw / (rounds or 40)
        assert np.array_equal(margin, raw)
        contrib = booster.predict(Z[::7], pred_contrib=True, num_iteration=rounds).reshape(-1, outputs, X.shape[1] + 1)
        if forest:
            contrib = contrib / (rounds or 40)
        scale = np.abs(contrib).max()
        assert np.abs(shap[::7] - contrib).max() <= 1e-9 * scale
        assert np.abs(shap.sum(2) - margin).max() <= 1e-9 * scale


def as_dict(**more):
    return {**QUIET, "max_bin": 255, "min_sum_hessian_in_leaf": 1e-7, "feature_pre_filter": False, "boost_from_average": True, **more}


@pytest.mark.parametrize("task,classes", [("binary", 2), ("multiclass", 4), ("regression", 0)])
def test_the_learner_is_the_library_with_the_same_parameters(task, classes):
    X, y, kind, levels = make(7, rows=2500, levels=(7, 40), missing=0.1, classes=classes)
    w = np.random.default_rng(1).random(len(X)).astype(np.float32) + 0.5
    ours = fit("lightgbm", task, X, y, kind, levels, classes, '{"bagging_fraction":1,"num_leaves":20,"learning_rate":0.1}', 60, w=w)
    objective = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}[task]
    params = as_dict(objective=objective, num_leaves=20, learning_rate=0.1, min_data_in_leaf=3 if task == "regression" else 40,
                     lambda_l1=1e-5, lambda_l2=1e-5, max_cat_to_onehot=4, cat_l2=10, cat_smooth=10, min_data_per_group=100)
    if classes:
        params["max_delta_step"] = 3
    if classes > 2:
        params["num_class"] = classes
    data = lightgbm.Dataset(X, y, weight=w, categorical_feature=np.flatnonzero(kind).tolist(), params=params)
    booster = lightgbm.train(params, data, 60)
    raw = booster.predict(X, raw_score=True).reshape(len(X), -1)
    assert ours["rounds"] == 60
    assert np.array_equal(ours["margin"], raw)
    contrib = booster.predict(X, pred_contrib=True).reshape(ours["shap"].shape)
    assert np.abs(ours["shap"] - contrib).max() <= 1e-9 * np.abs(contrib).max()


def test_early_stopping_keeps_the_best_round():
    X, y, kind, levels = make(8, rows=1200, classes=2)
    train, valid = np.arange(0, 800, dtype=np.uint32), np.arange(800, 1200, dtype=np.uint32)
    args = '{"bagging_fraction":1,"learning_rate":0.2,"rounds":700}'
    ours = fit("lightgbm", "binary", X, y, kind, levels, 2, args, train=train, valid=valid)
    params = as_dict(objective="binary", metric="binary_logloss", num_leaves=50, learning_rate=0.2, min_data_in_leaf=40,
                     lambda_l1=1e-5, lambda_l2=1e-5, min_data_in_bin=1, max_delta_step=3)
    data = lightgbm.Dataset(X[train], y[train], params=params)
    booster = lightgbm.train(params, data, 700, valid_sets=[data.create_valid(X[valid], y[valid])],
                             callbacks=[lightgbm.early_stopping(300, verbose=False)])
    assert ours["rounds"] == booster.best_iteration
    assert np.array_equal(ours["margin"][:, 0], booster.predict(X, raw_score=True))


FORESTS = {"extra_trees": ("ExtraTrees", dict(max_features=0.5), 2, 3), "random_forest": ("RandomForest", dict(max_features=0.4), 1, 2)}


@pytest.mark.parametrize("learner", FORESTS)
@pytest.mark.parametrize("task,classes", [("binary", 2), ("multiclass", 3), ("regression", 0)])
def test_forests_are_as_good_as_scikit_learns(learner, task, classes):
    from sklearn import ensemble
    from sklearn.metrics import log_loss, root_mean_squared_error

    name, more, leaf, leaf_of_values = FORESTS[learner]
    X, y, kind, levels = make(9, rows=1300, classes=classes)
    train = np.arange(900, dtype=np.uint32)
    ours = fit(learner, task, X, y, kind, levels, classes, train=train)
    z, yt = ours["margin"][900:], y[900:]
    if task == "regression":
        peer = getattr(ensemble, name + "Regressor")(100, min_samples_leaf=leaf_of_values, random_state=1, **more).fit(X[train], y[train])
        error, theirs = root_mean_squared_error(yt, z[:, 0]), root_mean_squared_error(yt, peer.predict(X[900:]))
    else:
        peer = getattr(ensemble, name + "Classifier")(100, min_samples_leaf=leaf, random_state=1, **more).fit(X[train], y[train])
        p = 1 / (1 + np.exp(-z)) if classes == 2 else np.exp(z) / np.exp(z).sum(1, keepdims=True)
        p = np.hstack([1 - p, p]) if classes == 2 else p
        sure = np.clip(peer.predict_proba(X[900:]), 1e-3, 1)
        error, theirs = log_loss(yt, p), log_loss(yt, sure / sure.sum(1, keepdims=True))
    assert error < 1.1 * theirs
    assert np.abs(ours["shap"].sum(2) - ours["margin"]).max() < 1e-6 * np.abs(ours["margin"]).max()


def test_a_forest_of_one_best_tree_is_scikit_learns_tree():
    """Few values, so that bins hide nothing: 200 trees of stumps find the cut that a tree of all rows finds."""
    from sklearn.tree import DecisionTreeRegressor

    r = np.random.default_rng(3)
    X = r.integers(0, 40, (500, 3)).astype(np.float32)
    y = 5.0 * (X[:, 1] > 17) + r.normal(size=500)
    kind = np.zeros(3, np.uint8)
    ours = fit("random_forest", "regression", X, y, kind, kind.astype(np.uint32), 0,
               '{"max_features":1,"trees":200,"min_data_in_leaf":32,"max_leaves":16}')
    peer = DecisionTreeRegressor(max_leaf_nodes=2).fit(X, y)
    assert np.corrcoef(ours["margin"][:, 0], peer.predict(X))[0, 1] > 0.99


def test_equal_seeds_give_equal_bytes_and_others_do_not():
    X, y, kind, levels = make(10, levels=(5,), classes=2)
    for learner in ("lightgbm", "extra_trees", "random_forest"):
        args = '{"rounds":30}' if learner == "lightgbm" else '{"trees":10}'
        a, b, c = (fit(learner, "binary", X, y, kind, levels, 2, args, seed=s)["bytes"] for s in (5, 5, 6))
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)
