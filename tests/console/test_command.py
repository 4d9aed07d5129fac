"""`model-monitoring console`: starts, prints its address, ends.

What it has acknowledged is stored even if it is killed.
"""

import http.client
import os
import signal
import subprocess
import sys
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from model_monitoring.__main__ import main

from .conftest import Client, record

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def launch(database_url, state, schema):
    started = []

    def run(*arguments, **environment):
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "CONSOLE_TOKEN")
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "model_monitoring", "console", "--schema", schema, *arguments],
            cwd=REPOSITORY,
            env=kept
            | {"DATABASE_URL": database_url, "TUTORIAL_LOCAL_DIR": str(state)}
            | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


def url_of(process):
    line = process.stdout.readline()
    assert line.startswith("Console on http://127.0.0.1:"), line + process.stderr.read()
    return line.split()[-1]


def test_it_prints_its_address_and_ends_on_request(launch, state, subscription):
    process = launch("--port", "0")
    url = url_of(process)
    token = (state / "console" / "token").read_text().strip()
    said = process.stdout.readline()
    assert said == f"Sign in with the token in {state / 'console' / 'token'}\n"
    assert token not in said
    assert "small" in Client(url).sign_in(token).text
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert token not in process.stderr.read()


def test_an_error_is_reported_in_one_line(running, database_url, monkeypatch, capsys):
    port = running.url.rsplit(":", 1)[1]
    for arguments, environment, said in (
        (("--port", port), {}, f"Can't listen on port {port} of 127.0.0.1:"),
        (("--port", "70000"), {}, "ports go from 0 to 65535"),
        ((), {"CONSOLE_TOKEN": "short"}, "is too short (5 of 20 characters)"),
        (("--port", "0"), {"DATABASE_URL": "nonsense"}, "The database URL is invalid"),
        ((f"--database-url={database_url}",), {}, "unrecognized arguments: --database-url"),
        (("--port", "0", "--schema", "pg_x"), {}, "schema is 'pg_x'"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["model-monitoring", "console", *arguments])
            patch.setattr(signal, "signal", lambda *_: None)
            for name, value in {"DATABASE_URL": database_url, **environment}.items():
                patch.setenv(name, value)
            try:
                code = main()
            except SystemExit as ended:  # argparse's way
                code = ended.code
        assert code in (1, 2)
        error = capsys.readouterr().err
        assert said in error
        assert "Traceback" not in error


def test_what_it_acknowledged_survives_a_kill_at_any_moment(launch, schema, subscription):
    path, acknowledged, sent = f"/v1/data_marts/{schema}/scoring_payloads", set(), []
    for life in range(2):
        process = launch("--port", "0", CONSOLE_TOKEN="a-token-for-this-test")
        program = Client(url_of(process), "a-token-for-this-test")

        def send(n, program=program, life=life, process=process):
            scoring_id = f"{life}-{n}"
            sent.append(scoring_id)
            if n == 40 + 25 * life:
                process.kill()
            try:
                if program.post(path, [record(subscription, scoring_id)]).status == 202:
                    acknowledged.add(scoring_id)
            except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
                pass

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(send, range(120)))
    stored = [
        one.removesuffix("-1")
        for one in subscription.payload_logging.get_table_content()["scoring_id"]
    ]
    assert len(stored) == len(set(stored))
    assert 40 < len(acknowledged) < len(sent)
    assert acknowledged <= set(stored)

    process = launch("--port", "0", CONSOLE_TOKEN="a-token-for-this-test")
    program = Client(url_of(process), "a-token-for-this-test")
    assert program.post(path, [record(subscription, one) for one in sent]).status == 202
    assert subscription.payload_logging.get_records_count() == len(sent)
