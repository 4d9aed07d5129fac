"""Data marts of every earlier version: nothing is lost, and what follows is as in a new one."""

import numpy as np
import pandas as pd
import pytest
from psycopg2 import sql

from model_monitoring import datamart
from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.console import app, security
from model_monitoring.datamart.postgres import migrations
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.tables import tables

FEATURES = ["size", "count", "flag", "colour"]
KINDS = ["number", "whole number", "boolean", "category"]
TYPES = ["double precision", "bigint", "boolean", "text"]
OUTPUTS = ["score", "predicted_label"]
GROUPS = [
    Feature("flag", minority=[True], majority=[False]),
    Feature("colour", minority=["red"], majority=["blue"]),
]
FAIRNESS = {
    "features": [
        {"name": "flag", "majority": [False], "minority": [True], "threshold": 0.8},
        {"name": "colour", "majority": ["blue"], "minority": ["red"], "threshold": 0.8},
    ],
    "favourable_classes": [1],
    "unfavourable_classes": None,
    "min_records": 1,
    "max_records": 1000,
    "intersections": [["flag", "colour"]],
    "group_variable": None,
    "perturbation": False,
    "companion": None,
}
OWN = {
    "problem_type": "binary",
    "label_column": "diagnosis",
    "prediction_column": "predicted_label",
    "probability_column": "score",
    "feature_columns": FEATURES,
    "categorical_columns": ["colour"],
    "positive_label": 1,
    "label_values": {"B": 0, "M": 1},
}
DAY = pd.Timestamp("2026-11-01T00:00Z")


