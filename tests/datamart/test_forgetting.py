"""What may not be kept is erased: single rows, columns, months. The rest stays."""

import re
import subprocess
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart
from model_monitoring.datamart.monitoring.drift import DriftMonitoring
from model_monitoring.datamart.postgres import server
from model_monitoring.datamart.tables import erasing, partitions, traces

from .conftest import small_record
from .test_capture_ingestion import JSON_KINDS, PREDICTIONS, PREFIX, event

ROWS, ANSWERS = [[1.5, "red"], [2.5, "blue"]], [[0.9, 1], [0.1, 0]]


@pytest.fixture
def logged(small):
    for scoring_id in ("a", "b", "a-1"):
        small.payload_logging.store([small_record(scoring_id, values=ROWS, answers=ANSWERS)])
        labels = [{"scoring_id": f"{scoring_id}-{n}", "diagnosis": 1} for n in (1, 2)]
        small.feedback_logging.store(labels)
    return small


def ids(subscription):
    return subscription.payload_logging.get_table_content()["scoring_id"].tolist()


def test_one_row_is_erased(logged):
    assert logged.payload_logging.delete_records(["b-2"]) == 1
    assert ids(logged) == ["a-1", "a-2", "b-1", "a-1-1", "a-1-2"]
    assert logged.feedback_logging.get_records_count() == 5
    assert logged.payload_logging.get_records_count() == 5


def test_an_id_of_a_request_and_of_a_row_erases_both(logged):
    # "a-1" names both a request and the first row of another; both are the person's to have erased
    assert logged.payload_logging.delete_records(["a-1"]) == 3
    assert ids(logged) == ["a-2", "b-1", "b-2"]
    assert logged.payload_logging.get_records_count() == 3
    assert logged.payload_logging.delete_records(["a-1", "nobody", "%", "b'; --"]) == 0


def test_an_erased_request_sent_again_is_not_stored_again(logged):
    logged.payload_logging.delete_records(["b"])
    assert (
        logged.payload_logging.store([small_record("b", values=ROWS, answers=ANSWERS)]).skipped == 1
    )
    assert "b-1" not in ids(logged)
    with pytest.raises(ValueError, match="'b-1'"):
        logged.feedback_logging.store([{"scoring_id": "b-1", "diagnosis": 1}])


def test_rows_erased_one_by_one_are_counted_and_a_digest_replaces_the_id(logged, query):
    schema = logged.database.schema
    assert [logged.payload_logging.delete_records([row]) for row in ("b-1", "b-1", "b-2", "b")] == [
        1,
        0,
        1,
        0,
    ]
    assert logged.payload_logging.get_records_count() == 4
    kept = [
        name for (name,) in query(f"SELECT scoring_id FROM {schema}.scoring_key ORDER BY record_id")
    ]
    assert [kept[0], kept[2]] == ["a", "a-1"] and re.fullmatch("erased [0-9a-f]{64}", kept[1])
    again = [small_record(name, values=ROWS, answers=ANSWERS) for name in ("c", "b", "a")]
    assert logged.payload_logging.store(again)[:2] == (1, 2)
    assert "b-1" not in ids(logged) and "c-2" in ids(logged)
    with pytest.raises(datamart.ConflictError, match="'b'") as caught:
        logged.payload_logging.store([small_record("d"), small_record("b")])
    assert caught.value.scoring_ids == ["b"]


def test_a_detached_month_is_erased_too(mart, small, query):
    for age in (0, 1, 6):
        small.payload_logging.store(
            [small_record(f"{age}", values=ROWS, answers=ANSWERS, scoring_timestamp=at(age))]
        )
    schema, months = small.database.schema, [f"payload_1_{at(age):%Y_%m}" for age in (1, 6)]
    for month in months:
        query(f"ALTER TABLE {schema}.payload_1 DETACH PARTITION {schema}.{month}")
    assert small.payload_logging.delete_records(["1-2"]) == 1
    small.payload_logging.enable(never_store=["colour"], keep_days=90)
    assert query(f"SELECT size, colour FROM {schema}.{months[0]}") == [(1.5, None)]
    assert mart.maintain() == {"small": 1}
    assert query("SELECT to_regclass(%s)", f"{schema}.{months[1]}") == [(None,)]


