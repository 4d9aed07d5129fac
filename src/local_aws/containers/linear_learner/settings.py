"""The hyperparameters of linear-learner: AWS's table, and rules that involve more than one of them.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
"""

from ..base.contract import ClientError, read_config
from ..base.hyperparameters import REQUIRED, Rule, validate

_POSITIVE, _NOT_NEGATIVE, _UNIT = "float(0,inf)", "float[0,inf)", "float(0,1)"
_SWITCH = "true|false"
_LOSSES = {
    "binary_classifier": ("logistic", "hinge_loss"),
    "multiclass_classifier": ("softmax_loss", "hinge_loss"),
    "regressor": (
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ),
}
RULES: dict[str, Rule] = {
    "predictor_type": ("binary_classifier|multiclass_classifier|regressor", REQUIRED),
    "num_classes": "int[1,1000000]",
    "accuracy_top_k": ("int[1,inf)", "3"),
    "balance_multiclass_weights": (_SWITCH, "false"),
    "beta_1": "auto|float[0,1]",
    "beta_2": "auto|float[0,1]",
    "bias_lr_mult": f"auto|{_POSITIVE}",
    "bias_wd_mult": f"auto|{_NOT_NEGATIVE}",
    "binary_classifier_model_selection_criteria": (
        "accuracy|f1|f_beta|precision_at_target_recall|recall_at_target_precision|cross_entropy_loss|loss_function",
        "accuracy",
    ),
    "early_stopping_patience": "int[1,inf)",
    "early_stopping_tolerance": (_POSITIVE, "0.001"),
    "epochs": ("int[1,inf)", "15"),
    "f_beta": (_POSITIVE, "1.0"),
    "feature_dim": ("auto|int[1,inf)", "auto"),
    "huber_delta": (_POSITIVE, "1.0"),
    "init_bias": "float(-inf,inf)",
    "init_method": "uniform|normal",
    "init_scale": _POSITIVE,
    "init_sigma": _POSITIVE,
    "l1": (f"auto|{_NOT_NEGATIVE}", "auto"),
    "learning_rate": f"auto|{_POSITIVE}",
    "loss": ("|".join(["auto", *dict.fromkeys(sum(_LOSSES.values(), ()))]), "auto"),
    "loss_insensitivity": (_POSITIVE, "0.01"),
    "lr_scheduler_factor": f"auto|{_UNIT}",
    "lr_scheduler_minimum_lr": f"auto|{_POSITIVE}",
    "lr_scheduler_step": "auto|int[1,inf)",
    "margin": _POSITIVE,
    "mini_batch_size": "int[1,inf)",
    "momentum": "auto|float[0,1]",
    "normalize_data": (f"auto|{_SWITCH}", "true"),
    "normalize_label": (f"auto|{_SWITCH}", "auto"),
    "num_calibration_samples": "auto|int[1,inf)",
    "num_models": ("auto|int[1,inf)", "auto"),
    "num_point_for_scaler": "int[1,inf)",
    "optimizer": "auto|sgd|adam|adagrad|rmsprop",
    "positive_example_weight_mult": (f"auto|balanced|{_POSITIVE}", "1.0"),
    "quantile": (_UNIT, "0.5"),
    "target_precision": (_UNIT, "0.8"),
    "target_recall": (_UNIT, "0.8"),
    "unbias_data": (f"auto|{_SWITCH}", "auto"),
    "unbias_label": f"auto|{_SWITCH}",
    "use_bias": (_SWITCH, "true"),
    "use_lr_scheduler": _SWITCH,
    "wd": (f"auto|{_NOT_NEGATIVE}", "auto"),
    "_tuning_objective_metric": "text",
    "_kvstore": "text",
    "_log_level": "text",
    "_num_gpus": "text",
    "_num_kv_servers": "text",
    "_enable_profiler": "text",
}


def read_settings() -> dict:
    """Read and check the hyperparameters, and those that depend on another."""
    settings = validate(read_config("hyperparameters"), RULES)
    kind = settings["predictor_type"]
    if kind == "multiclass_classifier" and settings.get("num_classes", 0) < 3:
        raise ClientError(
            "Hyperparameter num_classes: a multiclass_classifier needs it, from 3 to 1000000"
        )
    if settings["loss"] == "auto":
        settings["loss"] = _LOSSES[kind][0]
    if settings["loss"] not in _LOSSES[kind]:
        mismatch = f"{settings['loss']} does not fit a {kind}"
        raise ClientError(f"Hyperparameter loss: {mismatch}, which takes {_LOSSES[kind]}")
    return settings
