"""Draw the figure of notebook 00: a model's way round, and which notebook is which station.

`python doc/tools/loop.py` writes it; `tests/test_documents.py` compares the file with it.
"""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

FILE = Path(__file__).parents[1] / "source/images/loop.png"
BLUE, ORANGE, GREEN = "#0072b2", "#de8f05", "#029e73"  # safe for the colour-blind
WIDTH, HEIGHT = 2.3, 0.95
# Each station: the middle of its box, its colour, its notebooks, what happens there.
STATIONS = {
    "train": ((0, 1), BLUE, "01, 02", "prepare, train"),
    "deploy": ((3.7, 1), BLUE, "02", "an endpoint answers"),
    "log": ((7.4, 1), BLUE, "03 to 05", "the data mart keeps it"),
    "watch": ((11.1, 1), GREEN, "06 to 09", "monitors, alerts"),
    "review": ((11.1, -1), ORANGE, "10", "people decide"),
    "retrain": ((3.7, -1), ORANGE, "11", "train a new version"),
}
# What goes from one station to the next.
ARROWS = {
    ("train", "deploy"): "a model",
    ("deploy", "log"): "its traffic",
    ("log", "watch"): "rows, labels",
    ("watch", "review"): "doubtful rows",
    ("review", "retrain"): "new labels",
    ("retrain", "deploy"): "if it passes\nits test",
}


def draw() -> Figure:
    """Draw the figure."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 9.5}):
        figure = Figure(figsize=(10, 2.9), dpi=100, facecolor="white")
        axes = figure.add_axes((0, 0, 1, 1), xlim=(-1.4, 13.3), ylim=(-1.75, 1.75))
        axes.axis("off")
        for name, ((x, y), colour, notebooks, says) in STATIONS.items():
            corner = (x - WIDTH / 2, y - HEIGHT / 2)
            style = "round,pad=0,rounding_size=0.12"
            axes.add_patch(
                FancyBboxPatch(corner, WIDTH, HEIGHT, style, ec=colour, fc="white", lw=1.6)
            )
            axes.text(x, y + 0.2, f"{name}  ({notebooks})", weight="bold", ha="center", va="center")
            axes.text(x, y - 0.2, says, ha="center", va="center")
        for (start, end), says in ARROWS.items():
            _arrow(axes, STATIONS[start][0], STATIONS[end][0], says)
        return figure


def _arrow(axes, start: tuple[float, float], end: tuple[float, float], says: str) -> None:
    """Draw an arrow between the sides that two boxes turn to each other, with its words."""
    level = start[1] == end[1]
    towards = 1 if (end[0] - start[0] if level else end[1] - start[1]) > 0 else -1
    half = WIDTH / 2 if level else HEIGHT / 2
    ends = [
        (x + towards * by * level, y + towards * by * (not level))
        for (x, y), by in ((start, half), (end, -half))
    ]
    look = {"arrowstyle": "-|>", "color": "#404040", "lw": 1.3, "shrinkA": 1, "shrinkB": 1}
    axes.annotate("", ends[1], ends[0], arrowprops=look)
    middle = [sum(place) / 2 for place in zip(*ends, strict=True)]
    beside = {"ha": "center", "va": "bottom"} if level else {"ha": "left", "va": "center"}
    shift = (0, 0.08) if level else (0.15, 0)
    axes.text(middle[0] + shift[0], middle[1] + shift[1], says, size=8.5, color="#404040", **beside)


if __name__ == "__main__":
    draw().savefig(FILE, metadata={"Software": None})
