"""Errors in the form of AWS."""

from moto.core.exceptions import ServiceException


class AwsError(ServiceException):
    """An error that a client reads: `AwsError(code, message)`.

    moto looks up the code of a ServiceException in the botocore model of the moto service whose
    module raised it. A class of our own is looked up in the model of the service that responds.
    """


def validation_error(message: str) -> AwsError:
    """Return SageMaker's error for an invalid request."""
    return AwsError("ValidationException", message)
