"""The glossary has the lessons' terms, and a lesson links a term where it first uses it."""

import re

import nbformat
import pytest

from tests.conftest import REPOSITORY
from tests.notebooks.sentences import one_line

GLOSSARY = (REPOSITORY / "doc/glossary.md").read_text()
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))
TERMS = dict(re.findall(r'<a id="([^"]+)"></a>([^<|,]+?)(?= \||,)', GLOSSARY))
# Words that lessons also use in their everyday sense: the lesson in which they are terms.
EVERYDAY = {
    "model": "02",
    "measurement": "03",
    "quality": "06",
    "performance": "06",
    "background": "09",
    "state": "12",
}
# A term as lessons write it.
WRITTEN = {
    "held-out-cases": "held-out (?:case|patient)s?",
    "calibration": "calibrat(?:ed|ion)",
    "ks-distance": "Kolmogorov-Smirnov distance",
    "favourable-outcome": "favourable(?: outcomes?)?",
    "contrastive-explanation": "contrastive(?: explanations?)?",
    "shapley-value": "Shapley(?:'s)? values?",
    "protected-attribute": "protected(?: attributes?)?",
    "roll-back": "roll(?:s|ed)?[ -]backs?",
}
# Code, links, headings, the map of 00, and what others have written.
SILENT = [
    r"^\| \[\d\d .*$",
    r"```.*?```",
    r"^## Further reading\n.*?(?=^## |\Z)",
    r"!?\[[^\]]*\]\([^)]*\)",
    r"`[^`\n]*`",
    r"<[^>]*>",
    r"^#.*$",
]
# Emphasis, headings of a paragraph, names of products and of what a cell draws: no terms.
NO_TERMS = """
area under the ROC curve; between two limits; chance; enabled; run; real; matter; paired; just
one; scored; scripted; predicted label; score; configuration; problem type; feature columns;
prediction and probability columns; label column; other content; offline AWS; companion disagree;
scores; breaks a constraint; Fairness monitoring; Explainability; EventBridge Scheduler;
PostgreSQL; train; deploy; Amazon S3; Amazon SageMaker; log; watch; review; retrains; interval;
favourable; shadow variant; Accuracy; feedback table; quality table; performance table
"""
NO_TERM = re.compile(r"[.?!,0-9]$|^What you|^Time$|^When ")


def sources(path):
    """Return the text cells of a lesson as one text."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def said(text):
    """Return what is left of a text without its links, code and headings."""
    for pattern in SILENT:
        text = re.sub(pattern, " ", text, flags=re.M | (re.S if ".*?" in pattern else 0))
    return one_line(text)


def linked(text):
    return set(re.findall(r"\(\.\./doc/glossary\.md#([^)]+)\)", text))


TEXTS = {path.name[:2]: sources(path) for path in NOTEBOOKS}


def slug(term):
    return re.sub(r"[^a-z0-9]+", "-", term.lower().replace("'", "")).strip("-")


def test_every_entry_has_an_anchor_of_its_own():
    rows = re.findall(r"^\| (?!term|---)(.+?) \| ", GLOSSARY, re.M)
    assert [row for row in rows if not row.startswith("<a id=")] == []
    assert {anchor: slug(term) for anchor, term in TERMS.items() if anchor != slug(term)} == {}
    assert len(re.findall("<a id=", GLOSSARY)) == len(TERMS)


@pytest.mark.parametrize("number", TEXTS)
def test_links_to_the_glossary_find_an_entry(number):
    assert linked(TEXTS[number]) - set(TERMS) == set()


def first_use(anchor):
    """Return the number of the first lesson that uses a term, linked or not."""
    plain = r"\s+".join(map(re.escape, TERMS[anchor].split())) + "(?:s|es)?"
    pattern = re.compile(rf"(?<![\w-]){WRITTEN.get(anchor, plain)}(?![\w-])", re.I)
    uses = [n for n, text in TEXTS.items() if anchor in linked(text) or pattern.search(said(text))]
    return min(uses, default=None)


@pytest.mark.parametrize("anchor", TERMS)
def test_a_term_is_linked_in_the_first_lesson_that_uses_it(anchor):
    first = EVERYDAY.get(anchor) or first_use(anchor)
    assert first, f"no lesson uses {TERMS[anchor]!r}"
    assert anchor in linked(TEXTS[first]), f"notebook {first} doesn't link {TERMS[anchor]!r}"


def test_every_term_in_bold_stands_in_the_glossary():
    entries = {slug(term) for term in TERMS.values()} | {slug(one) for one in NO_TERMS.split(";")}
    written = [re.compile(pattern, re.I) for pattern in WRITTEN.values()]
    unknown = []
    for number, text in TEXTS.items():
        text = re.sub(r"```.*?```", " ", text, flags=re.S)
        for phrase in re.findall(r"\*\*([^*]+?)\*\*(?!\()", text):
            phrase = one_line(phrase).strip("[]")
            is_a_term = len(phrase.split()) <= 5 and not NO_TERM.search(phrase)
            known = re.sub(r"s$", "", slug(phrase)) in {re.sub(r"s$", "", one) for one in entries}
            if is_a_term and not known and not any(one.fullmatch(phrase) for one in written):
                unknown.append((number, phrase))
    assert unknown == []
