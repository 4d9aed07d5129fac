"""Counts in sentences: "1 row", never "1 rows"."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.analysis.wording import counted

SOURCES = Path(__file__).parents[2] / "src"
NOUNS = "answer class column feature label line prediction record request row violation"
PLURAL = re.compile(rf" (?:[a-z-]+ ){{0,2}}?(?:{'|'.join(NOUNS.split())})(?:e?s)\b")
COUNT = re.compile(r"(len|\w*(count|rows|labels)|\w+\.(rows|records|labels|stored|count))\b")
NEVER_ONE = {"len(values)", "len(expected)", "profile.rows", "len(features)"}
NEVER_ONE |= {"len(batch.scoring_ids)", "len(found)"}
AWS = {"len(self.violations)"}


@pytest.mark.parametrize(("number", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_one_thing_is_singular(number, said):
    assert counted(number, "row") == said


def test_the_verb_goes_with_the_number():
    assert counted(1, "class is", "classes are") == "1 class is"
    assert counted(3, "class is", "classes are") == "3 classes are"


def test_one_row_is_not_measured():
    assert str(NotMeasured("rows", "age", "text", 1)) == "1 row of age not measured: text"


def plurals(source: str) -> Iterator[str]:
    """Yield the counts that stand before a fixed plural in a file's f-strings."""
    for node in ast.walk(ast.parse(source)):
        for value, text in pairwise(node.values if isinstance(node, ast.JoinedStr) else []):
            counts = isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant)
            if counts and PLURAL.match(text.value) and COUNT.match(ast.unparse(value.value)):
                yield ast.unparse(value.value)


def test_no_message_has_a_fixed_plural_after_a_count():
    found = [
        f"{path.relative_to(SOURCES)}: {count}"
        for path in SOURCES.rglob("*.py")
        for count in plurals(path.read_text(encoding="utf-8"))
        if count not in NEVER_ONE | AWS
    ]
    assert not found


def test_a_fixed_plural_would_be_found():
    assert list(plurals('f"{count} rows"')) == ["count"]
    assert list(plurals('f"{len(rows)} new labelled rows"')) == ["len(rows)"]
    assert not list(plurals("f\"{counted(len(rows), 'row')} read\""))
