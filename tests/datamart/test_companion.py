"""A de-biased companion on real endpoints of the offline AWS: made, called, and deleted."""

import shutil
import tempfile
import time
from pathlib import Path

import botocore.exceptions
import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart
from model_monitoring.analysis.fairness.companion.companion_rule import debias
from tests.datamart import credit, credit_endpoint
from tests.datamart.credit import AGE, CLASSES, FEATURES, LIVE, SEX
from tests.local_aws.offline import Offline

ENDPOINT = "credit"


@pytest.fixture(scope="module")
def offline():
    folder = Path(tempfile.mkdtemp(prefix="companion-"))
    offline = Offline(folder).start()
    offline.s3.create_bucket(Bucket="data")
    credit_endpoint.deploy(offline, ENDPOINT, credit_endpoint.archive())
    yield offline
    offline.command("stop")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def sagemaker_mart(mart, database_url, offline):
    session = credit_endpoint.session(offline)
    return datamart.DataMart(
        database_url, schema=mart.subscriptions._database.schema, boto_session=session
    )


def subscribe(mart, **changes):
    binding = mart.bindings.add(
        "Amazon SageMaker", datamart.SageMakerMachineLearningInstance(region="us-east-1")
    )
    return credit.subscribe(
        mart, "http://unused", **({"binding_uid": binding, "source_uid": ENDPOINT} | changes)
    )


@pytest.fixture
def sub(sagemaker_mart):
    subscription = subscribe(sagemaker_mart)
    ids = credit.log(subscription, LIVE)
    credit.label(subscription, ids, LIVE["credit"])
    yield subscription
    if subscription.companion.exists():
        subscription.companion.delete()


def settings(**changes):
    return datamart.Companion(**({"role": credit_endpoint.ROLE} | changes))


def watch(sub, **changes):
    sub.fairness_monitoring.enable(
        [SEX, AGE], **CLASSES, perturbation=False, companion=settings(**changes)
    )
    return sub.fairness_monitoring.run()


def payload(sub):
    return sub.payload_logging.get_window(
        columns=[
            *FEATURES,
            "probability",
            "scoring_id",
            "debiased_prediction",
            "debiased_probability",
        ]
    )


def test_a_run_that_finds_bias_makes_a_companion_beside_the_original(
    sub, sagemaker_mart, offline, query
):
    run = watch(sub)
    assert run["companion"] == {
        "endpoint": "credit-debiased",
        "created": True,
        "rows_answered": 400,
    }
    details = sub.companion.get_details()
    assert (details["feature"], details["kind"], details["validation_rows"]) == (
        "age",
        "per_group",
        400,
    )
    rows = payload(sub)
    expected = debias(
        sub.companion.get_rule(), rows[FEATURES].to_dict("records"), lambda _: rows["probability"]
    )
    assert rows["debiased_prediction"].tolist() == [prediction for prediction, _ in expected]
    assert np.allclose(rows["debiased_probability"], [probability for _, probability in expected])
    chosen = sub.companion.get_frontier().query("chosen").iloc[0]
    rates = (rows["debiased_prediction"] == "good").groupby(rows["age"] <= 25).mean()
    # The labelled rows are those that were logged
    assert rates.min() / rates.max() == pytest.approx(chosen["fairness"])
    assert chosen["fairness"] > sub.companion.get_original()["fairness"]
    costs = sub.companion.get_costs()
    changed = (
        rows["debiased_prediction"] != np.where(rows["probability"] >= 0.5, "good", "bad")
    ).sum()
    assert costs["gained"].sum() + costs["lost"].sum() == changed > 0
    groups = sub.companion.get_groups().set_index("group")
    assert groups.loc["[18, 25]", "favourable_rate"] == pytest.approx(rates[True])
    made = offline.sagemaker.describe_endpoint(EndpointName="credit-debiased")
    assert (
        offline.sagemaker.list_tags(ResourceArn=made["EndpointArn"])["Tags"] == credit_endpoint.TAGS
    )
    # the original is unchanged, and the companion has a subscription of its own
    assert (
        offline.sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"] == ENDPOINT
    )
    own = sub.companion.get_subscription()
    assert (own.name, own.source_uid) == ("credit debiased", "credit-debiased")
    assert own.name in sagemaker_mart.subscriptions.list()["name"].tolist()
    assert "credit-debiased" in sub.fairness_monitoring.render_report()


