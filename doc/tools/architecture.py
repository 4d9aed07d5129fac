"""Draw the figure of doc/architecture.md: the rooms, and which imports which.

`python doc/tools/architecture.py` writes it. `tests/test_documents.py` compares its arrows with the
rule of `tests/test_imports.py`.
"""

from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

FILE = Path(__file__).parents[1] / "source/images/architecture.png"
LIBRARY = "model_monitoring"
ROOMS = tuple(f"{LIBRARY}.{room}" for room in ("analysis", "datamart", "review", "console"))
BLUE, ORANGE, GREEN, GREY = "#0072b2", "#de8f05", "#029e73", "#808080"  # safe for the colour-blind


class Box(NamedTuple):
    """A room: its place (left, bottom, width, height), its colours, what it does."""

    place: tuple[float, float, float, float]
    edge: str
    face: str
    says: str


BOXES = {
    "notebooks": Box(
        (0, 8.75, 13.4, 1.2),
        BLUE,
        "#edf4fc",
        "00 start · 01 prepare · 02 train, deploy · 03 data mart · 04 subscribe · 05 payloads ·"
        " 06 quality\n07 drift · 08 fairness · 09 explanations · 10 review by people ·"
        " 11 retrain, promote · 12 work with the data mart",
    ),
    "helpers": Box(
        (0, 6.9, 5.2, 1.2),
        ORANGE,
        "#fff6ea",
        "workspace.open() decides: offline or AWS?\nuse cases, figures, cleanup",
    ),
    LIBRARY: Box(
        (0.3, 5.05, 11.8, 0.9),
        GREEN,
        "#d9f2e8",
        "the library: its public names, and the one command",
    ),
    "model_monitoring.console": Box(
        (5.3, 3.5, 4.7, 0.95), GREEN, "white", "status pages, REST, the reviewers' site"
    ),
    "model_monitoring.datamart": Box(
        (2.3, 1.75, 5.9, 1.2),
        GREEN,
        "white",
        "logging, monitors, alerts, reviews\nin PostgreSQL: embedded, or DATABASE_URL",
    ),
    "model_monitoring.analysis": Box(
        (0.3, 0, 5.2, 1.2),
        GREEN,
        "white",
        "quality, drift, fairness, explanations:\nfrom arrays and files to results",
    ),
    "model_monitoring.review": Box(
        (6.3, 0, 5.8, 1.2),
        GREEN,
        "white",
        "a reviewer's task: templates, the page,\nA2I's output.json",
    ),
    "local_aws": Box(
        (0, -2.1, 13.4, 1.2),
        GREY,
        "#f4f4f4",
        "the offline AWS, a program of its own: it trains, serves, captures and monitors."
        "\nOn AWS, your account is in its place.",
    ),
}
FRAME = (0, -0.3, 12.4, 6.5)  # round the library
HTTP = 12.9  # where the line of requests is
LEGEND = """An arrow goes from what imports
to what is imported; at the frame
it may be any part of the library."""
# Who imports whom, and where the arrow stands. One that ends at the frame stands for the library's
# public names and all its rooms.
ARROWS = [
    ("notebooks", "helpers", 2.6),
    ("notebooks", "frame", 8.8),
    ("helpers", "frame", 2.6),
    (LIBRARY, "model_monitoring.analysis", 1.3),
    (LIBRARY, "model_monitoring.datamart", 3.8),
    (LIBRARY, "model_monitoring.console", 7.6),
    (LIBRARY, "model_monitoring.review", 11.1),
    ("model_monitoring.console", "model_monitoring.datamart", 6.6),
    ("model_monitoring.console", "model_monitoring.review", 9.1),
    ("model_monitoring.datamart", "model_monitoring.analysis", 3.8),
    ("model_monitoring.datamart", "model_monitoring.review", 7.2),
    ("local_aws", "model_monitoring.analysis", 2.6),
    ("local_aws", "model_monitoring.review", 9.1),
]


def drawn() -> dict[str, set[str]]:
    """Return who imports whom in the figure."""
    found: dict[str, set[str]] = {name: set() for name in BOXES}
    for start, end, _ in ARROWS:
        found[start] |= {LIBRARY, *ROOMS} if end == "frame" else {end}
    return found


def draw() -> Figure:
    """Draw the figure."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 10.5}):
        figure = Figure(figsize=(11, 9.9), dpi=120, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(-0.3, 13.7), ylim=(-2.4, 10.2))
        axes.axis("off")
        _rectangle(axes, FRAME, GREEN, "#f3fbf8")
        for name, box in BOXES.items():
            _rectangle(axes, box.place, box.edge, box.face)
            left, top = box.place[0], box.place[1] + box.place[3]
            axes.text(left + 0.2, top - 0.17, name.rpartition(".")[2], weight="bold", va="top")
            axes.text(left + 0.2, top - 0.49, box.says, va="top", linespacing=1.35)
        for start, end, x in ARROWS:
            _arrow(axes, start, end, x)
        _requests(axes)
        axes.text(9.1, 8.0, LEGEND, va="top", linespacing=1.35, color="#404040", size=9.5)
        return figure


def _rectangle(axes, place: tuple[float, float, float, float], edge: str, face: str) -> None:
    left, bottom, width, height = place
    style = "round,pad=0,rounding_size=0.12"
    axes.add_patch(FancyBboxPatch((left, bottom), width, height, style, ec=edge, fc=face, lw=1.4))


def _arrow(axes, start: str, end: str, x: float) -> None:
    """Draw an arrow straight down, or up, between the sides that two boxes turn to each other."""
    one, other = BOXES[start].place, FRAME if end == "frame" else BOXES[end].place
    down = one[1] > other[1]
    ends = (one[1], other[1] + other[3]) if down else (one[1] + one[3], other[1])
    arrow = {"arrowstyle": "-|>", "color": "#404040", "lw": 1.3, "shrinkA": 0, "shrinkB": 1}
    axes.annotate("", (x, ends[1]), (x, ends[0]), arrowprops=arrow)


def _requests(axes) -> None:
    """Draw what isn't an import: the notebooks, and the library, send requests to AWS."""
    top, bottom = BOXES["notebooks"].place[1], BOXES["local_aws"].place
    axes.plot([HTTP, HTTP], [top, bottom[1] + bottom[3]], "--", color=GREY, lw=1.2)
    says = "boto3 and the SageMaker SDK, over HTTP"
    axes.text(HTTP + 0.15, 2.9, says, rotation=90, va="center", size=9.5, color="#404040")


if __name__ == "__main__":
    draw().savefig(FILE, metadata={"Software": None})
