"""Read the formats of SageMaker's built-in algorithms: headerless CSV, libsvm, JSON, JSON lines.

All problems are reported with their place: the file, line and column.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_matrix

from model_monitoring.analysis.files import bodies, json_bodies, libsvm
from model_monitoring.analysis.files.json_rows import row_of
from model_monitoring.analysis.wording import counted

from .contract import ClientError, opt_ml


def read_channel(channel: str, parse: Callable[[bytes, str], np.ndarray | csr_matrix]) -> list:
    """Parse a channel's data files, ordered by name, except those that begin with `.` or `_`.

    Raises:
        ClientError: the channel has no data, or a file can't be parsed.
    """
    root = opt_ml() / "input" / "data" / channel
    files = sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and path.name[0] not in "._" and path.stat().st_size
    )
    if not files:
        raise ClientError(f"No data in channel {channel}: it has no file, or only empty ones")
    return [parse(path.read_bytes(), str(path.relative_to(root.parent))) for path in files]


def read_csv_channel(channel: str, missing: bool = False) -> np.ndarray:
    """Read a channel of CSV files as one float array (rows, columns); raises ClientError."""
    parts = read_channel(channel, lambda body, source: parse_csv(body, source, missing))
    widths = {part.shape[1] for part in parts}
    if len(widths) > 1:
        raise ClientError(
            f"The files of channel {channel} have different numbers of columns: {sorted(widths)}"
        )
    if widths == {1}:
        raise ClientError(
            f"Channel {channel} has one column: it needs the label first and then the features"
        )
    return np.vstack(parts)


def read_content_type(header: str | None, default: str) -> tuple[str, dict[str, str]]:
    """Split a content type into its lower-case media type and its parameters."""
    media, *parameters = (header or default).lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return media.strip(), {name.strip(): value.strip() for name, _, value in pairs}


def parse_csv(body: bytes, source: str, missing: bool = False) -> np.ndarray:
    """Parse headerless, comma-separated numbers into a float array (rows, columns).

    With `missing`, an empty field or `nan` is a missing value (NaN) instead of an error.

    Raises:
        ClientError: names `source`, line and column of the first bad value.
    """
    try:
        lines = body.decode().replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise ClientError(f"{source} is not UTF-8 text (byte {error.start})") from None
    if lines == [""]:
        raise ClientError(f"{source} is empty")
    try:
        values = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None)
        clean = len(values) == len(lines)  # numpy skips empty lines
    except ValueError:
        clean = False
    if not clean:  # slow, but it finds the place of the error
        values = _parse_lines(lines, source, missing)
    bad = np.isinf(values) if missing else ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        place = f"{source}, line {row + 1}, column {column + 1}"
        raise ClientError(f"{place}: {values[row, column]} is not a finite number")
    return values


def _parse_lines(lines: list[str], source: str, missing: bool) -> np.ndarray:
    """Parse CSV line by line, as `parse_csv` does, to find the place of the error."""
    rows = []
    for number, line in enumerate(lines, 1):
        fields = line.split(",")
        if not line.strip():
            raise ClientError(f"{source}, line {number} is empty")
        if rows and len(fields) != len(rows[0]):
            raise ClientError(
                f"{source}, line {number} has {counted(len(fields), 'column')},"
                f" line 1 has {len(rows[0])}"
            )
        row = [_parse_number(field, missing) for field in fields]
        if None in row:
            hint = (
                ". It looks like a header, but the data must not have one"
                if number == 1 and set(row) == {None}
                else ""
            )
            column = row.index(None)
            place = f"{source}, line {number}, column {column + 1}"
            raise ClientError(f"{place}: {fields[column][:40]!r} is not a number{hint}")
        rows.append(row)
    return np.array(rows)


def _parse_number(text: str, missing: bool) -> float | None:
    text = text.strip().removeprefix('"').removesuffix('"')
    if missing and not text:
        return np.nan
    try:
        return float(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None


def parse_libsvm(body: bytes, source: str) -> tuple[csr_matrix, np.ndarray]:
    """Parse lines of `label index:value …` into a sparse matrix and the labels.

    The matrix has the shape (rows, highest index + 1), the labels (rows). Indices are used as they
    are, from 0 or from 1. Raises ClientError, which names the line.
    """
    labels, data, indices, starts = [], [], [], [0]
    text = body.decode(errors="replace")
    try:
        for label, values in libsvm.rows(text) if text.strip() else ():
            labels.append(float(label))
            indices += values
            data += map(float, values.values())
            starts.append(len(indices))
    except ValueError as error:
        raise ClientError(f"{source}, {error}") from None
    if not labels:
        raise ClientError(f"{source} is empty")
    if indices and not 0 <= min(indices) <= max(indices) < 2**31 - 1:
        raise ClientError(f"{source} has an index below 0 or above 2147483646")
    shape = (len(labels), max(indices, default=-1) + 1)
    return csr_matrix((data, indices, starts), shape=shape), np.array(labels)


def parse_json(body: bytes) -> np.ndarray:
    """Parse `{"instances": [{"features": […]}, …]}` into a float array (rows, features).

    Raises ClientError.
    """
    instances = _load_json(body, "request body")
    instances = instances.get("instances") if isinstance(instances, dict) else None
    if not isinstance(instances, list) or not instances:
        raise ClientError('The request body must be {"instances": [{"features": [...]}, ...]}')
    return _stack_features(instances, "instances[{}]", 0)


def parse_json_lines(body: bytes) -> np.ndarray:
    """Parse lines of `{"features": […]}` into a float array (rows, features)."""
    instances = [
        _load_json(line, f"request body, line {number}") for number, line in bodies.records(body)
    ]
    return _stack_features(instances, "line {}", 1)


def _load_json(body: bytes, source: str) -> object:
    try:
        return json_bodies.load(body.decode())
    except ValueError as error:
        raise ClientError(f"The {source} is not JSON: {error}") from None


def _stack_features(instances: list, place: str, first: int) -> np.ndarray:
    """Stack `{"features": […]}`, or the longer `{"data": {"features": {"values": […]}}}`, dense or
    sparse, into rows.
    """
    rows = []
    for number, instance in enumerate(instances, first):
        where = place.format(number)
        try:
            row = row_of(instance) if isinstance(instance, dict) else None
        except (TypeError, KeyError, OverflowError):
            row = None
        except ValueError as error:
            raise ClientError(f"{where}: {error}") from None
        if not isinstance(row, list) and not (row and "features" in instance):
            raise ClientError(f'{where} must be {{"features": [...]}}')
        if not isinstance(row, list) or not all(type(value) in (int, float) for value in row):
            raise ClientError(f"{where}: features must be a list of numbers")
        if rows and len(row) != len(rows[0]):
            raise ClientError(
                f"{where} has {counted(len(row), 'feature')},"
                f" {place.format(first)} has {len(rows[0])}"
            )
        rows.append(row)
    try:
        values = np.array(rows, dtype=float)
    except OverflowError:
        raise ClientError("A feature is too large for a float") from None
    if not rows or not np.isfinite(values).all():
        raise ClientError("The features must be finite numbers, in at least one row")
    return values
