"""The committed credit data is UCI's, decoded as doc/fairness.md says."""

import hashlib
import re

import pandas as pd
import pytest

CODED = "shared/reference/data/german_credit.csv"


@pytest.fixture(scope="module")
def decoded(repository):
    return pd.read_csv(repository / "data" / "german_credit.csv")


@pytest.fixture(scope="module")
def codes(repository):
    """The code table of doc/fairness.md: column, code, words."""
    table = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (.+) \|$",
        (repository / "doc" / "fairness.md").read_text(),
        re.M,
    )
    return pd.DataFrame(table, columns=["column", "code", "words"])


def test_rows_and_risk(decoded):
    assert decoded.shape == (1000, 22)
    assert decoded["credit"].value_counts().to_dict() == {"good": 700, "bad": 300}
    assert decoded["sex"].value_counts().to_dict() == {"male": 690, "female": 310}
    assert (decoded["age"] <= 25).sum() == 190
    assert not decoded.isna().any().any()


def test_sex_is_derived_from_personal_status(decoded):
    assert (decoded["personal_status"].str.endswith("woman") == (decoded["sex"] == "female")).all()


def test_all_categories_are_in_the_code_table(decoded, codes):
    for column in codes["column"].unique():
        assert set(decoded[column]) == set(codes.loc[codes["column"] == column, "words"]), column
    left = set(decoded.select_dtypes(exclude="number")) - set(codes["column"])
    assert left == {"sex"}


def test_categories_stay_strings_in_every_csv_reader(decoded):
    words = {
        word
        for column in decoded.select_dtypes(exclude="number")
        for word in decoded[column].unique()
    }
    assert not {
        word
        for word in words
        if word.lower() in ("", "none", "na", "n/a", "nan", "null") or "," in word
    }


def test_it_decodes_the_original(repository, decoded, codes):
    original = repository.parent / CODED
    if not original.exists():
        pytest.skip("the coded original is not on this machine")
    coded = pd.read_csv(original).astype({"credit": str})
    for column, part in codes.groupby("column"):
        coded[column] = coded[column].map(part.set_index("code")["words"])
    pd.testing.assert_frame_equal(coded, decoded.drop(columns="sex"))


def test_the_document_gives_its_checksum(repository):
    found = hashlib.sha256((repository / "data" / "german_credit.csv").read_bytes()).hexdigest()
    assert found in (repository / "doc" / "fairness.md").read_text()
