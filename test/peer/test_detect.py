"""The detectors order rows as their references do: scikit-learn's, and ECOD's own definition."""
import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import rankdata, skew, spearmanr
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.preprocessing import StandardScaler

from probe import learn

TRAIN = 900


def data(seed, n=1300, d=6):
    """Two clouds, correlated columns, one row in twenty-five somewhere else."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + np.where(rng.random((n, 1)) < 0.4, 4.0, 0.0)
    odd = rng.random(n) < 0.04
    X[odd] += rng.normal(scale=6, size=(odd.sum(), d))
    return X.astype(np.float32), odd


def margins(learner, X, args=None, kind=None, levels=None):
    train = np.arange(TRAIN, dtype=np.uint32)
    return learn(learner, "anomaly", X, np.zeros(len(X)), 0, args or {}, kind, levels, train=train)["margin"]


def scaled(X):
    s = StandardScaler().fit(X[:TRAIN].astype(float))
    return s.transform(X.astype(float))


def order(a, b):
    return spearmanr(a, b).statistic


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 5, 40])
def test_knn_distance_is_the_distance_to_the_kth_neighbour(seed, k):
    X, _ = data(seed)
    A = scaled(X)
    theirs = NearestNeighbors(n_neighbors=k).fit(A[:TRAIN]).kneighbors(A[TRAIN:])[0][:, -1]
    assert order(margins("knn_distance", X, {"k": k})[TRAIN:], theirs) > 0.99999


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [5, 20])
def test_lof_is_scikit_learns(seed, k):
    X, _ = data(seed)
    A = scaled(X)
    theirs = -LocalOutlierFactor(n_neighbors=k, novelty=True).fit(A[:TRAIN]).score_samples(A[TRAIN:])
    assert order(margins("lof", X, {"k": k})[TRAIN:], theirs) > 0.9999


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("explained", [0.6, 0.9])
def test_pca_residual_is_the_error_of_rebuilding(seed, explained):
    X, _ = data(seed, d=12)
    A = scaled(X)
    pca = PCA(n_components=explained, svd_solver="full").fit(A[:TRAIN])
    theirs = ((A - pca.inverse_transform(pca.transform(A))) ** 2).sum(1)
    assert order(margins("pca_residual", X, {"explained": explained})[TRAIN:], theirs[TRAIN:]) > 0.9999


def ecod(train, new):
    """Li et al. 2022, equations 6 to 9, as pyod computes them, with the new row counted in."""
    n = len(train)
    left = np.array([(train <= x).sum(0) + 1 for x in new]) / (n + 1)
    right = np.array([(train >= x).sum(0) + 1 for x in new]) / (n + 1)
    left, right = -np.log(left), -np.log(right)
    sides = np.where(skew(train, axis=0) < 0, left, right)
    return np.maximum(np.maximum(left, right), sides).sum(1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rounded", [False, True])
def test_ecod_is_its_definition(seed, rounded):
    X, _ = data(seed)
    if rounded:
        X = np.round(X)
    assert order(margins("ecod", X)[TRAIN:], ecod(X[:TRAIN], X[TRAIN:])) > 0.99999


def test_ecod_keeps_its_tails_of_many_values():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(40000, 3)).astype(np.float32)
    train = np.arange(38000, dtype=np.uint32)
    ours = learn("ecod", "anomaly", X, np.zeros(len(X)), 0, {}, train=train)["margin"][38000:]
    assert order(ours, ecod(X[:38000], X[38000:])) > 0.9999


@pytest.mark.parametrize("seed", range(3))
def test_isolation_forest_orders_as_scikit_learns(seed):
    X, odd = data(seed)
    ours = margins("isolation_forest", X, {"trees": 1000})[TRAIN:]
    theirs = -IsolationForest(n_estimators=1000, random_state=seed).fit(X[:TRAIN]).score_samples(X[TRAIN:])
    assert order(ours, theirs) > 0.97
    assert roc_auc_score(odd[TRAIN:], ours) > roc_auc_score(odd[TRAIN:], theirs) - 0.02


@pytest.mark.parametrize("learner", ["ecod", "isolation_forest", "knn_distance", "lof", "pca_residual"])
def test_margins_are_the_log_odds_of_the_share_of_training_rows_below(learner):
    """All detectors answer on one scale: over rows like those of training the shares are even."""
    X, _ = data(7, n=4000)
    share = expit(margins(learner, X)[TRAIN:])
    assert np.abs(share - (rankdata(share) - 0.5) / len(share)).max() < 0.08


@pytest.mark.parametrize("learner", ["ecod", "isolation_forest", "knn_distance", "lof", "pca_residual"])
def test_rare_levels_and_gaps_are_unusual(learner):
    """A category of two common levels and one met thrice; a number that is missing twice."""
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.normal(size=1300), rng.normal(size=1300), rng.integers(0, 2, 1300)]).astype(np.float32)
    X[:3, 2] = 2
    X[3:5, 0] = np.nan
    X[1200:1210, 2] = 2
    X[1210:1220, 0] = np.nan
    m = margins(learner, X, kind=[0, 0, 1], levels=[0, 0, 3])
    assert np.isfinite(m).all()
    if learner in ("ecod", "isolation_forest"):
        assert np.median(m[1200:1210]) > np.quantile(m[TRAIN:1200], 0.8)
