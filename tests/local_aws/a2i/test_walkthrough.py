"""The calls of AWS's walkthrough of Model Monitor with A2I, in order: review of predictions."""

import json
import time
import uuid

import pandas as pd
from human_loops import ROLE, Worker, create_team, invite, runtime
from lxml.html import document_fromstring
from offline import unique

from helpers import use_cases
from model_monitoring import review
from model_monitoring.review.scripted import review_all

# In the walkthrough's shape: the data as a table of HTML, and one row of inputs for each
# prediction.
TEMPLATE = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<style> table, th, td { border: 1px solid black; padding: 5px } </style>
<crowd-form>
  <h1>Instructions</h1> <p>Correct the predictions where they are wrong.</p>
  <div id="data">{{ task.input.table | skip_autoescape }}</div>
  <table>
    <tr><th>Row</th><th>Score</th><th>Agree?</th><th>True label</th><th>Why</th></tr>
    {% for pair in task.input.Pairs %}
    <tr>
      <td>{{ pair.row }}</td>
      <td>
        <crowd-text-area name="predicted{{ forloop.index }}"
                         value="{{ pair.prediction }}"></crowd-text-area>
      </td>
      <td>
        <input type="radio" id="agree{{ forloop.index }}" name="rating{{ forloop.index }}"
               value="agree" required>
        <label for="agree{{ forloop.index }}">Agree</label>
        <input type="radio" id="not{{ forloop.index }}" name="rating{{ forloop.index }}"
               value="disagree" required>
        <label for="not{{ forloop.index }}">Disagree</label>
      </td>
      <td><input type="text" name="True Prediction" placeholder="Your label"></td>
      <td>
        <input type="text" name="Change Reason {{ forloop.index }}" placeholder="Your reason">
      </td>
    </tr>
    {% endfor %}
  </table>
