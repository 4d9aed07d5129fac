"""The images that have an offline counterpart, and the metrics read from their logs."""

import re
from dataclasses import dataclass

# The AWS registry in any region and partition. The tag or digest doesn't matter, because one
# implementation serves all versions.
_REGISTRY = r"\d{12}\.dkr\.ecr(-fips)?\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/"
_TAG = r"(:[\w.-]+|@sha256:[0-9a-f]{64})"

_LINEAR_LEARNER_SCORES = {
    "binary_classification_accuracy": r"binary_classification_accuracy <score>",
    "binary_f_beta": r"binary_f_\S+ <score>",
    "precision": r"precision <score>",
    "recall": r"recall <score>",
    "roc_auc_score": r"roc_auc_score <score>",
    "multiclass_accuracy": r"multiclass_accuracy <score>",
    "multiclass_top_k_accuracy": r"multiclass_top_k_accuracy_\S+ <score>",
    "dcg": r"dcg <score>",
    "macro_f_beta": r"macro_f_\S+ <score>",
    "macro_precision": r"macro_precision <score>",
    "macro_recall": r"macro_recall <score>",
    "mse": r"mse <loss>",
    "rmse": r"rmse <loss>",
    "absolute_loss": r"absolute_loss <loss>",
}
_NUMBER = r"[-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?"
XGBOOST_METRICS = (
    *(
        "accuracy",
        "auc",
        "aucpr",
        "balanced_accuracy",
        "f1",
        "f1_binary",
        "f1_macro",
        "map",
        "ndcg",
        "precision",
    ),
    *(
        "precision_macro",
        "precision_micro",
        "r2",
        "recall",
        "recall_macro",
        "recall_micro",
        "aft-nloglik",
    ),
    *(
        "cox-nloglik",
        "error",
        "gamma-deviance",
        "gamma-nloglik",
        "interval-regression-accuracy",
        "logloss",
        "mae",
    ),
    *(
        "mape",
        "merror",
        "mlogloss",
        "mphe",
        "mse",
        "poisson-nloglik",
        "rmse",
        "rmsle",
        "tweedie-nloglik",
    ),
)


@dataclass(frozen=True)
class Image:
    """A supported image.

    `pattern` matches its full ECR URI. `module` names the module in this package that runs `train`
    and `serve`. `verbs` say which operations the image supports. `metrics` are (name, regex) pairs;
    the last match in the log is the job's final value. `processor` is the module that runs a
    processing job: for most images, the user's script.
    """

    name: str
    pattern: str
    module: str
    verbs: tuple[str, ...]
    metrics: tuple[tuple[str, str], ...] = ()
    processor: str = "user_script.processing"


def _linear_learner_metrics() -> tuple[tuple[str, str], ...]:
    """List AWS's metric definitions of linear-learner, as a tuning job shows them."""
    found = [
        ("train:progress", r"#progress_metric: host=\S+, completed (\S+) %"),
        (
            "train:throughput",
            r"#throughput_metric: host=\S+, train throughput=(\S+) records/second",
        ),
        ("test:objective_loss", r"#quality_metric: host=\S+, test \S+_objective <loss>=(\S+)"),
    ]
    for channel in ("train", "validation"):
        found += [
            (
                f"{channel}:objective_loss",
                rf"#quality_metric: host=\S+, epoch=\S+, {channel} \S+_objective <loss>=(\S+)",
            ),
            (
                f"{channel}:objective_loss:final",
                rf"#quality_metric: host=\S+, {channel} \S+_objective <loss>=(\S+)",
            ),
        ]
    for channel in ("train", "validation", "test"):
        found += [
            (f"{channel}:{name}", rf"#quality_metric: host=\S+, {channel} {regex}=(\S+)")
            for name, regex in _LINEAR_LEARNER_SCORES.items()
        ]
    return tuple(found)


def _xgboost_metrics() -> tuple[tuple[str, str], ...]:
    """List AWS's metric definitions of xgboost.

    `#011` is how its log writes the tab between two metrics.
    """
    return tuple(
        (f"{channel}:{name}", rf".*\[[0-9]+\].*#011{channel}-{name}:({_NUMBER})")
        for channel in ("train", "validation")
        for name in XGBOOST_METRICS
    )


IMAGES = (
    Image(
        "linear-learner",
        f"{_REGISTRY}linear-learner{_TAG}",
        "linear_learner.container",
        ("train", "serve"),
        _linear_learner_metrics(),
    ),
    Image(
        "xgboost",
        f"{_REGISTRY}(sagemaker-)?xgboost{_TAG}",
        "xgboost.container",
        ("train", "serve", "run"),
        _xgboost_metrics(),
    ),
    Image(
        "sklearn",
        f"{_REGISTRY}sagemaker-scikit-learn{_TAG}",
        "user_script.training",
        ("train", "serve", "run"),
    ),
    Image(
        "sagemaker-distribution",
        f"{_REGISTRY}sagemaker-distribution-prod{_TAG}",
        "user_script.training",
        ("run",),
    ),
    Image(
        "model-monitor",
        f"{_REGISTRY}sagemaker-model-monitor-analyzer({_TAG})?",
        "model_monitor.analyzer",
        ("run",),
        processor="model_monitor.analyzer",
    ),
    Image(
        "groundtruth-merger",
        f"{_REGISTRY}sagemaker-model-monitor-groundtruth-merger({_TAG})?",
        "model_monitor.merger",
        ("run",),
        processor="model_monitor.merger",
    ),
)


def find_image(uri: str) -> Image:
    """Find the offline counterpart of an image URI.

    Raises:
        ValueError: the image isn't supported; the message names it and lists those that are.
    """
    for image in IMAGES:
        if re.fullmatch(image.pattern, uri):
            return image
    supported = ", ".join(f"{image.name} ({', '.join(image.verbs)})" for image in IMAGES)
    raise ValueError(
        f"Image {uri!r} has no offline counterpart. "
        f"Supported: {supported}; `run` means processing jobs."
    )
