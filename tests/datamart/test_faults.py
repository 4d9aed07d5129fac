"""A database that dies, hangs, fills up or is locked: one clear error in time.

Afterwards, everything works again.
"""

import contextlib
import io
import os
import signal
import socket
import subprocess
import threading
import time

import psycopg2
import pytest
from psycopg2 import extensions

from model_monitoring import datamart
from model_monitoring.datamart.postgres import connecting, copying, server, watching
from model_monitoring.datamart.postgres.database import Database

from .conftest import folder, small_record

SOON = 25  # seconds within which there must be a result, even on a busy machine


@pytest.fixture(scope="module")
def own():
    """A server of its own, which these tests may kill."""
    with folder() as path:
        yield server.start(path / "postgresql"), path / "postgresql"
        server.stop(path / "postgresql")


def subscribed(url, schema):
    mart = datamart.DataMart(url, schema=schema)
    mart.setup()
    binding = mart.bindings.add(
        "engine", datamart.SageMakerMachineLearningInstance(region="us-east-1")
    )
    asset = datamart.SageMakerMachineLearningAsset(
        source_uid="e",
        binding_uid=binding,
        name="small",
        problem_type="binary",
        label_column="diagnosis",
        prediction_column="predicted_label",
        probability_column="score",
        feature_columns=["size", "colour"],
        categorical_columns=["colour"],
        positive_label=1,
    )
    subscription = mart.subscriptions.add(asset)
    subscription.payload_logging.store([small_record("first")])
    return mart, subscription


def kill(cursor):
    os.kill(cursor.connection.info.backend_pid, signal.SIGKILL)
    time.sleep(0.2)


@pytest.mark.parametrize(
    "stage", ["before the first statement", "between statements", "before the commit"]
)
def test_a_backend_killed_at_any_stage(own, stage):
    database, calls = Database(own[0], "public"), []
    database.execute("DROP TABLE IF EXISTS t; CREATE TABLE t (n integer)")

    def work(cursor):
        calls.append(stage)
        first = len(calls) == 1
        for place in ("before the first statement", "between statements", "before the commit"):
            if first and stage == place:
                kill(cursor)
            if place != "before the commit":
                cursor.execute("INSERT INTO t VALUES (1)")
        return "done"

    assert database.run(work, once=True) == "done"
    assert len(calls) == 2
    assert database.rows("SELECT count(*) AS n FROM t") == [{"n": 2}]


@pytest.mark.parametrize("way", ["in", "out"])
def test_a_backend_killed_in_the_middle_of_copy(own, monkeypatch, way):
    _, small = subscribed(own[0], f"copy_{way}")
    small.payload_logging.store([small_record(f"r{i}") for i in range(99)])
    killed = []

    def kill_who_copies():
        if not killed:
            copying_now = (
                "SELECT pid FROM pg_stat_activity WHERE query LIKE 'COPY%'"
                " AND pid <> pg_backend_pid()"
            )
            killed.append(
                small.database.rows(f"{copying_now} AND state <> 'idle' LIMIT 1")[0]["pid"]
            )
            os.kill(killed[0], signal.SIGKILL)
            time.sleep(0.2)

    class Buffer(io.BytesIO):
        def write(self, data):
            kill_who_copies()
            return super().write(data)

    read = copying._Parts.read
    if way == "in":
        monkeypatch.setattr(
            copying._Parts, "read", lambda *given: (kill_who_copies(), read(*given))[1]
        )
        more = [small_record(f"s{i}") for i in range(50)]  # a few would not be copied
        assert small.payload_logging.store(more).rows == 50
    else:
        monkeypatch.setattr(copying.io, "BytesIO", Buffer)
        assert len(small.payload_logging.get_window()) == 100
    assert killed
    assert small.payload_logging.get_records_count() == (150 if way == "in" else 100)


def test_committed_work_is_not_repeated_if_the_reply_to_commit_is_lost(own, monkeypatch):
    mart, small = subscribed(own[0], "commit")
    small.quality_monitoring.enable(threshold=1.0, min_records=1)
    small.set_alerting(rule="limits")  # chance explains a few rows
    lost = []

    class Losing(extensions.connection):
        def commit(self):
            super().commit()
            if armed:
                lost.append(armed.pop())
                self.close()
                raise psycopg2.OperationalError("server closed the connection unexpectedly")

    armed = []
    monkeypatch.setattr(
        connecting, "connect", lambda given: psycopg2.connect(connection_factory=Losing, **given)
    )
    small.database._close_idle()
    armed.append("store")
    small.payload_logging.store([small_record("second", answers=[[0.9, 0]])])
    armed.append("feedback with features")
    assert small.feedback_logging.store([[1.0, "red", 1]]).stored == 1
    armed.append("labels")
    small.feedback_logging.store([{"scoring_id": "second-1", "diagnosis": 1}])
    assert small.feedback_logging.get_records_count() == 2
    armed.append("run")
    assert small.quality_monitoring.run()["state"] == "finished"
    alert = mart.alerts.list(state="open")["alert_id"][0]
    armed.append("acknowledge")
    mart.alerts._database = small.database
    mart.alerts.acknowledge(alert, by="anna")
    assert mart.alerts.list()["acknowledged_by"].tolist() == ["anna"]
    armed.append("delete")
    assert small.payload_logging.delete_records(["second"]) == 1
    assert small.payload_logging.get_records_count() == 1
    assert lost == ["store", "feedback with features", "labels", "run", "acknowledge", "delete"]


