"""Controls that share a name, as in the rows of AWS's walkthrough: no row's answer is lost."""

import pytest

from model_monitoring.review import by_row, render
from model_monitoring.review.answers import missing, parse

from .samples import WALKTHROUGH, WALKTHROUGH_INPUT

FIELDS = render(WALKTHROUGH, WALKTHROUGH_INPUT).fields


def test_each_row_of_the_walkthrough_has_its_own_answer():
    pairs = [
        ("agreement[0]", "agree"), ("agreement[1]", "disagree"), ("agreement[2]", "disagree"),
        ("True Prediction[0]", ""), ("True Prediction[1]", "benign"),
        ("True Prediction[2]", "malignant"),
        ("Change Reason[0]", ""), ("Change Reason[1]", "small"), ("Change Reason[2]", ""),
        ("predicted1", "0.41"), ("predicted2", "0.77"), ("predicted3", "0.5"),
    ]  # fmt: skip
    disagree = {"agree": False, "disagree": True}
    assert parse(pairs, FIELDS) == {
        "predicted1": "0.41",
        "agreement": [{"agree": True, "disagree": False}, disagree, disagree],
        "True Prediction": [None, "benign", "malignant"],
        "Change Reason": [None, "small", None],
        "predicted2": "0.77",
        "predicted3": "0.5",
    }


def test_an_unanswered_row_is_null_and_missing_by_name():
    pairs = [("agreement[1]", "agree")]
    assert parse(pairs, FIELDS)["agreement"] == [None, {"agree": True, "disagree": False}, None]
    assert missing(pairs, FIELDS) == ["agreement[0]", "agreement[2]"]


def test_one_row_gives_the_same_answer_as_in_a2i():
    fields = render(WALKTHROUGH, {"Pairs": WALKTHROUGH_INPUT["Pairs"][:1]}).fields
    answer = parse([("agreement", "agree"), ("True Prediction", "benign")], fields)
    assert (
        answer["agreement"] == {"agree": True, "disagree": False}
        and answer["True Prediction"] == "benign"
    )


def test_one_group_over_several_rows_stays_one():
    template = "".join(
        f'<tr><td><input type="radio" name="q" value="{n}"></td></tr>' for n in range(3)
    )
    fields = render(f"<table>{template}</table>", {}).fields
    assert parse([("q", "1")], fields) == {"q": {"0": False, "1": True, "2": False}}


def test_groups_repeat_outside_tables_too():
    template = (
        '<div><input type="radio" name="q" value="a"><input type="radio" name="q" value="b"></div>'
    )
    fields = render(template * 2, {}).fields
    assert parse([("q[0]", "b"), ("q[1]", "a")], fields) == {
        "q": [{"a": False, "b": True}, {"a": True, "b": False}]
    }


def test_rows_with_fewer_choices_stay_apart():
    buttons = ['<input type="radio" name="q" value="a">', '<input type="radio" name="q" value="b">']
    rows = "".join(
        f"<tr><td>{''.join(buttons[i] for i in row)}</td></tr>" for row in ((0, 1), (0,), (1,))
    )
    fields = render(f"<table>{rows}</table>", {}).fields
    assert [list(field.options) for field in fields] == [["a", "b"], ["a"], ["b"]]


def test_types_in_capitals_are_known():
    (field,) = render(
        '<input type="RADIO" name="q" value="a"><input type="Radio" name="q" value="b">', {}
    ).fields
    assert field.kind == "radio" and list(field.options) == ["a", "b"]


def test_a_name_that_looks_numbered_replaces_no_other():
    fields = render('<input name="a[0]"><input name="a"><input name="a">', {}).fields
    assert len({field.wire for field in fields}) == 3
    sent = [(field.wire, str(number)) for number, field in enumerate(fields)]
    assert parse(sent, fields) == {"a[0]": "0", "a": ["1", "2"]}


def test_a_template_cannot_take_the_pages_own_names():
    (field,) = render('<input name="review:ticket">', {}).fields
    assert not field.wire.startswith("review:") and field.key == "review:ticket"


def test_answers_are_matched_with_their_scoring_ids():
    task_input = {"rows": [{"id": "a-1"}, {"id": "a-2"}]}
    content = {
        "q": [{"agree": True, "disagree": False}, None],
        "t": ["x", None],
        "one": {"label": "y"},
    }
    assert by_row(content, "q", task_input) == {"a-1": "agree", "a-2": None}
    assert by_row(content, "t", task_input) == {"a-1": "x", "a-2": None}
    assert by_row(content, "one", {"rows": [{"id": "b"}]}) == {"b": "y"}
    with pytest.raises(ValueError, match="numbers of answers and rows are 1 and 2"):
        by_row(content, "one", task_input)
