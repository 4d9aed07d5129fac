"""The rooms of doc/architecture.md: which may import which, what stays out of the analysis, and no
circles.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
FACE = "model_monitoring"
LIBRARY = {f"{FACE}.{room}" for room in ("analysis", "datamart", "review", "console")}
ALLOWED = {
    "model_monitoring.analysis": set(),
    "model_monitoring.review": set(),
    "model_monitoring.datamart": {"model_monitoring.analysis", "model_monitoring.review"},
    "model_monitoring.console": {"model_monitoring.datamart", "model_monitoring.review"},
    FACE: LIBRARY,  # __init__.py, and the one command
    "local_aws": {"model_monitoring.analysis", "model_monitoring.review"},
    "helpers": {FACE, *LIBRARY},
}
KEPT_OUT = {"boto3", "botocore", "psycopg2", "moto", "flask"}
FACE_MODULES = ("__init__", "__main__", "commands")


def module_name(path: Path) -> str:
    """Return the dotted name by which a file is imported."""
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


PACKAGES = ("src/model_monitoring", "src/local_aws", "helpers")
FILES = sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
MODULES = {module_name(path): path for path in FILES}


def imports(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """Every import of a file, those inside functions and TYPE_CHECKING among them."""
    found = ast.walk(ast.parse(path.read_text()))
    return [node for node in found if isinstance(node, ast.Import | ast.ImportFrom)]


def named(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    """Return what an import names, dotted; a relative one is resolved against `package`."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = package.rsplit(".", node.level - 1)[0] if node.level else ""
    stem = ".".join(part for part in (base, node.module) if part)
    return [f"{stem}.{alias.name}" for alias in node.names]


def imported(path: Path) -> set[str]:
    """Return everything that a file imports, dotted."""
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return {one for node in imports(path) for one in named(node, package)}


def module_of(name: str) -> str | None:
    """Return which of our modules `a.b.c` is or is taken from."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


def room(name: str) -> str:
    """Return the room of one of our modules."""
    first, *rest = name.split(".")
    inside = bool(rest) and rest[0] not in FACE_MODULES
    return f"{first}.{rest[0]}" if first == FACE and inside else first


@pytest.mark.parametrize("name", MODULES)
def test_rooms_import_only_what_they_may(name):
    found = {room(one) for one in map(module_of, imported(MODULES[name])) if one}
    assert found - {room(name)} <= ALLOWED[room(name)]


@pytest.mark.parametrize(
    "name", [name for name in MODULES if room(name).endswith((".analysis", ".review"))]
)
def test_the_analysis_and_the_review_know_no_service(name):
    assert not {one.split(".")[0].lower() for one in imported(MODULES[name])} & KEPT_OUT


@pytest.mark.parametrize(
    "name", [name for name in MODULES if room(name) == "model_monitoring.analysis"]
)
def test_the_analysis_names_itself_nowhere(name):
    """Its folder can be copied elsewhere, and be called otherwise."""
    assert not any(one.split(".")[0] == FACE for one in absolute(MODULES[name]))


def absolute(path: Path) -> set[str]:
    """Return what a file imports by absolute names."""
    return {
        one
        for node in imports(path)
        if isinstance(node, ast.Import) or not node.level
        for one in named(node, "")
    }


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that reach each other (Tarjan's strongly connected parts)."""
    number, low, stack, found = {}, {}, [], []

    def visit(name: str) -> None:
        number[name] = low[name] = len(number)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in number:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], number[other])
        if low[name] == number[name]:
            part = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(part) > 1 or name in graph[name]:
                found.append(sorted(part))

    for name in graph:
        if name not in number:
            visit(name)
    return found


def test_no_module_imports_itself_over_others():
    """Neither openly, nor hidden by TYPE_CHECKING or by an import inside a function."""
    graph = {
        name: {one for one in map(module_of, imported(path)) if one} - {name}
        for name, path in MODULES.items()
    }
    assert circles(graph) == []


def test_circles_are_found():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": {"e"}, "f": set()}
    assert circles(graph) == [["a", "b", "c"], ["e"]]


def test_no_file_hides_an_import_behind_type_checking():
    hidden = [name for name, path in MODULES.items() if "TYPE_CHECKING" in path.read_text()]
    assert hidden == []


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_notebooks_import_two_levels_deep_at_most(path):
    """And never the offline AWS."""
    cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    # Without the lines that only IPython understands
    sources = [re.sub(r"^[%!].*$", "", "".join(cell["source"]), flags=re.M) for cell in cells]
    taken = {
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    ours = {name for name in taken if name.split(".")[0] in (FACE, "helpers", "local_aws")}
    assert not {name for name in ours if name.startswith("local_aws")}
    assert not {name for name in ours if name.count(".") > 1}


def test_the_rule_sees_every_form_of_import(tmp_path):
    lines = [
        "import model_monitoring.console",
        "from model_monitoring import datamart",
        "from ..review import answers",
        "from . import quality",
    ]
    nodes = ast.parse("\n".join(lines)).body
    found = {one for node in nodes for one in named(node, "model_monitoring.analysis")}
    assert found == {
        "model_monitoring.console",
        "model_monitoring.datamart",
        "model_monitoring.review.answers",
        "model_monitoring.analysis.quality",
    }


def test_importing_helpers_is_light():
    code = "import sys, helpers.use_cases; print('boto3' in sys.modules or 'moto' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
