"""Classes that earlier versions stored with blanks around them are the classes of new rows."""

import numpy as np
import pandas as pd
import pytest
from psycopg2 import sql

from model_monitoring import datamart
from model_monitoring.analysis.data_quality import constraints
from model_monitoring.analysis.data_quality.statistics import profile
from model_monitoring.datamart.postgres import migrations
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.tables import tables

GOOD, BAD = " good", "bad\u00a0"
COLUMNS = [
    ("x", "feature", "double precision"),
    ("sex", "feature", "text"),
    ("prediction", "output", "text"),
    ("probability", "output", "double precision"),
    ("credit", "label", "text"),
]
ASSET = {
    "problem_type": "binary",
    "input_data_type": "structured",
    "label_column": "credit",
    "prediction_column": "prediction",
    "probability_column": "probability",
    "feature_columns": ["x", "sex"],
    "categorical_columns": ["sex"],
}
CLASSES = {"spaced": [GOOD, BAD], "alike": [GOOD, "good"]}


def drawn(rows=200):
    random = np.random.default_rng(rows)
    frame = pd.DataFrame({"x": random.normal(size=rows), "sex": ["f", "m"] * (rows // 2)})
    frame["probability"] = (1 / (1 + np.exp(-frame["x"]))).round(6)
    return frame


def fill(cursor, name, good, bad):
    """Write what version 8 wrote: 200 labelled rows, a drift and a fairness monitor, a window."""
    cursor.execute("SELECT binding_uid FROM binding")
    [binding] = cursor.fetchone()
    asset = ASSET | {"positive_label": good, "label_values": [["1", good], [bad, bad]]}
    cursor.execute(
        "INSERT INTO subscription (subscription_uid, binding_uid, name, source_uid, asset)"
        " VALUES (gen_random_uuid(), %s, %s, 'endpoint', %s) RETURNING subscription_id",
        [binding, name, as_json(asset)],
    )
    [identifier] = cursor.fetchone()
    table = tables.create(cursor, identifier, name, COLUMNS)
    feedback = sql.Identifier(table.feedback)
    cursor.execute(sql.SQL("ALTER TABLE {} DROP COLUMN feedback_id").format(feedback))
    cursor.execute(
        "INSERT INTO deployment (subscription_id, deployment_id, asset_revision)"
        " VALUES (%s, 'endpoint', '') RETURNING deployment_key",
        [identifier],
    )
    [deployment] = cursor.fetchone()
    rows = drawn().assign(prediction=lambda rows: np.where(rows["x"] > 0, good, bad))
    labels = np.where(rows["probability"] > 0.4, good, bad)
    first = 1000 * identifier
    for number, (_, row) in enumerate(rows.iterrows(), first):
        cursor.execute(
            "INSERT INTO scoring_key (record_id, subscription_id, scoring_id, scored_at, row_count,"
            " digest, deployment_key) VALUES (%s, %s, %s, '2026-11-01T00:00Z', 1, 7, %s)",
            [number, identifier, f"r{number - first}", deployment],
        )
        cursor.execute(
            sql.SQL("INSERT INTO {} VALUES (%s, 1, '2026-11-01', %s, %s, %s, %s, %s)").format(
                sql.Identifier(table.payload)
            ),
            [number, deployment, row["x"], row["sex"], row["prediction"], row["probability"]],
        )
        cursor.execute(
            sql.SQL(
                "INSERT INTO {} (record_id, row_number, record_timestamp, {})"
                " VALUES (%s, 1, now(), %s)"
            ).format(feedback, sql.Identifier(table.of("label")[0].column_name)),
            [number, str(labels[number - first])],
        )
    watch(cursor, identifier, rows[["x", "sex", "prediction", "probability"]], good, bad)


def watch(cursor, identifier, rows, good, bad):
    seen = profile(rows)
    content = {
        "statistics": seen.statistics("exact"),
        "constraints": constraints.suggest(seen),
        "accuracy": {"positive_label": good},
    }
    window = seen.to_dict()
    for column in window["columns"]:
        column["texts"] = column["texts"]["counts"]
    parameters = {"favourable_classes": [good], "unfavourable_classes": [bad]}
    for monitor in ("drift", "fairness"):
        cursor.execute(
            "INSERT INTO monitor VALUES (%s, %s, true, %s)",
            [identifier, monitor, as_json(parameters)],
        )
    cursor.execute(
        "INSERT INTO baseline (subscription_id, monitor, asset_revision, content)"
        " VALUES (%s, 'drift', '', %s)",
        [identifier, as_json(content)],
    )
    cursor.execute(
        "INSERT INTO run (run_uid, subscription_id, monitor, state, started)"
        " VALUES (gen_random_uuid(), %s, 'drift', 'finished', now()) RETURNING run_uid",
        [identifier],
    )
    cursor.execute(
        "INSERT INTO profile VALUES (%s, %s, '', '2026-11-01', '2026-11-01', 200, %s)",
        [cursor.fetchone()[0], identifier, as_json(window)],
    )


@pytest.fixture(scope="module")
def mart(database_url):
    """A data mart that version 8 filled, migrated."""
    found = datamart.DataMart(database_url, schema="spaced_by_8")
    found._database.execute('DROP SCHEMA IF EXISTS "spaced_by_8" CASCADE')
    known = {version: script for version, script in migrations.SCRIPTS.items() if version < 9}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "SCRIPTS", known)
        found.setup()
    found.bindings.add("e", datamart.CustomMachineLearningInstance("http://127.0.0.1:9"))
    for name, classes in CLASSES.items():
        found._database.run(lambda cursor, name=name, classes=classes: fill(cursor, name, *classes))
    found.setup()
    return found


def test_what_was_stored_is_written_as_new_rows_are(mart):
    subscription = mart.subscriptions.get(name="spaced")
    assert subscription.asset["label_values"] == [["1", "good"], [BAD, "bad"]]
    assert subscription.asset["positive_label"] == "good"
    rows = subscription.payload_logging.show_table(limit=1000)
    assert len(rows) == 200 and set(rows["prediction"]) == {"good", "bad"}
    [fairness] = mart._database.rows(
        "SELECT m.parameters FROM monitor m JOIN subscription USING (subscription_id)"
        " WHERE name = 'spaced' AND monitor = 'fairness'"
    )
    assert fairness["parameters"]["favourable_classes"] == ["good"]
    assert fairness["parameters"]["unfavourable_classes"] == ["bad"]
    [baseline] = mart._database.rows(
        "SELECT b.content FROM baseline b JOIN subscription USING (subscription_id)"
        " WHERE name = 'spaced'"
    )
    assert GOOD not in str(baseline) and "\\xa0" not in repr(baseline)
    assert baseline["content"]["accuracy"]["positive_label"] == "good"


def test_old_and_new_rows_are_measured_together(mart):
    subscription = mart.subscriptions.get(name="spaced")
    drift = subscription.drift_monitoring.show_drift().set_index("feature")
    assert drift.loc["prediction", "linf"] == 0  # the window and its baseline were the same rows
    new = drawn(100).assign(
        prediction=lambda rows: np.where(rows["x"] > 0, GOOD, BAD),
        scoring_id=[f"n{i}" for i in range(100)],
    )
    subscription.payload_logging.store(new)
    labels = [{"scoring_id": f"n{i}-1", "credit": GOOD} for i in range(100)]
    assert subscription.feedback_logging.store(labels).stored == 100
    subscription.quality_monitoring.enable(min_records=1)
    run = subscription.quality_monitoring.run()
    assert (run["records"], run["not_measured"]) == (300, [])
    old = drawn()
    right = (old["x"] > 0) == (old["probability"] > 0.4)
    assert run["metrics"]["accuracy"] == pytest.approx((right.sum() + (new["x"] > 0).sum()) / 300)


def test_a_request_that_was_stored_is_known_if_it_comes_again(mart):
    row = drawn().loc[[0]].assign(scoring_id="r0")
    again = row.assign(prediction=GOOD if row["x"].item() > 0 else BAD)
    subscription = mart.subscriptions.get(name="spaced")
    assert subscription.payload_logging.store(again).skipped == 1


def test_two_classes_that_would_become_one_are_left(mart):
    subscription = mart.subscriptions.get(name="alike")
    assert subscription.asset["label_values"] == [["1", GOOD], ["good", "good"]]
    assert set(subscription.payload_logging.show_table(limit=1000)["prediction"]) == {GOOD, "good"}
    [change] = subscription.payload_logging.get_details()["schema_changes"]
    assert "two of them would be one" in change["change"]
