"""The parts of moto and botocore that we rely on: if a new release changes one, its test fails."""

import importlib
import inspect

import moto
import pytest
from botocore.model import OperationModel
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse
from moto.events.models import EventsBackend
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.s3.models import FakeKey, S3Backend
from moto.sts.models import sts_backends


def test_the_version_is_one_that_was_tested():
    assert moto.__version__.startswith("5.2.")


def test_a_backend_class_can_be_replaced_before_the_first_request():
    assert "self.backend(" in inspect.getsource(
        importlib.import_module("moto.core.base_backend").AccountSpecificBackend
    )
    assert "backend=self.backend" in inspect.getsource(BackendDict._create_account_specific_backend)


@pytest.mark.parametrize("service", ["iam", "s3", "sagemaker", "sagemakerruntime"])
def test_moto_takes_the_addresses_from_beside_our_backend(service):
    backend = importlib.import_module(f"local_aws.{service}.models").Backend
    urls = BaseBackend._url_module.fget(object.__new__(backend))
    assert urls.__name__ == f"local_aws.{service}.urls"


@pytest.mark.parametrize(
    ("owner", "names"),
    [
        (DomainDispatcherApplication, ["get_application"]),
        (
            BaseResponse,
            [
                "setup_class",
                "serialized",
                "determine_response_protocol",
                "_get_action",
                "call_action",
            ],
        ),
        (EventsBackend, ["put_events"]),
        (
            S3Backend,
            ["create_bucket", "delete_bucket", "put_object", "delete_object", "put_object_tagging"],
        ),
        (FakeKey, ["value", "etag", "metadata", "set_metadata", "storage_class", "arn"]),
        (OperationModel, ["input_shape", "output_shape", "error_shapes"]),
    ],
)
def test_everything_called_or_overridden_exists(owner, names):
    assert [name for name in names if not hasattr(owner, name)] == []


def test_an_answers_error_is_serialised_by_botocores_model():
    assert "ServiceException" in inspect.getsource(BaseResponse.call_action)
    assert ActionResult(ServiceException("Code", "words")).result.code == "Code"


def test_roles_and_assumed_roles_have_the_members_that_are_kept():
    role = iam_backends["210987654321"]["aws"].create_role("r", "{}", "/", None, "d", [], 3600)
    kept = (
        "name",
        "assume_role_policy_document",
        "path",
        "permissions_boundary_arn",
        "description",
        "tags",
    )
    assert not [
        name
        for name in (*kept, "id", "create_date", "policies", "managed_policies")
        if not hasattr(role, name)
    ]
    assumed = sts_backends["210987654321"]["aws"].assume_role(
        "us-east-1", "s", role.arn, "", 900, ""
    )
    assert {"access_key_id", "secret_access_key", "session_token", "access_key"} <= vars(
        assumed
    ).keys()
