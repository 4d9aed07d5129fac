"""The pattern's own logging, replayed.

It is eleven records and one more of two rows each, nine labels, and a quality run.
"""

import pandas as pd

from model_monitoring import datamart

from .conftest import FEATURES, record


def test_table_shapes_and_metrics_are_those_of_the_pattern(subscription, query):
    subscription.payload_logging.store([record(f"req-{i}", response_time=460) for i in range(11)])
    subscription.payload_logging.store([record("rest-1", response_time=460)])

    payload = subscription.payload_logging.get_table_content()
    assert payload.shape == (24, 36)
    assert list(payload.columns[:4]) == [
        "scoring_id",
        "scoring_timestamp",
        "deployment_id",
        "asset_revision",
    ]
    assert list(payload.columns[4:]) == [*FEATURES, "score", "predicted_label"]
    assert payload["scoring_id"].tolist()[:3] == ["req-0-1", "req-0-2", "req-1-1"]
    assert payload["feature 3"].tolist()[:2] == [4.5, 5.5]
    assert subscription.payload_logging.get_records_count() == 24
    assert subscription.payload_logging.describe_table().loc["count", "feature 0"] == 24

    schema = subscription.payload_logging.print_table_schema()
    assert schema["name"].tolist() == payload.columns.tolist()
    assert schema["type"].value_counts().to_dict() == {
        "double precision": 31,
        "text": 3,
        "timestamp with time zone": 1,
        "bigint": 1,
    }

    nine_times_the_same = [[*(1.5 + j for j in range(30)), 1]] * 9
    subscription.feedback_logging.store(nine_times_the_same, fields=[*FEATURES, "diagnosis"])
    assert subscription.feedback_logging.get_table_content().shape == (9, 32)
    assert subscription.feedback_logging.get_records_count() == 9

    subscription.quality_monitoring.enable(threshold=0.8, min_records=5)
    # Nine labels, but no scored rows
    assert subscription.quality_monitoring.run()["state"] == "skipped"

    joined = [{"scoring_id": f"req-{i}-1", "diagnosis": 1} for i in range(9)]
    assert subscription.feedback_logging.store(joined) == datamart.StoreReport(9, 0, 9)
    run = subscription.quality_monitoring.run(background_mode=False)
    assert run["state"] == "finished"
    assert run["records"] == 9
    # the pattern's six values of 1.0: five of its six metrics, and `quality`, which is the gate's;
    # the sixth is null
    metrics = {metric: value for metric, value in run["metrics"].items() if metric != "log_loss"}
    assert metrics.pop("weighted_false_positive_rate") is None
    assert metrics == dict.fromkeys(
        [
            "accuracy",
            "weighted_f_measure",
            "weighted_precision",
            "weighted_recall",
            "weighted_true_positive_rate",
        ],
        1.0,
    )
    assert (run["gate"], run["quality"]) == ("accuracy", 1.0)

    name = subscription.name
    schema_name = subscription.database.schema
    assert query(f'SELECT count(*), count("feature 7") FROM {schema_name}."Payload_{name}"') == [
        (24, 24)
    ]
    assert query(f'SELECT count(*), count("feature 7") FROM {schema_name}."Feedback_{name}"') == [
        (18, 18)
    ]

    subscription.performance_monitoring.enable()
    performance = subscription.performance_monitoring.show_table(limit=100)
    assert performance["scoring_records"].tolist() == [2] * 12
    assert performance["scoring_time"].tolist() == [460] * 12
    metrics = subscription.performance_monitoring.run()["metrics"]
    assert (metrics["records"], metrics["requests"], metrics["average_processing_time"]) == (
        24,
        12,
        460,
    )


def test_metrics_come_as_frames_with_intervals_and_limits(subscription):
    subscription.payload_logging.store([record("a", rows=20)])
    subscription.feedback_logging.store(
        pd.DataFrame(
            {"scoring_id": [f"a-{i}" for i in range(1, 21)], "diagnosis": [1] * 12 + [0] * 8}
        )
    )
    subscription.quality_monitoring.enable(threshold=0.8)
    run = subscription.quality_monitoring.run()
    metrics = subscription.quality_monitoring.get_metrics().set_index("id")
    assert metrics.loc["accuracy", "value"] == run["metrics"]["accuracy"] == 0.6
    assert metrics.loc["accuracy", "ci_low"] < 0.6 < metrics.loc["accuracy", "ci_high"]
    assert metrics.loc["accuracy", "lower_limit"] == 0.8
    assert metrics["lower_limit"].notna().sum() == 1
    matrix = subscription.quality_monitoring.show_confusion_matrix()
    assert matrix.loc[1, 1] == 12
    assert matrix.loc[0, 1] == 8
    shown = subscription.quality_monitoring.show_table(limit=100)
    assert shown["value"].notna().sum() == metrics["value"].notna().sum()
    assert "value" in set(subscription.quality_monitoring.print_table_schema()["name"])
