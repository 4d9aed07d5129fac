"""Find an image's offline counterpart, or refuse it with SageMaker's error."""

from local_aws.containers.catalog import Image, find_image
from local_aws.wire.errors import validation_error


def find(uri: str | None, verb: str) -> Image:
    """Return the image of a URI, if it supports `verb` (train, serve or run).

    Raises:
        AwsError: ValidationException that names the URI.
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
