"""Score with a linear model, choose its threshold, and measure it as linear-learner does."""

import numpy as np
from scipy.special import expit, softmax
from sklearn.metrics import (
    accuracy_score,
    fbeta_score,
    log_loss,
    mean_absolute_error,
    mean_pinball_loss,
    mean_squared_error,
    precision_score,
    recall_score,
    roc_auc_score,
)


def score(model: dict, features: np.ndarray) -> np.ndarray:
    """Score rows: probabilities for logistic and softmax loss, else the raw output.

    Returns (rows,), or (rows, num_classes) from a multiclass model.
    """
    raw = features @ np.asarray(model["weights"]).T + np.asarray(model["bias"])
    if model["predictor_type"] == "multiclass_classifier":
        raw = softmax(raw, axis=1) if model["loss"] == "softmax_loss" else raw
        # A class that training never saw comes last
        everything = np.full((len(raw), model["num_classes"]), min(raw.min(), 0.0))
        everything[:, model["classes"]] = raw
        return everything
    return expit(raw[:, 0]) if model["loss"] == "logistic" else raw[:, 0]


def predict(model: dict, features: np.ndarray) -> list[dict]:
    """Predict rows (rows, features): score and, except for a regressor, predicted_label."""
    scores = score(model, features)
    if model["predictor_type"] == "regressor":
        return [{"score": one} for one in scores.tolist()]
    labels = label(model, scores).tolist()
    return [
        {"score": one, "predicted_label": chosen}
        for one, chosen in zip(scores.tolist(), labels, strict=True)
    ]


def label(model: dict, scores: np.ndarray) -> np.ndarray:
    """Choose the labels (rows,) for scores."""
    if scores.ndim == 2:
        return scores.argmax(axis=1)
    return (scores >= model["threshold"]).astype(int)


def choose_threshold(
    model: dict, features: np.ndarray, labels: np.ndarray, settings: dict
) -> tuple[float, float]:
    """Choose a binary model's threshold by binary_classifier_model_selection_criteria.

    Among equally good thresholds the one nearest to the middle is chosen (a probability of 0.5, a
    margin of 0). Returns the threshold and the criterion's value there; higher is better.
    """
    scores = score(model, features)
    middle = 0.5 if model["loss"] == "logistic" else 0.0
    criterion = settings["binary_classifier_model_selection_criteria"]
    if criterion in ("cross_entropy_loss", "loss_function"):
        return middle, -_measure_objective(scores, labels, settings)
    order = np.sort(np.unique(scores))
    thresholds = np.concatenate(
        [[order[0] - 1], (order[1:] + order[:-1]) / 2, [order[-1] + 1], [middle]]
    )
    positives, negatives = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    hits = len(positives) - np.searchsorted(positives, thresholds)
    alarms = len(negatives) - np.searchsorted(negatives, thresholds)
    precision = hits / np.maximum(hits + alarms, 1)
    recall = hits / max(len(positives), 1)
    beta = settings["f_beta"] ** 2 if criterion == "f_beta" else 1.0
    value = {
        "accuracy": (hits + len(negatives) - alarms) / len(labels),
        "f1": (2 * precision * recall) / np.maximum(precision + recall, 1e-12),
        "f_beta": (1 + beta) * precision * recall / np.maximum(beta * precision + recall, 1e-12),
        "precision_at_target_recall": np.where(
            recall >= settings["target_recall"], precision, recall - 1
        ),
        "recall_at_target_precision": np.where(
            precision >= settings["target_precision"], recall, precision - 1
        ),
    }[criterion]
    best = np.flatnonzero(value == value.max())
    chosen = best[np.abs(thresholds[best] - middle).argmin()]
    return float(thresholds[chosen]), float(value[chosen])


def rank(
    model: dict, features: np.ndarray, labels: np.ndarray, settings: dict
) -> tuple[float, float]:
    """Rate a model among several; higher is better, and the loss breaks ties.

    This sets the threshold of a binary model.
    """
    value = 0.0
    if model["predictor_type"] == "binary_classifier":
        model["threshold"], value = choose_threshold(model, features, labels, settings)
    return value, -_measure_objective(score(model, features), labels, settings)


def measure(
    model: dict, features: np.ndarray, labels: np.ndarray, settings: dict
) -> dict[str, float]:
    """Measure a model.

    The keys are the names in linear-learner's log, `name <loss>` or `name <score>`; the objective
    comes first. `dcg` is the mean of 1 / log2(1 + rank of the true class).
    """
    scores = score(model, features)
    kind = settings["predictor_type"]
    objective = {
        "logistic": "binary_classification_cross_entropy",
        "softmax_loss": "multiclass_cross_entropy",
        "squared_loss": "mse",
    }.get(settings["loss"], settings["loss"])
    found = {f"{objective}_objective <loss>": _measure_objective(scores, labels, settings)}
    if kind == "regressor":
        mse = mean_squared_error(labels, scores)
        return found | {
            "mse <loss>": mse,
            "rmse <loss>": mse**0.5,
            "absolute_loss <loss>": mean_absolute_error(labels, scores),
        }
    chosen = label(model, scores)
    average = {"average": "binary" if kind == "binary_classifier" else "macro", "zero_division": 0}
    f_beta = fbeta_score(labels, chosen, beta=settings["f_beta"], **average)
    recall, precision = (
        recall_score(labels, chosen, **average),
        precision_score(labels, chosen, **average),
    )
    if kind == "binary_classifier":
        found |= {
            "binary_classification_accuracy <score>": accuracy_score(labels, chosen),
            f"binary_f_{settings['f_beta']:.3f} <score>": f_beta,
            "precision <score>": precision,
            "recall <score>": recall,
        }
        return found | (
            {"roc_auc_score <score>": roc_auc_score(labels, scores)}
            if len(np.unique(labels)) == 2
            else {}
        )
    true = scores[np.arange(len(labels)), labels.astype(int)][:, None]
    place = (scores > true).sum(axis=1) + 1
    top = settings["accuracy_top_k"]
    return found | {
        "multiclass_accuracy <score>": accuracy_score(labels, chosen),
        f"multiclass_top_k_accuracy_{top} <score>": (place <= top).mean(),
        "dcg <score>": (1 / np.log2(1 + place)).mean(),
        "macro_recall <score>": recall,
        "macro_precision <score>": precision,
        f"macro_f_{settings['f_beta']:.3f} <score>": f_beta,
    }


def _measure_objective(scores: np.ndarray, labels: np.ndarray, settings: dict) -> float:
    """Measure the mean of the training loss, without its penalties."""
    loss = settings["loss"]
    if loss == "logistic":
        return log_loss(labels, scores, labels=[0, 1])
    if loss == "softmax_loss":
        return log_loss(labels, scores, labels=range(settings["num_classes"]))
    if loss == "hinge_loss":
        sides = np.eye(settings["num_classes"])[labels.astype(int)] if scores.ndim == 2 else labels
        return float(np.maximum(0, 1 - (2 * sides - 1) * scores).mean())
    if loss == "quantile_loss":
        return mean_pinball_loss(labels, scores, alpha=settings["quantile"])
    distance = np.abs(labels - scores)
    beyond = np.maximum(0, distance - settings["loss_insensitivity"])
    delta = settings["huber_delta"]
    return float(
        {
            "squared_loss": distance**2,
            "absolute_loss": distance,
            "eps_insensitive_squared_loss": beyond**2,
            "eps_insensitive_absolute_loss": beyond,
            "huber_loss": np.where(
                distance <= delta, distance**2 / 2, delta * (distance - delta / 2)
            ),
        }[loss].mean()
    )
