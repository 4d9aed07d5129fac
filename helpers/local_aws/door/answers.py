"""Answers that a browser may show, but not run: scripts of the API's own origin could call every operation."""

from typing import Any

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_INERT = (
    *("application/json", "application/octet-stream", "binary/octet-stream", "text/csv", "text/plain"),
    *("image/gif", "image/jpeg", "image/png", "image/webp"),
)


def harmless(headers: list[tuple[str, str]], environ: dict[str, Any]) -> list[tuple[str, str]]:
    """Return an answer's headers so that a browser never runs what it holds.

    A program that signs its headers reads an object's own content type. A browser can't sign: what it
    may open (a presigned address) comes as a download, and as nothing that could act.
    """
    kept = [(name, value) for name, value in headers if name.title() not in HEADERS]
    if "HTTP_AUTHORIZATION" not in environ or "HTTP_SEC_FETCH_MODE" in environ:
        kept = [(name, value) for name, value in kept if name.lower() not in ("content-type", "content-disposition")]
        given = next((value for name, value in headers if name.lower() == "content-type"), "")
        plain = given.partition(";")[0].strip().lower()
        kept.append(("Content-Type", given if plain in _INERT else "application/octet-stream"))
        kept.append(("Content-Disposition", _as_attachment(headers)))
    return kept + list(HEADERS.items())


def _as_attachment(headers: list[tuple[str, str]]) -> str:
    """Return the disposition of a download, with the name that the answer gave it."""
    given = next((value for name, value in headers if name.lower() == "content-disposition"), "")
    return ";".join(["attachment", *given.split(";")[1:]])
