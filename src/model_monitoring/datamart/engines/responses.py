"""What an endpoint's response says of each row: the columns of a subscription."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from numbers import Real

import numpy as np
import pandas as pd

from model_monitoring.analysis.files import bodies
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import contract
from model_monitoring.datamart.postgres.wording import some


def read(kind: bodies.Kind, body: str, count: int) -> list[dict]:
    """Read an endpoint's response to `count` rows; see `sagemaker.score`.

    Raises:
        ValueError: it doesn't have one prediction per row.
    """
    try:
        return named(kind, bodies.read_answers(kind, body, count))
    except (KeyError, TypeError, ValueError):
        pass
    raise ValueError(
        f"The endpoint's response to {counted(count, 'row')} can't be read as"
        f" {counted(count, 'prediction')}: {body[:200]!r}"
    )


def named(kind: bodies.Kind, answers: list[bodies.Row]) -> list[dict]:
    """Return answers by name; values without names are scores."""
    return [_named(kind, answer) for answer in answers]


def _named(kind: bodies.Kind, answer: bodies.Row) -> dict:
    if isinstance(answer, dict):
        return answer
    values = answer if kind == "JSON" else [_value(cell) for cell in answer]
    return {"score": values[0] if len(values) == 1 else values}


def _value(cell: str) -> float | str:
    """Read a cell of CSV: a number, else the name of a class."""
    with suppress(ValueError):
        return float(cell)
    return cell


def outputs_of(answer: Mapping, outputs: Sequence[str], asset: Mapping) -> list:
    """Turn an endpoint's response to one row into a subscription's output columns.

    See `read`. A bare score is the probability (for a regression, the prediction). A
    predicted class that isn't named follows from it: the positive class from 0.5 on, or the class
    with the highest of several scores. Other outputs are missing if the response lacks them.

    Raises:
        ValueError: the response doesn't determine the prediction or the probability.
    """
    values = dict(answer)
    probability = asset["probability_column"]
    values |= _told(values.get("score", values.get(probability)), asset, values)
    needed = contract.answered(asset)
    if lacking := [name for name in needed if name in outputs and values.get(name) is None]:
        raise ValueError(f"The endpoint's response has no {some(lacking)}, only {some([*answer])}.")
    return [values.get(name) for name in outputs]


def _told(score: object, asset: Mapping, named: Mapping) -> dict:
    """Derive the prediction and the probability that a response doesn't name from its score."""
    prediction, probability = asset["prediction_column"], asset["probability_column"]
    if score is None:
        return {}
    if isinstance(score, list) and (label := _labelled(score, asset)):
        predicted, score = label
        return {prediction: predicted} | ({probability: score} if probability else {})
    found = {} if prediction in named else {prediction: _prediction(score, asset)}
    if probability and probability not in named and not isinstance(score, str):
        found[probability] = score
    return found


def _labelled(score: list, asset: Mapping) -> tuple[object, object] | None:
    """Return a label and its score, as linear-learner sends them in CSV (score,label).

    Two probabilities add up to 1, and aren't mistaken for them. A score and a label that happen to
    add up to 1, such as 1.0 and 0, are read as probabilities, which predict the same class.
    """
    known = contract.classes(asset)
    if len(score) != 2 or known is None:
        return None
    for value, label in (score, score[::-1]):
        if isinstance(label, str) and (named := contract.named_class(label, known)) is not None:
            return named, value
    if not all(isinstance(value, Real) for value in score):
        return None
    named = contract.named_class(score[1], known)
    if named is not None and not math.isclose(sum(score), 1, abs_tol=1e-3):
        return named, score[0]
    return None


def _prediction(score: float | list[float], asset: Mapping) -> object:
    """Return the class that a score or the probabilities of all classes predict."""
    known = contract.classes(asset)
    if isinstance(score, list) and len(score) == 1:
        score = score[0]
    if isinstance(score, str) and asset["problem_type"] != "regression":
        return score  # the class itself
    if isinstance(score, list) and known is not None and len(score) == len(known):
        return known[int(np.argmax(score))]
    if isinstance(score, Real) and asset["problem_type"] == "multiclass":
        named = None if asset["probability_column"] else contract.named_class(score, known or ())
        if named is not None:
            return named  # the class itself, as XGBoost's softmax answers
    elif isinstance(score, Real):
        return of_scores(np.array([score]), asset).tolist()[0]
    raise ValueError(
        f"The prediction can't be derived from {score!r:.80}, which has no field names: let the"
        " model answer with a prediction beside it, or declare label_values."
    )


def of_scores(scores: np.ndarray, asset: Mapping) -> np.ndarray:
    """Return what bare scores (n,) predict: of a regression themselves, of a binary model classes.

    It is the positive class from 0.5 on; None where the other class isn't known. Numbers as classes
    need a probability column, unless they are 0 and the positive 1: without one, 1 could be a class
    as well as a certainty, so each score must be the class itself.

    Raises:
        ValueError: the model has more classes, or a score is missing or none of them.
    """
    if asset["problem_type"] == "regression":
        return scores
    if asset["problem_type"] != "binary" or pd.isna(scores).any():
        raise ValueError(
            "The prediction can't be derived from a score alone, because one is missing or the"
            " model has more than two classes: send the prediction beside it."
        )
    positive = contract.positive_class(asset)
    known = contract.classes(asset) or [positive]
    numbers = all(isinstance(one, Real) for one in known)
    if not asset["probability_column"] and numbers and (set(known) - {0, 1} or positive != 1):
        if (unknown := scores[~np.isin(scores, known)]).size:
            raise ValueError(
                f"The endpoint answered {unknown[0]:g}, which is none of the classes {some(known)};"
                " if it is the positive class's probability, declare a probability_column."
            )
        return np.array(known)[np.argmax(scores[:, None] == np.array(known), axis=1)]
    other = next((one for one in known if one != positive), None)
    whole = isinstance(positive, int) and isinstance(other, int)
    pair = np.array([other, positive], dtype=None if whole else object)
    return pair[(scores >= 0.5).astype(int)]
