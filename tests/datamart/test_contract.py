"""What is declared when a model is subscribed decides the types, whichever door values come by."""

import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from model_monitoring import datamart
from model_monitoring.datamart import ProblemType

from .test_capture_ingestion import JSON_KINDS, PREFIX, event

FEATURES = ["size", "colour", "count", "flag"]
ROWS = [[1.5, "01234", 3, True], [None, "7", None, False], [2.0, None, 2**53 + 1, None]]
ANSWER = {"predictions": [{"score": 0.9, "predicted_label": 1}]}


@pytest.fixture
def typed(mart, asset):
    def add(name):
        return mart.subscriptions.add(
            asset(
                name=name,
                problem_type=ProblemType.BINARY_CLASSIFICATION,
                label_values=[0, 1],
                feature_columns=FEATURES,
                categorical_columns=["colour"],
                feature_types={"count": "whole number", "flag": "boolean"},
            )
        )

    return add


def record(scoring_id, row, answer=(0.9, 1), fields=FEATURES, outputs=("score", "predicted_label")):
    return datamart.PayloadRecord(
        {"fields": list(fields), "values": [list(row)]},
        {"fields": list(outputs), "values": [list(answer)]},
        scoring_id,
    )


def as_text(value):
    return "" if value is None else str(value)


def as_numbers(row):
    """Write categories and booleans as numbers, and numbers as text."""
    size, colour, count, flag = row
    colour = int(colour) if colour == "7" else colour
    return [None if size is None else str(size), colour, count, None if flag is None else int(flag)]


ROUTES = {
    "python": lambda log: log.store([record(f"r{i}", row) for i, row in enumerate(ROWS)]),
    "numbers as text": lambda log: log.store(
        [record(f"r{i}", as_numbers(row)) for i, row in enumerate(ROWS)]
    ),
    "objects in a frame": lambda log: log.store(
        pd.DataFrame(ROWS, columns=FEATURES, dtype=object).assign(
            score=0.9, predicted_label=1, scoring_id=["r0", "r1", "r2"]
        )
    ),
    "a frame of pandas' types": lambda log: log.store(
        pd.DataFrame(
            {
                "size": pd.array([1.5, None, 2.0], "Float64"),
                "colour": pd.Categorical(["01234", "7", None]),
                "count": pd.array([3, None, 2**53 + 1], "Int64"),
                "flag": pd.array([True, False, None], "boolean"),
            }
        ).assign(score=0.9, predicted_label=1, scoring_id=["r0", "r1", "r2"])
    ),
}
EXPECTED = [["r0-1", 1.5, "01234", 3, True], ["r1-1", None, "7", None, False]]
EXPECTED += [["r2-1", 2.0, None, 2**53 + 1, None]]


def table(subscription, columns=FEATURES):
    content = subscription.payload_logging.get_table_content()[["scoring_id", *columns]]
    content = content.astype(object)
    return content.where(content.notna(), None).values.tolist()


@pytest.mark.parametrize("route", ROUTES)
def test_the_same_rows_by_any_door_are_the_same_table(typed, route):
    subscription = typed("typed")
    ROUTES[route](subscription.payload_logging)
    assert table(subscription) == EXPECTED
    # And whoever sends them again by another door sends nothing new
    for other in ROUTES.values():
        assert other(subscription.payload_logging).skipped == 3


def test_float32_is_what_its_text_says(small):
    sizes = np.array([0.1, 1e-30, 16777217, np.nan], dtype=np.float32)
    small.payload_logging.store(
        pd.DataFrame({"size": sizes, "colour": "red", "score": 0.5, "predicted_label": 1})
    )
    found = small.payload_logging.get_window(columns=["size"])["size"]
    assert found.tolist()[:3] == [0.1, 1e-30, 16777216.0] and np.isnan(found[3])


@pytest.mark.parametrize(("codes", "drifted"), [(["01234", "777"], 0), (["1234", "777"], 1)])
def test_categories_of_digits_are_no_numbers(small, codes, drifted):
    rng = np.random.default_rng(0)

    def frame(codes):
        codes = rng.choice(codes, 300)
        return pd.DataFrame({"size": rng.normal(size=300), "colour": codes})

    small.payload_logging.store(frame(codes).assign(score=0.5, predicted_label=1))
    small.drift_monitoring.enable(frame(["01234", "777"]))
    metrics = small.drift_monitoring.run()["metrics"]
    assert metrics["drifted_features"] == drifted and (metrics["violations"] > 0) == drifted


