"""Single values that a user gives: ids, times, versions, durations."""

import re
import uuid
from datetime import UTC, datetime
from numbers import Real

import numpy as np

from model_monitoring.datamart.postgres.wording import shown

LONGEST_ID = 500  # bytes


def checked_id(given: str | None, what: str, kind: str = "scoring id") -> str:
    """Return an id, or a new one for None; raise ValueError if it isn't valid."""
    if given is None:
        return str(uuid.uuid4())
    if not is_short_text(given):
        raise ValueError(
            f"{what}: a {kind} must be a string of 1 to {LONGEST_ID} bytes, not {shown(given)}."
        )
    return given


def is_short_text(given: object) -> bool:
    """Tell whether something can be an id: a storable string, neither empty nor too long."""
    try:
        return (
            isinstance(given, str) and "\0" not in given and 0 < len(given.encode()) <= LONGEST_ID
        )
    except UnicodeEncodeError:  # half of a surrogate pair
        return False


def revision(given: str | None) -> str | None:
    """Return a model version as it is given; raise ValueError if it isn't valid."""
    if given is not None and not is_short_text(given):
        raise ValueError(
            f"asset_revision must be a string of 1 to {LONGEST_ID} bytes, not {shown(given)}."
        )
    return given


def utc(given: datetime | np.datetime64 | str) -> np.datetime64:
    """Read a time; without a time zone it is UTC.

    Raises:
        ValueError: it isn't a time in the years 1 to 9999.
    """
    try:
        time = datetime.fromisoformat(given) if isinstance(given, str) else given
        if isinstance(given, np.datetime64):  # to microseconds, and never to a bare number
            time = given.astype("datetime64[us]").item()
        read = np.datetime64(
            time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time, "us"
        )
        if not np.isnat(read) and 1 <= year(read) <= 9999:
            return read
    except (AttributeError, OverflowError, TypeError, ValueError):
        pass
    raise ValueError(
        f"Time {shown(given)} is not a datetime or ISO 8601 string in the years 1 to 9999"
        " (scoring_timestamp). Nothing was stored."
    )


def year(time: np.datetime64 | np.ndarray) -> np.int64 | np.ndarray:
    """Return the year of a time, or of each in an array."""
    return time.astype("datetime64[Y]").astype(np.int64) + 1970


def milliseconds(given: float | None) -> int | None:
    """Return a response time in whole milliseconds; raise ValueError if it isn't one."""
    if given is None:
        return None
    if not isinstance(given, Real) or not 0 <= given < 2**31 - 1:
        raise ValueError(
            f"response_time {shown(given)} is not a number of milliseconds. Nothing was stored."
        )
    return round(given)


ROW_NUMBER = re.compile("[1-9][0-9]{0,9}")


def row_key(row_id: str) -> tuple[bytes, int]:
    """Split a row's id into the request's scoring id and the row's number.

    The number is 0, which no row has, if it isn't the id of a row.
    """
    scoring_id, _, number = row_id.rpartition("-") if isinstance(row_id, str) else ("", "", "")
    if is_short_text(scoring_id) and ROW_NUMBER.fullmatch(number) and int(number) < 2**31:
        return scoring_id.encode(), int(number)
    return (row_id if is_short_text(row_id) else shown(row_id)).encode(), 0


def row_id(scoring_id: str, number: int) -> str:
    """Put a row's id together."""
    return f"{scoring_id}-{number}" if number else scoring_id
