"""Whatever is passed to `store` is stored completely or refused with a ValueError."""

from datetime import datetime
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_monitoring import datamart

FIELDS = ["size", "colour", "score", "predicted_label", "", "\0", "scoring_id", 'x"; --', None, 3]
huge = st.one_of(  # more than a float, 64 bits, PostgreSQL's text type or a calendar can hold
    st.integers(300, 5000).map(lambda digits: 10**digits),
    st.integers(-(2**70), 2**70),
    st.sampled_from(
        [
            float("1e400"),
            1e308,
            5e-324,
            Fraction(10**400, 3),
            1j,
            pd.NaT,
            np.float32(3e38),
            2**63,
            -(2**63),
        ]
    ),
    st.text(st.characters(categories=("Cs", "Cc")), min_size=1, max_size=3),
)
times = st.one_of(
    st.datetimes(), st.datetimes(timezones=st.timezones()), st.datetimes().map(datetime.isoformat),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "-0044-03-15", "300000-01-01T00:00:00Z",
                     np.datetime64("300000-01-01", "s"), "infinity", "epoch"]),
)  # fmt: skip
plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20),
    st.binary(max_size=5), st.just("red"),
    huge,
)  # fmt: skip
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)
part = st.one_of(
    values,
    st.fixed_dictionaries(
        {
            "fields": st.one_of(
                values, st.lists(st.sampled_from(FIELDS), max_size=4), st.just(["size", "colour"])
            ),
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
    scoring_timestamp=values | times,
    response_time=values,
    asset_revision=st.none() | values,
)
good_parts = {"size": 1.5, "colour": "red", "score": 0.5, "predicted_label": 1}
about = {
    "scoring_id": None,
    "scoring_timestamp": None,
    "response_time": None,
    "asset_revision": None,
}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(records, max_size=3))
def test_records(small, sent):
    before = small.payload_logging.get_records_count()
    try:
        rows = small.payload_logging.store(sent).rows
    except ValueError:
        rows = 0
    assert small.payload_logging.get_records_count() == before + rows


@pytest.mark.parametrize("place", [*good_parts, *about])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(bad=huge | times | values, as_frame=st.booleans())
def test_one_bad_value_in_a_good_record(small, place, bad, as_frame):
    parts = good_parts | about | {place: bad}
    request, response = (
        {"fields": names, "values": [[parts[name] for name in names]]}
        for names in (["size", "colour"], ["score", "predicted_label"])
    )
    sent = datamart.PayloadRecord(request, response, **{name: parts[name] for name in about})
    if as_frame:
        sent = pd.DataFrame(
            {name: pd.Series([value], dtype=object) for name, value in parts.items()}
        )
    before = small.payload_logging.get_records_count()
    try:
        rows = small.payload_logging.store(sent).rows
    except ValueError:
        rows = 0
    assert small.payload_logging.get_records_count() == before + rows


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(values, max_size=3)
    | st.lists(st.dictionaries(st.sampled_from(FIELDS[:7]), plain))
    | st.text(max_size=30)
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


@pytest.mark.parametrize(
    "sent", [None, 7, "text", {"fields": []}, [None], [{"request": {}}], [[1, 2]]]
)
def test_other_objects_than_records(small, sent):
    with pytest.raises(ValueError, match="PayloadRecord"):
        small.payload_logging.store(sent)
