"""Erasing, proven by a search: no table of the whole database holds an erased value.

Everything is in use when the values are erased.
"""

import contextlib
import json
import random
import urllib.parse
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import psycopg2
import pytest

from model_monitoring import datamart
from model_monitoring.datamart.companion import making
from model_monitoring.datamart.companion.settings import Companion
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.records import ingestion
from tests.datamart import credit
from tests.datamart.credit import CLASSES, LIVE, SEX, TRAIN
from tests.datamart.reviewing import answer
from tests.datamart.searching import holders

FEATURES = ["sex", "age", "purpose", "credit_amount", "month"]
ROWS = 80
OLD = datetime.now(UTC) - timedelta(days=200)


def answers(rows):
    """Respond as a model that accepts anything, even missing values, at once."""
    numbers = rows[["age", "credit_amount", "month"]].apply(pd.to_numeric).fillna(0)
    odds = (
        numbers["age"] / 20
        - numbers["month"] / 20
        - numbers["credit_amount"] / 10_000
        + (rows["sex"] == "male")
    )
    probability = 1 / (1 + np.exp(-odds.to_numpy(float)))
    return pd.DataFrame(
        {"prediction": np.where(probability >= 0.5, "good", "bad"), "probability": probability}
    )


@pytest.fixture
def database_url(database_url):
    """A database of its own: searching all data marts of other tests would take minutes."""
    name = f"searched_{uuid.uuid4().hex[:12]}"
    with contextlib.closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name}")
        yield urllib.parse.urlsplit(database_url)._replace(path=f"/{name}").geturl()
        connection.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def engine():
    with credit.engine(model=answers) as engine:
        yield engine


def values():
    """Make values that no table holds yet: a category, a number, an id, and a reviewer's note."""
    text = {name: f"zz{name}{uuid.uuid4().hex[:12]}" for name in ("purpose", "note", "draft", "id")}
    amount = random.randrange(70_000_000, 79_000_000) / 1000 + 0.0004
    return SimpleNamespace(**text, amount=amount)


@pytest.fixture
def used(mart, engine, query):
    """Return a function that uses everything in a data mart, on rows of which two hold `secret`."""

    def use(secret, training=TRAIN):
        columns = {"feature_columns": FEATURES, "categorical_columns": ["sex", "purpose"]}
        sub = credit.subscribe(mart, engine.url, **columns)
        rows = LIVE[:ROWS].reset_index(drop=True).astype({"credit_amount": float})
        rows.loc[:1, ["purpose", "credit_amount"]] = [
            [secret.purpose, secret.amount],
            [secret.purpose, 1000.0],
        ]
        ids = [secret.id, f"{secret.id}b", *(f"r{i}" for i in range(2, ROWS))]
        times = [OLD, OLD, *[datetime.now(UTC)] * (ROWS - 2)]
        logged = rows[FEATURES].join(answers(rows)).assign(scoring_id=ids, scoring_timestamp=times)
        sub.payload_logging.store(logged)
        credit.label(sub, ids, rows["credit"])
        watch(sub, mart, training)
        find_companion(sub, query)
        review_rows(sub, mart, secret)
        schema = sub.database.schema
        quoting = f"'{secret.purpose}' is no number, and {secret.amount} none of {secret.id}"
        query(
            f"INSERT INTO {schema}.payload_error VALUES (1, 's3://bucket/a.jsonl', 1, %s)", quoting
        )
        query(
            f"INSERT INTO {schema}.run"
            " VALUES (%s, 1, 'fairness', 'failed', now(), now(), NULL, NULL, NULL, %s)",
            str(uuid.uuid4()),
            as_json({"error": quoting}),
        )
        for (table,) in query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema):
            # As autovacuum would: statistics of columns contain their values
            query(f"ANALYZE {schema}.{table}")
        return sub

    return use


def watch(sub, mart, training):
    sub.quality_monitoring.enable()
    sub.performance_monitoring.enable()
    sub.drift_monitoring.enable(training, scored=LIVE.join(answers(LIVE).set_index(LIVE.index)))
    # Biased, and of enough rows to say so: there is an alert on up to the greatest amount
    amounts = datamart.Feature("credit_amount", [[None, 2000]], [[2001, None]], 9.0)
    purposes = datamart.Feature(
        "purpose", ["car_new", "car (new)"], [str(LIVE["purpose"].mode()[0])]
    )
    sub.fairness_monitoring.enable(
        [SEX, amounts, purposes],
        **CLASSES,
        min_records=10,
        perturbation=False,
        intersections=[("sex", "credit_amount")],
    )
    sub.explainability.enable(training, changeable=["month", "purpose"], sample=5, min_records=10)
    ran = mart.run_monitors()
    assert ran["state"].tolist() == ["finished"] * 5, ran
    rows = sub.payload_logging.get_table_content()["scoring_id"]
    sub.explainability.explain(rows[0])


