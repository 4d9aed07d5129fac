"""A string that PostgreSQL can't hold is refused by name in every call, and nothing is stored."""

import dataclasses
from datetime import UTC, datetime

import pandas as pd
import pytest

from model_monitoring import datamart, review
from model_monitoring.analysis.fairness.groups import Feature

from .conftest import small_record
from .reviewing import answer, enable, log

BAD = {"half a surrogate pair": "a\ud800b", "NUL": "a\0b"}


@pytest.fixture(params=BAD.values(), ids=BAD.keys())
def bad(request):
    return request.param


@pytest.fixture
def dump(query, mart):
    """Everything that the schema contains."""

    def everything():
        schema = mart.get_details()["schema"]
        tables = query(
            "SELECT format('%%I.%%I', schemaname, tablename) FROM pg_tables WHERE schemaname = %s",
            schema,
        )
        parts = [
            f"SELECT '{table}', coalesce(json_agg(t), '[]')::text FROM {table} t"
            for (table,) in tables
        ]
        return sorted(query(" UNION ALL ".join(parts)))

    return everything


def training(n=60, **changes):
    columns = {"size": [float(i) for i in range(n)], "colour": ["red", "blue"] * (n // 2)} | changes
    return pd.DataFrame(
        {name: pd.Series(values, index=range(n), dtype=object) for name, values in columns.items()}
    )


CALLS = {
    "DataMart schema": lambda mart, small, bad: datamart.DataMart("postgresql:///x", schema=bad),
    "bindings.add name": lambda mart, small, bad: mart.bindings.add(
        bad, datamart.SageMakerMachineLearningInstance(region="us-east-1")
    ),
    "bindings.add region": lambda mart, small, bad: mart.bindings.add(
        "new", datamart.SageMakerMachineLearningInstance(region=bad)
    ),
    "bindings.add url": lambda mart, small, bad: mart.bindings.add(
        "new", datamart.CustomMachineLearningInstance(url=f"http://127.0.0.1/{bad}")
    ),
    "bindings.add token_variable": lambda mart, small, bad: mart.bindings.add(
        "new", datamart.CustomMachineLearningInstance("http://127.0.0.1/", f"ENGINE_TOKEN_{bad}")
    ),
    "bindings.get_details binding_uid": lambda mart, small, bad: mart.bindings.get_details(bad),
    "bindings.list_assets binding_uid": lambda mart, small, bad: mart.bindings.list_assets(bad),
    "subscriptions.get subscription_uid": lambda mart, small, bad: mart.subscriptions.get(bad),
    "subscriptions.get name": lambda mart, small, bad: mart.subscriptions.get(name=bad),
    "subscriptions.get_details subscription_uid": lambda mart, small, bad: (
        mart.subscriptions.get_details(bad)
    ),
    "store scoring id": lambda mart, small, bad: small.payload_logging.store(
        [small_record("good"), small_record(bad)]
    ),
    "store asset_revision": lambda mart, small, bad: small.payload_logging.store(
        [small_record("good"), small_record("other", asset_revision=bad)]
    ),
    "store scoring_timestamp": lambda mart, small, bad: small.payload_logging.store(
        [small_record("good", scoring_timestamp=bad)]
    ),
    "store 'colour' row 2": lambda mart, small, bad: small.payload_logging.store(
        small_record("good", values=[[1.0, "red"], [2.0, bad]], answers=[[0.9, 1]] * 2)
    ),
    "store a field": lambda mart, small, bad: small.payload_logging.store(
        datamart.PayloadRecord(
            {"fields": ["size", bad], "values": [[1, "x"]]},
            {"fields": ["predicted_label", "score"], "values": [[1, 1]]},
        )
    ),
    "store-frame row 2": lambda mart, small, bad: small.payload_logging.store(
        training(2, scoring_id=["good", bad], predicted_label=1, score=0.5)
    ),
    "store-frame 'colour'": lambda mart, small, bad: small.payload_logging.store(
        training(2, colour=["good", bad], predicted_label=1, score=0.5)
    ),
    "never_store": lambda mart, small, bad: small.payload_logging.enable(never_store=[bad]),
    "delete_records scoring id": lambda mart, small, bad: small.payload_logging.delete_records(
        [bad]
    ),
    "get_window column": lambda mart, small, bad: small.payload_logging.get_window(columns=[bad]),
    "get_window time": lambda mart, small, bad: small.payload_logging.get_window(start=bad),
    "ingest_capture uri": lambda mart, small, bad: small.payload_logging.ingest_capture(
        f"s3://bucket/{bad}"
    ),
    "feedback label": lambda mart, small, bad: small.feedback_logging.store(
        [{"scoring_id": "r0-1", "diagnosis": bad}]
    ),
    "feedback scoring id": lambda mart, small, bad: small.feedback_logging.store(
        [{"scoring_id": bad, "diagnosis": 1}]
    ),
    "feedback 'colour'": lambda mart, small, bad: small.feedback_logging.store(
        [[1.0, "red", 1], [1.0, bad, 1]], fields=["size", "colour", "diagnosis"]
    ),
    "feedback-CSV feedback_data": lambda mart, small, bad: small.feedback_logging.store(
        f"1.0,{bad},1\n"
    ),
    "feedback unknown": lambda mart, small, bad: small.feedback_logging.store(
        [[1, 1]], fields=[bad, "diagnosis"]
    ),
    "fairness parameters": lambda mart, small, bad: small.fairness_monitoring.enable(
        [Feature("colour", ["red", bad], ["blue"])], [1]
    ),
    "fairness favourable parameters": lambda mart, small, bad: small.fairness_monitoring.enable(
        [Feature("colour", ["red"], ["blue"])], [bad]
    ),
    "fairness companion": lambda mart, small, bad: small.fairness_monitoring.enable(
        [Feature("colour", ["red"], ["blue"])], [1], [0], companion=datamart.Companion(role=bad)
    ),
    "drift training_data 'colour' row 2": lambda mart, small, bad: small.drift_monitoring.enable(
        training(4, colour=["red", bad, "red", "blue"])
    ),
    "explainability background 'colour'": lambda mart, small, bad: small.explainability.enable(
        training(60, colour=["red", bad] * 30)
    ),
    "explain scoring id": lambda mart, small, bad: small.explainability.explain(bad),
    "explanation scoring_id": lambda mart, small, bad: small.explainability.get(bad),
    "get_run_details run_uid": lambda mart, small, bad: small.quality_monitoring.get_run_details(
        bad
    ),
    "alerts.acknowledge by": lambda mart, small, bad: mart.alerts.acknowledge(1, by=bad),
    "alerts.acknowledge note": lambda mart, small, bad: mart.alerts.acknowledge(
        1, by="anna", note=bad
    ),
    "alerts.list state": lambda mart, small, bad: mart.alerts.list(state=bad),
    "notifications topic_arn": lambda mart, small, bad: mart.notifications.enable(
        topic_arn=f"arn:aws:sns:us-east-1:123456789012:{bad}"
    ),
    "notifications namespace": lambda mart, small, bad: mart.notifications.enable(namespace=bad),
    "reviews.enable reviewer": lambda mart, small, bad: enable(
        mart, small, reviewers=["anna", bad]
    ),
    "reviews.enable instructions": lambda mart, small, bad: enable(mart, small, instructions=bad),
    "reviews.enable template": lambda mart, small, bad: enable(
        mart, small, template=f"<p>{bad}</p>"
    ),
    "reviews.enable label_field": lambda mart, small, bad: enable(mart, small, label_field=bad),
    "reviews.enable name": lambda mart, small, bad: mart.reviews.enable(bad, ["anna"]),
    "reviews.get task_id": lambda mart, small, bad: mart.reviews.get(bad),
    "reviews.stop task_id": lambda mart, small, bad: mart.reviews.stop(bad),
    "reviews.delete task_id": lambda mart, small, bad: mart.reviews.delete(bad),
    "reviews.list state": lambda mart, small, bad: mart.reviews.list(state=bad),
    "queue reviewer": lambda mart, small, bad: mart.reviews.queue().queue(bad, 10),
    "claim reviewer": lambda mart, small, bad: mart.reviews.queue().claim(bad, None),
}
TEXTS_OF_AN_ASSET = [
    "name",
    "source_uid",
    "binding_uid",
    "label_column",
    "prediction_column",
    "probability_column",
]


def refusal(call):
    """The message of a call that is refused; it must be printable."""
    with pytest.raises(ValueError) as caught:
        call()
    said = str(caught.value)
    assert not isinstance(caught.value, UnicodeError), said
    assert said.encode() and "\0" not in said
    return said


def test_each_call_names_what_it_refuses(mart, small, dump, bad):
    log(small, [0.9, 0.2])
    before = dump()
    for name, call in CALLS.items():
        said = refusal(lambda call=call: call(mart, small, bad))
        for word in name.split()[1:]:
            assert word in said, f"{name}: {word!r} isn't named: {said}"
        assert dump() == before, name


def test_an_asset_names_what_it_refuses(mart, small, asset, dump, bad):
    before = dump()
    for field in [*TEXTS_OF_AN_ASSET, "feature_columns", "categorical_columns", "label_values"]:
        if field in TEXTS_OF_AN_ASSET:
            value = bad
        elif field == "label_values":
            value = {bad: 0, "other": 1}
        else:
            value = ["size", bad]
        changes = {"name": "new", "feature_columns": ["size", "colour"]} | {field: value}
        new = asset(**changes)
        assert field.split("_")[0] in refusal(lambda new=new: mart.subscriptions.add(new))
    assert dump() == before


def test_what_a_reviewer_types_is_stored_without_such_characters(mart, small, bad):
    log(small, [0.5])
    enable(mart, small)
    mart.reviews.create(small)
    queue = mart.reviews.queue()
    task = queue.claim("anna", None)
    given = answer(task, "benign", reason=f"looks {bad}")
    queue.save_draft("anna", task.task_id, {"reason": bad})
    with pytest.raises(ValueError, match="submission"):
        queue.submit("anna", task.task_id, dataclasses.replace(given, submission=bad))
    assert isinstance(queue.submit("anna", task.task_id, given), review.Receipt)
    kept = mart.reviews.get(task.task_id)["answers"][0]
    assert kept["content"]["reason"] == "looks ab"
    assert kept["submitted_at"] <= datetime.now(UTC)
