"""Names are data: quotes, blanks, Unicode, SQL and any length work, and never collide."""

import pytest

from model_monitoring import datamart

HOSTILE = [
    "plain",
    'a "quoted" name',
    "it's",
    "'; DROP TABLE binding; --",
    "%s %(x)s %%",
    "{0} {name}",
    "naïve ☃ 数据",
    "select",
    "a.b",
    "back\\slash",
    "new\nline",
    " ",
    "x" * 63,
    "y" * 64,
    "é" * 200,
]


def subscribe(mart, name, features):
    uid = mart.bindings.add("engine", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    return mart.subscriptions.add(
        datamart.SageMakerMachineLearningAsset(
            source_uid="endpoint",
            binding_uid=uid,
            name=name,
            problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
            label_column="label",
            prediction_column="prediction",
            feature_columns=features,
            feature_types={"text": "text"} if "text" in features else {},
        )
    )


def store(subscription, features):
    record = datamart.PayloadRecord(
        request={"fields": features, "values": [[float(i) for i in range(len(features))]]},
        response={"fields": ["prediction"], "values": [[1]]},
        scoring_id="a",
    )
    subscription.payload_logging.store([record])
    subscription.feedback_logging.store([{"scoring_id": "a-1", "label": 1}])


@pytest.mark.parametrize("schema", HOSTILE[:13])
def test_schema_names(database_url, schema):
    mart = datamart.DataMart(database_url, schema=schema)
    mart.setup()
    store(subscribe(mart, "model", ["x"]), ["x"])
    assert mart.get_details()["schema"] == schema
    assert (
        datamart.DataMart(database_url, schema=schema).subscriptions.get_uids()
        == mart.subscriptions.get_uids()
    )


@pytest.mark.parametrize("schema", ["", "y" * 64, "pg_mine", "a\0b"])
def test_impossible_schema_names(database_url, schema):
    with pytest.raises(ValueError, match="schema"):
        datamart.DataMart(database_url, schema=schema)


def test_subscription_names_and_their_views(mart, query):
    for name in HOSTILE:
        subscription = subscribe(mart, name, ["x"])
        store(subscription, ["x"])
        assert mart.subscriptions.get(name=name).uid == subscription.uid
        assert mart.subscriptions.get(name=name).payload_logging.get_records_count() == 1
    assert mart.subscriptions.list()["name"].tolist() == sorted(HOSTILE)
    schema = mart.subscriptions.get(name="plain").database.schema
    views = query(
        "SELECT count(*) FROM pg_views WHERE schemaname = %s AND viewname LIKE 'Payload\\_%%'",
        schema,
    )
    assert views == [(len(HOSTILE),)]


def test_feature_names_of_all_kinds_in_one_table(mart):
    system = [
        "scoring_id",
        "record_id",
        "row_number",
        "scored_at",
        "deployment_key",
        "deployment_id",
        "ctid ",
    ]
    features = [*HOSTILE, *system, "Size", "size", "z" * 63 + "1", "z" * 63 + "2"]
    subscription = subscribe(mart, "model", features)
    store(subscription, features)
    row = subscription.payload_logging.get_table_content().iloc[0]
    found = [row.iloc[4 + i] for i in range(len(features))]
    assert found == [float(i) for i in range(len(features))]
    assert row.index.tolist()[4:-1] == features
    assert (
        subscription.feedback_logging.get_table_content().columns.tolist()[: len(features)]
        == features
    )


@pytest.mark.parametrize("bad", ["", "a\0b", None, 3])
def test_impossible_names(mart, bad):
    with pytest.raises(ValueError, match="can't"):
        store(subscribe(mart, "model", ["x", bad]), ["x", bad])
    if bad:
        with pytest.raises(ValueError, match="can't be a subscription's name"):
            subscribe(mart, bad, ["x"])


def test_hostile_scoring_ids_and_values(mart):
    subscription = subscribe(mart, "model", ["text"])
    for i, hostile in enumerate(HOSTILE):
        record = datamart.PayloadRecord(
            request={"fields": ["text"], "values": [[hostile]]},
            response={"fields": ["prediction"], "values": [[i % 2]]},
            scoring_id=hostile,
        )
        subscription.payload_logging.store([record])
        assert (
            subscription.feedback_logging.store(
                [{"scoring_id": f"{hostile}-1", "label": i % 2}]
            ).stored
            == 1
        )
    content = subscription.payload_logging.get_table_content()
    # A blank value is missing, as in a file
    kept = [hostile if hostile.strip() else None for hostile in HOSTILE]
    assert content["text"].astype(object).where(content["text"].notna(), None).tolist() == kept
    assert content["scoring_id"].tolist() == [f"{hostile}-1" for hostile in HOSTILE]
