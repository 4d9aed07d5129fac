"""Whatever is thrown at `store`, it is stored whole or refused with a ValueError."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers import datamart

FIELDS = ["size", "colour", "score", "predicted_label", "", "\0", "scoring_id", 'x"; --', None, 3]
plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=5), st.just("red")
)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
part = st.one_of(
    values,
    st.fixed_dictionaries(
        {
            "fields": st.one_of(values, st.lists(st.sampled_from(FIELDS), max_size=4), st.just(["size", "colour"])),
            "values": st.one_of(values, st.lists(st.lists(plain, max_size=4), max_size=3)),
        }
    ),
)
good = st.just({"fields": ["score", "predicted_label"], "values": [[0.5, 1]]})
records = st.builds(
    datamart.PayloadRecord,
    request=part,
    response=part | good,
    scoring_id=values,
    scoring_timestamp=values,
    response_time=values,
)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(records, max_size=3))
def test_records(small, sent):
    before = small.payload_logging.get_records_count()
    try:
        rows = small.payload_logging.store(sent).rows
    except ValueError:
        rows = 0
    assert small.payload_logging.get_records_count() == before + rows


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(values, max_size=3) | st.lists(st.dictionaries(st.sampled_from(FIELDS[:7]), plain)) | st.text(max_size=30)
)
def test_feedback(small, sent):
    if not small.payload_logging.get_records_count():
        request = {"fields": ["size", "colour"], "values": [[1.5, "red"]]}
        answer = {"fields": ["score", "predicted_label"], "values": [[0.5, 1]]}
        small.payload_logging.store([datamart.PayloadRecord(request, answer, "a")])
    before = small.feedback_logging.get_records_count()
    try:
        rows = small.feedback_logging.store(sent).rows
    except ValueError:
        rows = 0
    assert small.feedback_logging.get_records_count() == before + rows


@pytest.mark.parametrize("sent", [None, 7, "text", {"fields": []}, [None], [{"request": {}}], [[1, 2]]])
def test_other_things_than_records(small, sent):
    with pytest.raises(ValueError, match="PayloadRecord"):
        small.payload_logging.store(sent)
