"""Asking a model once, before it is subscribed: what it answers, and whether that makes sense.

The rows are training rows, so the labels are known. They show which order the probabilities are in,
and which class a single one belongs to.
"""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import NamedTuple

import boto3
import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import roc_auc_score

from model_monitoring.analysis.files.captured import PERTURBED
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import asking
from model_monitoring.datamart import contract as rules
from model_monitoring.datamart.engines import http, responses
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.watching import tables
from model_monitoring.datamart.watching.contracts import Contract
from model_monitoring.datamart.watching.engines import binding_of, forms_to_try

ROWS = 100  # training rows that the model is asked about
FEW = 20  # with fewer, nothing is said of the order of classes
AMISS = 0.2  # share of rows for which another order of the classes would be right
PREDICTIONS = ("prediction", "predicted_label", "predicted_class", "label", "class", "value")
PROBABILITIES = ("probability", "probabilities", "score", "scores", "proba")


class Tried(NamedTuple):
    """The contract with what was learned from the answers, and sentences that say it."""

    contract: Contract
    sentences: list[str]


def ask(contract: Contract, training: pd.DataFrame, session: boto3.Session | None = None) -> Tried:
    """Ask a model about training rows; return its contract with the form of its answers.

    Raises:
        ValueError: the model can't be asked, or its answers don't fit the contract.
    """
    sample = training.sample(min(ROWS, len(training)), random_state=0)
    features = list(contract.features)
    rows = asking.as_sent(sample, features)
    faults: dict[str, list[str]] = {}  # the forms that were tried, by what went wrong
    for engine in forms_to_try(contract.engine):
        binding = binding_of(engine, session)
        try:
            answers = http.score(
                binding,
                session,
                engine.get("endpoint"),
                features,
                rows,
                f"{PERTURBED}{uuid.uuid4()}",
            )
        except http.Unreachable:
            raise
        except ValueError as error:
            faults.setdefault(str(error), []).append(str(engine.get("request", "CSV")))
            continue
        return understand(replace(contract, engine=engine), answers, sample[contract.label])
    said = [f"As {', '.join(forms)}: {fault}" for fault, forms in faults.items()]
    raise ValueError("The model can't be asked. " + "\n".join(said))


def look(contract: Contract, predictions: pd.DataFrame) -> Tried:
    """Tell from a file of predictions, with labels or without, which columns hold the answers.

    Raises:
        ValueError: it isn't clear, or the predictions contradict the labels.
    """
    apart = {*contract.features, contract.label, "scoring_id", "scoring_timestamp", "response_time"}
    predictions = tables.joined(predictions, contract.classes)
    outputs = [name for name in predictions if name not in apart]
    if not outputs:
        raise ValueError(
            "The predictions have no column beside the features and the label: add the model's"
            " answers as columns."
        )
    labels = pd.Series(dtype=object)
    if contract.label in predictions:
        predictions = predictions[predictions[contract.label].notna()]
        labels = predictions[contract.label]
    answers = predictions[outputs].astype(object).to_dict("records")
    return understand(contract, answers, labels)


def understand(contract: Contract, answers: Sequence[dict], labels: pd.Series) -> Tried:
    """Tell from the answers to labelled rows which of their fields mean what.

    Raises:
        ValueError: it isn't clear, or the answers contradict the labels.
    """
    fields = {name: [answer.get(name) for answer in answers] for name in answers[0]}
    prediction, probability = _fields(contract, fields)
    named = prediction or "prediction"
    taken = {*contract.features, contract.label}
    while named in taken:
        named += "_output"
    found = replace(contract, prediction=named, probability=probability)
    asset = found.properties()
    outputs = [name for name in (named, probability) if name]
    read = [responses.outputs_of(answer, outputs, asset) for answer in answers]
    _check_order(found, [row[-1] for row in read] if probability else None, labels)
    return Tried(found, [_said(found, [row[0] for row in read], labels)])