@pytest.mark.parametrize("form", ["CSV", "JSON", "BASE64"])
def test_captured_traffic_is_the_same_table(typed, capturing, database_url, form):
    small, write = capturing
    schema = typed("captured").database.schema
    mart = datamart.DataMart(database_url, schema=schema, boto_session=small.boto_session)
    subscription = mart.subscriptions.get(name="captured")
    lines = []
    for i, row in enumerate(ROWS):
        request, encoding, kinds = ",".join(map(as_text, row)), form, ("text/csv", "text/csv")
        if form == "JSON":
            request, kinds = json.dumps(dict(zip(FEATURES, row, strict=True))), JSON_KINDS
        response = json.dumps(ANSWER) if form == "JSON" else "0.9"
        lines.append(event(f"r{i}", request, response, encoding, kinds))
    write("a", *lines)
    assert subscription.payload_logging.ingest_capture(PREFIX) == (1, 3, 0, 0)
    assert table(subscription) == EXPECTED


def test_training_data_declares_types(mart, asset):
    training = pd.DataFrame(
        {"rank": [1, 2], "plan": ["a", "b"], "age": [30, 40], "member": [True, False], "note": "x"}
    )
    subscription = mart.subscriptions.add(
        asset(feature_columns=list(training), categorical_columns=["rank", "plan"]), training
    )
    assert subscription.asset["feature_types"] == {
        "rank": "whole number",
        "plan": "category",
        "age": "number",
        "member": "boolean",
        "note": "text",
    }
    # Said again without it, they stay
    again = mart.subscriptions.add(
        asset(feature_columns=list(training), categorical_columns=["rank", "plan"])
    )
    assert again.asset == subscription.asset


@pytest.mark.parametrize(
    ("types", "message"),
    [
        ({"weight": "number"}, "feature_types names 'weight'"),
        ({"size": "float"}, "is 'float'; a feature is number, whole number"),
        ({"colour": "number"}, "'colour' is in categorical_columns"),
    ],
)
def test_contracts_that_cannot_be(asset, mart, types, message):
    with pytest.raises(ValueError, match=message):
        mart.subscriptions.add(
            asset(
                feature_columns=["size", "colour"],
                categorical_columns=["colour"],
                feature_types=types,
            )
        )


def test_too_many_features_are_named_when_they_are_subscribed(mart, asset):
    names = [f"f{i}" for i in range(1100)]
    with pytest.raises(ValueError, match=r"1100 features need 8,\d+ bytes a row"):
        mart.subscriptions.add(asset(feature_columns=names))
    wide = mart.subscriptions.add(asset(feature_columns=names[:990]))
    frame = pd.DataFrame(np.random.default_rng(0).random((3, 990)), columns=names[:990])
    assert wide.payload_logging.store(frame.assign(score=0.5, predicted_label=1)).stored == 3


def test_what_a_feature_is_declared_as_is_said_where_it_is_another(small):
    with pytest.raises(ValueError, match=r"'big' is not of the.*or feature_types says otherwise"):
        small.payload_logging.store([record("a", ["big", "red"], fields=["size", "colour"])])


def test_a_response_field_that_repeats_a_feature_or_the_label(small):
    outputs = ["size", "diagnosis", "score", "predicted_label"]
    small.payload_logging.store(
        [record("a", [1.5, "red"], [-3.0, 5.0, 0.9, 1], ["size", "colour"], outputs)]
    )
    small.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": 0}])
    assert table(small, ["size", "size_output", "diagnosis_output"]) == [["a-1", 1.5, -3.0, 5.0]]
    assert small.feedback_logging.get_table_content()["diagnosis"].tolist() == [0]


def answered(subscription, score, predicted=1):
    fields = ["size", "colour"]
    subscription.payload_logging.store([record("a", [1.5, "red"], [score, predicted], fields)])
    return subscription.payload_logging.get_window(columns=["score"])["score"].tolist()[0]


