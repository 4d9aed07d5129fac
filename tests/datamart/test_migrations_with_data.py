"""A data mart of an earlier version is filled: its types are declared, and nothing is lost."""

import pytest
from psycopg2 import sql

from model_monitoring import datamart
from model_monitoring.datamart.postgres import migrations
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.tables import tables

COLUMNS = [
    ("size", "feature", "double precision"),
    ("count", "feature", "bigint"),
    ("flag", "feature", "boolean"),
    ("colour", "feature", "text"),
    ("note", "feature", "text"),
    ("history", "feature", "double precision[]"),
    ("score", "output", "double precision"),
    ("predicted_label", "output", "bigint"),
    ("diagnosis", "label", "bigint"),
]
FEATURES = [name for name, role, _ in COLUMNS if role == "feature"]
ROWS = [[1.5, 3, True, "red", "as it is", [1.0, 2.0]], [None, None, None, None, None, None]]
ASSET = {
    "problem_type": "binary",
    "input_data_type": "structured",
    "label_column": "diagnosis",
    "prediction_column": "predicted_label",
    "probability_column": "score",
    "feature_columns": FEATURES,
    "categorical_columns": ["colour"],
    "positive_label": 1,
    "label_values": [["B", 0], ["M", 1]],
}
IDS = "(record_id, subscription_id, scoring_id, scored_at, row_count, digest, deployment_key)"


def fill(mart, cursor):
    """Write what version 8 wrote: two subscriptions, one with payload, labels and an error."""
    cursor.execute("SELECT binding_uid FROM binding")
    [binding] = cursor.fetchone()
    for name in ("old", "silent"):
        cursor.execute(
            "INSERT INTO subscription (subscription_uid, binding_uid, name, source_uid, asset)"
            " VALUES (gen_random_uuid(), %s, %s, 'endpoint', %s) RETURNING subscription_id",
            [binding, name, as_json(ASSET)],
        )
    cursor.execute("SELECT subscription_id FROM subscription WHERE name = 'old'")
    [identifier] = cursor.fetchone()
    table = tables.create(cursor, identifier, "old", COLUMNS)
    feedback = sql.Identifier(table.feedback)
    cursor.execute(sql.SQL("ALTER TABLE {} DROP COLUMN feedback_id").format(feedback))
    cursor.execute(
        "INSERT INTO deployment (subscription_id, deployment_id, asset_revision)"
        " VALUES (%s, 'endpoint', '') RETURNING deployment_key",
        [identifier],
    )
    [deployment] = cursor.fetchone()
    for number, row in enumerate(ROWS, 1):
        cursor.execute(
            f"INSERT INTO scoring_key {IDS} VALUES (%s, %s, %s, '2026-11-01T00:00Z', 1, 7, %s)",
            [number, identifier, f"r{number}", deployment],
        )
        statement = sql.SQL("INSERT INTO {} VALUES (%s, 1, '2026-11-01T00:00Z', {})")
        values = sql.SQL(", ").join(map(sql.Literal, [deployment, *row, 0.9, 1]))
        cursor.execute(statement.format(sql.Identifier(table.payload), values), [number])
    statement = sql.SQL("INSERT INTO {} (record_id, row_number, record_timestamp, {}) VALUES {}")
    label = sql.Identifier(table.of("label")[0].column_name)
    row = sql.SQL("(1, 1, now(), 0)")
    cursor.execute(statement.format(feedback, label, row))


@pytest.fixture(params=["as it was filled", "in a schema with a space"])
def old(request, database_url, monkeypatch):
    """A data mart that version 8 filled, before `setup` is called again."""
    schema = {"as it was filled": "filled_by_8"}.get(request.param, "filled by 8")
    mart = datamart.DataMart(database_url, schema=schema)
    mart._database.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    with monkeypatch.context() as patch:
        known = {version: script for version, script in migrations.SCRIPTS.items() if version < 9}
        patch.setattr(migrations, "SCRIPTS", known)
        mart.setup()
    mart.bindings.add("e", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    mart._database.run(lambda cursor: fill(mart, cursor))
    return mart


def record(scoring_id, row, score=0.9):
    return datamart.PayloadRecord(
        {"fields": FEATURES, "values": [row]},
        {"fields": ["score", "predicted_label"], "values": [[score, 1]]},
        scoring_id,
    )


def test_types_that_the_first_payload_set_are_declared(old):
    old.setup()
    kinds = ["number", "whole number", "boolean", "category", "text", "list of numbers"]
    subscription = old.subscriptions.get(name="old")
    assert subscription.asset["feature_types"] == dict(zip(FEATURES, kinds, strict=True))
    assert subscription.asset["variant"] is None
    assert old.subscriptions.get(name="silent").asset["feature_types"] == {}


def test_rows_and_labels_stay_and_more_can_follow(old):
    old.setup()
    subscription = old.subscriptions.get(name="old")
    logged = subscription.payload_logging.show_table()
    assert logged["size"].tolist()[0] == 1.5
    assert logged["colour"].tolist()[0] == "red"
    subscription.payload_logging.store([record("r3", ROWS[0]), record("r4", ROWS[1])])
    assert subscription.payload_logging.get_records_count() == 4
    # A record that version 8 stored is skipped if it comes again, and refused with other content
    assert subscription.payload_logging.store([record("r1", ROWS[0])]).skipped == 1
    with pytest.raises(datamart.ConflictError, match="other content"):
        subscription.payload_logging.store([record("r1", ROWS[0], 0.1)])
    feedback = subscription.feedback_logging
    assert feedback.store([{"scoring_id": "r2-1", "diagnosis": "M"}]).stored == 1
    assert feedback.correct([{"scoring_id": "r1-1", "diagnosis": "M"}]).stored == 1
    assert feedback.list_corrections()[["old_label", "new_label"]].values.tolist() == [["0", "1"]]
    case = dict(zip(FEATURES, ROWS[0], strict=True)) | {"diagnosis": "B"}
    assert [feedback.store([case]).stored for _ in range(2)] == [1, 0]
    assert subscription.quality_monitoring.enable(min_records=1)["enabled"]
    assert subscription.quality_monitoring.run()["metrics"]["accuracy"] == 1


def test_what_was_filled_earlier_is_retyped_and_deleted(old):
    old.setup()
    subscription = old.subscriptions.get(name="old")
    subscription.retype({"count": "category", "flag": "whole number", "note": "category"})
    assert subscription.payload_logging.get_window()["count"].tolist()[0] == "3"
    subscription.payload_logging.delete_records(["r1"])
    assert subscription.payload_logging.get_records_count() == 1
    old.subscriptions.delete(name="old")
    assert old.subscriptions.list()["name"].tolist() == ["silent"]


def test_the_same_asset_is_the_same_subscription(old):
    old.setup()
    binding = old.bindings.get_uids()[0]
    given = {name: value for name, value in ASSET.items() if name != "input_data_type"}
    given["label_values"] = {"B": 0, "M": 1}
    for name in ("old", "silent"):
        asset = datamart.SageMakerMachineLearningAsset(
            name=name, source_uid="endpoint", binding_uid=binding, **given
        )
        assert old.subscriptions.add(asset).name == name
