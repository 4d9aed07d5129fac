"""Errors as AWS answers them."""

from moto.core.exceptions import ServiceException


class AwsError(ServiceException):
    """An error that a client reads: `AwsError(code, message)`.

    moto looks the code of a ServiceException up in the botocore model of the moto service whose
    module raised it; a class of our own is looked up in the model of the service that answers.
    """


def validation_error(message: str) -> AwsError:
    """Make SageMaker's answer to a request that can't be meant."""
    return AwsError("ValidationException", message)
