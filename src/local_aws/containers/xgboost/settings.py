"""AWS's table of xgboost's hyperparameters, and metrics that the library lacks.

Source: https://github.com/aws/sagemaker-xgboost-container (facts only), and
https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
"""

import ast
from collections.abc import Callable

import numpy as np
import xgboost as xgb
from sklearn import metrics

from ..base.contract import ClientError
from ..base.hyperparameters import REQUIRED, Rule, validate
from ..catalog import XGBOOST_METRICS

_FRACTION, _SHARE, _NOT_NEGATIVE, _SWITCH = "float[0,1]", "float(0,1]", "float[0,inf)", "int[0,1]"
RULES: dict[str, Rule] = {
    "num_round": ("int[1,inf)", REQUIRED),
    "csv_weights": _SWITCH,
    "early_stopping_rounds": "int[1,inf)",
    "booster": "gbtree|gblinear|dart",
    "silent": _SWITCH,
    "verbosity": "int[0,3]",
    "nthread": "int[1,inf)",
    "eta": _FRACTION,
    "gamma": _NOT_NEGATIVE,
    "max_depth": "int[0,inf)",
    "min_child_weight": _NOT_NEGATIVE,
    "max_delta_step": _NOT_NEGATIVE,
    "subsample": _SHARE,
    "colsample_bytree": _SHARE,
    "colsample_bylevel": _SHARE,
    "colsample_bynode": _SHARE,
    "lambda": _NOT_NEGATIVE,
    "alpha": _NOT_NEGATIVE,
    "tree_method": "auto|exact|approx|hist|gpu_hist",
    "sketch_eps": "float(0,1)",
    "scale_pos_weight": "float(0,inf)",
    "updater": "text",
    "dsplit": "row|col",
    "refresh_leaf": _SWITCH,
    "process_type": "default|update",
    "grow_policy": "depthwise|lossguide",
    "max_leaves": "int[0,inf)",
    "max_bin": "int[0,inf)",
    "predictor": "auto|cpu_predictor|gpu_predictor",
    "monotone_constraints": "text",
    "interaction_constraints": "text",
    "sample_type": "uniform|weighted",
    "normalize_type": "tree|forest",
    "rate_drop": _FRACTION,
    "one_drop": _SWITCH,
    "skip_drop": _FRACTION,
    "lambda_bias": _FRACTION,
    "tweedie_variance_power": "float(1,2)",
    "objective": "binary:logistic|binary:logitraw|binary:hinge|count:poisson|"
    "multi:softmax|multi:softprob|rank:pairwise|rank:ndcg|rank:map|"
    "reg:linear|reg:squarederror|reg:logistic|reg:gamma|reg:absoluteerror|"
    "reg:pseudohubererror|reg:squaredlogerror|reg:tweedie|survival:aft|survival:cox",
    "num_class": "int[2,inf)",
    "base_score": _NOT_NEGATIVE,
    "eval_metric": "text",
    "_tuning_objective_metric": "text",
    "seed": "int(-2147483648,2147483647)",
    "num_parallel_tree": "int[1,inf)",
    "save_model_on_termination": "true|false",
    "aft_loss_distribution": "normal|logistic|extreme",
    "aft_loss_distribution_scale": _NOT_NEGATIVE,
    "single_precision_histogram": "true|false",
    "deterministic_histogram": "true|false",
    "sampling_method": "uniform|gradient_based",
    "prob_buffer_row": "float(1,inf)",
}
_ALIASES = {
    "learning_rate": "eta",
    "min_split_loss": "gamma",
    "reg_lambda": "lambda",
    "reg_alpha": "alpha",
}
# Checked, then dropped: settings of older releases that today's xgboost doesn't use.
_RETIRED = (
    "silent sketch_eps dsplit predictor lambda_bias save_model_on_termination "
    "single_precision_histogram deterministic_histogram prob_buffer_row"
)
CUSTOM_METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1": lambda true, chosen: metrics.f1_score(true, chosen, average="macro"),
    "f1_binary": metrics.f1_score,
    "f1_macro": lambda true, chosen: metrics.f1_score(true, chosen, average="macro"),
    "mse": metrics.mean_squared_error,
    "precision": metrics.precision_score,
    "precision_macro": lambda true, chosen: metrics.precision_score(true, chosen, average="macro"),
    "precision_micro": lambda true, chosen: metrics.precision_score(true, chosen, average="micro"),
    "r2": metrics.r2_score,
    "recall": metrics.recall_score,
    "recall_macro": lambda true, chosen: metrics.recall_score(true, chosen, average="macro"),
    "recall_micro": lambda true, chosen: metrics.recall_score(true, chosen, average="micro"),
}


