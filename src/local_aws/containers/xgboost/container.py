"""Amazon's xgboost, on the xgboost library: train and serve. See user_script for own scripts.

Data: headerless CSV (`text/csv`, with the label first; with csv_weights=1, a weight second) or
libsvm (AWS's default for a channel without a content type); channels train and validation. An empty
field or `nan` is a missing value, as on AWS. The hyperparameters and messages are those of AWS's
open-source container, sagemaker-xgboost-container, with `silent` of its predecessors. `_kfold` and
`_num_cv_round` (cross-validation) are refused offline.

The model is `model/xgboost-model` in xgboost's own UBJSON, which AWS's container loads as well. It
serves text/csv and text/libsvm. The response has the predictions joined by commas as `text/csv;
charset=utf-8`, or a list if Accept is application/json. Other content types, also application/json,
are a 415, as on AWS. Feature counts must match: libsvm rows may be shorter than the model, CSV rows
may not.
"""

import json
import re
from argparse import Namespace
from http import HTTPStatus
from pathlib import Path

import numpy as np
import xgboost as xgb
from scipy.sparse import csr_matrix, vstack

from model_monitoring.analysis.wording import counted

from ..base import serving
from ..base.contract import ClientError, opt_ml, read_channels, read_config
from ..base.data import parse_csv, parse_libsvm, read_channel, read_content_type, read_csv_channel
from ..base.serving import Predict, UnsupportedType
from ..user_script import training
from .settings import build_custom_metric, read_settings

MODEL_FILE = "xgboost-model"
SMALL = 1_000_000  # values; with fewer, threads that wait for each other cost more than they gain
_CSV, _LIBSVM = ("csv", "text/csv"), ("libsvm", "text/libsvm", "text/x-libsvm")


def train(arguments: Namespace) -> None:
    """Train on the job's channels and write the model; raises ClientError."""
    if training.is_asked_for():
        training.train(arguments)
        return
    settings = read_settings(read_config("hyperparameters"))
    channels = read_channels(("train",), ("validation",))
    weighted = settings.pop("csv_weights", 0) == 1
    tables = {
        name: _read_matrix(name, channel, weighted and name == "train")
        for name, channel in channels.items()
    }
    _check_widths(tables, channels)
    for name, table in tables.items():
        size = f"{table.num_row()} rows and {table.num_col()} columns"
        print(f"[INFO] {name.capitalize()} matrix has {size}", flush=True)
    _check_labels(tables["train"].get_label(), settings)
    if tables["train"].num_row() * tables["train"].num_col() < SMALL:
        settings.setdefault("nthread", 1)
    rounds, patience = settings.pop("num_round"), settings.pop("early_stopping_rounds", None)
    metric = build_custom_metric(settings)
    try:
        booster = xgb.train(
            settings,
            tables["train"],
            num_boost_round=rounds,
            evals=[(table, name) for name, table in tables.items()],
            early_stopping_rounds=patience,
            custom_metric=metric,
            callbacks=[_LogLines()],
            verbose_eval=False,
        )
    # xgboost's own checks of labels and parameters: the user has to fix these
    except (xgb.core.XGBoostError, ValueError) as error:
        raise ClientError(_shorten(error)) from None
    (opt_ml() / "model" / MODEL_FILE).write_bytes(booster.save_raw("ubj"))


class _LogLines(xgb.callback.TrainingCallback):
    """Print each round's metrics as CloudWatch has them on AWS, where a tab becomes #011."""

    def after_iteration(self, _model: xgb.Booster, epoch: int, evals_log: dict) -> bool:
        cells = (
            f"#011{name}-{metric}:{values[-1]:.5f}"
            for name, metrics in evals_log.items()
            for metric, values in metrics.items()
        )
        print(f"[{epoch}]{''.join(cells)}", flush=True)
        return False


def _shorten(error: Exception) -> str:
    """Keep xgboost's message of an error, without its time, source line and C++ trace."""
    text = " ".join(str(error).split("Stack trace")[0].split())
    return re.sub(r"^\[[\d:]+\] \S+: ", "", text)


def _check_widths(tables: dict[str, xgb.DMatrix], channels: dict[str, dict]) -> None:
    """Compare the channels' widths (libsvm may leave zeros out); raises ClientError."""
    trained = tables["train"].num_col()
    for name, table in tables.items():
        media, _ = read_content_type(channels[name].get("ContentType"), "libsvm")
        if table.num_col() > trained or (media in _CSV and table.num_col() < trained):
            raise ClientError(
                f"Channel {name} has {counted(table.num_col(), 'feature')},"
                f" channel train has {trained}"
            )


