import pytest

BINARY = {"predictor_type": "binary_classifier"}
LOGISTIC = {"objective": "binary:logistic", "num_round": 2}
GOOD = "1,2,3\n0,4,5\n"


def fail(job, module, settings, content_type="text/csv", **channels) -> str:
    """Train, expecting a failure; return its text after `ClientError: `."""
    assert job.prepare(settings, content_type, **channels).train(module) == 1
    assert job.failure.startswith("ClientError: "), job.failure
    assert job.failure in job.log
    assert "Traceback" not in job.log
    assert list((job.opt_ml / "model").iterdir()) == []
    return job.failure.removeprefix("ClientError: ")


@pytest.mark.parametrize("module", ["linear_learner", "xgboost"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "y,a,b\n1,2,3\n",
            "train/data.csv, line 1, column 1: 'y' is not a number. It looks like a header",
        ),
        ("1,2,3\n0,four,5\n", "train/data.csv, line 2, column 2: 'four' is not a number"),
        ("1,2,3\n0,4\n", "train/data.csv, line 2 has 2 columns, line 1 has 3"),
        ("1,2,3\n\n0,4,5\n", "train/data.csv, line 2 is empty"),
        ("1,2,3\n0,inf,5\n", "train/data.csv, line 2, column 2: inf is not a finite number"),
        ("1\n0\n", "Channel train has one column: it needs the label first"),
        ("1;2;3\n0;4;5\n", "train/data.csv, line 1, column 1: '1;2;3' is not a number"),
    ],
)
def test_a_bad_csv_is_reported_with_file_line_and_column(job, module, text, message):
    settings = BINARY if module == "linear_learner" else LOGISTIC
    assert message in fail(job, module, settings, train=text)


@pytest.mark.parametrize("module", ["linear_learner", "xgboost"])
@pytest.mark.parametrize("files", [{}, {"_SUCCESS": "1,2", ".hidden": "1,2", "empty.csv": ""}])
def test_a_channel_without_data_is_reported(job, module, files):
    settings = BINARY if module == "linear_learner" else LOGISTIC
    assert "No data in channel validation" in fail(
        job, module, settings, train=GOOD, validation=files
    )


@pytest.mark.parametrize("module", ["linear_learner", "xgboost"])
def test_files_of_different_width_are_reported(job, module):
    settings = BINARY if module == "linear_learner" else LOGISTIC
    message = fail(job, module, settings, train={"a.csv": GOOD, "b.csv": "1,2\n"})
    assert "different numbers of columns: [2, 3]" in message


def test_a_file_that_is_not_text_is_reported(job):
    job.prepare(BINARY, train=GOOD)
    (job.opt_ml / "input" / "data" / "train" / "data.csv").write_bytes(b"1,2\xff,3\n")
    assert job.train("linear_learner") == 1
    assert job.failure == "ClientError: train/data.csv is not UTF-8 text (byte 3)"


def test_a_missing_value_is_an_error_to_linear_learner_and_a_missing_label_to_both(job, tmp_path):
    assert "line 2, column 2: nan is not a finite" in fail(
        job, "linear_learner", BINARY, train="1,2,3\n0,nan,5\n"
    )
    other = type(job)(tmp_path / "other")
    assert "the label of row 2 is missing" in fail(
        other, "xgboost", LOGISTIC, train="1,2,3\n,4,5\n"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Missing required hyperparameter: predictor_type"),
        (
            BINARY | {"epoch": 3},
            "Extraneous hyperparameter found: epoch. Known are: accuracy_top_k,",
        ),
        (
            {"predictor_type": "classifier"},
            "predictor_type: classifier is not in ['binary_classifier',",
        ),
        (BINARY | {"epochs": 0}, "Hyperparameter epochs: 0 is not in [1,inf)"),
        (BINARY | {"epochs": 1.5}, "Hyperparameter epochs: could not parse value '1.5' as int"),
        (BINARY | {"wd": -1}, "Hyperparameter wd: -1 is not in [0,inf)"),
        (BINARY | {"wd": "nan"}, "Hyperparameter wd: nan is not in [0,inf)"),
        (BINARY | {"target_recall": 1}, "Hyperparameter target_recall: 1 is not in (0,1)"),
        (BINARY | {"use_bias": "yes"}, "Hyperparameter use_bias: yes is not in ['true', 'false']"),
        (BINARY | {"loss": "squared_loss"}, "loss: squared_loss does not fit a binary_classifier"),
        (BINARY | {"feature_dim": 3}, "feature_dim is 3, but channel train has 2 features"),
        (
            {"predictor_type": "multiclass_classifier"},
            "num_classes: a multiclass_classifier needs it",
        ),
    ],
)
def test_linear_learner_refuses_hyperparameters_as_aws_does(job, settings, message):
    assert message in fail(job, "linear_learner", settings, train=GOOD)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Missing required hyperparameter: num_round"),
        (LOGISTIC | {"max_dept": 3}, "Extraneous hyperparameter found: max_dept"),
        (LOGISTIC | {"eta": 3}, "Hyperparameter eta: 3 is not in [0,1]"),
        (LOGISTIC | {"subsample": 0}, "Hyperparameter subsample: 0 is not in (0,1]"),
        (
            LOGISTIC | {"num_round": "many"},
            "Hyperparameter num_round: could not parse value 'many' as int",
        ),
        (LOGISTIC | {"objective": "binary"}, "Hyperparameter objective: binary is not in"),
        (LOGISTIC | {"objective": "multi:softmax"}, "Require input for parameter 'num_class'"),
        (LOGISTIC | {"eval_metric": "auc,auk"}, "Hyperparameter eval_metric: auk is not in"),
        (LOGISTIC | {"eval_metric": "auc@3"}, "Metric 'auc@3' is not supported"),
        (
            {"num_round": 2, "eval_metric": "auc"},
            "Metric 'auc' can only be applied for classification",
        ),
        (
            LOGISTIC | {"monotone_constraints": "__import__('os')"},
            "monotone_constraints: could not parse value",
        ),
        (LOGISTIC | {"silent": 2}, "Hyperparameter silent: 2 is not in [0,1]"),
    ],
)
def test_xgboost_refuses_hyperparameters_as_aws_does(job, settings, message):
    assert message in fail(job, "xgboost", settings, train=GOOD)


