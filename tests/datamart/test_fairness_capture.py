"""Calls by our own monitors are in an endpoint's data capture, but never become payload."""

import pytest

from tests.datamart.test_capture_ingestion import (
    JSON_KINDS,
    PREDICTIONS,
    PREFIX,
    content,
    event,
)

ASKED = event("2", "9.5,red", inferenceId="perturbed-1")


@pytest.mark.parametrize("first", [True, False], ids=["line by line", "as columns"])
def test_perturbed_rows_never_enter_the_payload(capturing, first):
    subscription, write = capturing
    if not first:
        write("before", event("0"))
        subscription.payload_logging.ingest_capture(PREFIX)
    write("a", event("1"), ASKED, event("3"))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 2, 1, 0)
    assert [row[0] for row in content(subscription)][-2:] == ["1-1", "3-1"]
    assert 9.5 not in subscription.payload_logging.get_window(columns=["size"])["size"].tolist()


def test_a_file_of_perturbed_rows_only_and_the_number_of_a_broken_line(capturing):
    subscription, write = capturing
    write("a", ASKED)
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 0, 1, 0)
    write("b", ASKED, event("1"), "broken")
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 1, 1)
    assert subscription.payload_logging.list_errors()["line_number"].tolist() == [3]


def test_the_marker_within_the_data_is_data(capturing):
    subscription, write = capturing
    request = '{"size": 1.5, "colour": "\\"inferenceId\\": \\"perturbed-1\\""}'
    write("a", event("1", request, PREDICTIONS, "JSON", JSON_KINDS))
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 1, 0, 0)
