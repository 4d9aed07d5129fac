"""Find an image's offline counterpart, or refuse it in SageMaker's way."""

from local_aws.containers.catalog import Image, find_image
from local_aws.wire.errors import validation_error


def find(uri: str | None, verb: str) -> Image:
    """Return the image that a URI stands for, if it can do what `verb` (train, serve or run) says.

    Raises:
        AwsError: ValidationException naming the URI.
    """
    if not uri:
        raise validation_error(
            "Offline, an image is needed: algorithm ARNs and model packages are not supported."
        )
    try:
        image = find_image(uri)
    except ValueError as error:
        raise validation_error(str(error)) from None
    if verb not in image.verbs:
        raise validation_error(
            f"Image {uri!r} can't {verb}: offline it supports {', '.join(image.verbs)} only."
        )
    return image
