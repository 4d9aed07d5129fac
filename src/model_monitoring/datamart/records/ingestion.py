"""Ingestion of SageMaker's data capture: JSON lines in S3, each a request with its answer, into the
payload.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from botocore.exceptions import ClientError
from psycopg2.extras import execute_values
from tqdm.auto import tqdm

from model_monitoring.analysis.files.finding import meant
from model_monitoring.datamart import asking
from model_monitoring.datamart.entities import PayloadRecord
from model_monitoring.datamart.postgres.errors import ConflictError
from model_monitoring.datamart.postgres.texts import check_text, storable
from model_monitoring.datamart.records import writing
from model_monitoring.datamart.records.batches import batch_of
from model_monitoring.datamart.records.captured_columns import Irregular, batch_of_capture
from model_monitoring.datamart.records.captured_events import Reader
from model_monitoring.datamart.tables import tables
from model_monitoring.datamart.watched import WatchedModel

RECORDS_AT_ONCE = 20_000


class IngestReport(NamedTuple):
    """What `ingest` did: files read, records stored, records skipped, and lines that could not be
    stored.

    Skipped are those that were there already, and what our own monitors asked the endpoint.
    """

    files: int
    stored: int
    skipped: int
    failed: int


def ingest(subscription: WatchedModel, uri: str) -> IngestReport:
    """Store the captured requests of all files in an S3 folder, or of one file, that were not taken
    in before.

    A record's scoring id is its inferenceId, else its eventId, so that whatever was logged by
    another route or an earlier, broken run isn't stored twice. A line that can't be read or doesn't
    fit goes to the error table with its reason, and stops nothing. CSV input is taken in the order
    of the subscription's features, JSON by name.

    Raises:
        ValueError: there is no boto3 session, or the URI isn't one of S3 or can't be listed.
    """
    check_text(uri, "uri")
    location = urlsplit(uri)
    if location.scheme != "s3" or not location.netloc:
        raise ValueError(f"{uri!r} is not an S3 URI: s3://bucket/prefix.")
    if subscription.boto_session is None:
        raise ValueError("Reading data capture takes a session: DataMart(url, boto_session=...).")
    s3 = subscription.boto_session.client("s3", region_name=subscription.region)
    known = subscription.database.rows(
        "SELECT uri, etag FROM capture_file WHERE subscription_id = %s",
        [subscription.subscription_id],
    )
    known = {(row["uri"], row["etag"]) for row in known}
    try:
        address = location.path.lstrip("/")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=location.netloc, Prefix=address)
        there = {item["Key"]: item for page in pages for item in page.get("Contents", ())}
        found = [there[key] for key in meant(there, address) if key.endswith(".jsonl")]
    except ClientError as error:
        raise ValueError(f"{uri} can't be listed: {error.response['Error']['Message']}") from None
    names = [f"s3://{location.netloc}/{item['Key']}" for item in found]
    fresh = [
        (name, item)
        for name, item in zip(names, found, strict=True)
        if (name, item["ETag"]) not in known
    ]
    total = IngestReport(0, 0, 0, 0)
    with tqdm(
        total=sum(item["Size"] for _, item in fresh),
        unit="B",
        unit_scale=True,
        desc="capture",
        delay=2,
    ) as bar:
        for name, item in fresh:
            body = s3.get_object(Bucket=location.netloc, Key=item["Key"])["Body"].read()
            done = _ingest_file(subscription, name, item["ETag"], body)
            total = IngestReport(*(a + b for a, b in zip(total, done, strict=True)))
            bar.update(item["Size"])
    return total


def _ingest_file(subscription: WatchedModel, uri: str, etag: str, body: bytes) -> IngestReport:
    details, errors = subscription.get_details(), {}
    body, asked = asking.without_asked(body)
    table = subscription.database.run(
        lambda cursor: tables.read(cursor, subscription.subscription_id)
    )
    try:
        stored, skipped = _store_whole(subscription, details, table, body)
    # Something in it is of another form, wrong, or there already with other content
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
    """Store what can be stored of a file, line by line; return (stored, skipped), and per line why
    it wasn't.
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
    return stored, skipped, errors


def _parts(records: Mapping[int, PayloadRecord]) -> Iterator[dict[int, PayloadRecord]]:
    numbers = list(records)
    for begin in range(0, len(numbers), RECORDS_AT_ONCE):
        yield {number: records[number] for number in numbers[begin : begin + RECORDS_AT_ONCE]}


def _store(
    subscription: WatchedModel, details: dict, records: dict[int, PayloadRecord]
) -> tuple[tuple[int, int], dict[int, str]]:
    """Store records, leaving out those that can't be; return (stored, skipped), and per line why
    not.

    A part with a bad record in it is halved until the bad one is alone.
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