def _check_labels(labels: np.ndarray, settings: dict) -> None:
    """Check labels as older releases did; raises ClientError."""
    objective = settings.get("objective", "")
    inside = labels >= 0
    if (
        objective in ("binary:logistic", "binary:logitraw", "reg:logistic")
        and not (inside & (labels <= 1)).all()
    ):
        raise ClientError("label must be in [0,1] for logistic regression")
    if objective.startswith("multi:") and not (inside & (labels < settings["num_class"])).all():
        raise ClientError("label must be in [0, num_class)")
    if objective in ("count:poisson", "reg:tweedie") and not inside.all():
        raise ClientError(f"{objective}: label must be nonnegative")


def _read_matrix(name: str, channel: dict, weighted: bool) -> xgb.DMatrix:
    """Read a channel's files; raises ClientError."""
    header = channel.get("ContentType")
    media, parameters = read_content_type(header, "libsvm")
    if media in _CSV:
        if parameters.get("label_size", "1") != "1":
            raise ClientError(
                f"{header} is not an accepted csv ContentType: label_size must be equal to 1"
            )
        values, weights = read_csv_channel(name, missing=True), None
        features, labels = values[:, 1:], values[:, 0]
        if weighted:
            features, weights = features[:, 1:], features[:, 0]
    elif media in _LIBSVM:
        parts = read_channel(name, parse_libsvm)
        width = max(part.shape[1] for part, _ in parts)
        padded = [
            csr_matrix((part.data, part.indices, part.indptr), (part.shape[0], width))
            for part, _ in parts
        ]
        features, labels, weights = (
            vstack(padded),
            np.concatenate([labels for _, labels in parts]),
            None,
        )
    else:
        raise ClientError(
            f"{header} is not an accepted ContentType offline: {', '.join(_CSV + _LIBSVM)}"
        )
    if np.isnan(labels).any():
        raise ClientError(
            f"Channel {name}: the label of row {np.flatnonzero(np.isnan(labels))[0] + 1} is missing"
        )
    try:
        return xgb.DMatrix(features, label=labels, weight=weights, nthread=1)
    except (xgb.core.XGBoostError, ValueError) as error:
        raise ClientError(f"Channel {name}: {_shorten(error)}") from None


def load(directory: Path) -> Predict:
    """Load the model; raises ClientError if there is none; a pickle is never opened."""
    booster = xgb.Booster()
    try:
        content = (directory / MODEL_FILE).read_bytes()
        if not content:  # the library would abort the process
            raise ClientError(f"Unable to load model: {MODEL_FILE} is empty")
        booster.load_model(bytearray(content))
        booster.set_param({"nthread": 1})
    except (OSError, xgb.core.XGBoostError) as error:
        raise ClientError(
            f"Unable to load model: {MODEL_FILE} must be in xgboost's own format: {_shorten(error)}"
        ) from None
    best = booster.attr("best_iteration")
    rounds = (0, int(best) + 1) if best else (0, 0)

    def predict(body: bytes, content_type: str | None, accept: str | None) -> tuple[bytes, str]:
        features = _parse_features(body, content_type)
        known = booster.num_features()
        if features.shape[1] > known or (
            isinstance(features, np.ndarray) and features.shape[1] < known
        ):
            raise ClientError(
                "Unable to evaluate payload provided: Feature size of inference data "
                f"{features.shape[1]} is not consistent with feature size of trained model {known}."
            )
        scores = booster.predict(
            xgb.DMatrix(features, nthread=1), iteration_range=rounds, validate_features=False
        ).tolist()
        media, _ = read_content_type(accept, "text/csv")
        if media in ("text/csv", "csv", "*/*"):
            return ",".join(map(str, scores)).encode(), "text/csv; charset=utf-8"
        if media in ("application/json", "json"):
            return json.dumps(scores).encode(), "application/json"
        message = (
            f"{media} is not an accepted Accept type. Please choose text/csv or application/json"
        )
        raise UnsupportedType(message, HTTPStatus.NOT_ACCEPTABLE)

    return predict


def _parse_features(body: bytes, content_type: str | None) -> np.ndarray | csr_matrix:
    """Parse a request's rows, without labels; raises ClientError."""
    media, _ = read_content_type(content_type, "text/csv")
    if media in _CSV:
        return parse_csv(body, "request body", missing=True)
    if media in _LIBSVM:
        return parse_libsvm(body, "request body")[0]
    raise UnsupportedType(f"{media} is not an accepted ContentType: {', '.join(_CSV + _LIBSVM)}")


def serve(arguments: Namespace) -> None:
    """Serve the model, or the user's own script; raises ClientError."""
    if training.is_asked_for():
        training.serve(arguments, image="xgboost")
    else:
        serving.serve(load, arguments)


VERBS = {"train": train, "serve": serve}