@pytest.mark.parametrize(
    ("score", "stored"),
    [(0.9, 0.9), ([0.1, 0.9], 0.9), ((0.1, 0.9), 0.9), (1.0000001, 1.0), (-1e-7, 0.0), (1, 1.0)],
)
def test_a_binary_score_is_the_positive_classs(small, score, stored):
    assert answered(small, score) == pytest.approx(stored, abs=0)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (1.01, "is no probability, which is from 0 to 1"),
        (-0.5, "is no probability"),
        ([0.1, 0.2], "sum isn't 1 but 0.3"),
        ([0.1, 0.2, 0.7], "3 probabilities for the 2 classes"),
        ([0.1, None], "not a flat list"),
        ("high", "double precision"),
    ],
)
def test_what_is_no_probability_is_refused(small, score, message):
    with pytest.raises(ValueError, match=rf"'score', row 1 of record 'a'.*{message}"):
        answered(small, score)


def test_a_positive_class_that_is_declared_first(mart, asset):
    subscription = mart.subscriptions.add(
        asset(
            problem_type=ProblemType.BINARY_CLASSIFICATION,
            label_values=["good", "bad"],
            positive_label="good",
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
        )
    )
    assert answered(subscription, [0.7, 0.3], "good") == 0.7
    with pytest.raises(ValueError, match="'fair' is none of the classes 'good', 'bad'"):
        subscription.payload_logging.store(
            [record("b", [1, "red"], [0.5, "fair"], ["size", "colour"])]
        )


def test_probabilities_of_classes_whose_order_is_not_known(mart, asset):
    subscription = mart.subscriptions.add(
        asset(feature_columns=["size", "colour"], categorical_columns=["colour"])
    )
    with pytest.raises(ValueError, match="order isn't known: declare label_values"):
        answered(subscription, [0.2, 0.8])
    assert answered(subscription, 0.8) == 0.8


def test_classes_count_in_the_order_in_which_they_are_declared(mart, asset):
    subscription = mart.subscriptions.add(
        asset(
            label_values=["low", "medium", "high"],
            feature_columns=["size", "colour"],
            categorical_columns=["colour"],
        )
    )
    scores = {"low": [0.7, 0.2, 0.1], "medium": [0.1, 0.8, 0.1], "high": [0.1, 0.2, 0.7]}
    subscription.payload_logging.store(
        [
            record(name, [1.0, "red"], [score, name], ["size", "colour"])
            for name, score in scores.items()
        ]
    )
    subscription.feedback_logging.store(
        [{"scoring_id": f"{name}-1", "diagnosis": name} for name in scores]
    )
    subscription.quality_monitoring.enable(min_records=1)
    metrics = subscription.quality_monitoring.run()["metrics"]
    assert metrics["log_loss"] == pytest.approx(-np.mean(np.log([0.7, 0.8, 0.7])))


def test_retyping_converts_what_is_stored(typed):
    subscription = typed("typed")
    ROUTES["python"](subscription.payload_logging)
    subscription.retype({"count": "category", "flag": "number"})
    assert table(subscription, ["count", "flag"]) == [
        ["r0-1", "3", 1.0],
        ["r1-1", None, 0.0],
        ["r2-1", str(2**53 + 1), None],
    ]
    assert subscription.payload_logging.store([record("r0", [*ROWS[0][:3], 1])]).skipped == 1
    with pytest.raises(ValueError, match=r"'size' holds 1\.5, which is no whole number"):
        subscription.retype({"size": "whole number"})
    with pytest.raises(ValueError, match="'colour' holds '01234', which is no boolean"):
        subscription.retype({"colour": "boolean"})
    assert subscription.asset["feature_types"]["count"] == "category"


def test_a_deleted_subscription_leaves_nothing(mart, small, query):
    small.payload_logging.store([record("a", [1.5, "red"], fields=["size", "colour"])])
    small.feedback_logging.store([{"scoring_id": "a-1", "diagnosis": 0}])
    small.feedback_logging.correct([{"scoring_id": "a-1", "diagnosis": 1}])
    small.quality_monitoring.enable(min_records=1)
    mart.run_monitors()
    mart.subscriptions.delete(name="small")
    assert mart.subscriptions.get_uids() == []
    schema = small.database.schema
    tables = query(
        "SELECT table_name FROM information_schema.columns c JOIN information_schema.tables t"
        " USING (table_schema, table_name) WHERE c.table_schema = %s AND table_type = 'BASE TABLE'"
        " AND column_name = 'subscription_id'",
        schema,
    )
    assert {name for (name,) in tables if query(f"SELECT 1 FROM {schema}.{name} LIMIT 1")} == set()
    assert query(
        "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename ~ '^(payload|feed)_.'",
        schema,
    ) in ([], [("payload_error",)])


