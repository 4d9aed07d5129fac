"""Watching a model: subscribed by its contract, with the monitors on; rows sent, scored, stored."""

import hashlib
import time
from typing import NamedTuple, Protocol

import boto3
import pandas as pd
from tqdm.auto import tqdm

from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.datamart import asking
from model_monitoring.datamart import contract as rules
from model_monitoring.datamart.engines import responses
from model_monitoring.datamart.engines.bindings import Bindings
from model_monitoring.datamart.engines.instances import BatchMachineLearningInstance
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.records import content_ids
from model_monitoring.datamart.subscriptions import Subscription, Subscriptions
from model_monitoring.datamart.watching import tables
from model_monitoring.datamart.watching.contracts import Contract
from model_monitoring.datamart.watching.engines import instance_of

FEW = 10  # rows from which on quality is measured


class Mart(Protocol):
    """What is needed of a data mart."""

    bindings: Bindings
    subscriptions: Subscriptions


class Sent(NamedTuple):
    """What `send` did: rows stored, rows that were there already, and labels stored."""

    stored: int
    already: int
    labels: int


def subscribe(
    mart: Mart,
    contract: Contract,
    training: pd.DataFrame,
    session: boto3.Session | None = None,
) -> Subscription:
    """Subscribe a model by its contract, with monitoring of drift and performance on.

    The same contract again returns the same subscription.

    Raises:
        ValueError: the training data doesn't fit the contract, or another model has its name.
            Nothing is subscribed then.
    """
    check_training(contract, training)
    instance = instance_of(contract.engine, session) if contract.engine else None
    uid = mart.bindings.add(_engine_name(contract), instance or BatchMachineLearningInstance())
    asset = contract.asset(uid)
    there = contract.name in set(mart.subscriptions.list()["name"])
    subscription = mart.subscriptions.add(asset)
    try:
        subscription.drift_monitoring.enable(training[list(contract.features)])
        subscription.performance_monitoring.enable()
    except Exception:
        if not there:  # nothing half-subscribed
            mart.subscriptions.delete(name=contract.name)
        raise
    return subscription


def _engine_name(contract: Contract) -> str:
    if "endpoint" in contract.engine:
        return "Amazon SageMaker"
    return f"engine of {contract.name}" if contract.engine else "prediction files"


def check_training(contract: Contract, training: pd.DataFrame) -> None:
    """Raise ValueError if training data lacks a column of the contract, or has other classes."""
    if lacking := [name for name in (*contract.features, contract.label) if name not in training]:
        raise ValueError(f"The training data lacks {some(lacking)}, which the contract names.")
    if contract.classes is None:
        return
    unknown = [
        value for value in training[contract.label].unique() if value not in contract.classes
    ]
    if unknown:
        raise ValueError(
            f"The training data's label {contract.label!r} is {some(unknown)} in some rows, which"
            f" is none of the contract's classes {some(contract.classes)}."
        )


def send(subscription: Subscription, rows: pd.DataFrame) -> Sent:
    """Have the model score rows, and store them as payload; their labels, if they have any, too.

    The same rows with the same answers are stored once.

    Raises:
        ValueError: a feature is missing, or the model doesn't answer as its contract says. The
            rows that it had answered before are stored.
    """
    asset = subscription.asset
    features, outputs = asset["feature_columns"], rules.answered(asset)
    if lacking := [name for name in features if name not in rows]:
        raise ValueError(f"The rows lack the features {some(lacking)}.")
    done = Sent(0, 0, 0)
    starts = range(0, len(rows), asking.ROWS_AT_ONCE)
    for start in tqdm(starts, unit=" request", disable=len(starts) < 2):
        part = rows.iloc[start : start + asking.ROWS_AT_ONCE].reset_index(drop=True)
        began = time.monotonic()
        answers = asking.ask(subscription, part, *outputs)
        took = round((time.monotonic() - began) * 1000 / len(part))
        stored = part[features].join(answers).assign(response_time=took)
        added = store(subscription, part, stored)
        done = Sent(*(a + b for a, b in zip(done, added, strict=True)))
    return done


def store(subscription: Subscription, rows: pd.DataFrame, answered: pd.DataFrame) -> Sent:
    """Store rows with the answers that they got, and the labels that they have; see `send`."""
    label = subscription.asset["label_column"]
    if "scoring_id" not in answered:
        answered = answered.assign(scoring_id=_ids(answered))
    report = subscription.payload_logging.store(answered)
    labels = 0
    if label in rows and (known := rows[label].notna()).any():
        ids = answered.loc[known, "scoring_id"] + "-1"
        given = pd.DataFrame({"scoring_id": ids, label: rows.loc[known, label]})
        labels = subscription.feedback_logging.store(given).stored
    return Sent(report.stored, report.skipped, labels)


def _ids(answered: pd.DataFrame) -> list[str]:
    """Make ids of rows' content, so that the same rows are stored once: equal rows are counted."""
    kept = answered.drop(columns="response_time", errors="ignore")
    texts = kept.astype(str).agg("\x1f".join, axis=1)
    contents = [hashlib.sha256(text.encode()).digest()[:8] for text in texts]
    return content_ids.numbered([int.from_bytes(content) for content in contents])


def predicted(subscription: Subscription, frame: pd.DataFrame) -> Sent:
    """Store predictions from a file: features and answers, and labels where they are known.

    Raises:
        ValueError: a column of the contract is missing, or a value doesn't fit.
    """
    asset = subscription.asset
    features, outputs = asset["feature_columns"], rules.answered(asset)
    frame = tables.joined(frame, rules.classes(asset))
    given = [name for name in outputs if name in frame]
    lacking = [name for name in features if name not in frame] or (not given and outputs)
    if lacking:
        raise ValueError(f"The predictions lack the columns {some(lacking)}.")
    rows = frame[given].astype(object).to_dict("records")
    answers = [responses.outputs_of(row, outputs, asset) for row in rows]
    about = [name for name in ("scoring_id", "scoring_timestamp", "response_time") if name in frame]
    answered = pd.DataFrame(answers, columns=list(outputs))
    frame = frame.reset_index(drop=True)
    return store(subscription, frame, frame[[*features, *about]].join(answered))


def measure(subscription: Subscription, contract: Contract) -> list[str]:
    """Switch on what needs a payload: quality, and fairness if the contract protects attributes.

    Returns a sentence for each monitor: what to expect of it, or why it doesn't watch.
    """
    quality = subscription.quality_monitoring.enable(contract.quality, min_records=FEW)
    said = [f"Quality: {quality['expect']}"]
    if not contract.protected:
        said.append(
            "Fairness isn't watched: the contract names no protected attribute (protected,"
            " favourable)."
        )
        return said
    features = [
        Feature(name, groups.get("majority"), groups.get("minority", ()))
        for name, groups in contract.protected.items()
    ]
    fairness = subscription.fairness_monitoring.enable(
        features, contract.favourable, perturbation=False
    )
    return [*said, f"Fairness by {', '.join(contract.protected)}: {fairness['expect']}"]
