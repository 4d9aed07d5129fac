"""Cells are judged by their text, by deequ's regular expressions, on the fast and the slow path."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_monitoring.analysis.data_quality.celltypes import BOOLEAN, FRACTIONAL, INTEGRAL, cells


def kind(text):
    if not text:
        return "missing"
    for name, pattern in (("fractional", FRACTIONAL), ("integral", INTEGRAL), ("boolean", BOOLEAN)):
        if re.fullmatch(pattern, text, re.ASCII):
            return (
                name if name == "boolean" or np.isfinite(float(text.replace(" ", ""))) else "text"
            )
    return "text"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", "integral"),
        ("-3", "integral"),
        ("+ 4", "integral"),
        (" 1", "integral"),
        ("007", "integral"),
    ]
    + [
        ("1.5", "fractional"),
        ("-0.0", "fractional"),
        ("1e-3", "fractional"),
        ("2.5E+7", "fractional"),
    ]
    + [
        (t, "text")
        for t in (
            "1.",
            ".5",
            "-.5",
            "NaN",
            "inf",
            "1,000",
            "  1",
            "1 ",
            "0x1",
            "1e400",
            "--1",
            "TRUE",
            "१",
        )
    ]
    + [("true", "boolean"), ("false", "boolean"), ("", "missing"), (None, "missing")],
)
def test_one_cell(text, expected):
    assert kind(text) == expected
    for beside in ([], ["1"], ["1.5", "-7"], ["x"]):
        found = cells(pa.array([text, *beside], pa.string()))
        counts = {
            "missing": found.missing,
            "integral": found.integral - beside.count("1") - beside.count("-7"),
            "fractional": found.fractional - beside.count("1.5"),
            "boolean": found.boolean,
            "text": len(found.texts) - found.boolean - beside.count("x"),
        }
        assert counts == {name: int(name == expected) for name in counts}


@given(
    st.lists(
        st.one_of(st.none(), st.text("0123456789.-+eE t", max_size=5), st.floats().map(str)),
        max_size=8,
    )
)
def test_any_column(texts):
    found = cells(pa.array(texts, pa.string()))
    kinds = [kind(t) for t in texts]
    assert [found.missing, found.integral, found.fractional] == [
        kinds.count(k) for k in ("missing", "integral", "fractional")
    ]
    numbers = [
        float(t.replace(" ", ""))
        for t, k in zip(texts, kinds, strict=True)
        if k in ("integral", "fractional")
    ]
    assert found.numbers.tolist() == numbers
    assert found.texts.to_pylist() == [
        t for t, k in zip(texts, kinds, strict=True) if k in ("boolean", "text")
    ]


@pytest.mark.parametrize(
    ("column", "missing", "integral", "fractional", "texts"),
    [
        (pd.Series([1, None], dtype="Int64"), 1, 1, 0, []),
        (np.array([1, 2], np.int8), 0, 2, 0, []),
        (pd.Series([3.0, None, np.inf]), 1, 0, 1, ["inf"]),
        (pd.Series([1.5], dtype="float32"), 0, 0, 1, []),
        (pd.Series([True, None], dtype=object), 1, 0, 0, ["true"]),
        (pd.Series([True, False]), 0, 0, 0, ["true", "false"]),
        (pd.Series([1, 2.5, "a", None], dtype=object), 1, 1, 1, ["a"]),
        (pd.Series(["x", None], dtype="category"), 1, 0, 0, ["x"]),
        (pa.array([1, None, 3]), 1, 2, 0, []),
        (pa.array([1.5, None]), 1, 0, 1, []),
        (pa.chunked_array([pa.array(["1"]), pa.array(["b"])]), 0, 1, 0, ["b"]),
        (pa.nulls(3), 3, 0, 0, []),
    ],
)
def test_typed_columns(column, missing, integral, fractional, texts):
    found = cells(column)
    assert (found.missing, found.integral, found.fractional) == (missing, integral, fractional)
    assert found.texts.to_pylist() == texts