def test_a_run_in_progress_keeps_nothing_of_a_row_erased_meanwhile(small, monkeypatch):
    small.payload_logging.store([small_record("a", values=ROWS, answers=ANSWERS)])
    training = pd.DataFrame({"size": np.arange(100.0), "colour": ["red", "blue"] * 50})
    small.drift_monitoring.enable(training, min_records=1)
    measure = DriftMonitoring._measure

    def erased_behind_its_back(monitor, parameters):
        outcome = measure(monitor, parameters)
        small.payload_logging.delete_records(["a-1"])
        return outcome

    monkeypatch.setattr(DriftMonitoring, "_measure", erased_behind_its_back)
    run = small.drift_monitoring.run()
    assert run["erased"] and "drift" not in run and run["metrics"] and run["last_record"]
    with pytest.raises(ValueError, match="no drift run"):
        small.drift_monitoring.show_drift()


def test_the_name_of_an_open_ended_group_loses_the_value_that_was_seen():
    features = [{"minority": [[None, 18], [40, None]], "majority": [[18.5, 39.5]]}]
    features += [{"minority": ["a"], "majority": None}]
    slices = {
        "age: [40, 77.25]": "age: [40, …]",
        "age: [3, 18]": "age: […, 18]",
        "age: [18.5, 39.5]": "age: [18.5, 39.5]",
        "sex & age: a & [40, 77]": "sex & age: a & [40, …]",
        "sex: a": "sex: a",
    }
    assert {slice: traces.without_seen(slice, features) for slice in slices} == slices


def test_every_table_of_scored_rows_is_known(logged, query):
    # a migration that adds a table must add it to SHARED
    found = query(
        "SELECT c.table_name FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = %s AND t.table_type = 'BASE TABLE'"
        " AND c.column_name IN ('record_id', 'row_number')"
        " AND c.table_name !~ '^(payload|feedback)_[0-9]' GROUP BY 1 HAVING count(*) = 2",
        logged.database.schema,
    )
    assert sorted(name for (name,) in found) == sorted(erasing.SHARED)


SPEAKING = """
    CREATE VIEW {0}.scored AS SELECT k.scoring_id || '-' || row_number AS id, record_id, row_number,
        p.scored_at
        FROM {0}.payload_1 p JOIN {0}.scoring_key k USING (record_id);
    INSERT INTO {0}.explanation (subscription_id, scoring_id, record_id, row_number, asset_revision,
        content)
        SELECT 1, id, record_id, row_number, '', '{{}}' FROM {0}.scored;
    INSERT INTO {0}.review_form (subscription_id, digest, content) VALUES (1, '', '{{}}');
    INSERT INTO {0}.review_task (task_id, subscription_id, form_id, wanted)
        SELECT id, 1, form_id, 1 FROM {0}.scored, {0}.review_form;
    INSERT INTO {0}.review_row
        (task_id, position, subscription_id, scoring_id, record_id, row_number, scored_at, reasons)
        SELECT id, 1, 1, id, record_id, row_number, scored_at, '{{}}' FROM {0}.scored"""


def speaking_of(subscription, query):
    """Return, by table, the ids of the rows that explanations and reviews refer to."""
    schema = subscription.database.schema
    return {
        table: sorted(name for (name,) in query(f"SELECT scoring_id FROM {schema}.{table}"))
        for table in ("explanation", "review_row")
    }


def test_explanations_and_reviews_of_a_row_are_erased_with_it(logged, query):
    query(SPEAKING.format(logged.database.schema))
    everything = sorted(ids(logged))
    assert speaking_of(logged, query) == {"explanation": everything, "review_row": everything}
    logged.payload_logging.delete_records(["b-2", "a"])
    left = ["a-1-1", "a-1-2", "b-1"]
    assert speaking_of(logged, query) == {"explanation": left, "review_row": left}


def test_explanations_and_reviews_are_dropped_with_their_month(mart, small, query):
    for age in (0, 5):
        small.payload_logging.store([small_record(f"{age} months", scoring_timestamp=at(age))])
    query(SPEAKING.format(small.database.schema))
    small.payload_logging.enable(keep_days=90)
    assert mart.maintain() == {"small": 1}
    assert speaking_of(small, query) == {
        "explanation": ["0 months-1"],
        "review_row": ["0 months-1"],
    }


