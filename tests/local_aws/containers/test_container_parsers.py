import contextlib
import gzip
import io
import json
import math
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import pytest

from local_aws.containers.base.archives import unpack
from local_aws.containers.base.contract import ClientError
from local_aws.containers.base.data import parse_csv, parse_json, parse_json_lines, parse_libsvm
from local_aws.containers.linear_learner.settings import RULES
from local_aws.containers.user_script.localise import localise
from local_aws.containers.xgboost import settings as xgboost_settings

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import example, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

QUICK = settings(max_examples=100)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
CSV_LIKE = st.text(alphabet="0123456789.,-+eE\"' \t\n\r;naifNAx_\x1c\u2028\ufeff١", max_size=40)


@given(st.lists(st.lists(FINITE, min_size=3, max_size=3), min_size=1, max_size=5))
def test_numbers_written_as_csv_are_read_back(rows):
    text = "\n".join(",".join(map(repr, row)) for row in rows)
    assert parse_csv(text.encode(), "body").tolist() == rows


@QUICK
@given(st.one_of(CSV_LIKE.map(str.encode), st.binary(max_size=40)), st.booleans())
@example(b"", False)
@example(b"\n", False)
@example(b"\r\n\r\n", True)
@example(b"1,2\r3,4", False)  # lone carriage returns end lines
@example(b'"1\n2",3', False)  # a quoted line end
@example("1\u20282".encode(), False)  # ends no line in CSV
@example(b"1_0,2", False)
@example("١,2".encode(), False)  # a digit, but not in CSV
@example(b",", True)
@example(b"1e999", True)
@example(b'"', True)
@example(b"\x00", False)
# Longer than the csv module takes: found by hand, it raised csv.Error
@example(b'"' * 3 + b"x" * 200_000, False)
def test_any_csv_is_an_array_or_a_client_error(body, missing):
    try:
        values = parse_csv(body, "body", missing)
    except ClientError as error:
        assert "body" in str(error)
        return
    assert values.ndim == 2
    assert values.dtype == float
    assert len(values) == len(body.rstrip(b"\r\n").splitlines())
    assert not np.isinf(values).any()
    assert missing or not np.isnan(values).any()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=3)
    | st.just("features"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["instances", "features", "data", "values"]), inner, max_size=2
        )
    ),
    max_leaves=8,
)


@QUICK
@given(
    JSON
    | st.builds(
        lambda rows: {"instances": [{"features": row} for row in rows]}, st.lists(st.lists(JSON))
    )
)
@example({"instances": [{"features": [10**400]}]})
@example({"instances": [{"features": []}]})
@example({"instances": [{"features": [1]}, {"data": None}]})
@example({"instances": ["features"]})
@example({"instances": [{"features": {"features": 1}}]})
def test_any_json_is_an_array_or_a_client_error(value):
    lines = (
        value["instances"]
        if isinstance(value, dict) and isinstance(value.get("instances"), list)
        else [value]
    )
    text = "\n".join(json.dumps(line) for line in lines)
    for parse, body in [(parse_json, json.dumps(value)), (parse_json_lines, text)]:
        with contextlib.suppress(ClientError):
            values = parse(body.encode())
            assert values.ndim == 2
            assert len(values) == len(lines)
            assert np.isfinite(values).all()


@pytest.mark.parametrize(
    "body", [b"", b"\n", b"[" * 100_000, b"\xff", b'{"a": 1} x', b"1" * 10_000, b"NaN"]
)
def test_invalid_json_is_a_client_error(body):
    for parse in (parse_json, parse_json_lines):
        with pytest.raises(ClientError):
            parse(body)


@QUICK
@given(
    st.one_of(
        st.text(alphabet="0123456789.:- \n#x", max_size=40).map(str.encode), st.binary(max_size=40)
    )
)
@example(b"1 0:2 0:3")  # an index twice
@example(b"1 3000000000:1")
@example(b"1 -1:1")
@example(b"nan 0:nan")
@example(b"\n")
def test_any_libsvm_is_a_matrix_or_a_client_error(body):
    with contextlib.suppress(ClientError):
        matrix, labels = parse_libsvm(body, "body")
        assert matrix.shape[0] == len(labels) > 0


@QUICK
@given(
    st.sampled_from(sorted(RULES)),
    st.text(max_size=8) | st.floats().map(str) | st.integers().map(str),
)
@example("epochs", "1_0")
@example("epochs", "9" * 5000)  # beyond Python's limit of digits
@example("wd", "infinity")
@example("wd", "nan")
def test_any_hyperparameter_is_a_value_or_a_client_error(name, text):
    from local_aws.containers.base.hyperparameters import validate

    with contextlib.suppress(ClientError):
        value = validate({"predictor_type": "regressor"} | {name: text}, RULES)[name]
        assert not isinstance(value, float) or math.isfinite(value)


@QUICK
@given(
    st.sampled_from(["eval_metric", "monotone_constraints", "interaction_constraints"]),
    st.text(max_size=20),
)
@example("monotone_constraints", "(1,0)")
@example("monotone_constraints", "1")
@example("monotone_constraints", "{1: 2}")
@example("interaction_constraints", "[[0, 1], 2]")
@example("monotone_constraints", "(" * 500)
@example("monotone_constraints", "\0")
@example("eval_metric", "@")
def test_any_structured_hyperparameter_is_accepted_or_a_client_error(name, text):
    with contextlib.suppress(ClientError):
        xgboost_settings.read_settings({"num_round": "1", name: text})


@QUICK
@given(
    st.lists(
        st.sampled_from(["/opt/ml", "/", "a", ".", "-", '"', " ", "file://", "s3://b", ":", "\n"]),
        max_size=8,
    )
)
def test_opt_ml_is_replaced_once_at_the_beginning_of_each_path(parts):
    text = "".join(parts)
    once = localise(text, "/private/root")
    assert localise(once, "/private/root") == once
    assert f" {once}".count(" /opt/ml/") == 0
    if "/opt/ml" not in text:
        assert once == text


def _valid_archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a.txt", "é" * 60 + ".txt", "code/inference.py"):
            info = tarfile.TarInfo(name)
            info.size = 3
            archive.addfile(info, io.BytesIO(b"abc"))
    return buffer.getvalue()


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=8)), max_size=4),
    st.integers(0, 10_240),
)
def test_any_archive_is_unpacked_inside_or_refused_whole(changes, length):
    content = bytearray(_valid_archive())
    for place, data in changes:
        content[place : place + len(data)] = data
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outer" / "model.tar.gz"
        path.parent.mkdir()
        path.write_bytes(gzip.compress(bytes(content[:length]), 1))
        with contextlib.suppress(ClientError):
            unpack(path, path.parent / "model")
        assert {entry.name for entry in Path(folder).iterdir()} == {"outer"}
        assert {entry.name for entry in path.parent.iterdir()} <= {"model.tar.gz", "model"}
