"""Which scored rows an analysis gets: the newest of the current version, each with its label."""

import pytest

from model_monitoring.datamart.rows import chosen

from .conftest import small_record


def ids(rows):
    return rows.about["scoring_id"].tolist()


@pytest.fixture
def logged(small):
    for name in "abc":
        small.payload_logging.store(
            [small_record(name, [(1.5, "red"), (None, "blue")], [(0.9, 1), (0.2, 0)])]
        )
    return small


def test_the_newest_rows_come_first_and_are_complete(logged):
    assert ids(chosen.newest(logged, 3)) == ["c-1", "c-2", "b-1"]
    found = chosen.newest(logged, 100)
    assert ids(found) == ["c-1", "c-2", "b-1", "b-2", "a-1", "a-2"]
    assert (
        found.features["colour"].tolist() == ["red", "blue"] * 3
        and found.features["size"].isna().sum() == 3
    )
    assert found.answers["predicted_label"].tolist() == [1, 0] * 3
    assert found.window[0] <= found.window[1] and len(found) == 6


def test_labels_are_beside_their_rows(logged):
    logged.feedback_logging.store(
        [{"scoring_id": "b-2", "diagnosis": 1}, {"scoring_id": "b-1", "diagnosis": 0}]
    )
    logged.feedback_logging.store([{"scoring_id": "a-2", "diagnosis": 0}])
    # These labels have features of their own, and no scored row
    logged.feedback_logging.store([[2.5, "red", 1]])
    known = dict(
        zip(
            ids(chosen.newest(logged, 100)),
            chosen.newest(logged, 100).labels,
            strict=True,
        )
    )
    assert {name: label for name, label in known.items() if label == label} == {
        "b-1": 0,
        "b-2": 1,
        "a-2": 0,
    }
    assert ids(chosen.labelled(logged, 100)) == ["b-1", "b-2", "a-2"]
    assert ids(chosen.labelled(logged, 1)) == ["a-2"]


def test_rows_scored_by_another_version_are_left_out(logged):
    logged.payload_logging.store([small_record("d", asset_revision="old")])
    logged.payload_logging.store([small_record("e", asset_revision="new")])
    assert ids(chosen.newest(logged, 100)) == ["e-1", "c-1", "c-2", "b-1", "b-2", "a-1", "a-2"]


def test_erased_rows_are_gone(logged):
    logged.payload_logging.delete_records(["c", "b-1"])
    assert ids(chosen.newest(logged, 2)) == ["b-2", "a-1"]


def test_before_the_first_payload(small):
    with pytest.raises(ValueError, match="has no payload yet"):
        chosen.newest(small, 10)


def test_no_rows_at_all(logged):
    logged.payload_logging.delete_records(["a", "b", "c"])
    found = chosen.newest(logged, 10)
    assert len(found) == 0 and found.window == (None, None)