def test_columns_that_are_never_stored(logged, query):
    query(
        SPEAKING.format(logged.database.schema).replace(
            "'', '{}' FROM", """'', '{"value": "red"}' FROM"""
        )
    )
    logged.payload_logging.enable(never_store=["colour"])
    logged.payload_logging.store([small_record("c", values=ROWS, answers=ANSWERS)])
    assert logged.payload_logging.get_table_content()["colour"].isna().all()
    assert logged.payload_logging.get_table_content()["size"].tolist() == [1.5, 2.5] * 4
    assert (
        logged.payload_logging.store([small_record("a", values=ROWS, answers=ANSWERS)]).skipped == 1
    )
    logged.feedback_logging.store([[1.5, "red", 1]])
    schema = logged.database.schema
    for (table,) in query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema):
        assert query(
            f"SELECT count(*) FROM {schema}.{table} t WHERE t::text ~ '\\mred\\M|\\mblue\\M'"
        ) == [(0,)], table
    with pytest.raises(ValueError, match="'predicted_label'"):
        logged.payload_logging.enable(never_store=["predicted_label"])


def test_a_column_that_is_never_stored_is_in_no_summary_and_no_error(capturing, query):
    subscription, write = capturing
    training = pd.DataFrame({"size": np.arange(100.0), "colour": ["green", "yellow"] * 50})
    subscription.payload_logging.store([small_record("a", values=ROWS, answers=ANSWERS)])
    subscription.drift_monitoring.enable(training, min_records=1)
    subscription.drift_monitoring.run()
    write(
        "a", event("b", "big,blue"), event("c", '[[1.5, ["red"]]]', PREDICTIONS, "JSON", JSON_KINDS)
    )
    assert subscription.payload_logging.ingest_capture(PREFIX).failed == 2
    subscription.payload_logging.enable(never_store=["colour"])
    write("b", event("d", '[[1.5, ["red"]]]', PREDICTIONS, "JSON", JSON_KINDS))
    assert subscription.payload_logging.ingest_capture(PREFIX).failed == 1
    assert subscription.payload_logging.list_errors()["reason"].str.contains("'colour'").all()
    schema = subscription.database.schema
    for (table,) in query("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema):
        found = query(
            f"SELECT t::text FROM {schema}.{table} t WHERE t::text ~ '\\mred\\M|\\mblue\\M'"
        )
        assert found == [], table


NOW = datetime.now(UTC)
MONTH = NOW.replace(day=15, hour=12)


def at(months_ago):
    month = MONTH
    for _ in range(months_ago):
        month = month.replace(day=1) - timedelta(days=1)
    return month.replace(day=15)


def test_old_months_are_dropped_as_a_whole(mart, small, query):
    for age in (0, 1, 2, 5, 6):
        small.payload_logging.store([small_record(f"{age} months", scoring_timestamp=at(age))])
        small.feedback_logging.store([{"scoring_id": f"{age} months-1", "diagnosis": 1}])
    small.payload_logging.store(
        [small_record("from 1970", scoring_timestamp="1970-01-01T00:00:00Z")]
    )
    small.payload_logging.store(
        [small_record("from 2099", scoring_timestamp="2099-01-01T00:00:00+02:00")]
    )
    assert mart.maintain() == {"small": 0}
    small.payload_logging.enable(keep_days=90)
    assert mart.maintain() == {"small": 3}
    assert ids(small) == ["0 months-1", "1 months-1", "2 months-1", "from 2099-1"]
    assert small.feedback_logging.get_records_count() == 3
    assert small.payload_logging.get_records_count() == 4
    partitions = query(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename ~ '^payload_1_[0-9]'",
        small.database.schema,
    )
    assert min(partitions)[0] >= f"payload_1_{at(3):%Y_%m}"
    with pytest.raises(ValueError, match="90 days"):
        small.payload_logging.store([small_record("late", scoring_timestamp=at(6))])
    with pytest.raises(ValueError, match="one day"):
        small.payload_logging.enable(keep_days=0)


def test_old_labels_with_features_of_their_own_and_old_errors_are_dropped(mart, small, query):
    small.payload_logging.store([small_record("a")])
    schema = small.database.schema
    for age in (0, 6):
        small.feedback_logging.store([[float(age), "red", 1]])
        query(f"UPDATE {schema}.feedback_1 SET record_timestamp = %s WHERE size = %s", at(age), age)
        query(
            f"INSERT INTO {schema}.payload_error VALUES (1, 's3://a', %s, 'why', %s)", age, at(age)
        )
    small.payload_logging.enable(keep_days=90)
    mart.maintain()
    assert query(f"SELECT size FROM {schema}.feedback_1") == [(0.0,)]
    assert small.payload_logging.list_errors()["line_number"].tolist() == [0]


@pytest.mark.parametrize(
    ("time", "partition"),
    [
        ("2026-02-28T23:59:59.999999Z", "2026_02"),
        ("2026-03-01T00:00:00Z", "2026_03"),
        ("2026-02-28T23:30:00-01:00", "2026_03"),
        (
            "2026-03-29T02:30:00+02:00",
            "2026_03",
        ),  # in the hour that is skipped when summer time begins in Europe
        ("2026-01-01T00:59:59+01:00", "2025_12"),
        ("2024-02-29T12:00:00", "2024_02"),
        ("1970-01-01T00:00:00Z", "default"),
        ("2199-01-01T00:00:00Z", "default"),
    ],
)
def test_months_end_at_midnight_utc(small, query, time, partition):
    small.payload_logging.store([small_record("a", scoring_timestamp=time)])
    schema = small.database.schema
    assert query(f"SELECT tableoid::regclass::text FROM {schema}.payload_1") == [
        (f"{schema}.payload_1_{partition}",)
    ]
    expected = datetime.fromisoformat(time)
    expected = expected.replace(tzinfo=UTC) if expected.tzinfo is None else expected
    assert small.payload_logging.get_table_content()["scoring_timestamp"][0] == expected


def test_a_new_month_takes_its_rows_from_the_default_partition(mart, small, query, monkeypatch):
    ahead = (NOW + timedelta(days=400)).replace(day=15)
    small.payload_logging.store([small_record("early", scoring_timestamp=ahead)])
    schema = small.database.schema
    where = f"SELECT tableoid::regclass::text FROM {schema}.payload_1"
    assert query(where) == [(f"{schema}.payload_1_default",)]
    monkeypatch.setattr("model_monitoring.datamart.tables.partitions.MONTHS_AHEAD", 15)
    mart.maintain()
    assert query(where) == [(f"{schema}.payload_1_{ahead:%Y_%m}",)]
    assert ids(small) == ["early-1"]


def test_a_month_that_another_writer_has_just_created(database_url, small):
    small.payload_logging.store([small_record("a")])
    other = datamart.DataMart(database_url, schema=small.database.schema).subscriptions.get(
        name="small"
    )
    old = at(3)

    def work(cursor):
        # It has cached that there is none
        cursor.execute("SELECT to_regclass(%s)", [f"payload_1_{old:%Y_%m}"])
        assert cursor.fetchone() == (None,)
        other.payload_logging.store([small_record("b", scoring_timestamp=old)])
        return partitions.prepare(
            cursor, "payload_1", np.array([old.replace(tzinfo=None)], "datetime64[us]")
        )

    assert small.database.run(work) == f"payload_1_{old:%Y_%m}"


def test_dump_and_restore(small, database_url, query, home):
    small.payload_logging.store([small_record("a", values=ROWS, answers=ANSWERS)])
    small.feedback_logging.store([{"scoring_id": "a-2", "diagnosis": 0}])
    before = small.payload_logging.get_table_content()
    schema = small.database.schema
    dump = subprocess.run(
        [server.BINARIES / "pg_dump", "-d", database_url, "-n", schema],
        capture_output=True,
        text=True,
        check=True,
    )
    query(f"DROP SCHEMA {schema} CASCADE")
    restored = subprocess.run(
        [server.BINARIES / "psql", "-d", database_url, "-v", "ON_ERROR_STOP=1", "-q"],
        input=dump.stdout,
        capture_output=True,
        text=True,
    )
    assert restored.returncode == 0, restored.stderr
    again = datamart.DataMart(database_url, schema=schema)
    assert again.setup()["subscriptions"] == 1
    subscription = again.subscriptions.get(name="small")
    assert subscription.payload_logging.get_table_content().equals(before)
    assert (
        subscription.payload_logging.store(
            [small_record("a", values=ROWS, answers=ANSWERS)]
        ).skipped
        == 1
    )
    assert subscription.payload_logging.store([small_record("b")]).stored == 1