def test_a_lock_is_named_and_waited_for_only_as_long_as_allowed(own):
    subscribed(own[0], "locked")
    busy = datamart.DataMart(own[0], "locked", time_outs=connecting.PAGES._replace(lock=1))
    with contextlib.closing(psycopg2.connect(own[0], application_name="somebody's psql")) as holder:
        holder.cursor().execute("LOCK TABLE locked.scoring_key")
        began = time.monotonic()
        with pytest.raises(
            datamart.BusyError, match=r"somebody's psql.*holds scoring_key.*pg_terminate_backend"
        ):
            busy.subscriptions.get(name="small").payload_logging.store([small_record("second")])
        assert time.monotonic() - began < SOON
        assert len(busy.subscriptions.list()) == 1  # what isn't locked can be read meanwhile
    assert (
        busy.subscriptions.get(name="small").payload_logging.store([small_record("second")]).stored
        == 1
    )


def test_settings_in_the_url_take_precedence(own):
    url = own[0] + "&options=-c%20statement_timeout%3D1234"
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    shown = "SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in names)
    assert list(Database(url, "public", connecting.PAGES).rows(shown)[0].values()) == [
        "1234ms",
        "3s",
        "1min",
    ]
    assert list(Database(own[0], "public").rows(shown)[0].values()) == ["1h", "30s", "10min"]


@pytest.mark.parametrize(
    ("statement", "kind", "said"),
    [
        ("SELECT pg_sleep(30)", datamart.BusyError, "statement_timeout"),
        (
            "SET TRANSACTION READ ONLY; CREATE TABLE u (n integer)",
            datamart.DataMartError,
            "primary",
        ),
        (
            "SELECT repeat('x', 1000000000) || repeat('x', 1000000000)",
            datamart.DataMartError,
            "PostgreSQL, database",
        ),
        ("SELECT '\\ud800'::jsonb", ValueError, "can't hold"),
        ("SELECT 1/0", ValueError, "can't hold a value: division"),
    ],
)
def test_each_problem_has_one_error_message(own, statement, kind, said):
    database = Database(own[0], "public", connecting.PAGES._replace(statement=1))
    began = time.monotonic()
    with pytest.raises(kind, match=said):
        database.execute(statement)
    assert time.monotonic() - began < SOON
    assert database.rows("SELECT 1 AS n") == [{"n": 1}]


class Proxy:
    """Between a client and the server's socket; after `vanish` it accepts all but is silent."""

    def __init__(self, path):
        self._path, self.gone = path, False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open = [self._listener]
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                behind = socket.socket(socket.AF_UNIX)
                behind.connect(self._path)
                self._open += [client, behind]
                for pair in ((client, behind), (behind, client)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.gone:
                    target.sendall(data)
        if not self.gone:
            target.close()

    def close(self):
        for each in self._open:
            each.close()


def test_a_server_that_vanished_behind_a_proxy(own, monkeypatch):
    monkeypatch.setattr(watching, "LONG", 1.0)
    sockets = (own[1] / "postmaster.pid").read_text().splitlines()[4]
    with contextlib.closing(Proxy(f"{sockets}/.s.PGSQL.5432")) as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?connect_timeout=2&sslmode=disable"
        database = Database(
            url + "&gssencmode=disable", "public", connecting.PAGES._replace(restart=1)
        )
        assert database.rows("SELECT 1 AS n") == [{"n": 1}]
        proxy.gone = True
        for _ in range(2):  # on an existing connection, and on a new one
            began = time.monotonic()
            with pytest.raises(datamart.DataMartError):
                database.rows("SELECT 1 AS n")
            assert time.monotonic() - began < SOON
            assert Database(own[0], "public").rows("SELECT 1 AS n") == [{"n": 1}]
        proxy.gone = False
        assert database.rows("SELECT 1 AS n") == [{"n": 1}]


def test_a_slow_statement_on_a_responsive_server_is_not_interrupted(own, monkeypatch):
    monkeypatch.setattr(watching, "LONG", 0.1)
    assert Database(own[0], "public").rows("SELECT pg_sleep(4)::text AS done") == [{"done": ""}]


@pytest.fixture
def small_disk(home):
    disk = home / "disk"
    disk.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mounted, capture_output=True).returncode:
        pytest.skip("a small disk can't be mounted here")
    try:
        yield disk
    finally:
        server.stop(disk / "postgresql")
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk(small_disk):
    url = server.start(small_disk / "postgresql")
    _, small = subscribed(url, "full")
    fill = small_disk / "fill"
    with contextlib.suppress(OSError), open(fill, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    records = [small_record(f"big{i}", values=[[1.0, os.urandom(3000).hex()]]) for i in range(3000)]
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(datamart.DataMartError):
            small.payload_logging.store(records)
        assert time.monotonic() - began < 2 * SOON
    fill.unlink()
    assert small.payload_logging.store([small_record("second")]).stored == 1
    assert small.payload_logging.get_records_count() == 2
