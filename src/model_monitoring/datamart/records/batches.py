"""Scoring requests laid out in columns, as they are checked and stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

import numpy as np

from model_monitoring.analysis.files.json_rows import repeated
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import contract
from model_monitoring.datamart.entities import PayloadRecord
from model_monitoring.datamart.postgres.columns import NUMBER, Values, check, unquoting
from model_monitoring.datamart.postgres.values import checked_id, milliseconds, revision, utc
from model_monitoring.datamart.postgres.wording import shown, some
from model_monitoring.datamart.records import answering
from model_monitoring.datamart.records.digests import digest
from model_monitoring.datamart.tables.tables import Table


@dataclass(frozen=True)
class Batch:
    """Requests laid out in columns: one entry per record, and per field one value per row."""

    scoring_ids: list[str]
    row_counts: np.ndarray
    scored_at: np.ndarray  # datetime64[us], UTC
    response_times: list[int | None]
    features: Sequence[str]
    fields: Mapping[str, Sequence]  # of features and outputs
    revisions: Sequence[str | None]  # versions of the model; None means the deployed one

    @property
    def record_of_row(self) -> np.ndarray:
        """Return, for each row, the position of its record."""
        return np.repeat(np.arange(len(self.row_counts)), self.row_counts)

    @property
    def row_numbers(self) -> np.ndarray:
        """Return each row's number within its record, from 1."""
        starts = np.cumsum(self.row_counts) - self.row_counts
        return np.arange(self.row_counts.sum()) - np.repeat(starts, self.row_counts) + 1


def batch_of(records: Sequence[PayloadRecord], asset: Mapping, dynamic: bool = False) -> Batch:
    """Lay records out in columns.

    The features are in the order of the subscription or, if `dynamic`, of the first record.
    """
    features = (
        _fields_of(records[0].request, "The request") if dynamic else asset["feature_columns"]
    )
    answered = _fields_of(records[0].response, "The response")
    outputs = contract.output_names(asset, answered, features)
    for names, what in ((features, "request"), (answered, "response"), (outputs, "response")):
        if (twice := repeated(names)) is not None:
            raise ValueError(f"The {what} has the field {shown(twice)} twice. Nothing was stored.")
    for role in ("prediction_column", "probability_column"):
        if asset[role] and asset[role] not in answered:
            raise ValueError(
                f"The response lacks the {role} {asset[role]!r}; it has"
                f" {some(answered) or 'no fields'}."
            )
    rows: list[tuple] = []
    scoring_ids, counts, times = [], [], []
    now = utc(datetime.now(UTC))
    for position, record in enumerate(records, 1):
        scoring_ids.append(checked_id(record.scoring_id, f"record {position}"))
        what = f"record {record.scoring_id or position!r}"
        asked = _rows_of(record.request, features, f"{what}: the request")
        given = _rows_of(record.response, answered, f"{what}: the response")
        if len(asked) != len(given):
            raise ValueError(
                f"{what}: {counted(len(asked), 'row')} in the request but {len(given)} in the"
                " response; give one answer per row. Nothing was stored."
            )
        rows.extend((*question, *answer) for question, answer in zip(asked, given, strict=True))
        counts.append(len(asked))
        times.append(now if record.scoring_timestamp is None else utc(record.scoring_timestamp))
    return Batch(
        scoring_ids,
        np.array(counts),
        np.array(times, dtype="datetime64[us]"),
        [milliseconds(record.response_time) for record in records],
        features,
        dict(zip([*features, *outputs], zip(*rows, strict=True), strict=True)),
        [revision(record.asset_revision) for record in records],
    )


def _fields_of(part: Mapping, what: str) -> list[str]:
    if isinstance(part, Mapping) and "meta" in part:
        raise ValueError(
            f"{what} has OpenScale's `meta`, which isn't kept: leave it out. Nothing was stored."
        )
    lists = (
        isinstance(part, Mapping)
        and set(part) == {"fields", "values"}
        and all(map(_is_list, part.values()))
    )
    if not lists:
        raise ValueError(
            f'{what} must be {{"fields": [...], "values": [[...], ...]}}, not {shown(part)}.'
            " Nothing was stored."
        )
    return list(part["fields"])


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)


