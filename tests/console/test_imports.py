"""The console asks the data mart and reads no table itself; what each room may import."""

import ast
import re
from pathlib import Path

import pytest

import model_monitoring

LIBRARY = Path(model_monitoring.__file__).parent
SQL = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|JOIN|ORDER BY|GROUP BY)\b")
# Which of the library's packages each room may import, besides itself.
ALLOWED = {
    "console": {"datamart", "review"},
    "review": set(),
    "datamart/browsing": {"datamart"},
}
SERVICES = {"boto3", "botocore", "psycopg2", "moto", "flask"}


def sources(room):
    return sorted((LIBRARY / room).rglob("*.py"))


def imported(path):
    """Every absolute import of a file; relative ones are resolved."""
    package = ["model_monitoring", *path.relative_to(LIBRARY).parent.parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def test_the_console_has_no_sql():
    for path in (LIBRARY / "console").rglob("*"):
        if path.suffix in (".py", ".html"):
            assert not SQL.search(path.read_text()), path


def test_the_console_opens_no_connection():
    for path in sources("console"):
        for name in imported(path):
            assert not name.startswith(("psycopg2", "model_monitoring.datamart.postgres")), path


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_what_it_may(room):
    own = room.split("/")[0]
    for path in sources(room):
        ours = [name.split(".") for name in imported(path) if name.startswith("model_monitoring.")]
        assert {parts[1] for parts in ours} - {own} <= ALLOWED[room], path


def test_browsing_imports_nothing_above_it():
    for path in sources("datamart/browsing"):
        for name in imported(path):
            if name.startswith("model_monitoring."):
                assert name.split(".")[2] in ("browsing", "postgres", "tables"), (path, name)


def test_reviews_import_no_service():
    for path in sources("review"):
        assert not {name.split(".")[0] for name in imported(path)} & SERVICES, path


def test_what_the_rules_look_for_is_found():
    browsing = "".join(path.read_text() for path in sources("datamart/browsing"))
    assert SQL.search(browsing)
    found = set(imported(LIBRARY / "review" / "site.py"))
    assert "model_monitoring.review.door.comes_from_elsewhere" in found
    assert "model_monitoring.review.working" in found