def test_later_runs_score_new_rows_and_logging_continues(sub):
    watch(sub)
    ids = credit.log(sub, LIVE[:20], "later")  # without the companion's columns
    assert credit.log(sub, LIVE[:20], "later") == ids
    run = sub.fairness_monitoring.run()
    assert run["companion"] == {
        "endpoint": "credit-debiased",
        "created": False,
        "rows_answered": 20,
    }
    assert sub.companion.score() == 0
    rows = payload(sub).set_index("scoring_id")
    first, again = (
        rows.loc[[f"r{i}-1" for i in range(20)]],
        rows.loc[[f"later{i}-1" for i in range(20)]],
    )
    assert first["debiased_probability"].tolist() == again["debiased_probability"].tolist()
    assert list(sub.payload_logging.get_table_content(limit=1))[-2:] == [
        "debiased_prediction",
        "debiased_probability",
    ]
    sub.quality_monitoring.enable()
    assert sub.quality_monitoring.run()["records"] == 400
    assert sub.payload_logging.delete_records(["r0", "later1-1"]) == 2
    assert len(payload(sub)) == 418


def test_calls_by_monitors_are_captured_but_not_ingested(sub):
    sub.fairness_monitoring.enable([SEX], **CLASSES)
    sub.fairness_monitoring.run()
    own = sub.score(LIVE[FEATURES][:3].astype(object).values.tolist(), "own-1")
    assert [answer["prediction"] for answer in own] == credit.answers(LIVE[:3])[
        "prediction"
    ].tolist()
    deadline, taken = time.monotonic() + 15, []
    while time.monotonic() < deadline and not any(report.stored for report in taken):
        time.sleep(0.5)
        taken.append(sub.payload_logging.ingest_capture("s3://data/captured/credit/"))
    assert (
        sum(report.stored for report in taken) == 1 and sum(report.skipped for report in taken) > 0
    )
    assert sub.payload_logging.get_records_count() == 403
    assert sub.payload_logging.list_errors().empty


def test_deleting_removes_everything_and_the_next_biased_run_makes_it_again(sub, offline):
    watch(sub)
    artifact = sub.companion.get_details()["artifact"].removeprefix("s3://data/")
    sub.companion.delete()
    for call, argument in (
        (offline.sagemaker.describe_endpoint, "EndpointName"),
        (offline.sagemaker.describe_endpoint_config, "EndpointConfigName"),
        (offline.sagemaker.describe_model, "ModelName"),
    ):
        with pytest.raises(botocore.exceptions.ClientError):
            call(**{argument: "credit-debiased"})
        call(**{argument: ENDPOINT})
    assert "Contents" not in offline.s3.list_objects_v2(Bucket="data", Prefix=artifact)
    assert (
        sub.companion.get_details()["deleted_at"] and sub.companion.get_rule()["feature"] == "age"
    )
    with pytest.raises(ValueError, match="was deleted"):
        sub.companion.score()
    assert sub.fairness_monitoring.run()["companion"]["created"]
    assert sub.companion.get_details()["deleted_at"] is None


def test_a_blind_companion_with_validation_rows_from_a_file_needs_no_attribute(sub, offline):
    body = credit.DATA.to_csv(index=False).encode()
    offline.s3.put_object(Bucket="data", Key="validation.csv", Body=body)
    run = watch(sub, kind="blind", validation="s3://data/validation.csv", target=0.5)
    assert run["companion"]["created"], run["companion"]
    assert sub.companion.get_details()["validation_rows"] == 1000
    row = LIVE[FEATURES][:1]
    ages = [row.assign(age=age).astype(object).values.tolist()[0] for age in (19, 70)]
    young, old = sub.companion.get_subscription().score([*ages], "x")
    assert young == old and set(young) == {"debiased_prediction", "debiased_probability"}


