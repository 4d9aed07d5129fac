"""The A2I code in doc/model-monitor-migration.md runs unchanged."""

import re
from pathlib import Path

import boto3
import pytest
from human_loops import Worker, describe, invite, output

PAGE = (
    (Path(__file__).parents[3] / "doc" / "model-monitor-migration.md")
    .read_text()
    .split("coming from A2I\n")[1]
)


def test_the_calls_of_the_page_run_to_an_answer(aws, capsys):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)  # created again in the environment below
        for name, value in aws.env.items():
            patch.setenv(name, value)
        exec(code.replace("s3://BUCKET", "s3://data"), {})
    worker = Worker(invite(aws, "reader of the page", "radiologists"))
    assert worker.site == capsys.readouterr().out.strip()
    assert worker.answer(worker.begin(), diagnosis="no")[0] == 200
    assert describe(aws, "patient-1")["HumanLoopStatus"] == "Completed"
    assert output(aws, "patient-1")["humanAnswers"][0]["answerContent"] == {"diagnosis": "no"}
