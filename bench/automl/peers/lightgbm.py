"""LightGBM's scikit-learn classes with nothing set but the seed and two threads; text columns become pandas categories.  No budget."""
import pathlib
import pickle

import pandas as pd


def fit(job, X, y):
    import lightgbm
    text = [c for c in X.columns if not pd.api.types.is_numeric_dtype(X[c])]
    levels = {c: sorted(X[c].dropna().astype(str).unique()) for c in text}
    kind = lightgbm.LGBMRegressor if job["task"] == "regression" else lightgbm.LGBMClassifier
    model = kind(random_state=job["seed"], n_jobs=job["threads"], verbose=-1).fit(ready(X, levels), y)
    pathlib.Path("model").mkdir()
    with open("model/lightgbm.pkl", "wb") as f:
        pickle.dump((model, levels), f, pickle.HIGHEST_PROTOCOL)


def ready(X, levels):
    X = X.copy()
    for c, names in levels.items():
        X[c] = pd.Categorical(X[c].astype(str).where(X[c].notna(), None), categories=names)
    X.columns = [f"c{i}" for i in range(X.shape[1])]        # it refuses names with brackets, colons and commas
    return X


def load(job):
    with open("model/lightgbm.pkl", "rb") as f:
        return pickle.load(f)


def answer(model, job, X):
    model, levels = model
    X = ready(X, levels)
    if job["task"] == "regression":
        return None, model.predict(X)
    return list(model.classes_), model.predict_proba(X)
