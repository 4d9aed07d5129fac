"""Only the traffic of the endpoint and its production variants is taken in, each request once."""

import gzip
import itertools
import json

import pytest

from model_monitoring.datamart.records import ingestion

from .test_capture_ingestion import event

DAY = "2026/03/01/10"


@pytest.fixture
def bucket(capturing):
    """The subscription, and a function that writes events under a key."""
    subscription, _ = capturing
    s3 = subscription.boto_session.client("s3")

    def put(key, *events):
        body = "".join(json.dumps(each) + "\n" for each in events).encode()
        body = gzip.compress(body) if key.endswith(".gz") else body
        s3.put_object(Bucket="captured", Key=key, Body=body)

    return subscription, put


def scores(subscription):
    content = subscription.payload_logging.get_table_content()
    return dict(zip(content["scoring_id"], content["score"], strict=True))


def ids(subscription):
    return sorted(scores(subscription))


@pytest.mark.parametrize("folder", ["", "breast-cancer", "breast-cancer/"])
def test_another_endpoints_traffic_is_left_out(bucket, folder):
    subscription, put = bucket
    put(f"breast-cancer/AllTraffic/{DAY}/a.jsonl", event("ours"))
    put(f"breast-cancer-v2/AllTraffic/{DAY}/a.jsonl", event("theirs"))
    put("breast-cancer.jsonl", event("beside"))
    if folder:
        subscription.payload_logging.ingest_capture(f"s3://captured/{folder}")
    else:
        with pytest.warns(UserWarning, match="another endpoint or variant.*'breast-cancer-v2/All"):
            subscription.payload_logging.ingest_capture("s3://captured")
    assert ids(subscription) == ["ours-1"]


def test_a_file_by_its_name_alone(bucket):
    subscription, put = bucket
    put("somewhere/a.jsonl", event("a"))
    put("somewhere/a.jsonl.jsonl", event("b"))
    subscription.payload_logging.ingest_capture("s3://captured/somewhere/a.jsonl")
    assert ids(subscription) == ["a-1"]


def shadowed(bucket):
    subscription, put = bucket
    for variant, score in (("challenger", "0.1"), ("prod", "0.9")):
        put(f"breast-cancer/{variant}/{DAY}/a.jsonl", event("e", response=score, inferenceId="r"))
    return subscription


def test_variants_of_which_it_is_not_known_which_count(bucket):
    subscription = shadowed(bucket)
    with pytest.raises(ValueError, match=r"variants 'challenger', 'prod'.*variant=\.\.\."):
        subscription.payload_logging.ingest_capture("s3://captured/breast-cancer")
    subscription.payload_logging.ingest_capture("s3://captured/breast-cancer/prod")
    assert scores(subscription) == {"r-1": 0.9}


def test_a_shadow_variants_answers_do_not_count(bucket):
    subscription = shadowed(bucket)
    client = subscription.boto_session.client("sagemaker")
    client.create_model(ModelName="m", ExecutionRoleArn="arn:aws:iam::123456789012:role/r")
    variants = {"ProductionVariants": "prod", "ShadowProductionVariants": "challenger"}
    client.create_endpoint_config(
        EndpointConfigName="c",
        **{
            kind: [
                {
                    "VariantName": name,
                    "ModelName": "m",
                    "InitialInstanceCount": 1,
                    "InstanceType": "ml.m5.large",
                }
            ]
            for kind, name in variants.items()
        },
    )
    client.create_endpoint(EndpointName="breast-cancer", EndpointConfigName="c")
    with pytest.warns(UserWarning, match="left out: 'breast-cancer/challenger'"):
        subscription.payload_logging.ingest_capture("s3://captured/breast-cancer")
    assert scores(subscription) == {"r-1": 0.9}


def test_the_variant_that_is_declared_counts(bucket, query):
    subscription = shadowed(bucket)
    query(
        f"UPDATE {subscription.database.schema}.subscription"
        """ SET asset = asset || '{"variant": "challenger"}'"""
    )
    with pytest.warns(UserWarning, match="left out: 'breast-cancer/prod'"):
        subscription.payload_logging.ingest_capture("s3://captured/breast-cancer")
    assert scores(subscription) == {"r-1": 0.1}


def test_one_id_for_several_requests_stores_the_first_however_they_fall_into_files(bucket):
    subscription, put = bucket
    events = [event(f"e{i}", f"{i}.5,red", inferenceId=f"id{i % 3}") for i in range(30)]
    put(f"breast-cancer/AllTraffic/{DAY}/a.jsonl", *events[:7])
    put(f"breast-cancer/AllTraffic/{DAY}/b.jsonl", *events[7:])
    report = subscription.payload_logging.ingest_capture("s3://captured/breast-cancer")
    assert report == (2, 3, 0, 27)
    content = subscription.payload_logging.get_table_content()
    assert content["size"].tolist() == [0.5, 1.5, 2.5]
    assert set(subscription.payload_logging.list_errors()["reason"]) == {
        f"Scoring id 'id{i}': other content" for i in range(3)
    }


def test_packed_files_and_files_of_other_kinds(bucket):
    subscription, put = bucket
    put("packed/a.jsonl.gz", event("a"))
    assert subscription.payload_logging.ingest_capture("s3://captured/packed") == (1, 1, 0, 0)
    put("other/a.csv", event("a"))
    for uri, words in (("other", "There are 'other/a.csv'"), ("none", "no object of this name")):
        with pytest.warns(UserWarning, match=words):
            report = subscription.payload_logging.ingest_capture(f"s3://captured/{uri}")
        assert report == (0, 0, 0, 0)


def test_failed_lines_are_stored_once_they_are_right(bucket):
    subscription, put = bucket
    put("x/a.jsonl", event("a"), event("b", "big,red"), event("c", "0x1F,red"))
    assert subscription.payload_logging.ingest_capture("s3://captured/x") == (1, 1, 0, 2)
    assert subscription.payload_logging.retry_errors() == (1, 0, 1, 2)
    subscription.retype({"size": "text"})
    assert subscription.payload_logging.retry_errors() == (1, 2, 1, 0)
    assert subscription.payload_logging.list_errors().empty
    sizes = subscription.payload_logging.get_table_content()["size"].tolist()
    assert sizes == ["1.5", "big", "0x1F"]


def test_a_late_or_missing_output_beside_the_declared_ones(bucket):
    subscription, put = bucket
    kinds = ("text/csv", "application/json")
    answers = ['{"score": 0.9}', '{"score": 0.9, "note": "slow"}', '{"message": "boom"}']
    events = [event(f"e{i}", response=answer, kinds=kinds) for i, answer in enumerate(answers)]
    for each in events:
        each["captureData"]["endpointOutput"]["encoding"] = "JSON"
    for order in itertools.permutations(events):
        put(f"order/{order[0]['eventMetadata']['eventId']}.jsonl", *order)
    report = subscription.payload_logging.ingest_capture("s3://captured/order")
    assert (report.stored, report.failed) == (2, 3)


def test_a_packed_file_is_held_to_its_bounds(bucket, monkeypatch):
    monkeypatch.setattr(ingestion, "LARGEST_FILE", 500)
    subscription, put = bucket
    put(f"breast-cancer/AllTraffic/{DAY}/a.jsonl.gz", event("a"), event("b"))
    with pytest.raises(ValueError, match=r"a\.jsonl\.gz unpacks to more than .* unpack it first"):
        subscription.payload_logging.ingest_capture("s3://captured/breast-cancer")