@pytest.mark.parametrize("dtype", ["Float32", "float[pyarrow]", "float32", "float16"])
def test_a_narrow_float_is_the_same_number_in_any_frame(small, dtype):
    values = pd.Series(pd.array([0.1, None], "Float64").astype("float64"), dtype=dtype)
    frame = pd.DataFrame({"size": values, "colour": values, "diagnosis": 1})
    ids = ["a", "b"]
    small.payload_logging.store(
        frame.drop(columns="diagnosis").assign(score=0.9, predicted_label=1, scoring_id=ids)
    )
    assert table(small, ["size", "colour"])[0] == ["a-1", 0.1, "0.1"]
    small.feedback_logging.store(frame)
    assert set(small.feedback_logging.get_table_content()["size"].dropna()) == {0.1}
    small.payload_logging.store(
        [record("c", [np.float32(0.1), None], (0.9, 1), ["size", "colour"])]
    )
    assert table(small, ["size"])[2] == ["c-1", 0.1]


@pytest.mark.parametrize("dtype", ["UInt64", "uint64[pyarrow]", "uint64"])
def test_a_large_unsigned_number_stays_positive(small, dtype):
    size = pd.array([2**63 + 5], dtype=dtype)
    frame = pd.DataFrame({"size": size, "colour": size, "score": 0.9, "predicted_label": 1})
    small.payload_logging.store(frame.assign(scoring_id="a"))
    assert table(small, ["size", "colour"]) == [["a-1", float(2**63 + 5), str(2**63 + 5)]]


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [("whole number", "1e3", 1000), ("boolean", "1.0", True), ("boolean", "0.0", False)],
)
def test_text_is_the_number_that_it_says(mart, asset, kind, value, stored):
    features = {"feature_columns": ["size"], "feature_types": {"size": kind}}
    subscription = mart.subscriptions.add(asset(**features))
    subscription.payload_logging.store([record("a", [value], fields=["size"])])
    assert table(subscription, ["size"]) == [["a-1", stored]]


GAPS = [np.nan, 1.0, 3.0]


@pytest.mark.parametrize(
    ("values", "plain", "category"),
    [
        (GAPS, "number", "whole number"),
        (pd.Series([None, 1, 3], dtype=object), "number", "whole number"),
        (pd.Categorical([1, 2, None]), "number", "whole number"),
        (pd.Categorical([1.5, 2, None]), "number", "category"),
        (pd.Series([True, None, False], dtype=object), "boolean", "boolean"),
        (pd.Categorical([True, None, False]), "boolean", "boolean"),
        (pd.Series([Decimal("1.5"), None, Decimal(2)], dtype=object), "number", "category"),
        (pd.Series([[1.0], [2.0], None]), "list of numbers", "list of numbers"),
        (pd.Series(["x", None, "y"]), "text", "category"),
    ],
    ids=repr,
)
def test_gaps_and_wrappings_do_not_change_what_training_data_declares(
    mart, asset, values, plain, category
):
    for name, categories, kind in (("plain", [], plain), ("category", ["size"], category)):
        given = asset(name=name, feature_columns=["size"], categorical_columns=categories)
        added = mart.subscriptions.add(given, pd.DataFrame({"size": values}))
        assert added.asset["feature_types"] == {"size": kind}


@pytest.mark.parametrize(
    ("classes", "positive", "message"),
    [
        ([None, 1], 1, "'None' can't be a class"),
        ([float("nan"), 1], 1, "'nan' can't be a class"),
        (["", "x"], "x", "'' can't be a class"),
        ([0, 1], 2, "positive_label is 2, which is none of the classes '0', '1'"),
    ],
)
def test_classes_that_cannot_be(asset, classes, positive, message):
    with pytest.raises(ValueError, match=message):
        asset(label_values=classes, positive_label=positive).properties()


def classified(mart, asset, classes, positive, **more):
    properties = {"problem_type": ProblemType.BINARY_CLASSIFICATION, "feature_columns": ["size"]}
    properties |= {"label_values": classes, "positive_label": positive} | more
    return mart.subscriptions.add(asset(**properties))


