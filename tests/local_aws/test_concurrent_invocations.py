"""Many clients at once, the short form of the soak test."""

from offline import capture_config, captured_ids, deploy, invoke_for, settle, unique


def test_no_response_is_wrong_or_lost_and_each_is_captured_once(aws):
    prefix = unique("concurrent")
    name = deploy(aws, variants=("a", "b"), capture=capture_config(f"s3://data/{prefix}"))[
        "EndpointName"
    ]
    sent = invoke_for(aws, name, clients=4, seconds=3, least=6)
    settle(aws)
    assert len(sent) > 20
    assert sorted(captured_ids(aws, prefix)) == sorted(sent)
    aws.sagemaker.delete_endpoint(EndpointName=name)


def test_captured_requests_of_a_deleted_endpoint_arrive(aws):
    prefix = unique("deleted")
    name = deploy(aws, capture=capture_config(f"s3://data/{prefix}"))["EndpointName"]
    aws.invoke(name, InferenceId="last")
    aws.sagemaker.delete_endpoint(EndpointName=name)
    settle(aws)
    assert captured_ids(aws, prefix) == ["last"]
