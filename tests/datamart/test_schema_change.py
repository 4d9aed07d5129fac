"""A model may change and its old rows stay readable; a change that would lose data is refused."""

import pandas as pd
import pytest

from model_monitoring import datamart

from .conftest import small_record


def changed(
    fields, values, answers=((0.9, 1),), scoring_id=None, outputs=("score", "predicted_label")
):
    return datamart.PayloadRecord(
        {"fields": list(fields), "values": [list(row) for row in values]},
        {"fields": list(outputs), "values": [list(row) for row in answers]},
        scoring_id,
    )


@pytest.fixture
def evolving(small):
    small.payload_logging.store([small_record("old", values=[[1.5, "red"]])])
    small.feedback_logging.store([{"scoring_id": "old-1", "diagnosis": 1}])
    small.payload_logging.enable(dynamic_schema_update=True)
    return small


def test_by_default_nothing_changes(small):
    small.payload_logging.store([small_record("old")])
    with pytest.raises(ValueError, match="'age' is unknown"):
        small.payload_logging.store([changed(["size", "colour", "age"], [[1, "red", 3]])])


def test_a_new_feature_becomes_a_column(mart, evolving):
    report = evolving.payload_logging.store(
        [changed(["size", "colour", "age"], [[2.5, "blue", 50]], scoring_id="new")]
    )
    assert report.changes == ("'age' is new",)
    content = evolving.payload_logging.get_table_content()
    assert content.columns.tolist()[4:] == ["size", "colour", "age", "score", "predicted_label"]
    assert content["age"].isna().tolist() == [True, False]
    assert evolving.payload_logging.get_details()["schema_changes"][0]["change"] == "'age' is new"
    again = changed(["size", "colour", "age"], [[2.5, "blue", 50]], scoring_id="new")
    assert evolving.payload_logging.store([again]) == datamart.StoreReport(0, 1, 0)
    assert mart.subscriptions.get(name="small").asset["feature_columns"] == [
        "size",
        "colour",
        "age",
    ]

    evolving.feedback_logging.store([{"scoring_id": "new-1", "diagnosis": 1}])
    assert evolving.feedback_logging.get_table_content()["size"].tolist() == [1.5, 2.5]
    evolving.quality_monitoring.enable(min_records=2)
    assert evolving.quality_monitoring.run()["records"] == 2


def test_an_open_subscription_object_sees_a_new_feature(evolving):
    evolving.payload_logging.store(
        [changed(["size", "colour", "age"], [[2.5, "blue", 50]], scoring_id="new")]
    )
    assert evolving.asset["feature_columns"] == ["size", "colour", "age"]
    evolving.fairness_monitoring.enable([datamart.Feature("age", None, [[0, 20]])], [1])
    evolving.drift_monitoring.enable(
        pd.DataFrame({"size": [1.0] * 60, "colour": ["red"] * 60, "age": range(60)})
    )
    evolving.payload_logging.enable(never_store=["age"])
    assert evolving.payload_logging.get_table_content()["age"].isna().all()


def test_an_old_row_sent_again_is_still_known(evolving):
    evolving.payload_logging.store([changed(["size", "colour", "age"], [[2.5, "blue", 50]])])
    assert evolving.payload_logging.store([small_record("old", values=[[1.5, "red"]])]).skipped == 1


def test_a_dropped_feature_stays_readable_and_may_return(evolving):
    report = evolving.payload_logging.store([changed(["size"], [[2.5]])])
    assert report.changes == ("'colour' is no longer sent",)
    assert evolving.payload_logging.store([changed(["size"], [[3.5]])]).changes == ()
    assert evolving.payload_logging.get_table_content()["colour"].tolist()[0] == "red"
    assert evolving.payload_logging.get_table_content()["colour"].isna().tolist() == [
        False,
        True,
        True,
    ]
    evolving.payload_logging.store([small_record("back", values=[[4.5, "blue"]])])
    assert evolving.payload_logging.get_table_content()["colour"].tolist()[3] == "blue"


def test_a_type_is_widened(mart, asset):
    subscription = mart.subscriptions.add(
        asset(
            name="w",
            feature_columns=["rank", "flag"],
            categorical_columns=["rank"],
            probability_column=None,
        )
    )
    fields, outputs = ["rank", "flag"], ["predicted_label"]
    subscription.payload_logging.store([changed(fields, [[3, True]], [[1]], "a", outputs)])
    with pytest.raises(ValueError, match=r"'rank'.*whole"):
        subscription.payload_logging.store([changed(fields, [[3.5, True]], [[1]], "b", outputs)])
    subscription.payload_logging.enable(dynamic_schema_update=True)
    report = subscription.payload_logging.store(
        [changed(fields, [[3.5, True]], [[1]], "b", outputs)]
    )
    assert report.changes == ("'rank' was widened from bigint to double precision",)
    with pytest.raises(ValueError, match=r"'flag'.*boolean"):
        subscription.payload_logging.store([changed(fields, [[4, 2]], [[1]], "c", outputs)])
    content = subscription.payload_logging.get_table_content()
    assert content["rank"].tolist() == [3.0, 3.5]
    assert (
        subscription.payload_logging.store(
            [changed(fields, [[3, True]], [[1]], "a", outputs)]
        ).skipped
        == 1
    )


@pytest.mark.parametrize("bad", [["text", "red"], [1.5, 7], [[1, 2], "red"]])
def test_a_type_that_narrows_is_refused(evolving, bad):
    with pytest.raises(ValueError, match="is not of the column's type"):
        evolving.payload_logging.store([changed(["size", "colour"], [bad])])
    assert evolving.payload_logging.get_details()["schema_changes"] == []


def test_a_bad_row_undoes_the_change_made_for_it(evolving):
    with pytest.raises(ValueError):
        evolving.payload_logging.store([changed(["size", "colour", "age"], [["big", "red", 3]])])
    assert "age" not in evolving.payload_logging.get_table_content().columns
    assert evolving.get_details()["asset"]["feature_columns"] == ["size", "colour"]


def test_hostile_new_names(evolving):
    names = ["size", "colour", 'a"; DROP TABLE run; --', "scoring_id", "é" * 90, "%s"]
    evolving.payload_logging.store([changed(names, [[1.0, "red", 1.0, 2.0, 3.0, 4.0]])])
    row = evolving.payload_logging.get_table_content().iloc[1]
    assert row.tolist()[6:10] == [1.0, 2.0, 3.0, 4.0]
