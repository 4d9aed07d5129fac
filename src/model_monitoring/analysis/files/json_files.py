"""Read JSON files: a flat object or a captured request a line, or one document of them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..wording import counted
from . import captured
from .captured import Event, Forms, shape
from .finding import Found, open_text
from .json_bodies import load, readings
from .json_rows import row_of
from .pandas_json import Unclear
from .reading import Columns, Reading, Skipped

_ROWS = 65_536
_FEW = 0.05  # rows that share no name with the others, up to which they are no rows
_DOCUMENT_BYTES = 1 << 29  # of one document, which is held in memory whole
Pending = list[tuple[Skipped, Event]]


def read(files: list[Found], reading: Reading) -> Iterator[Columns]:
    """Yield the rows of files in order, a chunk at a time, however they are cut into files.

    Broken lines, and rows unlike the others, are skipped and counted.

    Raises:
        ValueError: a document is too large, or isn't JSON in UTF-8.
    """
    part = _Captured(reading) if files[0].kind == "capture" else _Plain(reading)
    accounts = [Skipped(found.path) for found in files]
    pending: Pending = []
    size = 0
    for found, account in zip(files, accounts, strict=True):
        for line, record in _records(found, account, reading):
            try:
                one = part.event(line, record)
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
                account.add(line, _reason(error))
                continue
            if one is not None:
                pending.append((account, one))
                size += one.rows
            if size >= _ROWS:
                yield from part.columns(pending)
                pending, size = [], 0
    if pending:
        yield from part.columns(pending)
    for account in accounts:
        account.report(reading)
    part.report()


def _reason(error: Exception) -> str:
    if isinstance(error, LookupError):
        return f"it lacks {error}"
    return str(error) if isinstance(error, ValueError) else "it is of an unknown form"


def _records(found: Found, account: Skipped, reading: Reading) -> Iterator[tuple[int, Any]]:
    """Yield a file's decoded records with their lines, or places in a document; numbers stay as
    they were written, so that 1 is Integral and 1.0 Fractional.
    """
    if (records := _document(found)) is not None:
        reading.progress(found.path.stat().st_size)
        yield from enumerate(records, 1)
        return
    with open_text(found) as stream:
        for line, text in enumerate(stream, 1):
            reading.progress(len(text))
            if text.strip():
                try:
                    record = load(text.decode("utf-8"), str)
                except ValueError as error:
                    account.add(line, error)
                else:
                    yield line, record


def _document(found: Found) -> list | None:
    """Return the rows of a file that is one document: a list, an object over several lines, or the
    only line of a file that has no captured request; else None.
    """
    with open_text(found) as stream:
        first = next((line for line in stream if line.strip()), b"")
        is_list = first.lstrip()[:1] == b"["
        is_line = found.kind == "capture" or any(line.strip() for line in stream)
        if not is_list and is_line and _is_json(first):
            return None
    with open_text(found) as stream:
        text = stream.read(_DOCUMENT_BYTES + 1)
    if len(text) > _DOCUMENT_BYTES:
        if is_list:
            raise ValueError(
                f"{found.path} is one JSON document of more than {_DOCUMENT_BYTES >> 20} MB: write"
                " it as JSON lines."
            )
        return None
    try:
        if found.kind == "capture":
            content = load(text.decode("utf-8"), str)
            return content if isinstance(content, list) else [content]
        return next(readings(text.decode("utf-8"), str, is_file=True))
    except ValueError as error:
        if is_list or isinstance(error, Unclear):
            raise ValueError(f"{found.path} cannot be read as JSON: {error}.") from None
        return None


def _is_json(line: bytes) -> bool:
    try:
        load(line.decode("utf-8"), str)
    except ValueError:
        return False
    return True


class _Plain:
    """Rows of their own."""

    def __init__(self, reading: Reading):
        self._reading, self._forms = reading, None
        self._all = False  # whether rows that share no name are too many to be no rows

    def event(self, line: int, record: Any) -> Event:
        """Return a row; raises ValueError if it isn't one."""
        if isinstance(record, dict) and "captureData" in record:
            raise ValueError("a captured request among plain rows")
        row = row_of(record)
        if not isinstance(row, dict):
            raise ValueError(f"{str(record)[:40]!r} has no names: a row is an object")
        return Event(line, [captured.plain(row)], [], [])

    def columns(self, pending: Pending) -> Iterator[Columns]:
        """Yield the rows that look like most as columns; count the others."""
        if self._forms is None:
            self._forms = Forms(Counter(shape(one.inputs) for _, one in pending))
            unlike = sum(not self._forms.has(one.inputs) for _, one in pending)
            self._all = unlike > _FEW * len(pending)
        rows = []
        for account, one in pending:
            if self._all or self._forms.has(one.inputs):
                rows += one.inputs
            else:
                account.add(one.line, f"{_shown(one.inputs)} has no name in common with the others")
        if rows:
            yield captured.columns(rows, "file", self._reading)

    def report(self) -> None:
        """Have nothing more to say."""


class _Captured:
    """Captured requests."""

    def __init__(self, reading: Reading):
        self._reading, self._asked = reading, 0
        self._forms: tuple[Forms, Forms] | None = None

    def event(self, line: int, record: Any) -> Event | None:
        """Return a request, None if it is nobody's traffic; raises ValueError if it isn't one."""
        if captured.is_asked_by_monitors(record):
            self._asked += 1
            return None
        return captured.event(line, record)

    def columns(self, pending: Pending) -> Iterator[Columns]:
        """Yield the rows of requests and answers that look like most as columns; count the
        others.
        """
        if self._forms is None:
            counts = Counter(), Counter()
            for _, one in pending:
                counts[0][shape(one.inputs)] += one.rows
                counts[1][shape(one.outputs)] += one.rows
            self._forms = Forms(counts[0]), Forms(counts[1])
        inputs, outputs, labels, labelled = [], [], [], False
        for account, one in pending:
            if not self._forms[0].has(one.inputs):
                account.add(one.line, f"the request {_shown(one.inputs)} is unlike the others")
            elif not self._forms[1].has(one.outputs):
                account.add(one.line, f"the answer {_shown(one.outputs)} is unlike the others")
            else:
                inputs += one.inputs
                outputs += one.outputs
                labels += one.labels or [[None]] * one.rows
                labelled = labelled or bool(one.labels)
        if not labels:
            return
        sides = {"label": labels if labelled else [], "output": outputs, "input": inputs}
        # Of columns of one name, one that others know by its place keeps it, then an input
        named = bool(outputs) and isinstance(outputs[0], dict)
        order = ("label", "input", "output") if named else ("label", "output", "input")
        found = {side: captured.columns(sides[side], side, self._reading) for side in order}
        yield found["label"] | found["output"] | found["input"]

    def report(self) -> None:
        """Note the requests that monitors asked."""
        if self._asked:
            left_out = counted(self._asked, "request was", "requests were")
            self._reading.notes.append(f"{left_out} left out, which monitors themselves asked.")


def _shown(rows: list) -> str:
    return f"{rows[0]!r:.80}" if rows else "of no rows"
