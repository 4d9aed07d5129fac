"""The pages agree with the code: the modules and messages that they name, the figure, the times."""

import ast
import json
import re

import matplotlib.image
import matplotlib.pyplot as plt
import numpy as np
import pytest

from doc.tools import architecture, loop
from tests.test_imports import ALLOWED, FACE, LIBRARY, MODULES, REPOSITORY

PAGES = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("src/*.md"), *REPOSITORY.glob("doc/*.md")]
SOURCES = REPOSITORY / "src"
PACKAGE = SOURCES / "model_monitoring"
ARCHITECTURE = (REPOSITORY / "doc/architecture.md").read_text()
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(src|helpers|tests|doc|notebooks)/[\w./*-]*")
SHORT = re.compile(r"\w+/[\w/]+\.py")
DOTTED = re.compile(r"(model_monitoring|local_aws|helpers)(\.\w+)+")


def section(title: str) -> str:
    """Return what stands under a heading of doc/architecture.md."""
    return ARCHITECTURE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def inside(folder: str) -> str:
    """Return the list of what is inside a folder."""
    return ARCHITECTURE.partition(f"Inside **`{folder}/`**:\n\n")[2].partition("\n\n")[0]


def exists(path: str, folder=REPOSITORY) -> bool:
    """Return whether there is a file, a folder or a module of this name; `*` stands for any."""
    return any(folder.glob(path.rstrip("/"))) or (folder / f"{path}.py").is_file()


def known(path: str) -> bool:
    """Return whether a path is the end of one in the sources, or in the examples."""
    return any(SOURCES.rglob(path)) or exists(path, REPOSITORY / "doc")


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: page.stem)
def test_paths_and_modules_that_pages_name_exist(page):
    quoted = QUOTED.findall(page.read_text())
    paths = [one for one in quoted if PATH.fullmatch(one) and page.name != "CHANGELOG.md"]
    assert [path for path in paths if not exists(path)] == []
    shortened = [one for one in quoted if SHORT.fullmatch(one) and one not in paths]
    assert [path for path in shortened if not known(path)] == []
    dotted = [one for one in quoted if DOTTED.fullmatch(one) and page.name != "CHANGELOG.md"]
    # The last part may be a function or a class of the module
    assert [
        name for name in dotted if name not in MODULES and name.rpartition(".")[0] not in MODULES
    ] == []


@pytest.mark.parametrize("title", ["From lesson to room", "Where one thing lives"])
def test_each_module_of_the_maps_exists(title):
    """A name without a folder is in the folder of the name before it."""
    table = section(title).partition("|---|---|---|\n")[2]
    quoted = [name for line in table.splitlines() for name in QUOTED.findall(line)]
    folder, absent = "", []
    for name in quoted:
        path = name if "/" in name else f"{folder}/{name}"
        folder = path.rpartition("/")[0]
        root = REPOSITORY if path.startswith(("src/", "helpers/")) else PACKAGE
        if not exists(path, root):
            absent.append(path)
    assert quoted
    assert absent == []


@pytest.mark.parametrize("room", ["analysis", "datamart", "local_aws"])
def test_the_list_of_a_room_has_all_its_folders_and_only_what_exists(room):
    root = PACKAGE / room if f"model_monitoring.{room}" in LIBRARY else SOURCES / room
    folders = {f"{found.parent.relative_to(root)}/" for found in root.glob("*/__init__.py")}
    quoted, absent = set(), []
    for item in inside(room).split("\n- "):
        names = QUOTED.findall(item)
        own = [name.rstrip("/") for name in names if name.endswith("/")]
        quoted |= set(names)
        # A module is in the folder that the item is about, or in the room itself
        absent += [
            name for name in names if not any(exists(f"{one}/{name}", root) for one in (".", *own))
        ]
    assert absent == []
    assert folders - quoted == set()


def test_the_table_of_rooms_is_the_rule_that_is_tested():
    found = {}
    for line in section("Which room may import which").splitlines():
        if not line.startswith("|"):
            continue
        rooms, allowed = (QUOTED.findall(cell) for cell in line.strip("|").split("|"))
        names = {f"{FACE}.{name}" if f"{FACE}.{name}" in LIBRARY else name for name in allowed}
        whole = LIBRARY if FACE in names else set()
        found |= {room: names | whole for room in rooms}
    assert found == ALLOWED


def test_the_arrows_of_the_figure_are_the_imports_that_are_allowed():
    expected = ALLOWED | {"notebooks": {"helpers", FACE, *LIBRARY}}
    assert architecture.drawn() == expected


def test_the_figure_names_every_notebook():
    paths = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    named = re.findall(r"\b(\d\d) ", architecture.BOXES["notebooks"].says)
    assert named == [path.name[:2] for path in paths]


@pytest.mark.parametrize("tool", [architecture, loop], ids=["architecture", "loop"])
def test_the_figure_is_what_its_tool_draws(tool, tmp_path):
    with plt.rc_context(matplotlib.rcParamsDefault):  # other tests import the notebooks' style
        tool.draw().savefig(tmp_path / "drawn.png")
    kept, drawn = map(matplotlib.image.imread, (tool.FILE, tmp_path / "drawn.png"))
    rewrite = f"run python doc/tools/{tool.FILE.stem}.py"
    assert kept.shape == drawn.shape, rewrite
    assert np.abs(kept - drawn).mean() < 1e-3, rewrite  # letters may differ by a hair elsewhere


def test_the_loop_has_each_notebook_and_notebook_00_explains_its_stations():
    found = set()
    for _, _, notebooks, _ in loop.STATIONS.values():
        numbers = [int(number) for number in re.findall(r"\d+", notebooks)]
        found |= set(range(numbers[0], numbers[-1] + 1))
    assert found == set(range(1, 12))  # 00 begins, and 12 is about all of them
    text = (REPOSITORY / "notebooks/00_start_here.ipynb").read_text()
    assert [station for station in loop.STATIONS if f"**{station}" not in text] == []


@pytest.mark.parametrize(
    "path", sorted((REPOSITORY / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem
)
def test_the_readme_says_how_long_each_lesson_takes(path):
    cells = json.loads(path.read_text())["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    [minutes] = re.findall(r"\*\*Time\*\*: (\d+) minutes", "\n".join(texts))
    readme = (REPOSITORY / "README.md").read_text()
    assert re.findall(rf"\(notebooks/{path.name}\).*\| (\d+) \|\n", readme) == [minutes]


def sentences() -> str:
    """Return all strings of the code, with … for what is filled in, and the Makefile."""
    found = [(REPOSITORY / "Makefile").read_text()]
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [getattr(part, "value", "…") for part in node.values]
                found.append("".join(part if isinstance(part, str) else "…" for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found).replace("`", "")


def test_the_messages_that_troubleshooting_explains_are_those_of_the_code():
    said = sentences()
    rows = (REPOSITORY / "doc/troubleshooting.md").read_text().split("|---|---|---|\n")[1]
    cells = [line.split(" | ")[0] for line in rows.splitlines() if line.startswith("| ")]
    ours = [one for cell in cells if "while installing" not in cell for one in QUOTED.findall(cell)]
    parts = [part.strip(" ,:") for message in ours for part in message.split("…")]
    assert [part for part in parts if part not in said] == []
