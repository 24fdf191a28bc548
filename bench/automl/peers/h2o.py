"""H2O AutoML with its own CSV reader: H2OAutoML(max_runtime_secs, sort_metric, seed); the leader is saved and loaded in a new server."""
import os
import pathlib

READS = "file"
METRIC = {"auc": "AUC", "logloss": "logloss", "rmse": "RMSE"}


def start(job):
    import h2o
    at = os.path.abspath("server")
    os.makedirs(at, exist_ok=True)
    h2o.init(nthreads=job["threads"], ice_root=at, log_dir=at, verbose=False, name=f"bench{os.getpid()}")
    h2o.no_progress()
    return h2o


def fit(job, train_file, target):
    h2o = start(job)
    from h2o.automl import H2OAutoML
    train = h2o.import_file(train_file)
    if job["task"] != "regression":
        train[target] = train[target].asfactor()
    aml = H2OAutoML(max_runtime_secs=job["budget"], sort_metric=METRIC[job["metric"]], seed=job["seed"], nfolds=-1)
    aml.train(y=target, training_frame=train)
    if aml.leader is None:
        raise SystemExit("H2O AutoML made no model")
    pathlib.Path("model").mkdir()
    saved = h2o.save_model(aml.leader, path="model", force=True)
    pathlib.Path("model.name").write_text(saved + "\n" + ", ".join(aml.leaderboard.as_data_frame(use_multi_thread=False)["model_id"]))
    h2o.cluster().shutdown()


def load(job):
    h2o = start(job)
    model = h2o.load_model(pathlib.Path("model.name").read_text().split("\n")[0])
    return h2o, model


def answer(model, job, X):
    h2o, model = model
    if isinstance(X, str):
        frame = h2o.import_file(X)
        model.types = frame.types
    else:
        frame = h2o.H2OFrame(X, column_types=model.types)
    out = model.predict(frame).as_data_frame(use_multi_thread=False)
    if job["task"] == "regression":
        return None, out["predict"].to_numpy()
    domain = model._model_json["output"]["domains"][-1]
    return domain, out.iloc[:, 1:].to_numpy()


def describe(model, job):
    return pathlib.Path("model.name").read_text().split("\n")[1][:1000]
