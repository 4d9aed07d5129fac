"""What is known of one reading of files beside the rows: notes, and where each column is from."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa

from ..wording import counted

Columns = dict[str, pa.Array]
Origin = Literal["file", "input", "output", "label"]
_UNNAMED = {"file": "_c", "input": "_in", "output": "_out", "label": "_label"}


class Field(NamedTuple):
    """Where a column is from: a file, an endpoint's input or output, or the ground truth merged in;
    and its name there, or its place if it has none.
    """

    origin: Origin
    name: str | int


@dataclass
class Reading:
    """Collect what there is to say about one reading of files.

    Attributes:
        notes: what was skipped or assumed, for the report.
        skipped: how many rows and lines were left out.
        fields: where each column is from, by the name that it has among the columns.
        rows_with: in how many rows of JSON a field stands, by the same name.
        progress: told how many bytes were worked off.
    """

    notes: list[str] = field(default_factory=list)
    skipped: int = 0
    fields: dict[str, Field] = field(default_factory=dict)
    rows_with: Counter = field(default_factory=Counter)
    progress: Callable[[int], object] = int
    _names: dict[Field, str] = field(default_factory=dict)

    def name(self, origin: Origin, name: str | int) -> str:
        """Return what a column is called among all: as it is, unless it has no name or another
        column has the same one.
        """
        one = Field(origin, name)
        if one not in self._names:
            called = name if isinstance(name, str) else f"{_UNNAMED[origin]}{name}"
            if origin == "label":
                called = _UNNAMED[origin]
            elif origin == "output" and called in self.fields:
                called = f"{called}_output"
            while called in self.fields:
                called += "_"
            self._names[one], self.fields[called] = called, one
        return self._names[one]

    def of(self, *origins: Origin) -> list[str]:
        """Return the columns from there, in the order in which they first came up."""
        return [name for name, one in self.fields.items() if one.origin in origins]

    @property
    def captured(self) -> bool:
        """Return whether any column is from an endpoint."""
        return bool(self.of("input", "output", "label"))

    @property
    def outputs(self) -> list[str]:
        """Return the columns that an endpoint answered."""
        return self.of("output")

    def unnamed(self, *origins: Origin) -> list[str]:
        """Return the columns from there that have no names of their own."""
        return [name for name in self.of(*origins) if isinstance(self.fields[name].name, int)]


@dataclass
class Skipped:
    """Rows or lines of one file that are left out, counted, with the reason of the first."""

    path: Path
    count: int = 0
    first: str = ""

    def add(self, line: int, reason: object) -> None:
        """Count one."""
        self.count += 1
        self.first = self.first or f"line {line}: {reason}".rstrip(".")

    def report(self, reading: Reading) -> None:
        """Write what was left out into the notes."""
        if self.count:
            reading.skipped += self.count
            reading.notes.append(
                f"{self.path.name}: {counted(self.count, 'broken line was', 'broken lines were')}"
                f" skipped, first: {self.first}."
            )
