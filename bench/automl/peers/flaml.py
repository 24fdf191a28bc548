"""FLAML as its documentation asks for a fixed budget: AutoML.fit(time_budget, metric, task)."""
import pathlib
import pickle

METRIC = {"auc": "roc_auc", "logloss": "log_loss", "rmse": "rmse"}


def fit(job, X, y):
    from flaml import AutoML
    automl = AutoML()
    automl.fit(X_train=X, y_train=y, task="regression" if job["task"] == "regression" else "classification", metric=METRIC[job["metric"]],
               time_budget=job["budget"], seed=job["seed"], n_jobs=job["threads"], verbose=1)
    pathlib.Path("model").mkdir()
    with open("model/automl.pkl", "wb") as f:
        pickle.dump(automl, f, pickle.HIGHEST_PROTOCOL)


def load(job):
    with open("model/automl.pkl", "rb") as f:
        return pickle.load(f)


def answer(model, job, X):
    if job["task"] == "regression":
        return None, model.predict(X)
    return list(model.classes_), model.predict_proba(X)


def describe(model, job):
    return f"{model.best_estimator} {model.best_config}"