def read_settings(given: dict[str, str]) -> dict:
    """Check the hyperparameters and turn them into xgboost's parameters; raises ClientError."""
    settings = validate({_ALIASES.get(name, name): value for name, value in given.items()}, RULES)
    for name in _RETIRED.split():
        settings.pop(name, None)
    objective = settings.get("objective", "reg:squarederror")
    if objective.startswith("multi:") and "num_class" not in settings:
        raise ClientError("Require input for parameter 'num_class' for multi-classification")
    if objective == "reg:linear":  # its name since 1.0
        settings["objective"] = "reg:squarederror"
    wanted = [
        *settings.pop("eval_metric", "").split(","),
        settings.pop("_tuning_objective_metric", "").split(":")[-1],
    ]
    wanted = list(dict.fromkeys(metric.strip() for metric in wanted if metric.strip()))
    for metric in wanted:
        _check_metric(metric, objective)
    settings["eval_metric"] = wanted
    for name in ("monotone_constraints", "interaction_constraints"):
        if name in settings:
            settings[name] = str(_parse_constraint(name, settings[name]))
    return settings


def _check_metric(metric: str, objective: str) -> None:
    """Check one name of eval_metric; raises ClientError."""
    name, _, threshold = metric.partition("@")
    if threshold and name not in ("error", "ndcg", "map"):
        raise ClientError(
            f"Metric '{metric}' is not supported: only error, ndcg and map take a threshold"
        )
    if name not in XGBOOST_METRICS:
        raise ClientError(
            f"Hyperparameter eval_metric: {metric} is not in {', '.join(sorted(XGBOOST_METRICS))}"
        )
    if name == "auc" and not objective.startswith(("binary:", "rank:", "multi:")):
        raise ClientError(
            "Metric 'auc' can only be applied for classification and ranking problems."
        )


def _parse_constraint(name: str, text: str) -> tuple | list:
    """Parse whole numbers such as (1,0,-1) or [[0,1],[2,3]]; raises ClientError."""
    try:
        value = flat = ast.literal_eval(text)
        if name == "interaction_constraints":
            flat = [one for group in value for one in group]
        if all(type(one) is int for one in flat):
            return value
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        pass
    raise ClientError(f"Hyperparameter {name}: could not parse value {text[:80]!r}")


def build_custom_metric(settings: dict) -> Callable | None:
    """Take the metrics that xgboost lacks out of `settings`, as one custom metric or None."""
    custom = [metric for metric in settings["eval_metric"] if metric in CUSTOM_METRICS]
    settings["eval_metric"] = [metric for metric in settings["eval_metric"] if metric not in custom]
    if not settings["eval_metric"]:
        del settings["eval_metric"]
    regression = settings.get("objective", "reg:").startswith(("reg:", "count:"))

    def measure(scores: np.ndarray, table: xgb.DMatrix) -> list[tuple[str, float]]:
        if regression:
            chosen = scores
        elif scores.ndim == 2:
            chosen = scores.argmax(axis=1)
        else:
            chosen = scores > 0.5
        return [(name, float(CUSTOM_METRICS[name](table.get_label(), chosen))) for name in custom]

    return measure if custom else None
