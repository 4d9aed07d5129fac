"""Which human loops a flow definition's conditions let start."""

import json

import pytest
from botocore.exceptions import ClientError
from human_loops import Desk, describe, runtime
from offline import unique

from local_aws.a2i import conditions
from local_aws.wire.errors import AwsError

UNSURE = {
    "ConditionType": "ValueCheck",
    "ConditionParameters": {"Key": "score", "GreaterThan": 0.1, "LessThan": 0.9},
}
LARGE = {
    "ConditionType": "ValueCheck",
    "ConditionParameters": {"Key": "patient.size", "GreaterThan": 20},
}


def sampling(percentage):
    return {
        "ConditionType": "Sampling",
        "ConditionParameters": {"RandomSamplingPercentage": percentage},
    }


def flow(*listed):
    return flow_of(json.dumps({"Conditions": listed}))


def flow_of(text):
    config = {"HumanLoopActivationConditionsConfig": {"HumanLoopActivationConditions": text}}
    return {"HumanLoopActivationConfig": config}


@pytest.mark.parametrize(
    ("listed", "content", "expected"),
    [
        ([UNSURE], {"score": 0.5}, True),
        ([UNSURE], {"score": 0.1}, False),
        ([UNSURE], {"score": 0.95}, False),
        ([UNSURE], {"score": "0.5"}, False),
        ([UNSURE], {"score": True}, False),
        ([UNSURE], {}, False),
        ([UNSURE, LARGE], {"score": 0.95, "patient": {"size": 21}}, True),
        ([{"And": [UNSURE, LARGE]}], {"score": 0.95, "patient": {"size": 21}}, False),
        ([{"And": [UNSURE, LARGE]}], {"score": 0.5, "patient": {"size": 21}}, True),
        (
            [{"And": [{"Or": [UNSURE, LARGE]}, LARGE]}],
            {"score": 0.95, "patient": {"size": 21}},
            True,
        ),
        ([LARGE], {"patient": [{"size": 1}, {"size": 21}]}, True),
        ([LARGE], {"patient": [{"size": 1}, {"other": 21}, 30]}, False),
        ([sampling(100)], {}, True),
        ([sampling(0)], {}, False),
    ],
)
def test_when_a_loop_is_needed(listed, content, expected):
    conditions.check(flow(*listed))
    assert conditions.hold(flow(*listed), content) is expected


def test_without_conditions_every_loop_is_needed():
    assert conditions.hold({}, {})


def test_a_share_is_sampled():
    found = sum(conditions.hold(flow(sampling(30)), {}) for _ in range(5000))
    assert 1300 < found < 1700  # six standard deviations either way


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "is not of type"),
        ('{"Conditions": []}', "Conditions"),
        (
            '{"Conditions": [{"ConditionType": "ImportantFormKeyConfidenceCheck", "ConditionParameters": {}}]}',
            "0",
        ),
        ('{"Conditions": [{"ConditionType": "Sampling", "ConditionParameters": {}}]}', "0"),
        (json.dumps({"Conditions": [sampling(101)]}), "0"),
        (
            '{"Conditions": [{"ConditionType": "ValueCheck", "ConditionParameters": {"LessThan": 1}}]}',
            "0",
        ),
        (json.dumps({"Conditions": [{"And": [{"Or": [{"And": [UNSURE]}]}]}]}), "0"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_what_can_not_be_read_is_refused(text, words):
    with pytest.raises(AwsError, match=words) as error:
        conditions.check(flow_of(text))
    assert error.value.code == "ValidationException"


def test_a_loop_that_is_not_needed_is_not_started(aws):
    desk = Desk(aws, conditions={"Conditions": [UNSURE]})
    answers = {}
    for score in (0.05, 0.5):
        name = unique("loop")
        request = {
            "FlowDefinitionArn": desk.flow,
            "HumanLoopInput": {"InputContent": json.dumps({"score": score})},
        }
        answers[score] = name, runtime(aws).start_human_loop(HumanLoopName=name, **request)
    assert "HumanLoopArn" not in answers[0.05][1]
    with pytest.raises(runtime(aws).exceptions.ResourceNotFoundException):
        describe(aws, answers[0.05][0])
    assert answers[0.5][1]["HumanLoopArn"] == describe(aws, answers[0.5][0])["HumanLoopArn"]


def test_wrong_conditions_are_refused_at_creation(aws):
    with pytest.raises(ClientError, match="HumanLoopActivationConditions"):
        Desk(aws, conditions={"Conditions": [{"ConditionType": "Other"}]})