def _fields(contract: Contract, fields: dict[str, list]) -> tuple[str | None, str | None]:
    """Return the answer's field with the prediction, if there is one, and with the probability."""
    numbers = contract.problem_type == "regression"
    classes = [name for name, values in fields.items() if _are_classes(contract, values)]
    shares = [name for name, values in fields.items() if _are_shares(contract, values)]
    if [*fields] == ["score"]:  # without names
        if (numbers and _are_numbers(fields["score"])) or classes:
            return None, None
        if shares:
            return None, "probability" if "probability" not in contract.features else "score"
        raise _unclear(contract, fields)
    if numbers:
        classes, shares = [n for n, values in fields.items() if _are_numbers(values)], []
    prediction = _one(classes, contract.prediction, PREDICTIONS)
    shares = [name for name in shares if name != prediction]
    probability = _one(shares, contract.probability, PROBABILITIES)
    told = prediction is not None or (probability is not None and not classes)
    if not told or (len(shares) > 1 and probability is None):
        raise _unclear(contract, fields)
    return prediction, probability


def _one(names: list[str], wanted: str | None, usual: Sequence[str]) -> str | None:
    """Return the name that the contract has, the only one, or the usual one."""
    if wanted in names:
        return wanted
    if len(names) == 1:
        return names[0]
    return next((name for name in usual if name in names), None)


def _are_classes(contract: Contract, values: list) -> bool:
    known = contract.classes or ()
    single = all(isinstance(value, str | bool | Real) for value in values)
    return single and all(rules.named_class(value, known) is not None for value in values)


def _are_numbers(values: list) -> bool:
    return all(isinstance(value, Real) and np.isfinite(value) for value in values)


def _are_shares(contract: Contract, values: list) -> bool:
    """Tell whether values are probabilities: one a row, or one a class."""
    if contract.problem_type == "regression":
        return False
    count = len(contract.classes)
    lists = all(isinstance(value, list) and len(value) == count for value in values)
    flat = [item for value in values for item in value] if lists else values
    return _are_numbers(flat) and all(-1e-6 <= item <= 1 + 1e-6 for item in flat)


def _unclear(contract: Contract, fields: dict[str, list]) -> ValueError:
    shown = ", ".join(f"{name}: {values[0]!r:.60}" for name, values in fields.items())
    wanted = "a number"
    if contract.classes is not None:
        wanted = f"one of the classes {some(contract.classes)}, or their probabilities"
    return ValueError(
        f"The model answers {{{shown}}}, in which {wanted} can't be told for sure. Name the fields"
        " in the contract (prediction, probability), correct its classes, or say with the engine's"
        " answers where the predictions lie."
    )


def _check_order(contract: Contract, probabilities: list | None, labels: pd.Series) -> None:
    """Raise ValueError if another order of the classes fits the labels far better."""
    if probabilities is None or len(labels) < FEW:
        return
    true = np.array([contract.classes.index(value) for value in labels])
    if isinstance(probabilities[0], list):
        counts = np.zeros([len(contract.classes)] * 2)
        np.add.at(counts, (np.argmax(probabilities, axis=1), true), 1)
        places, best = linear_sum_assignment(-counts)
        if counts[places, best].sum() - np.trace(counts) > AMISS * len(labels):
            order = [contract.classes[place] for place in best]
            raise ValueError(
                f"The probabilities don't fit the classes {some(contract.classes)} in this order;"
                f" {some(order)} fits best. Correct `classes` in the contract."
            )
        return
    positive = true == contract.classes.index(contract.positive_class)
    if len(set(positive)) == 2 and roc_auc_score(positive, probabilities) < AMISS:
        raise ValueError(
            f"The probability is low where the label is {contract.positive_class!r}, so it is the"
            " other class's. Correct `positive_class` in the contract."
        )


def _said(contract: Contract, predicted: list, labels: pd.Series) -> str:
    """Say what the model was found to answer, and how well that fits the labels."""
    count = len(labels)
    if not count:
        return "Without labels, the order of the classes wasn't checked."
    rows = counted(count, "labelled row")
    if contract.problem_type == "regression":
        fit = np.corrcoef(np.array(predicted, dtype=float), labels.astype(float))[0, 1]
        return f"For {rows}, it answers numbers; correlation {fit:.2f}."
    right = sum(a == b for a, b in zip(predicted, labels, strict=True))
    form = "the class"
    if contract.probability:
        single = contract.problem_type == "binary"
        of = f"of {contract.positive_class!r}" if single else f"of {some(contract.classes)}"
        form = f"{contract.probability!r}, the probability {of}"
    return f"For {rows}, it answers {form}; right for {right} of {count}."
