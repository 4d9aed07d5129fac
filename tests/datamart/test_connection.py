"""Clear errors, without the password, if PostgreSQL can't be reached or refuses.

A restart of the server is waited for.
"""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import psycopg2
import pytest

from model_monitoring import datamart
from model_monitoring.datamart.postgres import database, server

from .conftest import small_record


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://postgres:hunter2@127.0.0.1:1/data",
        "postgresql://postgres:hunter2@127.0.0.1:notaport/data",
        "postgresql://postgres:hunter2@localhost/data?nosuchoption=1",
        "postgresql://postgres:hunter2@no-such-host.invalid/data?connect_timeout=3",
        "mysql://postgres:hunter2@localhost/data",
        "hunter2",
        "",
    ],
)
def test_an_unreachable_server_and_an_invalid_url(url, monkeypatch):
    monkeypatch.setenv("PGHOST", "/nonexistent")
    began = time.monotonic()
    with pytest.raises(datamart.DataMartError) as caught:
        datamart.DataMart(url).setup()
    assert time.monotonic() - began < 8
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert "hunter2" not in repr(vars(caught.value))


def test_an_address_that_is_not_set_is_named():
    with pytest.raises(datamart.DataMartError, match=r"NoneType, not a string.*DATABASE_URL set"):
        datamart.DataMart(None).setup()


@pytest.fixture
def own_server(home):
    yield server.start(home / "postgresql"), home / "postgresql"
    server.stop(home / "postgresql")


def test_wrong_password(own_server):
    url, directory = own_server
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE USER analyst PASSWORD 'correct horse'; CREATE SCHEMA hers AUTHORIZATION analyst"
        )
        (directory / "pg_hba.conf").write_text(
            "local all analyst scram-sha-256\nlocal all all trust\n"
        )
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()
    time.sleep(0.3)
    right = url.replace("postgres@", "analyst:correct%20horse@")
    assert datamart.DataMart(right, schema="hers").setup()["status"] == "active"
    with pytest.raises(datamart.DataMartError, match="password authentication failed") as caught:
        datamart.DataMart(right.replace("correct", "battery"), schema="hers").setup()
    assert "battery" not in str(caught.value)
    with pytest.raises(datamart.DataMartError, match="permission denied"):
        datamart.DataMart(right, schema="not hers").setup()


def answering(reply):
    """Start a server that replies with some bytes to anything; return its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        with listener, listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(reply)

    threading.Thread(target=answer, daemon=True).start()
    return listener.getsockname()[1]


def test_sslmode_is_honoured():
    port = answering(b"N")
    with pytest.raises(datamart.DataMartError, match="server does not support SSL"):
        datamart.DataMart(f"postgresql://u@127.0.0.1:{port}/d?sslmode=require").setup()


def test_a_password_that_the_server_repeats_is_hidden():
    fields = b"SFATAL\0C28P01\0Mwho says 'hunter2' here?\0\0"
    port = answering(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
    with pytest.raises(datamart.DataMartError, match=r"who says '\*\*\*'"):
        datamart.DataMart(
            f"postgresql://u:hunter2@127.0.0.1:{port}/d?sslmode=disable&gssencmode=disable"
        ).setup()


def test_a_restart_of_the_server_is_waited_for(own_server):
    url, directory = own_server
    mart = datamart.DataMart(url)
    mart.setup()
    uid = mart.bindings.add("engine", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    subscription = mart.subscriptions.add(
        datamart.SageMakerMachineLearningAsset(
            source_uid="e",
            binding_uid=uid,
            problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
            label_column="diagnosis",
            prediction_column="predicted_label",
            probability_column="score",
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
        )
    )
    subscription.payload_logging.store([small_record("before")])
    os.kill(int((directory / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    threading.Timer(1.0, server.start, [directory]).start()
    assert (
        subscription.payload_logging.store([small_record("before"), small_record("after")]).skipped
        == 1
    )
    assert subscription.payload_logging.get_records_count() == 2


def test_a_server_that_dies_on_a_new_connection_is_waited_for(mart, small, monkeypatch):
    small.database._idle.clear()
    original, tried = database.refuse_newer, []

    def ask(*arguments):
        tried.append(True)
        if len(tried) == 1:
            raise psycopg2.OperationalError(
                "terminating connection due to unexpected postmaster exit"
            )
        original(*arguments)

    monkeypatch.setattr(database, "refuse_newer", ask)
    assert small.payload_logging.store([small_record("a")]).stored == 1
    assert len(tried) == 2


def test_connections_are_reused_and_given_back_after_errors(mart, small, query):
    for _ in range(30):
        with pytest.raises(ValueError):
            small.payload_logging.store([small_record("a", values=[[float("nan"), "red"]])])
        small.payload_logging.store([small_record("a")])
    application = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'data mart'"
        " AND state = 'idle'"
    )
    assert len(small.database._idle) == 1
    assert query(application)[0][0] < 20


def test_the_documented_role_reads_and_does_nothing_else(mart, small, query, database_url):
    page = (Path(__file__).resolve().parents[2] / "doc" / "data-mart.md").read_text()
    statements = page.split("CREATE ROLE")[1].split("```")[0]
    schema = small.database.schema
    query("CREATE ROLE" + statements.replace("data_mart", schema))
    small.payload_logging.store([small_record("a")])
    reading = datamart.DataMart(database_url.replace("postgres@", "dashboard@"), schema=schema)
    subscription = reading.subscriptions.get(name="small")
    assert len(subscription.payload_logging.get_table_content()) == 1
    assert reading.alerts.list().empty
    with pytest.raises(datamart.DataMartError, match="permission denied"):
        subscription.payload_logging.store([small_record("b")])
    with pytest.raises(datamart.DataMartError, match="permission denied"):
        reading.bindings.add("x", datamart.SageMakerMachineLearningInstance(region="us-east-1"))
    query("DROP OWNED BY dashboard; DROP ROLE dashboard")


def test_documented_queries_run(mart, small, query):
    page = (Path(__file__).resolve().parents[2] / "doc" / "data-mart.md").read_text()
    small.payload_logging.store([small_record("a", response_time=3)])
    statements = (
        page.split("```sql")[1]
        .split("```")[0]
        .replace("Payload_breast-cancer-xgboost", "Payload_small")
    )
    for statement in statements.strip().split(";\n"):
        query(f"SET search_path TO {small.database.schema}; {statement}")


@pytest.mark.parametrize(
    "secret", ["sec@ret", "sec/ret", "sec@ret/more", "a:b@sec", "@sec", "/sec", "sec?/ret", "sec/@"]
)
def test_a_password_that_must_be_encoded_is_never_shown(secret):
    for url in (
        f"postgresql://u:{secret}@127.0.0.1:1/db",
        f"postgresql://{secret}:pw@127.0.0.1/db",
    ):
        with pytest.raises(datamart.DataMartError, match="@ as %40") as caught:
            datamart.DataMart(url, schema="x").setup()
        assert "sec" not in str(caught.value) and caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:sec%40ret@127.0.0.1:1/db",
        "postgresql://u:sec?ret#@127.0.0.1:1/db",
        "postgresql:///db?host=/tmp/nowhere&user=me@server",
        "postgresql://u@[::1]:1,127.0.0.1:1/db",
        "host=127.0.0.1 port=1 dbname=db password='a@b/c'",
    ],
)
def test_urls_that_are_encoded_are_taken(url):
    with pytest.raises(datamart.DataMartError) as caught:
        datamart.DataMart(url, schema="x").setup()
    assert "%40" not in str(caught.value) and "invalid" not in str(caught.value)
