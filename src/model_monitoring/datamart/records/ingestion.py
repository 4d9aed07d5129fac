"""Ingestion of SageMaker's data capture into the payload.

Capture files are JSON lines in S3; each line is a request with its response.
"""

import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from botocore.client import BaseClient
from psycopg2.extras import execute_values
from tqdm.auto import tqdm

from model_monitoring.analysis.files.packed import unpacked
from model_monitoring.datamart import asking, contract
from model_monitoring.datamart.entities import PayloadRecord
from model_monitoring.datamart.postgres.errors import ConflictError
from model_monitoring.datamart.postgres.texts import storable
from model_monitoring.datamart.records import capture_files, writing
from model_monitoring.datamart.records.batches import batch_of
from model_monitoring.datamart.records.captured_columns import Irregular, batch_of_capture
from model_monitoring.datamart.records.captured_events import Reader
from model_monitoring.datamart.tables import tables
from model_monitoring.datamart.watched import WatchedModel

# As repr() quotes a text; an apostrophe within a word is none
QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
RECORDS_AT_ONCE = 20_000
LARGEST_FILE = 256 << 20  # bytes of a packed file, unpacked; capture begins a new one long before


class IngestReport(NamedTuple):
    """What `ingest` did: files read, records stored, records skipped, and lines that failed.

    Skipped records were already there, or are calls by our own monitors.
    """

    files: int
    stored: int
    skipped: int
    failed: int


def ingest(subscription: WatchedModel, uri: str) -> IngestReport:
    """Store the captured requests in files under an S3 URI that weren't ingested before.

    A record's scoring id is its inferenceId, or its eventId if there is none. So a record that was
    logged in another way, or by an earlier run that broke off, isn't stored twice. Of several
    requests with one id the first is stored. A line that can't be read or doesn't fit goes to the
    error table with its reason; the other lines are still stored. CSV input is read in the order of
    the subscription's features, JSON by name.

    Raises:
        ValueError: see `capture_files.find`.
    """
    found = capture_files.find(subscription, uri)
    known = subscription.database.rows(
        "SELECT uri, etag FROM capture_file WHERE subscription_id = %s",
        [subscription.subscription_id],
    )
    known = {(row["uri"], row["etag"]) for row in known}
    return _ingest(
        subscription, [item for item in found if (item["uri"], item["ETag"]) not in known]
    )


def retry(subscription: WatchedModel) -> IngestReport:
    """Read the files again of which lines could not be stored; what is stored already is skipped.

    Raises:
        ValueError: see `capture_files.find`.
    """
    failed = subscription.database.rows(
        "SELECT DISTINCT uri FROM payload_error WHERE subscription_id = %s ORDER BY uri",
        [subscription.subscription_id],
    )
    found = [item for row in failed for item in capture_files.find(subscription, row["uri"])]
    return _ingest(subscription, found)


def _ingest(subscription: WatchedModel, files: Sequence[Mapping]) -> IngestReport:
    total = IngestReport(0, 0, 0, 0)
    s3 = subscription.boto_session.client("s3", region_name=subscription.region)
    size = sum(item["Size"] for item in files)
    with tqdm(total=size, unit="B", unit_scale=True, desc="capture", delay=2) as bar:
        for item in files:
            body = _read(s3, item["uri"])
            done = _ingest_file(subscription, item["uri"], item["ETag"], body)
            total = IngestReport(*(a + b for a, b in zip(total, done, strict=True)))
            bar.update(item["Size"])
    return total


