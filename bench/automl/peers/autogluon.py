"""AutoGluon as its documentation asks: TabularPredictor(label, eval_metric).fit(train, presets, time_limit).

The preset is `medium_quality` under a minute and `best_quality` from a minute on, unless the job names one.  What predicting
needs is what clone_for_deployment keeps.
"""
METRIC = {"auc": "roc_auc", "logloss": "log_loss", "rmse": "root_mean_squared_error"}


def fit(job, X, y):
    from autogluon.tabular import TabularPredictor
    train = X.assign(**{job["target"]: y})
    preset = job.get("preset") or ("best_quality" if job["budget"] >= 60 else "medium_quality")
    predictor = TabularPredictor(label=job["target"], problem_type=job["task"], eval_metric=METRIC[job["metric"]], path="model", verbosity=2)
    predictor.fit(train, presets=preset, time_limit=job["budget"], num_cpus=job["threads"], num_gpus=0)


def load(job):
    from autogluon.tabular import TabularPredictor
    predictor = TabularPredictor.load("model")
    predictor.persist()
    return predictor


def answer(model, job, X):
    if job["task"] == "regression":
        return None, model.predict(X).to_numpy()
    p = model.predict_proba(X)
    return list(p.columns), p.to_numpy()


def size_bytes(model, job):
    import pathlib
    at = model.clone_for_deployment(path="deployed")
    return sum(f.stat().st_size for f in pathlib.Path(at).rglob("*") if f.is_file())


def describe(model, job):
    return f"{model.model_best}; {', '.join(model.model_names())}"[:1000]