def rows(prefix, seed, count=120):
    """Scored rows with their scoring ids and labels."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"size": rng.normal(size=count), "count": rng.integers(0, 9, count)})
    frame["flag"], frame["colour"] = rng.random(count) < 0.5, rng.choice(["red", "blue"], count)
    frame["score"] = 1 / (1 + np.exp(frame["flag"] * 2.0 - frame["size"]))
    frame["predicted_label"] = (frame["score"] >= 0.5).astype(int)
    frame["scoring_id"] = [f"{prefix}{row}" for row in range(count)]
    return frame, np.where(rng.random(count) < frame["score"], "M", "B")


def labelled(frame, labels):
    return pd.DataFrame({"scoring_id": frame["scoring_id"] + "-1", "diagnosis": labels})


def unscored():
    """Feedback on cases of its own, two of them the same."""
    frame, labels = rows("", 3, 4)
    return pd.concat([frame[FEATURES].assign(diagnosis=labels)] * 2)[:5]


def filled(mart, version):
    """Write what the library of this version wrote."""
    binding = mart.bindings.add("e", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    asset = OWN | {"input_data_type": "structured", "label_values": [["B", 0], ["M", 1]]}
    if version >= 9:
        asset |= {"variant": None, "feature_types": dict(zip(FEATURES, KINDS, strict=True))}
    mart._database.run(lambda cursor: _fill(cursor, version, binding, asset))


def _fill(cursor, version, binding, asset):
    cursor.execute(
        "INSERT INTO subscription (subscription_uid, binding_uid, name, source_uid, asset)"
        " VALUES (gen_random_uuid(), %s, 'old', 'endpoint', %s) RETURNING subscription_id",
        [binding, as_json(asset)],
    )
    [own] = cursor.fetchone()
    columns = [(name, "feature", kind) for name, kind in zip(FEATURES, TYPES, strict=True)]
    columns += [("score", "output", TYPES[0]), ("predicted_label", "output", TYPES[1])]
    table = tables.create(cursor, own, "old", [*columns, ("diagnosis", "label", TYPES[1])])
    if version < 9:
        cursor.execute(f"ALTER TABLE {table.feedback} DROP COLUMN feedback_id")
    cursor.execute(
        "INSERT INTO deployment (subscription_id, deployment_id, asset_revision)"
        " VALUES (%s, 'endpoint', '') RETURNING deployment_key",
        [own],
    )
    [deployment] = cursor.fetchone()
    frame, labels = rows("a", 1)
    for number, row in enumerate(frame.astype(object).to_dict("records"), 1):
        key = [number, own, row.pop("scoring_id"), DAY, 1, 7, deployment]
        cursor.execute(
            "INSERT INTO scoring_key (record_id, subscription_id, scoring_id, scored_at, row_count,"
            " digest, deployment_key) VALUES (%s, %s, %s, %s, %s, %s, %s)",
            key,
        )
        _insert(cursor, table.payload, [number, 1, DAY, deployment, *row.values()])
        _insert(
            cursor, table.feedback, [number, 1, DAY, *labelled_only(version, labels[number - 1])]
        )
    for case in unscored().astype(object).itertuples(index=False):
        given = [None, None, DAY, *([] if version < 9 else [None]), *case]
        given[-1] = int(case.diagnosis == "M")
        _insert(cursor, table.feedback, given)
    monitors = {"quality": {"min_records": 1, "max_records": 1000}, "performance": {}}
    for monitor, parameters in (monitors | ({"fairness": FAIRNESS} if version > 4 else {})).items():
        cursor.execute(
            "INSERT INTO monitor (subscription_id, monitor, enabled, parameters)"
            " VALUES (%s, %s, %s, %s)",
            [own, monitor, monitor == "fairness", as_json(parameters)],
        )


def labelled_only(version, label):
    """A feedback row that is joined: no id and features of its own."""
    return [*([] if version < 9 else [None]), *[None] * len(FEATURES), int(label == "M")]


def _insert(cursor, table, values):
    statement = sql.SQL("INSERT INTO {} VALUES ({})")
    literals = sql.SQL(", ").join(sql.Literal(value) for value in values)
    cursor.execute(statement.format(sql.Identifier(table), literals))


def used(mart, subscription, url):
    """All that a user does; return what is there to compare, by name."""
    found = {}
    old, labels = rows("a", 1)
    new, new_labels = rows("n", 2)
    cases = unscored()
    payload, feedback = subscription.payload_logging, subscription.feedback_logging
    found["before"] = shown(payload), payload.get_records_count(), feedback.get_records_count()
    found["pages before"] = pages(mart, subscription, url)
    found["again"] = (
        payload.store(old),
        feedback.store(labelled(old, labels)),
        feedback.store(cases),
    )
    found["frame"] = payload.store(new[:60])
    found["record"] = payload.store(
        [as_record(row) for row in new[60:].astype(object).to_dict("records")]
    )
    found["labels"] = feedback.store(labelled(new, new_labels))
    found["more cases"] = feedback.store(pd.concat([cases, cases[:1]]))
    found["correct"] = feedback.correct([{"scoring_id": "a0-1", "diagnosis": other(labels[0])}])
    found["corrections"] = feedback.list_corrections()["new_label"].tolist()
    training, truth = rows("", 4, 400)
    scored = training.assign(diagnosis=(truth == "M").astype(int))
    subscription.quality_monitoring.enable(min_records=1)
    subscription.performance_monitoring.enable()
    subscription.drift_monitoring.enable(training, scored=scored)
    if not subscription.fairness_monitoring.get_details()["enabled"]:
        subscription.fairness_monitoring.enable(
            GROUPS, [1], intersections=[("flag", "colour")], min_records=1, perturbation=False
        )
    for monitor in subscription.monitors()[:4]:
        found[monitor.name] = measured(monitor)
    found["performance"] = found["performance"][2]["requests"]  # the rates go by the clock
    found["drift table"] = subscription.drift_monitoring.show_drift().astype(str).values.tolist()
    found["matrix"] = subscription.quality_monitoring.show_confusion_matrix().values.tolist()
    mart.reviews.enable(subscription, ["ann", "bob"])
    found["reviews"] = str(mart.reviews.create(subscription).tasks)
    subscription.retype({"flag": "category", "count": "number"})
    found["retyped"] = shown(payload)
    found["again retyped"] = payload.store(old), feedback.store(cases)
    found["fairness retyped"] = measured(subscription.fairness_monitoring)
    found["alerts"] = sorted(mart.alerts.list()[["metric", "slice", "state"]].values.tolist())
    found["erased"] = payload.delete_records(["a0", "n1"]), payload.get_records_count()
    found["erased again"] = payload.store(old)
    found["pages after"] = pages(mart, subscription, url)
    mart.subscriptions.delete(name=subscription.name)
    found["left"] = mart.subscriptions.get_uids()
    return found


def other(label):
    return "B" if label == "M" else "M"


def shown(payload):
    window = payload.get_window()
    return window[FEATURES + OUTPUTS].sort_values("size").values.tolist()


def as_record(row):
    return datamart.PayloadRecord(
        {"fields": FEATURES, "values": [[row[name] for name in FEATURES]]},
        {"fields": OUTPUTS, "values": [[row[name] for name in OUTPUTS]]},
        row["scoring_id"],
    )


def measured(monitor):
    run = monitor.run()
    return run["state"], run["records"], run["metrics"], run.get("not_measured")


def pages(mart, subscription, url):
    schema = mart.get_details()["schema"]
    client = app.create_app(url, schema, security.Secrets("t" * 40, b"k" * 32)).test_client()
    with client.session_transaction() as session:
        session["signed_in"] = True
    names = ["/", f"/subscriptions/{subscription.uid}", "/alerts"]
    return [client.get(name).status_code for name in names]


USUAL = (3, 8)  # the first of these versions, and the last without a contract


@pytest.fixture(
    params=[
        pytest.param(version, marks=() if version in USUAL else pytest.mark.long)
        for version in range(3, max(migrations.SCRIPTS))
    ]
)
def old(request, database_url, monkeypatch):
    """A data mart that an earlier version filled, set up by this one."""
    mart = datamart.DataMart(database_url, schema=f"from {request.param}")
    with monkeypatch.context() as patch:
        known = {at: script for at, script in migrations.SCRIPTS.items() if at <= request.param}
        patch.setattr(migrations, "SCRIPTS", known)
        mart.setup()
    filled(mart, request.param)
    mart.setup()
    return mart


@pytest.fixture(scope="module")
def in_a_new_one(database_url):
    """What is found in a data mart that had the same rows from the start."""
    mart = datamart.DataMart(database_url, schema="from the start")
    mart.setup()
    binding = mart.bindings.add("e", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    kinds = dict(zip(FEATURES, KINDS, strict=True))
    subscription = mart.subscriptions.add(
        datamart.SageMakerMachineLearningAsset(
            name="old", source_uid="endpoint", binding_uid=binding, feature_types=kinds, **OWN
        )
    )
    frame, labels = rows("a", 1)
    subscription.payload_logging.store(frame)
    subscription.feedback_logging.store(labelled(frame, labels))
    subscription.feedback_logging.store(unscored())
    return used(mart, subscription, database_url)


def test_all_that_a_user_does(old, in_a_new_one, database_url):
    found = used(old, old.subscriptions.get(name="old"), database_url)
    assert {what for what in found if not same(found[what], in_a_new_one[what])} == set()
    assert found["pages after"] == [200] * 3


def same(one, other):
    """Whether two results are equal, NaN to NaN."""
    return repr(one) == repr(other)