def _rows_of(part: Mapping, expected: Sequence[str], what: str) -> list[Sequence]:
    """Return the rows of a request or response, with their fields in the expected order."""
    fields, rows = _fields_of(part, what), list(part["values"])
    if not rows:
        raise ValueError(f"{what} has no rows: its values need at least one. Nothing was stored.")
    as_expected = fields == expected
    if not as_expected and (
        len(fields) != len(expected) or any(name not in fields for name in expected)
    ):
        lacking = [name for name in expected if name not in fields]
        extra = [name for name in fields if name not in expected] or [
            n for n in fields if fields.count(n) > 1
        ]
        wrong = [f"field {some(lacking)} is missing"] * bool(lacking)
        wrong += [f"field {some(extra)} is unknown or repeated"] * bool(extra)
        raise ValueError(f"{what}: {'; '.join(wrong)}. Nothing was stored.")
    for number, row in enumerate(rows, 1):
        if not _is_list(row) or len(row) != len(fields):
            raise ValueError(
                f"{what}, row {number}: expected a list of {counted(len(fields), 'value')}."
                " Nothing was stored."
            )
    if as_expected:
        return rows
    order = [fields.index(name) for name in expected]
    return [[row[i] for i in order] for row in rows]


def checked(table: Table, batch: Batch, details: Mapping) -> dict[str, Values]:
    """Check every value of a batch against the contract; the prediction can't be missing.

    `details` are the subscription's. An error quotes the value, unless its field is never stored.
    """
    asset = details["asset"]

    def where(row: int) -> str:
        return (
            f"row {batch.row_numbers[row]} of record"
            f" {batch.scoring_ids[batch.record_of_row[row]]!r}"
        )

    def read(name: str, raw: Sequence) -> Values:
        column = table.named(name)
        if name == asset["prediction_column"]:
            return answering.predictions(column, asset, raw, where)
        if name == asset["probability_column"]:
            return answering.probabilities(column, asset, raw, where)
        try:
            return check(column, raw, where)
        except ValueError as error:
            raise ValueError(f"{error} {contract.advice(asset, name)}".strip()) from None

    values = {}
    plain, never_store = _plain_numbers(table, batch), contract.never_stored(details)
    for name, raw in batch.fields.items():
        with unquoting(name, never_store):
            values[name] = plain[name] if name in plain else read(name, raw)
    return values


def _plain_numbers(table: Table, batch: Batch) -> dict[str, Values]:
    """Read the features that are numbers all together, if none needs more than numpy.

    Column by column, most of the time of a single request goes into calling numpy.
    """
    names = [
        name
        for name in batch.features
        if table.named(name).type == NUMBER and not isinstance(batch.fields[name], np.ndarray)
    ]
    block = [batch.fields[name] for name in names]
    if not set(map(type, chain.from_iterable(block))) <= {float, int}:
        return {}
    try:
        data = np.array(block, dtype=np.float64)
    except OverflowError:
        return {}
    if not np.isfinite(data).all():
        return {}
    return {name: Values(column) for name, column in zip(names, data, strict=True)}


def record_digests(table: Table, values: Mapping[str, Values], batch: Batch) -> np.ndarray:
    """Return a 64-bit digest of each record, which depends on its rows and their order."""
    rows = digest([(table.named(name), column) for name, column in values.items()])
    numbers = batch.row_numbers.astype(np.uint64)
    # An odd factor for each row number
    mixed = rows * (numbers * np.uint64(0x9E3779B97F4A7C16) + np.uint64(1))
    starts = np.cumsum(batch.row_counts) - batch.row_counts
    return np.add.reduceat(mixed, starts).view(np.int64)