def accuracy(subscription, predicted, labels):
    """Log two rows, label them, and return the accuracy."""
    rows = zip(predicted, (0.9, 0.2), strict=True)
    subscription.payload_logging.store(
        [record(f"r{n}", [1], (score, said), ["size"]) for n, (said, score) in enumerate(rows)]
    )
    subscription.feedback_logging.store(
        [{"scoring_id": f"r{n}-1", "diagnosis": label} for n, label in enumerate(labels)]
    )
    subscription.quality_monitoring.enable(min_records=1)
    return subscription.quality_monitoring.run()["metrics"]["accuracy"]


@pytest.mark.parametrize(
    ("classes", "positive", "predicted", "labels"),
    [
        (["False", "True"], "True", ["True", "False"], ["True", False]),
        ([False, True], True, [1, 0], ["true", "0"]),
        ([0.0, 1.0], 1.0, ["1.0", 0], ["1", False]),
        (["0", "1"], "1", [1, 0], [1.0, "0"]),
        (["0", "1"], "1", ["1.0", 0.0], [1.0, "0.0"]),
        ([0, "1"], "1", [1, 0], [1, "0"]),
        ([np.int64(0), np.int64(1)], np.int64(1), [1, 0], [np.int64(1), "0.0"]),
    ],
)
def test_classes_are_the_same_however_they_are_spelt(
    mart, asset, classes, positive, predicted, labels
):
    assert accuracy(classified(mart, asset, classes, positive), predicted, labels) == 1


def test_a_label_that_is_also_anothers_prediction_counts_as_the_label(mart, asset):
    added = classified(mart, asset, {"0": 1, "1": 0}, 1)
    assert accuracy(added, [1, 0], ["0", "1"]) == 1
    csv = "scoring_id,diagnosis\nr0-1,0\n"
    assert added.feedback_logging.store(csv, data_header=True).skipped == 1


def test_an_empty_list_is_no_probability(small):
    with pytest.raises(ValueError, match=r"'\[\]' has no probability"):
        small.payload_logging.store([record("a", [1, "red"], ([], 1), ["size", "colour"])])


def test_an_id_twice_in_a_call_may_be_rounded_too(small):
    rows = [record("a", [size, "red"], fields=["size", "colour"]) for size in (1.0, 1.0 + 1e-9)]
    assert small.payload_logging.store(rows)[:2] == (1, 1)
    rows = [record("b", [size, "red"], fields=["size", "colour"]) for size in (1.0, 1.1)]
    with pytest.raises(datamart.ConflictError, match="'b'"):
        small.payload_logging.store(rows)


@pytest.mark.parametrize(
    ("before", "value", "after", "stored"),
    [
        ("number", 1e16, "text", "10000000000000000"),
        ("number", -0.0, "text", "0"),
        ("number", 0.1, "text", "0.1"),
        ("text", "3.0", "whole number", 3),
        ("text", " TRUE", "boolean", True),
    ],
)
def test_retyping_converts_by_the_rules_of_the_doors(mart, asset, before, value, after, stored):
    given = asset(feature_columns=["size"], feature_types={"size": before})
    subscription = mart.subscriptions.add(given)
    sent = record("a", [value], fields=["size"])
    subscription.payload_logging.store([sent])
    subscription.retype({"size": after})
    assert table(subscription, ["size"]) == [["a-1", stored]]
    assert subscription.payload_logging.store([sent]).skipped == 1


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("number", 1e20, "text"),
        ("whole number", 2**53 + 1, "number"),
        ("text", "0x10", "whole number"),
        ("text", "1_000", "whole number"),
        ("text", "yes", "boolean"),
        ("text", "Infinity", "number"),
    ],
)
def test_retyping_refuses_what_the_doors_would_not_take(mart, asset, before, value, after):
    given = asset(feature_columns=["size"], feature_types={"size": before})
    subscription = mart.subscriptions.add(given)
    subscription.payload_logging.store([record("a", [value], fields=["size"])])
    with pytest.raises(ValueError, match=f"'size' holds .*, which is no {after}"):
        subscription.retype({"size": after})
    assert table(subscription, ["size"]) == [["a-1", value]]


def test_a_subscription_that_was_deleted_says_so(mart, small):
    rows = [record("a", [1.5, "red"], fields=["size", "colour"])]
    small.payload_logging.store(rows)
    mart.subscriptions.delete(name="small")
    uses = [lambda: small.payload_logging.store(rows), small.get_details]
    for use in [*uses, lambda: small.retype({"size": "category"})]:
        with pytest.raises(ValueError, match="'small' was deleted"):
            use()