def test_a_script_in_a_separate_archive_is_wrapped_too(sagemaker_mart, offline):
    source = credit_endpoint.archive(
        **{"inference.py": credit_endpoint.SCRIPT.encode(), "code/inference.py": None}
    )
    offline.s3.put_object(Bucket="data", Key="source.tar.gz", Body=source)
    alone = credit_endpoint.archive(**{"code/inference.py": None})
    credit_endpoint.deploy(
        offline, "credit-source", alone, SAGEMAKER_SUBMIT_DIRECTORY="s3://data/source.tar.gz"
    )
    sub = subscribe(sagemaker_mart, name="source", source_uid="credit-source")
    credit.label(sub, credit.log(sub, LIVE), LIVE["credit"])
    assert watch(sub)["companion"]["rows_answered"] == 400
    sub.companion.delete()


def test_the_favourable_class_may_be_the_negative_one(sagemaker_mart):
    sub = subscribe(sagemaker_mart, name="turned")
    ids = credit.log(sub, LIVE)
    credit.label(sub, ids, LIVE["credit"])
    turned = datamart.Feature("age", [[18, 25]], [[26, 75]], 0.95)
    classes = {"favourable_classes": ["bad"], "unfavourable_classes": ["good"]}
    sub.fairness_monitoring.enable([turned], **classes, perturbation=False, companion=settings())
    try:
        assert sub.fairness_monitoring.run()["companion"]["created"]
        rows = payload(sub)
        expected = debias(
            sub.companion.get_rule(),
            rows[FEATURES].to_dict("records"),
            lambda _: 1 - rows["probability"],
        )
        assert rows["debiased_prediction"].tolist() == [prediction for prediction, _ in expected]
    finally:
        sub.companion.delete()


@pytest.mark.filterwarnings("ignore:The companion")
def test_another_subscriptions_companion_is_not_touched(sub, sagemaker_mart, offline):
    watch(sub)
    second = subscribe(sagemaker_mart, name="second")
    credit.label(second, credit.log(second, LIVE), LIVE["credit"])
    assert "A model 'credit-debiased' already exists" in watch(second)["companion"]["error"]
    assert (
        offline.sagemaker.describe_endpoint(EndpointName="credit-debiased")["EndpointStatus"]
        == "InService"
    )
    assert sub.companion.score() == 0 and not second.companion.exists()
    sub.companion.delete()
    assert second.fairness_monitoring.run()["companion"]["created"]
    sub.companion.delete()  # again, although it is no longer its own
    assert (
        offline.sagemaker.describe_endpoint(EndpointName="credit-debiased")["EndpointStatus"]
        == "InService"
    )
    second.companion.delete()


def test_without_bias_no_companion_is_made(sub, offline):
    fair = datamart.Feature("sex", ["male"], ["female"], 0.2)
    sub.fairness_monitoring.enable([fair], **CLASSES, perturbation=False, companion=settings())
    assert sub.fairness_monitoring.run()["companion"] == {"created": False}
    assert not sub.companion.exists()
    assert watch(sub, feature="sex")["companion"] == {"created": False}  # only age is biased
    with pytest.raises(ValueError, match="'credit' has no companion: enable fairness_monitoring"):
        sub.companion.get_rule()


