"""A request's body, read once: hashed for its signature, and passed on to moto."""

import hashlib
import hmac
import re
from io import BytesIO
from typing import IO, Any
from urllib.parse import parse_qs

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from local_aws.door.refusals import Reason, Refusal

LARGEST_OBJECT = 2 << 30  # bytes of one upload to S3, which is kept in memory
LARGEST_CALL = 64 << 20  # bytes of any other request
_UNSIGNED = "UNSIGNED-PAYLOAD"
_FORM = "application/x-www-form-urlencoded"
_SHORT = 10_000  # bytes of an unsigned request that are read


def take(environ: dict[str, Any], to_s3: bool, presigned: bool = False) -> str:
    """Read a request's body and put it back; return its hash, or the word used in place of it.

    S3's clients may leave the body unsigned, or sign its chunks one by one. Then only the request
    itself, the seed of their signatures, is verified.

    Raises:
        Refusal: the body is too large, cut off, or not the one that was signed.
    """
    content = read(begin(environ, LARGEST_OBJECT if to_s3 else LARGEST_CALL))
    environ["wsgi.input"] = BytesIO(content)
    claimed = environ.get("HTTP_X_AMZ_CONTENT_SHA256")
    if to_s3 and claimed is None and presigned:
        return _UNSIGNED
    if to_s3 and claimed and (claimed == _UNSIGNED or claimed.startswith("STREAMING-")):
        return claimed
    made = hashlib.sha256(content).hexdigest()
    if claimed is not None and not hmac.compare_digest(made.encode(), claimed.encode()):
        raise Refusal(
            Reason.WRONG_SIGNATURE, "The body isn't the one whose x-amz-content-sha256 was signed."
        )
    return made


def operation(environ: dict[str, Any]) -> str:
    """Name the operation of an unsigned request, as far as it can be told without trusting it."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    length = environ.get("CONTENT_LENGTH") or "0"
    if not target and environ.get("CONTENT_TYPE", "").startswith(_FORM) and length.isdecimal():
        content = environ["wsgi.input"].read(min(int(length), _SHORT)).decode(errors="replace")
        target = parse_qs(content).get("Action", [""])[0]
    if re.fullmatch(r"\w{1,100}", target):
        return target
    return f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'][:100]}"


def begin(environ: dict[str, Any], largest: int) -> IO[bytes]:
    """Return a request's body as a stream; raises Refusal if it is longer than `largest` bytes."""
    try:
        return get_input_stream(environ, max_content_length=largest)
    except RequestEntityTooLarge:
        raise Refusal(
            Reason.TOO_LARGE, f"The request's body is longer than {largest} bytes."
        ) from None


def read(stream: IO[bytes], size: int = -1) -> bytes:
    """Read a stream to its end, or up to `size` bytes; raises Refusal if it breaks off."""
    try:
        return stream.read(size)
    except RequestEntityTooLarge:
        raise Refusal(Reason.TOO_LARGE, "The request's body is too long.") from None
    except (ClientDisconnected, OSError):
        raise Refusal(
            Reason.INCOMPLETE, "The body ended before its Content-Length, or came too slowly."
        ) from None
