"""Turn what a browser sends into A2I's answerContent, and that into labels of scored rows."""

import math
from collections.abc import Iterable

from .fields import Field


def parse(pairs: Iterable[tuple[str, str]], fields: Iterable[Field]) -> dict:
    """Write a form's answers as A2I's answerContent.

    Answers are keyed by name. Those of radio buttons and checkboxes are booleans by value. If a
    template gives one name to several fields, the name has the list of their answers, in the page's
    order, with None for a field without an answer. (A2I itself kept only one of them.)
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value.replace("\r\n", "\n"))
    answered: dict[str, list] = {}
    for field in fields:
        answered.setdefault(field.key, []).append((field, given.get(field.wire, [])))
    return {key: _answers(found) for key, found in answered.items()}


def missing(pairs: Iterable[tuple[str, str]], fields: Iterable[Field]) -> list[str]:
    """List the names of required fields without an answer, as they are in the page."""
    given = {name for name, value in pairs if value.strip()}
    required = dict.fromkeys(field.wire for field in fields if field.required)
    return [name for name in required if name not in given]


def _answers(found: list[tuple[Field, list[str]]]) -> object:
    """Write the answer of a name's only field, or the list of the answers of its fields."""
    if len(found) == 1:
        return _answer(*found[0])
    return [_answer(*one) if _is_given(*one) else None for one in found]


def _answer(field: Field, values: list[str]) -> object:
    sent_values = set(values)
    chosen = dict.fromkeys(option for sent, option in field.options.items() if sent in sent_values)
    if field.kind in ("radio", "checkbox"):
        return {option: option in chosen for option in field.options.values()}
    if field.kind == "label":
        return {"label": next(iter(chosen), None)}
    if field.kind == "labels":
        return {"labels": list(chosen)}
    if field.kind == "texts":
        return values
    text = values[0] if values else ""
    return _number(text) if field.kind == "number" else text


def _number(text: str) -> float | int | str:
    try:
        number = int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text  # JSON has no "nan"


def _is_given(field: Field, values: list[str]) -> bool:
    """Say whether a field of a repeated name is answered; an unticked checkbox is an answer too."""
    if field.kind in ("checkbox", "labels"):
        return True
    if field.options:
        return any(value in field.options for value in values)
    return any(value.strip() for value in values)


def by_row(answer_content: dict, name: str, task_input: dict) -> dict[str, str | None]:
    """Map scoring ids to the answers under a name; for a choice, to the chosen option.

    Args:
        answer_content: A2I's answerContent.
        name: the name of a field that each row has.
        task_input: its `rows` have the `id` of each, in the page's order.

    Raises:
        ValueError: there are more or fewer answers than rows.
    """
    ids = [row["id"] for row in task_input["rows"]]
    found = answer_content.get(name)
    values = found if isinstance(found, list) else [found]
    if len(values) != len(ids):
        raise ValueError(
            f"{name!r} must have one answer per row, but the numbers of answers and rows are"
            f" {len(values)} and {len(ids)}: let the template ask for it once in every row."
        )
    return {id_: _chosen(value) for id_, value in zip(ids, values, strict=True)}


def _chosen(value: object) -> str | None:
    """Name the one chosen option; None if there is no answer."""
    if isinstance(value, dict) and "label" in value:
        return value["label"]
    if isinstance(value, dict):
        return next((option for option, is_chosen in value.items() if is_chosen is True), None)
    return value or None


def labels(answer_content: dict, task_input: dict) -> dict[str, str | None]:
    """Map scoring ids to the labels chosen on the default template, or None."""
    return by_row(answer_content, "label", task_input)


def reasons(answer_content: dict, task_input: dict) -> dict[str, str | None]:
    """Map scoring ids to the reasons written on the default template, or None."""
    return by_row(answer_content, "reason", task_input)
