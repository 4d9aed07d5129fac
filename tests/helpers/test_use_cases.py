"""The data files are the known ones; one that was changed or is missing is refused before use."""

import dataclasses
import shutil

import pytest
from sklearn.datasets import load_breast_cancer

from helpers import use_cases
from helpers.use_cases import BREAST_CANCER, GERMAN_CREDIT


def test_breast_cancer_is_the_known_data_set():
    cases = BREAST_CANCER.load()
    assert list(cases.columns) == [BREAST_CANCER.label, *BREAST_CANCER.features]
    assert cases["diagnosis"].value_counts().to_dict() == {"B": 357, "M": 212}
    assert cases["radius_mean"].mean() == pytest.approx(14.127292, abs=1e-6)
    assert cases["radius_mean"].std() == pytest.approx(3.524049, abs=1e-6)


def test_malignant_is_the_positive_class_where_scikit_learn_has_it_as_zero():
    source = load_breast_cancer()
    assert source.target_names[0] == "malignant"
    target = BREAST_CANCER.load()["diagnosis"].map(BREAST_CANCER.label_values)
    assert (target.to_numpy() == 1 - source.target).all()


def test_values_and_order_are_those_of_scikit_learn():
    assert (
        BREAST_CANCER.load()[list(BREAST_CANCER.features)].to_numpy() == load_breast_cancer().data
    ).all()


def test_german_credit_says_who_is_protected_and_what_can_change():
    cases = GERMAN_CREDIT.load()
    assert list(cases.columns) == [GERMAN_CREDIT.label, *GERMAN_CREDIT.features]
    assert cases["credit"].value_counts().to_dict() == {"good": 700, "bad": 300}
    assert "personal_status" not in cases  # it tells sex exactly
    majority, minority = GERMAN_CREDIT.protected["sex"]
    assert set(cases["sex"]) == {*majority, *minority}
    ((older, oldest),), ((youngest, younger),) = GERMAN_CREDIT.protected["age"]
    assert cases["age"].between(youngest, younger).sum() == 190
    assert (cases["age"].between(older, oldest) | cases["age"].between(youngest, younger)).all()
    assert set(GERMAN_CREDIT.changeable) <= set(GERMAN_CREDIT.features) - set(
        GERMAN_CREDIT.protected
    )


def test_a_changed_file_is_refused(tmp_path):
    shutil.copy(use_cases.DATA / BREAST_CANCER.file, tmp_path)
    with (tmp_path / BREAST_CANCER.file).open("a") as file:
        file.write("\n")
    with pytest.raises(
        use_cases.DataFileError, match=r"breast_cancer\.csv was changed.*git checkout"
    ):
        BREAST_CANCER.load(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(use_cases.DataFileError, match=r"breast_cancer\.csv is missing"):
        BREAST_CANCER.load(tmp_path)


def test_the_readme_gives_every_checksum(repository):
    readme = (repository / "data" / "README.md").read_text()
    known = [value for value in vars(use_cases).values() if isinstance(value, use_cases.UseCase)]
    assert [case.name for case in known if f"{case.sha256}  {case.file}" not in readme] == []


def test_a_use_case_cannot_be_changed_by_accident():
    with pytest.raises(dataclasses.FrozenInstanceError):
        BREAST_CANCER.label = "other"
