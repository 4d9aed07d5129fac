"""Fit linear-learner's models with scikit-learn."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    LogisticRegression,
    QuantileRegressor,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)

MOST_MODELS = 8
Estimator = (
    ElasticNet | LogisticRegression | QuantileRegressor | Ridge | SGDClassifier | SGDRegressor
)


def list_penalties(settings: dict) -> list[float]:
    """List the values of wd to try: the given one, or num_models from weak to strong."""
    if settings["wd"] != "auto":
        return [settings["wd"]]
    count = (
        MOST_MODELS
        if settings["num_models"] == "auto"
        else min(settings["num_models"], MOST_MODELS)
    )
    return [1e-4] if count == 1 else np.logspace(-7, 0, count).tolist()


def fit(features: np.ndarray, labels: np.ndarray, settings: dict, wd: float) -> dict:
    """Fit one model on scaled data and fold the scaling into its weights.

    `features` has the shape (rows, features), `labels` (rows). Returns a JSON-ready model: weights
    (outputs, features) and bias (outputs). There is one output; a multiclass model has one for each
    of `classes`.
    """
    regression = settings["predictor_type"] == "regressor"
    scale, shift = np.ones(features.shape[1]), np.zeros(features.shape[1])
    if settings["normalize_data"] != "false":
        deviation = features.std(axis=0)
        scale = np.where(deviation > 0, deviation, 1)
        shift = features.mean(axis=0) if settings["unbias_data"] != "false" else shift
    label_scale, label_shift = 1.0, 0.0
    if regression and settings["normalize_label"] != "false":
        label_scale, label_shift = labels.std() or 1.0, labels.mean()
    estimator = _build_estimator(settings, wd, len(labels))
    with warnings.catch_warnings():
        # `epochs` is a limit, not a promise to converge
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(
            (features - shift) / scale,
            (labels - label_shift) / label_scale if regression else labels,
        )
    weights = np.atleast_2d(estimator.coef_) / scale * label_scale
    bias = np.atleast_1d(estimator.intercept_) * label_scale + label_shift - weights @ shift
    model = {"predictor_type": settings["predictor_type"], "loss": settings["loss"], "wd": wd}
    if settings["predictor_type"] == "multiclass_classifier":
        # The data has only two of the classes: one output for each, with the same difference
        if len(weights) == 1:
            weights, bias = (
                np.vstack([-weights / 2, weights / 2]),
                np.array([-bias[0] / 2, bias[0] / 2]),
            )
        model |= {
            "classes": estimator.classes_.astype(int).tolist(),
            "num_classes": settings["num_classes"],
        }
    return model | {"weights": weights.tolist(), "bias": bias.tolist()}


def _build_estimator(settings: dict, wd: float, rows: int) -> Estimator:
    """Build the estimator that minimises mean loss + wd/2 |w|² + l1 |w|.

    If it is random, its seed is fixed.
    """
    l1 = 0.0 if settings["l1"] == "auto" else settings["l1"]
    alpha, ratio = wd + l1, l1 / (wd + l1) if l1 else 0.0
    bias = {"fit_intercept": settings["use_bias"] == "true"}
    passes = bias | {
        "max_iter": settings["epochs"],
        "tol": settings["early_stopping_tolerance"],
        "random_state": 0,
    }
    weights = _weigh_classes(settings)
    loss = settings["loss"]
    if loss in ("logistic", "softmax_loss"):
        strength = 1 / (alpha * rows) if alpha else np.inf
        # lbfgs reaches the optimum in fewer passes, but has no L1
        solver = "saga" if l1 else "lbfgs"
        return LogisticRegression(
            C=strength, l1_ratio=ratio, solver=solver, class_weight=weights, **passes
        )
    if loss == "squared_loss":
        return (
            ElasticNet(alpha=alpha, l1_ratio=ratio, **passes)
            if l1
            else Ridge(alpha=wd * rows, **bias)
        )
    if loss == "quantile_loss":
        return QuantileRegressor(quantile=settings["quantile"], alpha=l1, **bias)
    descent = {"alpha": alpha, "l1_ratio": ratio, "penalty": "elasticnet", **passes}
    if loss == "hinge_loss":
        return SGDClassifier("hinge", class_weight=weights, **descent)
    name, epsilon = {
        "absolute_loss": ("epsilon_insensitive", 0.0),
        "eps_insensitive_squared_loss": (
            "squared_epsilon_insensitive",
            settings["loss_insensitivity"],
        ),
        "eps_insensitive_absolute_loss": ("epsilon_insensitive", settings["loss_insensitivity"]),
        "huber_loss": ("huber", settings["huber_delta"]),
    }[loss]
    return SGDRegressor(name, epsilon=epsilon, **descent)


def _weigh_classes(settings: dict) -> dict[int, float] | str | None:
    if settings["predictor_type"] == "multiclass_classifier":
        return "balanced" if settings["balance_multiclass_weights"] == "true" else None
    weight = settings["positive_example_weight_mult"]
    return "balanced" if isinstance(weight, str) else {0: 1.0, 1: weight}
