"""How often the lessons' verdicts are true at other seeds: ten runs of all notebooks."""

import re

import pytest

from tests.notebooks import chain, verdicts_table

ROW = r"^\| (\d\d) \| (.+) \| (\d+) of (\d+) \|$"


@pytest.mark.long
def test_verdicts_hold_at_nine_seeds_of_ten(capsys):
    folders = [verdicts_table.measure(seed) for seed in verdicts_table.SEEDS]
    counts = verdicts_table.counted(folders)
    with capsys.disabled():
        print(f"\n{verdicts_table.table(counts, len(folders))}")
    assert [verdict for verdict, count in counts.items() if count < 0.9 * len(folders)] == []


def test_the_teachers_page_says_how_often_present_verdicts_are_true():
    rows = re.findall(ROW, verdicts_table.PAGE.read_text(), re.M)
    assert rows and {row[:2] for row in rows} <= set(chain.verdicts()), "run make seeds"
    assert [row for row in rows if int(row[2]) < 0.9 * int(row[3])] == []


def test_a_verdict_whose_numbers_are_gone_is_not_true():
    tie = next(iter(chain.verdicts().values()))
    empty = chain.sentences.Lesson(chain.nbformat.v4.new_notebook())
    assert not chain.holds(tie, empty)
