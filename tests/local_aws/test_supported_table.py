"""The document agrees with the code."""

import pytest
from offline import LINEAR_LEARNER, deploy, training_job

from doc.tools import supported_operations as supported

BODIES = {
    "text/csv": "1,1,1",
    "text/libsvm": "1 0:1 1:1 2:1",
    "application/json": '{"instances": [{"features": [1, 1, 1]}]}',
    "application/jsonlines": '{"features": [1, 1, 1]}',
}
XGBOOST = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def test_the_tables_of_the_document_match_the_code():
    rewrite = "run python doc/tools/supported_operations.py"
    assert supported.tables() in supported.DOCUMENT.read_text(), rewrite


@pytest.mark.parametrize("image", [LINEAR_LEARNER, XGBOOST])
def test_an_endpoint_accepts_only_the_listed_content_types(aws, image):
    name = "xgboost" if "xgboost" in image else "linear-learner"
    changes = {"AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"}}
    if name == "xgboost":
        changes["HyperParameters"] = {"num_round": "2", "objective": "binary:logistic"}
    request = training_job(aws, **changes)
    aws.sagemaker.create_training_job(**request)
    job = aws.wait("TrainingJob", request["TrainingJobName"])
    endpoint = deploy(aws, model_data=job["ModelArtifacts"]["S3ModelArtifacts"], image=image)[
        "EndpointName"
    ]
    accepted = set()
    for content_type, body in BODIES.items():
        try:
            aws.invoke(endpoint, body, content_type)
            accepted.add(content_type)
        except aws.client("sagemaker-runtime").exceptions.ModelError as error:
            assert error.response["OriginalStatusCode"] == 415
    assert accepted == set(supported.CONTENT_TYPES[name])
    aws.sagemaker.delete_endpoint(EndpointName=endpoint)
