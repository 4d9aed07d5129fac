"""What a notebook's prose says, and what its outputs say: `Lesson` reads both, `Tie` holds them.

A notebook's ties stand in `ties/nb_NN.py`: `TIES`, and `FACTS` for numbers in its prose that are no
result of its cells: {"words that stand there": "where the number is from"}.
"""

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import nbformat

TIES = Path(__file__).parent / "ties"


class Lesson:
    """An executed notebook, cell by cell."""

    def __init__(self, notebook: nbformat.NotebookNode) -> None:
        self.cells = notebook.cells

    @property
    def prose(self) -> str:
        """Everything that its text cells say, on one line."""
        texts = [cell.source for cell in self.cells if cell.cell_type == "markdown"]
        return one_line(" ".join(texts))

    def text(self, cell_id: str) -> str:
        """Return what a cell printed and the results that it shows, as text."""
        found = [cell for cell in self.cells if cell.get("id") == cell_id]
        if not found:
            raise KeyError(f"There is no cell {cell_id!r}.")
        return "\n".join(shown(output) for output in found[0].outputs)

    def number(self, cell_id: str, pattern: str) -> float:
        """Return the number that the pattern's one group finds in a cell's text; 34% is 0.34."""
        found = re.search(pattern, self.text(cell_id))
        if not found:
            raise ValueError(f"Cell {cell_id} shows nothing like {pattern!r}.")
        return value_of(found[1])


@dataclass(frozen=True)
class Tie:
    """Words of a notebook, and the check on its outputs that makes them true.

    `always`: they are a verdict that holds with other seeds and packages too, and not only a number
    of the committed run.
    """

    words: str
    holds: Callable[[Lesson], bool]
    always: bool = False


def ties_of(number: str) -> list[Tie]:
    """Return the ties of a notebook, named by its two digits."""
    return list(getattr(_tied(number), "TIES", []))


def facts_of(number: str) -> dict[str, str]:
    """Return the words of a notebook that state no result: {words: where they are from}."""
    return dict(getattr(_tied(number), "FACTS", {}))


def _tied(number: str) -> ModuleType | None:
    path = TIES / f"nb_{number}.py"
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def one_line(text: str) -> str:
    """Join lines: words that are tied may be wrapped anywhere in the notebook."""
    return re.sub(r"\s+", " ", text)


def shown(output: nbformat.NotebookNode) -> str:
    """Return an output as text: what was printed, Markdown, or the plain form of a result."""
    data = output.get("data", {})
    return output.get("text") or data.get("text/markdown") or data.get("text/plain", "")


def value_of(number: str) -> float:
    """Read 1,234.5 or 34%."""
    value = float(number.rstrip("%").replace(",", ""))
    return value / 100 if number.endswith("%") else value


# What holds no result: code, formulas, exercises, links' targets, headings, what is needed.
BLOCKS = [r"```.*?```", r"\$\$.*?\$\$", r"^## On your own\n.*?(?=^## |\Z)"]
SILENT = [
    *BLOCKS,
    r"`[^`\n]*`",
    r"\$[^$\n]+\$",
    r"\]\([^)]*\)",
    r"^#.*$",
    r"^\[(?:Previous|Next):.*$",
    r"\*\*What you need\*\*.*",
    r"\*\*Time\*\*.*",
    r"\| (?:\d\d(?:, )?)+ \|",
    r"\[\d\d ",
    r"<[^>]*>",
    r"[Nn]otebooks? \d\d(?:(?:,|\s+and|\s+or|\s+to)\s+\d\d)*",
    r"\b0\d\b",
    r"[Ss]ections? \d+\.\d+(?:(?:,|\s+and|\s+or|\s+to)\s+\d+\.\d+)*",
    r"\b(?:19|20)\d\d\b",
    r"^\d+\. ",
]
DIGITS = r"(?<![\w.])\d[\d,]*(?:\.\d+)?%?(?!\w)"
SMALL = r"(?:one|two|three|four|five|six|seven|eight|nine|ten)"
IN_WORDS = (
    rf"\b{SMALL} (?:\w+ )?(?:in|of) (?:a |every )?(?:{SMALL}|dozen|hundred|thousand)\b"
    r"|\b(?:a half|half (?:of )?the|a third|two thirds|a quarter|three quarters|a fifth)\b"
    r"|\b(?:twice|tenfold)\b"
    rf"|\b{SMALL} times\b"
)


def numbers_of(prose: str) -> list[str]:
    """Find the numbers that a text cell states as results: digits, and shares in words."""
    for pattern in SILENT:
        prose = re.sub(
            pattern, "\u2060", prose, flags=re.M | (re.DOTALL if pattern in BLOCKS else 0)
        )
    prose = one_line(prose)
    digits = [match[0].rstrip(",") for match in re.finditer(DIGITS, prose)]
    return digits + [match[0] for match in re.finditer(IN_WORDS, prose, flags=re.I)]


def states(text: str, number: str) -> bool:
    """Tell whether a text states this number: the same, rounded as the prose rounds it."""
    decimals = len(number.rstrip("%").partition(".")[2]) + 2 * number.endswith("%")
    wanted = value_of(number)
    values = [value_of(match.rstrip(",")) for match in re.findall(r"\d[\d,]*(?:\.\d+)?%?", text)]
    return any(abs(value - wanted) <= 0.5 * 10**-decimals + 1e-9 for value in values)