def find_companion(sub, query):
    """Store what is found when a companion is made, without an endpoint."""
    amounts = datamart.Feature("credit_amount", [[None, 3000]], [[3001, None]])
    content, _ = making.search(sub, Companion(role="r"), amounts, "good", "bad")
    query(
        f"INSERT INTO {sub.database.schema}.companion VALUES (1, %s, '', now(), NULL, %s)",
        sub.uid,
        as_json(content | {"endpoint": "credit-debiased"}),
    )


def review_rows(sub, mart, secret):
    """Have the first row answered with a note, and an answer for the second one begun."""
    mart.reviews.enable(sub, ["anna"], low=None, high=None, audit_share=1.0, violations=False)
    mart.reviews.create(sub)
    page = mart.reviews.queue()
    task = page.claim("anna", None)
    page.submit("anna", task.task_id, answer(task, "good", reason=secret.note))
    task = page.claim("anna", None)
    page.save_draft("anna", task.task_id, {"reason": secret.draft})


def found(sub, url, secret, *names):
    """Return the tables that hold any of some values.

    Those of this data mart are without its name, others with theirs.
    """
    held = holders(url, *(getattr(secret, name) for name in names))
    return {name.removeprefix(f"{sub.database.schema}.") for name in held}


PAYLOAD = {"payload_1", f"payload_1_{OLD:%Y_%m}"}
DERIVED = {"profile", "run", "measurement", "alert", "explanation", "companion", "payload_error"}
DERIVED |= {"pg_catalog.pg_statistic"}
SAID = {"review_answer", "review_label", "review_claim"}


def test_deleted_records(used, database_url):
    secret = values()
    sub = used(secret)
    assert found(sub, database_url, secret, "purpose", "amount") == PAYLOAD | DERIVED
    assert found(sub, database_url, secret, "note", "draft") >= SAID
    assert {"scoring_key", "review_row", "explanation"} < found(sub, database_url, secret, "id")
    assert sub.payload_logging.delete_records([secret.id, f"{secret.id}b-1"]) == 2
    assert found(sub, database_url, secret, *vars(secret)) == set()
    check_what_stays(sub)


def test_columns_that_are_never_stored(used, database_url):
    secret = values()
    training = pd.concat(
        [TRAIN, TRAIN[:1].assign(purpose=secret.purpose, credit_amount=secret.amount)]
    )
    sub = used(secret, training)
    assert found(sub, database_url, secret, "purpose", "amount") == PAYLOAD | DERIVED | {
        "baseline",
        "review_form",
    }
    sub.payload_logging.enable(never_store=["purpose", "credit_amount"])
    assert found(sub, database_url, secret, "purpose", "amount", "note", "draft") == set()
    assert sub.payload_logging.get_records_count() == ROWS
    parameters = sub.fairness_monitoring.get_details()["parameters"]
    assert [feature["name"] for feature in parameters["features"]] == ["sex"] and not parameters[
        "intersections"
    ]
    check_what_stays(sub)


def captured(event_id, encoding, data, kind="text/csv"):
    """An event as data capture writes it; answered with a score."""
    sides = {
        "endpointInput": {"encoding": encoding, "data": data, "observedContentType": kind},
        "endpointOutput": {"encoding": "CSV", "data": "0.9", "observedContentType": "text/csv"},
    }
    about = {"eventId": event_id, "inferenceTime": "2026-11-01T10:00:00Z"}
    return json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"})


def test_a_deleted_subscription_with_all_that_was_made_of_it(used, database_url, mart, query):
    secret = values()
    sub = used(secret)
    schema = sub.database.schema
    beside = mart.subscriptions.add(
        datamart.CustomMachineLearningAsset(
            "beside", sub.binding_uid, "binary", "label", "prediction", ["a"], name="beside"
        )
    )
    query(f"UPDATE {schema}.companion SET companion_uid = %s", beside.uid)
    query(f"ALTER TABLE {schema}.payload_1 DETACH PARTITION {schema}.payload_1_{OLD:%Y_%m}")
    mart.subscriptions.delete(sub.uid)
    assert found(sub, database_url, secret, "purpose", "amount", "note", "draft", "id") == set()
    left = query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema)
    assert not [name for (name,) in left if name.startswith(("payload_1", "feedback_1"))]
    assert mart.subscriptions.list()["name"].tolist() == ["beside"]
    mart.subscriptions.delete(name="beside")  # no companion of any other now


