"""The template for scored rows: what it shows of a row, also with odd values."""

import re

import pytest
from lxml.html import fragment_fromstring

from model_monitoring.review import check, default_template, labels, reasons, render
from model_monitoring.review.answers import parse

from .samples import scored


def feature(**values):
    row = {"id": "s-1", "features": [{"name": "f", **values}]}
    return fragment_fromstring(
        render(default_template(), {"labels": ["a", "b"], "rows": [row]}).html
    ).find(".//li")


def place(item, mark):
    return float(
        re.search(r"left: ([\d.]+)%", item.find(f".//div[@class='{mark}']").get("style"))[1]
    )


def test_it_is_a_valid_template():
    check(default_template())
    assert not render(default_template(), scored("s-1")).warnings


def test_a_value_is_drawn_at_its_place_in_the_training_range():
    item = feature(value=15, low=10, median=12.5, high=20)
    # The range fills the middle four fifths
    assert (place(item, "value"), place(item, "median")) == (50, 30)
    assert item.get("class") == "" and "10 – 20" in item.text_content()


@pytest.mark.parametrize(("value", "word"), [(1, "below"), (99, "above")])
def test_a_value_outside_the_range_is_also_described_in_words(value, word):
    item = feature(value=value, low=10, median=12.5, high=20)
    assert item.get("class") == "out" and f"{word} 10 – 20" in item.text_content()
    assert 0 <= place(item, "value") <= 100


@pytest.mark.parametrize("value", [None, "text", "12", float("nan"), [1]])
def test_a_value_that_is_not_a_number_has_no_place(value):
    item = feature(value=value, low=10, median=12.5, high=20)
    assert item.find(".//div") is None and "10 – 20" in item.text_content()
    assert ("missing" in item.text_content()) == (value is None)


def test_a_constant_feature():
    assert place(feature(value=3, low=3, median=3, high=3), "value") == 10


def test_a_category_has_its_share():
    assert "33.3% of training" in feature(value="north", share=1 / 3).text_content()


def test_markup_in_values_is_shown_as_text():
    assert feature(value="<script>x</script>", low=0, high=1).find(".//script") is None


def test_labels_and_reasons_come_back_by_scoring_id():
    task_input = scored("a", "b")
    pairs = [
        ("label[0]", "benign"),
        ("reason[1]", "why"),
        ("label[1]", "malignant"),
        ("reason[0]", ""),
    ]
    content = parse(pairs, render(default_template(), task_input).fields)
    assert labels(content, task_input) == {"a": "benign", "b": "malignant"}
    assert reasons(content, task_input) == {"a": None, "b": "why"}
    one = scored("a")
    content = parse([("label", "benign"), ("reason", "")], render(default_template(), one).fields)
    assert (labels(content, one), reasons(content, one)) == ({"a": "benign"}, {"a": None})
