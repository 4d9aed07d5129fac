"""Responses that a browser may show, but not run: a script in one could call all operations."""

from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_INERT = (
    *(
        "application/json",
        "application/octet-stream",
        "binary/octet-stream",
        "text/csv",
        "text/plain",
    ),
    *("image/gif", "image/jpeg", "image/png", "image/webp"),
)


def sandboxed(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return a response's headers, with those that keep a browser from running its content."""
    return [(name, value) for name, value in headers if name.title() not in HEADERS] + list(
        HEADERS.items()
    )


def harmless(headers: list[tuple[str, str]], environ: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the headers of a response that may hold an object, so that a browser never runs it.

    A program that signs its headers reads the object's own content type. A browser can't sign. What
    it may open (a presigned address) is sent as a download, without active content.
    """
    if "HTTP_AUTHORIZATION" in environ and "HTTP_SEC_FETCH_MODE" not in environ:
        return sandboxed(headers)
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in ("content-type", "content-disposition")
    ]
    given = next((value for name, value in headers if name.lower() == "content-type"), "")
    plain = given.partition(";")[0].strip().lower()
    kept.append(("Content-Type", given if plain in _INERT else "application/octet-stream"))
    kept.append(("Content-Disposition", _as_attachment(headers)))
    return sandboxed(kept)


def _as_attachment(headers: list[tuple[str, str]]) -> str:
    """Return the disposition of a download, with the name in the response."""
    given = next((value for name, value in headers if name.lower() == "content-disposition"), "")
    return ";".join(["attachment", *given.split(";")[1:]])
