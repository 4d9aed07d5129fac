"""Life after the first mistake: labels are corrected, feedback counts once, ids fit one row."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from model_monitoring import datamart

from .conftest import small_record

ROWS = [[1.5, "red"], [2.5, "blue"]]


@pytest.fixture
def scored(small):
    small.payload_logging.store([small_record("a", values=ROWS, answers=[[0.9, 1], [0.2, 0]])])
    small.feedback_logging.store("scoring_id,diagnosis\na-1,1\na-2,0\n", data_header=True)
    return small


def labels(subscription):
    return subscription.feedback_logging.get_table_content()["diagnosis"].tolist()


def test_a_label_is_corrected_and_what_it_was_is_kept(scored):
    with pytest.raises(datamart.ConflictError, match=r"call feedback_logging\.correct"):
        scored.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": "benign"}])
    done = scored.feedback_logging.correct(
        [{"scoring_id": "a-1", "diagnosis": "benign"}, {"scoring_id": "a-2", "diagnosis": 0}]
    )
    assert done == datamart.StoreReport(1, 1, 1)
    assert sorted(labels(scored)) == [0, 0]
    changes = scored.feedback_logging.list_corrections()
    assert changes[["scoring_id", "old_label", "new_label"]].values.tolist() == [["a-1", "1", "0"]]
    scored.quality_monitoring.enable(min_records=1)
    assert scored.quality_monitoring.run()["metrics"]["accuracy"] == 0.5


def test_corrections_are_erased_with_their_rows(scored):
    scored.feedback_logging.correct([{"scoring_id": "a-1", "diagnosis": 0}])
    scored.payload_logging.delete_records(["a-1"])
    assert scored.feedback_logging.list_corrections().empty


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([{"scoring_id": "b-1", "diagnosis": 0}], "No scored row"),
        ([{"size": 1.5, "colour": "red", "diagnosis": 0}], "Send scoring_id and diagnosis"),
        ([{"scoring_id": "a-1", "diagnosis": "odd"}], "Unknown label"),
    ],
)
def test_corrections_of_nothing(scored, data, message):
    with pytest.raises(ValueError, match=message):
        scored.feedback_logging.correct(data)
    assert labels(scored) == [1, 0]


def test_an_id_that_fits_two_rows(small):
    for size, name in ((1.0, "one"), (2.0, "one-1")):
        small.payload_logging.store([small_record(name, values=[[size, "red"]])])
    with pytest.raises(ValueError, match="'one-1' is ambiguous: it is row 1 of request 'one'"):
        small.feedback_logging.store([{"scoring_id": "one-1", "diagnosis": 0}])
    assert small.feedback_logging.store([{"scoring_id": "one-1-1", "diagnosis": 0}]).stored == 1
    assert small.feedback_logging.get_table_content()["size"].tolist() == [2.0]


def test_how_many_ids_are_unknown_is_counted(scored):
    unknown = [{"scoring_id": f"u{i}-1", "diagnosis": 1} for i in range(1000)]
    with pytest.raises(ValueError, match="'u4-1' and 995 more"):
        scored.feedback_logging.store(unknown)


def test_feedback_of_features_counts_once(scored):
    twice = [[7.5, "red", 1], [7.5, "red", 1], [8.5, "blue", 0]]
    assert scored.feedback_logging.store(twice) == datamart.StoreReport(3, 0, 3)
    assert scored.feedback_logging.store(twice) == datamart.StoreReport(0, 3, 0)
    csv = "7.5,red,malignant\n7.50,red,1\n8.5,blue,0\n"
    assert scored.feedback_logging.store(csv) == datamart.StoreReport(0, 3, 0)
    with_ids = [
        {"feedback_id": name, "size": 7.5, "colour": "red", "diagnosis": 1} for name in ("x", "y")
    ]
    assert scored.feedback_logging.store(with_ids).stored == 2
    assert scored.feedback_logging.store(with_ids).skipped == 2
    assert scored.feedback_logging.get_records_count() == 2 + 3 + 2


def test_one_feedback_id_for_two_labels(scored):
    one = {"feedback_id": "x", "size": 7.5, "colour": "red", "diagnosis": 1}
    other = one | {"diagnosis": 0}
    for twice in ([one, other], [other, one]):
        with pytest.raises(datamart.ConflictError, match="'x' has another label"):
            scored.feedback_logging.store(twice)
    assert scored.feedback_logging.store([one]).stored == 1
    with pytest.raises(datamart.ConflictError):
        scored.feedback_logging.store([other])
    assert scored.feedback_logging.get_records_count() == 3


def test_fields_without_ids_say_what_they_are_good_for(scored):
    with pytest.warns(UserWarning, match=r"score=True\) would have the endpoint score them"):
        scored.feedback_logging.store([[1, 7.5, "red"]], fields=["diagnosis", "size", "colour"])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("17,1.5,red,1\n", {}, "Row 1 of the feedback must have 3 values"),
        ("size,colour,diagnosis\n1,red,1,0.9\n", {"data_header": True}, "Row 1.*3 values"),
        ('1.5,"red,1\n2.5,blue,0\n', {}, "isn't CSV"),
        ("size,size,diagnosis\n1,1,1\n", {"data_header": True}, "the field 'size' twice"),
    ],
)
def test_csv_is_as_wide_as_it_says(scored, text, options, message):
    with pytest.raises(ValueError, match=message):
        scored.feedback_logging.store(text, **options)
    assert scored.feedback_logging.get_records_count() == 2


def test_labels_in_csv_are_text_as_they_are_known(mart, asset):
    subscription = mart.subscriptions.add(
        asset(
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
            label_values=["1", "None", "NA"],
            probability_column=None,
        )
    )
    rows = [[1.0, "NA"], [2.0, "nan"], [3.0, "01"]]
    subscription.payload_logging.store(
        [
            datamart.PayloadRecord(
                {"fields": ["size", "colour"], "values": rows},
                {"fields": ["predicted_label"], "values": [["1"], ["None"], ["NA"]]},
                "a",
            )
        ]
    )
    csv = "scoring_id,diagnosis\na-1,1\na-2,None\na-3,NA\n"
    assert subscription.feedback_logging.store(csv, data_header=True).stored == 3
    assert subscription.feedback_logging.get_table_content()["diagnosis"].tolist() == [
        "1",
        "None",
        "NA",
    ]
    assert subscription.feedback_logging.store("4,NA,1\n").stored == 1
    assert subscription.feedback_logging.get_table_content()["colour"].tolist()[-1] == "NA"


def test_a_retry_that_rounds_is_the_same_request(small):
    first = small_record("a", values=[[0.1234567891, "red"]], answers=[[0.9, 1]])
    again = small_record("a", values=[[0.1234567, "red"]], answers=[[0.90000001, 1]])
    small.payload_logging.store([first])
    report = small.payload_logging.store([again, small_record("b")])
    assert (report.stored, report.skipped) == (1, 1)
    with pytest.raises(datamart.ConflictError):
        small.payload_logging.store([small_record("a", values=[[0.1234, "red"]])])
    with pytest.raises(datamart.ConflictError):
        small.payload_logging.store([small_record("a", values=[[0.1234567891, "blue"]])])


def test_one_call_corrects_a_row_once(scored):
    correct = scored.feedback_logging.correct
    row = {"scoring_id": "a-1", "diagnosis": 0}
    assert correct([row, row]) == datamart.StoreReport(1, 1, 1)
    assert len(scored.feedback_logging.list_corrections()) == 1
    with pytest.raises(datamart.ConflictError, match="'a-1' has several labels in this call"):
        correct([row | {"diagnosis": 1}, row])
    assert sorted(labels(scored)) == [0, 0]


def test_corrections_at_the_same_time_are_listed_as_they_were_made(scored):
    def correct(label):
        scored.feedback_logging.correct([{"scoring_id": "a-1", "diagnosis": label}])

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(correct, [0, 1] * 12))
    changes = scored.feedback_logging.list_corrections()
    assert changes["old_label"].tolist()[:-1] == changes["new_label"].tolist()[1:]


def test_feedback_as_spreadsheets_and_frames_have_it(scored):
    store = scored.feedback_logging.store
    assert store("\ufeffscoring_id,diagnosis\na-1,1\n", data_header=True).skipped == 1
    twice = pd.DataFrame([[1.0, 1.0, "red", 1]], columns=["size", "size", "colour", "diagnosis"])
    with pytest.raises(ValueError, match="Two columns of the data frame have the same name"):
        store(twice)
    with pytest.raises(ValueError, match="Row 2 of the feedback has no label"):
        store(pd.DataFrame({"scoring_id": ["a-1", "a-2"], "diagnosis": [1, None]}))
    with pytest.raises(ValueError, match="No scored row has scoring id 'a-9', 'b'"):
        store(pd.DataFrame({"scoring_id": ["a-9", "b"], "diagnosis": 1}))


def test_a_row_without_a_feedback_id_is_known_by_its_content(scored):
    row = {"feedback_id": None, "size": 7.0, "colour": "red", "diagnosis": 1}
    reports = [scored.feedback_logging.store([row]) for _ in range(2)]
    assert [report.stored for report in reports] == [1, 0]
    with pytest.raises(ValueError, match="row 1: a feedback_id must be a string"):
        scored.feedback_logging.store([row | {"feedback_id": 5}])