@pytest.mark.filterwarnings("ignore:The companion")
@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        (
            "no-script",
            {"script": "x = 1", "code/inference.py": None},
            "no code/inference.py: a companion can only wrap",
        ),
        ("no-tar", b"not an archive", "can't be unpacked"),
        ("outside", {"../escaped.py": b"x = 1"}, "can't be unpacked"),
        ("broken", {}, "wasn't deployed"),
        (
            "mute",
            {"script": credit_endpoint.SCRIPT.replace("model.predict_proba", "model.tell")},
            "did not score",
        ),
    ],
)
def test_a_companion_that_cannot_be_made_leaves_nothing_behind_and_the_measurement_is_kept(
    sagemaker_mart, offline, name, body, message, monkeypatch
):
    endpoint = f"credit-{name}"
    credit_endpoint.deploy(offline, endpoint, credit_endpoint.archive())
    if name == "broken":
        original = Path.read_bytes
        broken = b"raise ImportError('no such thing here')"
        monkeypatch.setattr(
            Path,
            "read_bytes",
            lambda path: broken if path.name == "companion_rule.py" else original(path),
        )
    else:
        body = body if isinstance(body, bytes) else credit_endpoint.archive(**body)
        offline.s3.put_object(Bucket="data", Key=f"{endpoint}/output/model.tar.gz", Body=body)
    sub = subscribe(sagemaker_mart, name=name, source_uid=endpoint)
    credit.label(sub, credit.log(sub, LIVE), LIVE["credit"])
    run = watch(sub)
    assert run["state"] == "finished" and len(run["findings"]) == 1
    pd.testing.assert_series_equal(
        pd.Series([True]), pd.Series([run["companion"]["error"]]).str.contains(message)
    )
    names = [
        each["EndpointName"]
        for each in offline.sagemaker.list_endpoints(MaxResults=100)["Endpoints"]
    ]
    models = [each["ModelName"] for each in offline.sagemaker.list_models(MaxResults=100)["Models"]]
    assert f"{endpoint}-debiased" not in names + models
    assert "Contents" not in offline.s3.list_objects_v2(
        Bucket="data", Prefix=f"{endpoint}/output/{endpoint}-debiased"
    )
    assert not sub.companion.exists()


@pytest.mark.parametrize(
    ("changes", "asked", "message"),
    [
        ({"kind": "random"}, {}, "kind must be one of per_group, blind"),
        ({"feature": "housing"}, {}, "'housing', isn't one of the monitored features"),
        ({}, {"unfavourable_classes": None}, "exactly one favourable and one unfavourable class"),
        ({}, {"favourable_classes": ["granted"]}, "positive_label is 'good'"),
        (
            {},
            {"favourable_classes": ["good", "fair"]},
            "exactly one favourable and one unfavourable class",
        ),
    ],
)
def test_a_companion_that_makes_no_sense_is_refused_when_enabled(sub, changes, asked, message):
    with pytest.raises(ValueError, match=message):
        sub.fairness_monitoring.enable(
            [SEX, AGE], **(CLASSES | asked), companion=settings(**changes)
        )


@pytest.mark.filterwarnings("ignore:The companion")
@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("s3://data/none.csv", "can't be read"),
        ("data/validation.csv", "not the S3 URI of a file"),
        ("s3://data/few.csv", "lacks the columns status"),
        (
            "s3://data/unlabelled.csv",
            "No row of s3://data/unlabelled.csv has a label that is 'good' or 'bad'",
        ),
    ],
)
def test_unsuitable_validation_rows_are_named(sub, offline, uri, message):
    offline.s3.put_object(Bucket="data", Key="few.csv", Body=b"age,credit\n20,good\n")
    unlabelled = LIVE.assign(credit="unknown").to_csv(index=False).encode()
    offline.s3.put_object(Bucket="data", Key="unlabelled.csv", Body=unlabelled)
    assert message in watch(sub, validation=uri)["companion"]["error"]
    assert not sub.companion.exists()


def test_a_model_without_probabilities_has_no_companion(mart):
    sub = subscribe(mart, name="labels only", probability_column=None)
    with pytest.raises(ValueError, match="returns probabilities"):
        sub.fairness_monitoring.enable([SEX], **CLASSES, companion=settings())


@pytest.mark.filterwarnings("ignore:The companion")
def test_without_a_session_no_companion_can_be_made(mart):
    sub = subscribe(mart, name="no session")
    credit.label(sub, credit.log(sub, LIVE), LIVE["credit"])
    assert "needs a model on SageMaker and a session" in watch(sub)["companion"]["error"]


def test_a_model_on_another_engine_has_no_companion(mart):
    with credit.engine() as engine:
        sub = credit.subscribe(mart, engine.url)
        with pytest.raises(ValueError, match="SageMaker: this one is served by another engine"):
            sub.fairness_monitoring.enable([SEX], **CLASSES, companion=settings())
