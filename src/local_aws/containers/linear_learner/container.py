"""Amazon's linear-learner, with scikit-learn underneath: train and serve.

Data: headerless CSV, `text/csv`, with the label first; channels train, validation and test. The
hyperparameters are those of AWS
(https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html), and all are checked.
These have an effect here:

- predictor_type, loss, num_classes, feature_dim, quantile, huber_delta, loss_insensitivity,
use_bias;
- epochs: the most passes over the data; early_stopping_tolerance: training stops if the gain is
lower;
- wd and l1: the weights of the L2 and L1 penalties on the mean loss. With `auto`, `num_models`
models (at most 8) are trained with wd from 1e-7 to 1, and the best one on the validation channel
wins (on train if there is no validation channel);
- normalize_data, unbias_data, normalize_label; the scaling is folded into the weights;
- positive_example_weight_mult and balance_multiclass_weights: class weights;
- binary_classifier_model_selection_criteria, target_recall, target_precision and f_beta: they
choose the model and the threshold behind predicted_label; accuracy_top_k: a metric.

These are accepted without effect, because scikit-learn's solvers don't have or don't need them:
mini_batch_size, learning_rate and its schedule, optimizer, momentum, beta_1, beta_2, init_*,
bias_lr_mult, bias_wd_mult, margin, num_calibration_samples, num_point_for_scaler,
early_stopping_patience and names that begin with an underscore.

It serves text/csv, application/json and application/jsonlines. The response is application/json
unless Accept is application/jsonlines or text/csv (score, then predicted_label; AWS documents no
column order).
"""

import json
import logging
import time
from argparse import Namespace
from http import HTTPStatus
from pathlib import Path

import numpy as np

from model_monitoring.analysis.wording import counted

from ..base.contract import ClientError, current_host, opt_ml, read_channels
from ..base.data import parse_csv, parse_json, parse_json_lines, read_content_type, read_csv_channel
from ..base.serving import Predict, UnsupportedType, serve
from . import metrics
from .fit import fit, list_penalties
from .settings import read_settings

MODEL_FILE = "linear-learner.json"
log = logging.getLogger("linear-learner")


def train(_: Namespace) -> None:
    """Train on the job's channels and write the model as JSON; raises ClientError."""
    logging.basicConfig(
        level="INFO",
        format="[%(asctime)s %(levelname)s %(thread)d] %(message)s",
        datefmt="%m/%d/%Y %H:%M:%S",
    )
    settings = read_settings()
    channels = read_channels(("train",), ("validation", "test"))
    tables = {name: _read_table(name, channel) for name, channel in channels.items()}
    _check_tables(tables, settings)
    start = time.perf_counter()
    models = [fit(*tables["train"], settings, wd) for wd in list_penalties(settings)]
    judge = tables.get("validation", tables["train"])
    best = max(models, key=lambda model: metrics.rank(model, *judge, settings))
    rate = (
        len(tables["train"][1]) * settings["epochs"] * len(models) / (time.perf_counter() - start)
    )
    for name, table in tables.items():
        _log_metrics(name, metrics.measure(best, *table, settings), settings["epochs"])
    log.info("#progress_metric: host=%s, completed 100 %% of epochs", current_host())
    log.info(
        "#throughput_metric: host=%s, train throughput=%s records/second", current_host(), rate
    )
    (opt_ml() / "model" / MODEL_FILE).write_text(json.dumps(best))


def _log_metrics(channel: str, found: dict[str, float], epochs: int) -> None:
    """Log a channel's metrics.

    The objective is also logged as the last epoch's, where SageMaker reads objective_loss.
    """
    lines = [f"{channel} {metric}={value}" for metric, value in found.items()]
    if channel != "test":
        lines.insert(0, f"epoch={epochs - 1}, {lines[0]}")
    for line in lines:
        log.info("#quality_metric: host=%s, %s", current_host(), line)


def _read_table(name: str, channel: dict) -> tuple[np.ndarray, np.ndarray]:
    """Read a channel's features (rows, features) and labels (rows)."""
    media, parameters = read_content_type(
        channel.get("ContentType"), "application/x-recordio-protobuf"
    )
    if media != "text/csv":
        raise ClientError(
            f"No iterator has been registered for ContentType {media!r} of channel {name}: "
            "use text/csv"
        )
    if parameters.get("label_size", "1") != "1":
        raise ClientError(f"Channel {name}: label_size must be 1, the label is the first column")
    values = read_csv_channel(name)
    return values[:, 1:], values[:, 0]


def _check_tables(tables: dict, settings: dict) -> None:
    """Compare each channel with the hyperparameters; raises ClientError."""
    width = (
        tables["train"][0].shape[1]
        if settings["feature_dim"] == "auto"
        else settings["feature_dim"]
    )
    classes = {"binary_classifier": 2, "multiclass_classifier": settings.get("num_classes")}
    count = classes.get(settings["predictor_type"])
    for name, (features, labels) in tables.items():
        if features.shape[1] != width:
            raise ClientError(
                f"feature_dim is {width}, but channel {name} has"
                f" {counted(features.shape[1], 'feature')}"
            )
        if count and not np.isin(labels, np.arange(count)).all():
            wrong = labels[~np.isin(labels, np.arange(count))][0]
            allowed = f"a {settings['predictor_type']}'s label is 0 to {count - 1}"
            raise ClientError(f"Channel {name}: {allowed}, got {wrong}")
    if count and len(np.unique(tables["train"][1])) < 2:
        raise ClientError("Channel train: all labels are the same, so there is nothing to learn")


def load(directory: Path) -> Predict:
    """Load a model that `train` wrote; raises ClientError."""
    try:
        model = json.loads((directory / MODEL_FILE).read_text())
        model |= {
            "weights": np.array(model["weights"], float),
            "bias": np.array(model["bias"], float),
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClientError(f"The model has no readable {MODEL_FILE}: {error}") from None
    parsers = {
        "text/csv": lambda body: parse_csv(body, "request body"),
        "application/json": parse_json,
        "application/jsonlines": parse_json_lines,
    }

    def predict(body: bytes, content_type: str | None, accept: str | None) -> tuple[bytes, str]:
        media, _ = read_content_type(content_type, "text/csv")
        if media not in parsers:
            raise UnsupportedType(
                f"Content-Type {media} is not supported. Supported are: {', '.join(parsers)}"
            )
        features = parsers[media](body)
        known, given = model["weights"].shape[1], features.shape[1]
        if given != known:
            raise ClientError(f"The model has {counted(known, 'feature')}, the request has {given}")
        return _write(metrics.predict(model, features), accept)

    return predict


def _write(predictions: list[dict], accept: str | None) -> tuple[bytes, str]:
    """Write predictions in the format of Accept; raises UnsupportedType."""
    media, _ = read_content_type(accept, "application/json")
    if media in ("application/json", "*/*"):
        return json.dumps(
            {"predictions": predictions}, allow_nan=False
        ).encode(), "application/json"
    if media == "application/jsonlines":
        return "".join(
            json.dumps(one, allow_nan=False) + "\n" for one in predictions
        ).encode(), media
    if media == "text/csv":
        rows = (
            json.dumps(list(one.values())).replace("[", "").replace("]", "") for one in predictions
        )
        return "\n".join(rows).replace(" ", "").encode(), "text/csv; charset=utf-8"
    message = f"Accept {media} is not supported: application/json, application/jsonlines, text/csv"
    raise UnsupportedType(message, HTTPStatus.NOT_ACCEPTABLE)


VERBS = {"train": train, "serve": lambda arguments: serve(load, arguments)}