def test_later_values_of_columns_that_are_never_stored(used, database_url, mart):
    """Whichever door they come through, whether they are taken or refused."""
    sub = used(values())
    sub.payload_logging.enable(never_store=["purpose", "credit_amount"])
    secret = values()
    rows = LIVE[:ROWS].reset_index(drop=True).assign(purpose=secret.purpose)
    rows["credit_amount"] = secret.amount
    answered = rows[FEATURES].join(answers(rows)).assign(scoring_id=[f"s{n}" for n in range(ROWS)])
    sub.payload_logging.store(answered)
    swapped = answered.assign(credit_amount=secret.purpose, purpose="x", scoring_id="t")
    with pytest.raises(ValueError, match="'credit_amount'") as refused:
        sub.payload_logging.store(swapped[:1])
    assert secret.purpose not in str(refused.value)
    label = sub.asset["label_column"]
    feedback = rows[:9][FEATURES].assign(**{label: [*CLASSES["favourable_classes"]] * 9})
    sub.feedback_logging.store(feedback)
    sub.feedback_logging.store(feedback[:3].to_csv(index=False), data_header=True)
    sub.feedback_logging.store(feedback.assign(feedback_id=[f"f{n}" for n in range(9)]))
    sub.feedback_logging.store(feedback[:4], score=True)
    with pytest.raises(ValueError, match="'credit_amount'") as refused:
        sub.feedback_logging.store(feedback[:1].assign(credit_amount=secret.purpose))
    assert secret.purpose not in str(refused.value)
    cells = ["male", "30", secret.purpose, str(secret.amount), "6"]
    named = dict(zip(FEATURES, cells, strict=True))
    tensor = {"name": "x", "shape": [secret.purpose], "data": [secret.amount]}
    body = [
        captured("c1", "CSV", ",".join(cells)),
        captured("c2", "CSV", ",".join([*cells, secret.purpose])),
        captured("c3", "CSV", ",".join(["male", "old", *cells[2:]])),
        captured("c4", "JSON", json.dumps(named), "application/json"),
        captured("c5", "JSON", json.dumps(named | {"more": secret.purpose}), "application/json"),
        captured("c6", "JSON", json.dumps(named)[:-1], "application/json"),
        captured("c7", "JSON", json.dumps([[secret.purpose, secret.amount]]), "application/json"),
        captured("c8", "CSV", f"1 {secret.purpose}:{secret.amount}", "text/libsvm"),
        captured("c9", "CSV", f'"{secret.purpose}"x,{secret.amount}'),
        captured("c10", "BASE64", secret.purpose),
        captured("c11", "CSV", [secret.purpose, secret.amount]),
        captured("c12", "JSON", json.dumps({"inputs": [tensor]}), "application/json"),
        secret.purpose,
    ]
    ingestion._ingest_file(sub, "s3://captured/a.jsonl", "1", "\n".join(body).encode())
    assert len(sub.payload_logging.list_errors()) == 11
    mart.run_monitors()
    sub.explainability.explain("s1-1")
    mart.reviews.create(sub)
    for (table,) in sub.database.run(_tables):
        sub.database.execute(f"ANALYZE {table}")
    assert found(sub, database_url, secret, "purpose", "amount") == set()


def _tables(cursor):
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return cursor.fetchall()


def test_training_data_of_later_baselines(used, database_url, mart):
    secret = values()
    sub = used(secret)
    sub.payload_logging.enable(never_store=["purpose", "credit_amount"])
    training = pd.concat(
        [TRAIN, TRAIN[:1].assign(purpose=secret.purpose, credit_amount=secret.amount)]
    )
    sub.drift_monitoring.enable(training)
    sub.explainability.enable(training, changeable=["month", "purpose"], sample=5)
    assert [run["state"] for run in (sub.drift_monitoring.run(), sub.explainability.run())] == [
        "skipped",
        "finished",
    ]
    assert len(sub.explainability.explain("r5").contrast.keep) == len(FEATURES)
    assert found(sub, database_url, secret, "purpose", "amount", "note", "draft") == set()


def test_months_that_are_too_old(used, database_url, mart):
    secret = values()
    sub = used(secret)
    assert found(sub, database_url, secret, "purpose", "amount") == PAYLOAD | DERIVED
    sub.database.execute("UPDATE payload_error SET happened_at = %s", [OLD])
    sub.payload_logging.enable(keep_days=90)
    assert mart.maintain() == {"credit": 2}
    assert found(sub, database_url, secret, *vars(secret)) == set()
    check_what_stays(sub)


def check_what_stays(sub):
    """Measurements stay, what was erased is reported, and the next run has everything again."""
    metrics = sub.quality_monitoring.get_metrics()
    assert len(metrics) and metrics["records"].eq(ROWS).all()
    assert not sub.fairness_monitoring.get_metrics().empty
    run = sub.drift_monitoring.get_run_details()
    assert (
        run["last_record"] and run["records"] == ROWS and "drift_distance [month]" in run["metrics"]
    )
    for ask in (
        sub.fairness_monitoring.get_groups,
        sub.fairness_monitoring.render_report,
        sub.companion.get_rule,
    ):
        with pytest.raises(ValueError, match="erased"):
            ask()
    sub.fairness_monitoring.run()
    assert (
        len(sub.fairness_monitoring.get_groups())
        and "sex" in sub.fairness_monitoring.render_report()
    )