@pytest.mark.parametrize(
    ("labels", "settings", "message"),
    [
        ("01", {"predictor_type": "multiclass_classifier", "num_classes": 3}, None),
        ("02", BINARY, "a binary_classifier's label is 0 to 1, got 2.0"),
        ("11", BINARY, "all labels are the same"),
        (
            "13",
            {"predictor_type": "multiclass_classifier", "num_classes": 3},
            "label is 0 to 2, got 3.0",
        ),
    ],
)
def test_linear_learner_checks_the_labels(job, labels, settings, message):
    rows = f"{labels[0]},2,3\n{labels[1]},4,5\n"
    if message is None:
        assert job.prepare(settings, train=rows).train("linear_learner") == 0, job.log
    else:
        assert message in fail(job, "linear_learner", settings, train=rows)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (LOGISTIC, "label must be in [0,1] for logistic regression"),
        (
            {"num_round": 1, "objective": "multi:softmax", "num_class": 3},
            "label must be in [0, num_class)",
        ),
        ({"num_round": 1, "objective": "count:poisson"}, "label must be nonnegative"),
        ({"num_round": 1, "updater": "grow_skmaker"}, "grow_skmaker"),
    ],
)
def test_xgboosts_own_checks_reach_the_user_without_a_stack_trace(job, settings, message):
    failure = fail(job, "xgboost", settings, train="7,2,3\n-1,4,5\n")
    assert message in failure
    assert "workspace" not in failure


@pytest.mark.parametrize(
    ("module", "content_type", "message"),
    [
        ("linear_learner", "csv", "No iterator has been registered for ContentType 'csv'"),
        ("linear_learner", None, "ContentType 'application/x-recordio-protobuf' of channel train"),
        ("linear_learner", "text/csv;label_size=0", "label_size must be 1"),
        ("xgboost", "text/csv;label_size=0", "label_size must be equal to 1"),
        ("xgboost", "application/json", "application/json is not an accepted ContentType"),
        ("xgboost", None, "train/data.csv, line 1 is not libsvm"),
    ],
)
def test_a_wrong_content_type_is_reported(job, module, content_type, message):
    settings = BINARY if module == "linear_learner" else LOGISTIC
    assert message in fail(job, module, settings, content_type, train=GOOD)


@pytest.mark.parametrize("module", ["linear_learner", "xgboost"])
def test_channels_are_checked(job, module, tmp_path):
    settings = BINARY if module == "linear_learner" else LOGISTIC
    assert "Missing required channel: train" in fail(job, module, settings, validation=GOOD)
    other = type(job)(tmp_path / "other")
    assert "Extraneous channel found: valid" in fail(
        other, module, settings, train=GOOD, valid=GOOD
    )


def test_a_validation_channel_of_another_width_is_reported(job, tmp_path):
    message = "Channel validation has 2 features, channel train has 1"
    assert message in fail(job, "xgboost", LOGISTIC, train="1,2\n0,3\n", validation=GOOD)
    narrow = type(job)(tmp_path / "narrow")
    message = "Channel validation has 1 feature, channel train has 2"
    assert message in fail(narrow, "xgboost", LOGISTIC, train=GOOD, validation="1,2\n0,3\n")
    other = type(job)(tmp_path / "other")
    message = fail(other, "linear_learner", BINARY, train="1,2\n0,3\n", validation=GOOD)
    assert "feature_dim is 1, but channel validation has 2 features" in message