</crowd-form>
"""


def scored():
    """Rows of the breast-cancer data with scores from 0 to 1."""
    frame = pd.read_csv(use_cases.DATA / "breast_cancer.csv").head(12)
    return frame.assign(prediction=[number / 11 for number in range(12)])


def test_the_whole_sequence(aws):
    sagemaker, a2i, name = aws.sagemaker, runtime(aws), unique("walkthrough")
    team = create_team(aws, name)
    ui = sagemaker.create_human_task_ui(HumanTaskUiName=name, UiTemplate={"Content": TEMPLATE})[
        "HumanTaskUiArn"
    ]
    flow = sagemaker.create_flow_definition(
        FlowDefinitionName=name,
        RoleArn=ROLE,
        HumanLoopConfig={
            "WorkteamArn": team,
            "HumanTaskUiArn": ui,
            "TaskCount": 1,
            "TaskDescription": "Make sure the labels are correct",
            "TaskTitle": "tabular data a2i demo",
        },
        OutputConfig={"S3OutputPath": "s3://data/walkthrough/a2i-results"},
    )["FlowDefinitionArn"]
    for _ in range(60):
        if (
            sagemaker.describe_flow_definition(FlowDefinitionName=name)["FlowDefinitionStatus"]
            == "Active"
        ):
            break
        time.sleep(0.1)

    frame = scored()
    unsure = frame[(frame["prediction"] > 0.1) & (frame["prediction"] < 0.9)].reset_index(drop=True)
    pairs = [
        {"row": f"ROW_{number}", "prediction": score}
        for number, score in enumerate(unsure["prediction"])
    ]
    content = {"table": unsure.to_html(), "Pairs": pairs}
    loop = str(uuid.uuid4())
    a2i.start_human_loop(
        HumanLoopName=loop,
        FlowDefinitionArn=flow,
        HumanLoopInput={"InputContent": json.dumps(content)},
    )
    (listed,) = a2i.list_human_loops(FlowDefinitionArn=flow)["HumanLoopSummaries"]
    assert (listed["HumanLoopName"], listed["HumanLoopStatus"]) == (loop, "InProgress")

    subdomain = sagemaker.describe_workteam(WorkteamName=team[team.rfind("/") + 1 :])["Workteam"][
        "SubDomain"
    ]
    worker = Worker(invite(aws, f"reviewer of {name}", name))
    assert worker.site == f"http://{subdomain}"
    form = worker.begin()
    page = document_fromstring(worker.ask(form[0])[2])
    assert len(page.findall(".//table")) == 2 and "ROW_7" in page.text_content()
    assert worker.answer(form, **filled_in(page))[0] == 200

    described = a2i.describe_human_loop(HumanLoopName=loop)
    assert described["HumanLoopStatus"] == "Completed"
    key = described["HumanLoopOutput"]["OutputS3Uri"].removeprefix("s3://data/")
    output = json.loads(aws.s3.get_object(Bucket="data", Key=key)["Body"].read())
    assert output["inputContent"] == content
    (answer,) = output["humanAnswers"]
    rows = range(1, len(pairs) + 1)
    assert answer["answerContent"] == {
        **{f"predicted{row}": str(pairs[row - 1]["prediction"]) for row in rows},
        **{f"rating{row}": {"agree": row % 3 != 0, "disagree": row % 3 == 0} for row in rows},
        # All rows have the same name; no answer is lost
        "True Prediction": ["1" if row % 3 == 0 else None for row in rows],
        **{f"Change Reason {row}": "wrong" if row % 3 == 0 else "" for row in rows},
    }


def filled_in(page):
    """Fill in a form: every third row disagrees, with a label and a reason."""
    fields = {}
    for number, row in enumerate(page.findall(".//table")[1].iter("tr")):
        disagrees = number % 3 == 0
        for control in row.iter("input", "textarea"):
            name, value = control.get("name"), control.get("value", control.text)
            if control.get("type") != "radio":
                typed = {"True": "1", "Chan": "wrong"}.get(name[:4])
                if typed and not disagrees:
                    typed = ""
                fields[name] = value if typed is None else typed
            elif (value == "disagree") is disagrees:
                fields[name] = value
    return fields


def test_many_loops_by_a_scripted_reviewer_with_errors(aws):
    sagemaker, name = aws.sagemaker, unique("scripted")
    team = create_team(aws, name)
    template = review.default_template()
    ui = sagemaker.create_human_task_ui(HumanTaskUiName=name, UiTemplate={"Content": template})[
        "HumanTaskUiArn"
    ]
    config = {
        "WorkteamArn": team,
        "HumanTaskUiArn": ui,
        "TaskCount": 1,
        "TaskDescription": "d",
        "TaskTitle": "t",
    }
    flow = sagemaker.create_flow_definition(
        FlowDefinitionName=name,
        RoleArn=ROLE,
        HumanLoopConfig=config,
        OutputConfig={"S3OutputPath": "s3://data/many"},
    )["FlowDefinitionArn"]
    labels = {f"row-{number}": "benign" if number % 2 else "malignant" for number in range(30)}
    for start in range(0, 30, 5):
        rows = [
            {"id": f"row-{number}", "features": [{"name": "x", "value": 1}]}
            for number in range(start, start + 5)
        ]
        text = json.dumps({"labels": ["benign", "malignant"], "rows": rows})
        request = {"HumanLoopName": f"{name}-{start}", "HumanLoopInput": {"InputContent": text}}
        runtime(aws).start_human_loop(FlowDefinitionArn=flow, **request)
    site, _, token = invite(aws, f"reviewer of {name}", name).partition("/enter#")
    given = review_all(site, token, labels, error_rate=0.2, seed=1)
    wrong = [row for row in labels if given[row] != labels[row]]
    assert given.keys() == labels.keys() and 0 < len(wrong) < 15
    found = {}
    for loop in runtime(aws).list_human_loops(FlowDefinitionArn=flow)["HumanLoopSummaries"]:
        assert loop["HumanLoopStatus"] == "Completed"
        uri = runtime(aws).describe_human_loop(HumanLoopName=loop["HumanLoopName"])[
            "HumanLoopOutput"
        ]["OutputS3Uri"]
        output = json.loads(
            aws.s3.get_object(Bucket="data", Key=uri.removeprefix("s3://data/"))["Body"].read()
        )
        found |= review.labels(output["humanAnswers"][0]["answerContent"], output["inputContent"])
    assert found == given
    assert 0 < output["humanAnswers"][0]["timeSpentInSeconds"] < 60
