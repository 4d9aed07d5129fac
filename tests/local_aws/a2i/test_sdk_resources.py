"""The A2I resource classes of SageMaker SDK v3; its Workteam and Workforce can only be listed.

(Their `get` and `create` reject the `Workteam` and `Workforce` member of the response, as of SDK
3.27; on AWS as well.)
"""

from human_loops import ROLE, TEMPLATE, create_team, runtime
from offline import unique


def test_resources_are_made_found_and_deleted(aws, session):
    from sagemaker.core.resources import FlowDefinition, HumanTaskUi, Workforce, Workteam
    from sagemaker.core.shapes import FlowDefinitionOutputConfig, HumanLoopConfig, UiTemplate

    name = unique("sdk")
    arn = create_team(aws, name)
    assert [one.workforce_name for one in Workforce.get_all()] == ["default"]
    assert [one.workteam_name for one in Workteam.get_all(name_contains=name)] == [name]
    ui = HumanTaskUi.create(human_task_ui_name=name, ui_template=UiTemplate(content=TEMPLATE))
    flow = FlowDefinition.create(
        flow_definition_name=name,
        role_arn=ROLE,
        human_loop_config=HumanLoopConfig(
            workteam_arn=arn,
            human_task_ui_arn=ui.human_task_ui_arn,
            task_title="t",
            task_description="d",
            task_count=1,
        ),
        output_config=FlowDefinitionOutputConfig(s3_output_path="s3://data/sdk"),
    )
    flow.wait_for_status("Active", poll=1)
    assert flow.flow_definition_arn in [one.flow_definition_arn for one in FlowDefinition.get_all()]
    runtime(aws).start_human_loop(
        HumanLoopName=name,
        FlowDefinitionArn=flow.flow_definition_arn,
        HumanLoopInput={"InputContent": "{}"},
    )
    flow.delete()
    flow.wait_for_delete(poll=1)
    ui.delete()
    ui.wait_for_delete(poll=1)
