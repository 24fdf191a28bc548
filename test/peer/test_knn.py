"""The neighbours learner finds scikit-learn's neighbours on the same encoded matrix, ties by row order."""
import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from probe import learn


def exact(A, k, p):
    """Brute force in double, ties by row order."""
    A = A.astype(float)
    index, distance = [], []
    for a in A:
        d = (np.abs(A - a) ** p).sum(1)
        at = np.lexsort((np.arange(len(A)), d))[:k]
        index.append(at)
        distance.append(d[at] ** (1 / p))
    return np.array(index), np.array(distance)


def data(seed, n, d, ties):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 3, (n, d)).astype(np.float32) if ties else rng.normal(size=(n, d)).astype(np.float32)
    X[:, -1] = rng.integers(0, 4, n)
    return X, np.r_[np.zeros(d - 1), 1], np.r_[np.zeros(d - 1), 4]


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("metric", ["manhattan", "euclidean"])
@pytest.mark.parametrize("n,d,k", [(9, 2, 20), (300, 3, 1), (700, 17, 20), (1500, 40, 7), (3000, 4, 20)])
def test_neighbours_are_exact(n, d, k, metric, ties):
    X, kind, levels = data(n, n, d, ties)
    y = np.arange(n) % 2.0
    out = learn("knn", "binary", X, y, 2, {"k": k, "distance": metric}, kind, levels)
    k = min(n, k)
    index, distance = exact(out["dense"].reshape(n, -1), k, 1 if metric == "manhattan" else 2)
    np.testing.assert_array_equal(out["index"].reshape(n, k), index)
    np.testing.assert_allclose(out["distance"].reshape(n, k), distance, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("p", [1, 2])
def test_answers_are_scikit_learns(weights, p):
    X, kind, levels = data(5, 800, 6, False)
    rng = np.random.default_rng(1)
    args = {"k": 12, "weights": weights, "distance": "manhattan" if p == 1 else "euclidean"}
    train, new = np.arange(500, dtype=np.uint32), np.arange(500, 800)
    y = rng.integers(0, 3, 800).astype(float)

    def shares(margin, classes):                        # undo the half row added to each class
        m = margin.reshape(800, -1)[new]
        q = np.exp(m) if classes > 2 else 1 / (1 + np.exp(-m))
        return (q * (12 + 0.5 * classes) - 0.5) / 12

    out = learn("knn", "multiclass", X, y, 3, args, kind, levels, train=train)
    A = out["dense"].reshape(500, -1).astype(float)
    # the new rows as the model encodes them: ask for the encoding of all rows from a fit on the same training rows
    same = {"algorithm": "brute", "n_neighbors": 12, "weights": weights, "p": p}
    index = out["index"].reshape(800, 12)[new]
    distance = out["distance"].reshape(800, 12)[new]
    w = np.ones_like(distance) if weights == "uniform" else 1 / distance
    theirs = np.array([[w[i][y[index[i]] == c].sum() for c in range(3)] for i in range(300)]) / w.sum(1, keepdims=True)
    np.testing.assert_allclose(shares(out["margin"], 3), theirs, rtol=1e-9, atol=1e-9)

    # on the training rows, scikit-learn itself can be asked
    sk = KNeighborsClassifier(**same).fit(A, y[:500])
    ours = np.exp(out["margin"].reshape(800, 3)[:500])
    np.testing.assert_allclose((ours * 13.5 - 0.5) / 12, sk.predict_proba(A), rtol=1e-6, atol=1e-6)
    value = rng.normal(size=800)
    out = learn("knn", "regression", X, value, 0, args, kind, levels, train=train)
    sk = KNeighborsRegressor(**same).fit(A, value[:500])
    np.testing.assert_allclose(out["margin"][:500], sk.predict(A), rtol=1e-6, atol=1e-6)
