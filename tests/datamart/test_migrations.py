"""Setting up creates what is missing and drops nothing; several processes may do it at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from model_monitoring import datamart
from model_monitoring.datamart.postgres import migrations

from .conftest import small_record


def test_setup_again_keeps_everything(mart, small, database_url):
    small.payload_logging.store([small_record("a")])
    again = datamart.DataMart(database_url, schema=small.database.schema)
    assert again.setup() == mart.get_details()
    assert again.subscriptions.get(name="small").payload_logging.get_records_count() == 1


def test_eight_processes_at_once(database_url, query):
    marts = [datamart.DataMart(database_url, schema="at once") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        details = list(pool.map(lambda mart: mart.setup(), marts))
    assert {detail["version"] for detail in details} == {max(migrations.SCRIPTS)}
    assert query('SELECT count(*) FROM "at once".migration') == [(len(migrations.SCRIPTS),)]


def test_a_newer_schema_is_refused(mart, small, database_url, query):
    query(
        f"INSERT INTO {small.database.schema}.migration (version, name) VALUES (999, 'of tomorrow')"
    )
    with pytest.raises(datamart.DataMartError, match=r"version 999.*update the code"):
        datamart.DataMart(database_url, schema=small.database.schema).setup()


def test_a_newer_schema_is_not_used_without_setup_either(small, database_url, query):
    mart = datamart.DataMart(database_url, schema=small.database.schema)
    query(
        f"INSERT INTO {small.database.schema}.migration (version, name) VALUES (999, 'of tomorrow')"
    )
    with pytest.raises(datamart.DataMartError, match=r"version 999.*update the code"):
        mart.subscriptions.list()


def test_an_older_schema_says_to_call_setup(database_url, monkeypatch):
    older = {version: script for version, script in migrations.SCRIPTS.items() if version < 4}
    mart = datamart.DataMart(database_url, schema="older")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "SCRIPTS", older)
        mart.setup()
    mart.bindings.add("e", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    for use in (mart.notifications.get_details, mart.reviews.create_all, lambda: send_column(mart)):
        with pytest.raises(datamart.DataMartError, match=r"older version: call setup\(\)"):
            use()
    mart.setup()
    assert mart.notifications.get_details() == {}
    send_column(mart)
    assert len(mart.bindings.get_uids()) == 1


def send_column(mart):
    """Query a column that was added later to an existing table."""
    mart._database.rows("SELECT opened_sent FROM alert")


def test_openscales_columns_are_in_the_views(mart, query):
    wanted = {  # as the pattern's notebook and client have them
        "QualityMetrics": "ts id measurement_id value lower_limit upper_limit tags binding_id"
        " subscription_id deployment_id process asset_revision",
        "PerformanceMetrics": "ts scoring_time scoring_records binding_id subscription_id"
        " deployment_id process asset_revision",
        "FairnessMetrics": "ts feature feature_value fairness_biased fairness_value"
        " fairness_fav_class binding_id subscription_id asset_revision deployment_id process",
        "PayloadError": "subscription_id reason",
    }
    schema = mart.get_details()["schema"]
    for view, columns in wanted.items():
        there = query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s"
            " AND table_name = %s",
            schema,
            view,
        )
        assert set(columns.split()) <= {name for (name,) in there}, view


def test_a_migration_that_fails_leaves_nothing(database_url, query, monkeypatch, tmp_path):
    bad = tmp_path / "999_bad.sql"
    bad.write_text("CREATE TABLE half_done (n integer); SELECT 1/0;")
    monkeypatch.setitem(migrations.SCRIPTS, 999, bad)
    with pytest.raises(Exception, match="division by zero"):
        datamart.DataMart(database_url, schema="half").setup()
    assert query("SELECT count(*) FROM pg_namespace WHERE nspname = 'half'") == [(0,)]
    monkeypatch.undo()
    assert datamart.DataMart(database_url, schema="half").setup()["status"] == "active"


def test_without_setup_the_error_says_so(database_url):
    with pytest.raises(datamart.DataMartError, match=r"setup\(\)"):
        datamart.DataMart(database_url, schema="never made").bindings.list()


def test_other_tables_in_the_schema_are_not_touched(database_url, query):
    query("CREATE SCHEMA mine; CREATE TABLE mine.thesis AS SELECT 1 AS chapter")
    datamart.DataMart(database_url, schema="mine").setup()
    assert query("SELECT chapter FROM mine.thesis") == [(1,)]
