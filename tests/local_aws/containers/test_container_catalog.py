import re

import pytest

from local_aws.containers.catalog import IMAGES, find_image


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-2", "cn-north-1", "us-gov-west-1"])
@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("linear-learner", "1"),
        ("xgboost", "1"),
        ("xgboost", "0.90-2"),
        ("xgboost", "1.7-1"),
        ("sklearn", "0.23-1"),
        ("sklearn", "1.2-1"),
    ],
)
def test_the_uris_of_the_sdk_are_known_in_every_region(name, version, region):
    image_uris = pytest.importorskip("sagemaker.core.image_uris")
    assert find_image(image_uris.retrieve(name, region, version=version)).name == name


@pytest.mark.parametrize(
    "uri",
    [
        "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/my-sagemaker-xgboost:1.7-1",
        "xgboost:latest",
        "",
    ],
)
def test_an_unknown_image_is_refused_by_name_with_what_is_supported(uri):
    with pytest.raises(ValueError, match=re.escape(repr(uri))) as caught:
        find_image(uri)
    assert all(image.name in str(caught.value) for image in IMAGES)


def test_metric_names_are_unique_and_each_regex_has_one_group():
    for image in IMAGES:
        names = [name for name, _ in image.metrics]
        assert len(names) == len(set(names))
        assert all(re.compile(regex).groups == 1 for _, regex in image.metrics)
