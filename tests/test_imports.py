"""The layers of doc/architecture.md: which helper may import which, and which packages stay out of
the analysis.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = Path(__file__).parent.parent / "helpers"
ALLOWED = {
    "monitors": set(),
    "review": set(),
    "use_cases": set(),
    "figures": {"monitors"},
    "datamart": {"monitors", "review"},
    "console": {"datamart", "review"},
    "local_aws": {"monitors", "review"},
    "cleanup": set(),
    "stopped": set(),
    "workspace": {"cleanup", "datamart", "stopped"},
    "notebook_runner": {"run_lock"},
    "run_lock": set(),
}
KEPT_OUT = {"boto3", "botocore", "psycopg2", "moto", "flask"}
FILES = sorted(HELPERS.rglob("*.py"))


def imported(source: str, package: str) -> set[str]:
    """Every module that a source text imports, dotted; relative imports are resolved against
    `package`.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = (
                package.rsplit(".", node.level - 1)[0]
                if node.level > 1
                else package
                if node.level
                else ""
            )
            stem = ".".join(part for part in (base, node.module) if part)
            found |= {f"{stem}.{alias.name}" for alias in node.names}
    return found


def room(path: Path) -> str:
    return path.relative_to(HELPERS).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(HELPERS)))
def test_helpers_import_only_the_layers_below(path):
    if room(path) == "__init__":
        return
    package = ".".join(path.relative_to(HELPERS.parent).parent.parts)
    helpers = {
        name.split(".")[1]
        for name in imported(path.read_text(), package)
        if name.startswith("helpers.")
    }
    assert room(path) in ALLOWED, f"say in ALLOWED what {room(path)} may import"
    assert helpers - {room(path)} <= ALLOWED[room(path)]


@pytest.mark.parametrize(
    "path", [path for path in FILES if room(path) in ("monitors", "review")], ids=str
)
def test_analysis_knows_no_service(path):
    if path.name == "__main__.py":
        return
    assert not {name.split(".")[0].lower() for name in imported(path.read_text(), "")} & KEPT_OUT


@pytest.mark.parametrize(
    "path", sorted((HELPERS.parent / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_notebooks_leave_the_offline_aws_alone(path):
    assert "local_aws import" not in path.read_text() and "import local_aws" not in path.read_text()


def test_the_rule_sees_every_form_of_import():
    source = "import model_monitoring.console\nfrom helpers import datamart\nfrom ..review import answers\nfrom . import quality"
    found = imported(source, "model_monitoring.analysis")
    assert found == {
        "model_monitoring.console",
        "model_monitoring.datamart",
        "model_monitoring.review.answers",
        "model_monitoring.analysis.quality",
    }


def test_importing_helpers_is_light():
    code = "import sys, helpers.use_cases; print('boto3' in sys.modules or 'moto' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=HELPERS.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