def _read(s3: BaseClient, uri: str) -> bytes:
    """Read an object; unpack it if its name says that it is packed."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    if not uri.endswith(".gz"):
        return body
    with unpacked(io.BytesIO(body), uri, LARGEST_FILE) as stream:
        return stream.read()


def _ingest_file(subscription: WatchedModel, uri: str, etag: str, body: bytes) -> IngestReport:
    details, errors = subscription.get_details(), {}
    body, asked = asking.without_asked(body)
    table = subscription.database.run(
        lambda cursor: tables.read(cursor, subscription.subscription_id)
    )
    try:
        stored, skipped = _store_whole(subscription, details, table, body)
    # Something in it has another form, is wrong, or is already stored with other content
    except ValueError:
        stored, skipped, errors = _store_lines(
            subscription, details, Reader(details["asset"], table), body.split(b"\n")
        )
    identity = [subscription.subscription_id, uri]

    def finish(cursor) -> None:
        cursor.execute(
            "DELETE FROM payload_error WHERE (subscription_id, uri) = (%s, %s)", identity
        )
        rows = [(*identity, number, storable(reason)[:1000]) for number, reason in errors.items()]
        execute_values(
            cursor,
            "INSERT INTO payload_error (subscription_id, uri, line_number, reason) VALUES %s",
            rows,
        )
        cursor.execute(
            "INSERT INTO capture_file VALUES (%s, %s, %s) ON CONFLICT (subscription_id, uri)"
            " DO UPDATE SET etag = EXCLUDED.etag, ingested_at = now()",
            [*identity, etag],
        )

    subscription.database.run(finish)
    return IngestReport(1, stored, skipped + asked, len(errors))


def _store_whole(
    subscription: WatchedModel, details: dict, table: tables.Table | None, body: bytes
) -> tuple[int, int]:
    """Store a file of events that are all alike, or raise ValueError."""
    if table is None:
        raise Irregular
    batch = batch_of_capture(body, details["asset"], table)
    report = writing.store(subscription, lambda *_: batch)
    return report.stored, report.skipped


def _store_lines(
    subscription: WatchedModel, details: dict, reader: Reader, lines: Sequence[bytes]
) -> tuple[int, int, dict[int, str]]:
    """Store what can be stored of a file, line by line.

    Returns (stored, skipped, reasons): by line number, why it wasn't stored.
    """
    stored, skipped, errors = 0, 0, {}
    records: dict[int, PayloadRecord] = {}
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                records[number] = reader.record(line)
            except ValueError as error:
                errors[number] = str(error)
    for part in _parts(records):
        report, failed = _store(subscription, details, part)
        stored, skipped = stored + report[0], skipped + report[1]
        errors |= failed
    if details["never_store"]:
        known = _names(details["asset"]) | {str(record.scoring_id) for record in records.values()}
        errors = {number: _unquoted(reason, known) for number, reason in errors.items()}
    return stored, skipped, errors


def _names(asset: Mapping) -> set[str]:
    """Return what may be quoted of any line: the contract's fields and classes."""
    fields = (asset["prediction_column"], asset["probability_column"], asset["label_column"])
    return {*map(str, (*asset["feature_columns"], *fields, *(contract.classes(asset) or ())))}


def _unquoted(reason: str, known: Collection[str]) -> str:
    """Leave out what a reason quotes, except names that are `known`.

    A value that is never stored may stand in any place of a line, also as another field's.
    """
    return QUOTED.sub(lambda one: one[0] if one[0][1:-1] in known else "'…'", reason)


def _parts(records: Mapping[int, PayloadRecord]) -> Iterator[dict[int, PayloadRecord]]:
    """Take records apart into what is stored at once: so many, and each scoring id once.

    The first record of an id is stored before the second is compared with it.
    """
    rest = dict(records)
    while rest:
        first: dict[str, int] = {}  # by id, whatever that is
        for number, record in rest.items():
            first.setdefault(repr(record.scoring_id), number)
        numbers = list(first.values())
        done = set(numbers)
        for begin in range(0, len(numbers), RECORDS_AT_ONCE):
            yield {number: rest[number] for number in numbers[begin : begin + RECORDS_AT_ONCE]}
        rest = {number: record for number, record in rest.items() if number not in done}


def _store(
    subscription: WatchedModel, details: dict, records: dict[int, PayloadRecord]
) -> tuple[tuple[int, int], dict[int, str]]:
    """Store records, leaving out those that can't be stored.

    Returns (stored, skipped, reasons), with reasons by line number. A part with a bad record is
    halved until the bad record is alone.
    """
    if not records:
        return (0, 0), {}
    try:
        asset, dynamic = details["asset"], details["dynamic_schema_update"]
        batch = batch_of(list(records.values()), asset, dynamic)
        report = writing.store(subscription, lambda *_: batch)
        return (report.stored, report.skipped), {}
    except ConflictError as error:
        conflicting = {
            number for number, record in records.items() if record.scoring_id in error.scoring_ids
        }
        reasons = {
            number: f"Scoring id {records[number].scoring_id!r}: other content"
            for number in conflicting
        }
        rest, more = _store(
            subscription, details, {n: r for n, r in records.items() if n not in conflicting}
        )
        return rest, reasons | more
    except ValueError as error:
        numbers = list(records)
        if len(numbers) == 1:
            return (0, 0), {numbers[0]: str(error)}
        middle = len(numbers) // 2
        halves = [
            _store(subscription, details, {number: records[number] for number in half})
            for half in (numbers[:middle], numbers[middle:])
        ]
        (first, reasons), (second, more) = halves
        return (first[0] + second[0], first[1] + second[1]), reasons | more
