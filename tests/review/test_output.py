"""output.json and its S3 key, compared with what A2I writes.

(Public samples, in the shape of the Developer Guide.)
"""

import json
from datetime import UTC, datetime, timedelta, timezone

from model_monitoring.review import Answer, key, output_json, worker_id

STARTED = datetime(2026, 3, 9, 8, 5, 7, tzinfo=UTC)
ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_local"


def test_the_key_has_the_loops_start_in_utc():
    summer = STARTED.astimezone(timezone(timedelta(hours=2)))
    assert (
        key("a2i/out/", "flow", summer, "loop-1")
        == "a2i/out/flow/2026/03/09/08/05/07/loop-1/output.json"
    )
    assert key("", "flow", STARTED, "loop") == "flow/2026/03/09/08/05/07/loop/output.json"


def test_the_file_has_a2is_keys_in_a2is_forms():
    answer = Answer(
        {"q": {"agree": True}},
        None,
        STARTED,
        STARTED + timedelta(seconds=25, microseconds=73400),
        "s",
    )
    written = output_json("arn:flow", "loop-1", {"Pairs": []}, [("anna", answer)], ISSUER)
    identity = written["humanAnswers"][0]["workerMetadata"]["identityData"]
    assert json.loads(json.dumps(written)) == {
        "flowDefinitionArn": "arn:flow",
        "humanAnswers": [
            {
                "acceptanceTime": "2026-03-09T08:05:07.000Z",
                "answerContent": {"q": {"agree": True}},
                "submissionTime": "2026-03-09T08:05:32.073Z",
                "timeSpentInSeconds": 25.073,
                "workerId": worker_id("anna"),
                "workerMetadata": {
                    "identityData": {
                        "identityProviderType": "Cognito",
                        "issuer": ISSUER,
                        "sub": identity["sub"],
                    }
                },
            }
        ],
        "humanLoopName": "loop-1",
        "inputContent": {"Pairs": []},
    }


def test_a_worker_keeps_one_unique_id():
    assert worker_id("anna") == worker_id("anna") != worker_id("ben")
    assert len(worker_id("anna")) == 16 and int(worker_id("anna"), 16)
