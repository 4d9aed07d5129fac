"""The data mart under load for minutes: `pytest -m soak tests/soak/test_datamart_soak.py`."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.datamart.conftest import (  # noqa: F401  fixtures
    asset,
    capturing,
    database_url,
    mart,
    query,
    small,
)
from tests.datamart.load import log_by_all_routes, watch_by_the_hour

pytestmark = pytest.mark.soak


def test_eight_writers_log_a_hundred_thousand_records(database_url, capturing):
    began = time.monotonic()
    log_by_all_routes(database_url, capturing[0], 100_000)
    print(f"100,000 records, a fifth repeated, by four routes in {time.monotonic() - began:.0f} s")


def test_a_day_of_hourly_traffic_across_the_end_of_a_month(mart, small, query):
    noon = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(
        hours=12
    )
    began = time.monotonic()
    grown = watch_by_the_hour(mart, small, query, noon, hours=24, rows=20_000)
    print(
        f"24 hours of 20,000 rows in {time.monotonic() - began:.0f} s; memory grew by "
        f"{grown / (1 << 20):.1f} MiB"
    )
