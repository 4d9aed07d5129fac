"""A user's mistakes are reported in words, and never taken for something else."""

import pytest

from .conftest import small_record

MISTAKES = {
    "erasing by one text": (
        lambda s, m: s.payload_logging.delete_records("a"),
        "list of scoring ids",
    ),
    "erasing by a number": (
        lambda s, m: s.payload_logging.delete_records([7]),
        "list of scoring ids",
    ),
    "days as text": (lambda s, m: s.payload_logging.enable(keep_days="90"), "'90'"),
    "half a day": (lambda s, m: s.payload_logging.enable(keep_days=90.5), "90.5"),
    "for ever": (lambda s, m: s.payload_logging.enable(keep_days=10**10), "number of days"),
    "a limit in words": (lambda s, m: s.quality_monitoring.enable(threshold="high"), "'high'"),
    "a slow limit": (lambda s, m: s.performance_monitoring.enable(apt_threshold="fast"), "'fast'"),
    "a state there isn't": (lambda s, m: m.alerts.list(state="opened"), "'opened'"),
    "feedback of nothing": (lambda s, m: s.feedback_logging.store(None), "list of rows"),
    "fewer than no rows": (lambda s, m: s.payload_logging.show_table(-1), "limit is -1"),
    "rows in words": (lambda s, m: s.payload_logging.show_table("ten"), "limit is 'ten'"),
    "a format there isn't": (
        lambda s, m: s.payload_logging.get_table_content(format="csv"),
        "format is 'csv': use pandas or python",
    ),
    "records as dicts": (lambda s, m: s.payload_logging.store([{"a": 1}]), "not dict. Nothing was"),
    "records as a number": (lambda s, m: s.payload_logging.store(7), "not int. Nothing was"),
    "feedback of a number": (lambda s, m: s.feedback_logging.store(7), "not int. Nothing was"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_changes_nothing(small, mart, mistake):
    small.payload_logging.store([small_record("a")])
    before = small.get_details(), [monitor.get_details() for monitor in small.monitors()]
    make, message = MISTAKES[mistake]
    with pytest.raises(ValueError, match=message):
        make(small, mart)
    assert (small.get_details(), [monitor.get_details() for monitor in small.monitors()]) == before
    assert small.payload_logging.get_records_count() == 1
