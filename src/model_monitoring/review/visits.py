"""One request to the review page: its sender, its response, and what a page may do."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO

import jinja2
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from .sessions import Session, Signer
from .tasks import Store

PAGES = jinja2.Environment(
    loader=jinja2.PackageLoader(__package__, "pages"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
PAGES.filters["clock"] = lambda moment: f"{moment:%H:%M} UTC"
PAGES.filters["when"] = lambda moment: f"{moment:%d %b %Y, %H:%M} UTC"


class _FormParser(FormDataParser):
    """Counts fields: Werkzeug counts them only in multipart forms, but browsers send others."""

    def parse(self, stream: IO[bytes], mimetype: str, *args: object, **options: object) -> tuple:
        """Refuse a form with more fields than max_form_parts, before objects are made of them."""
        if mimetype == "application/x-www-form-urlencoded":
            sent = stream.read()
            if sent.count(b"&") >= self.max_form_parts:
                raise RequestEntityTooLarge
            stream = BytesIO(sent)
        return super().parse(stream, mimetype, *args, **options)


class FormRequest(Request):
    """A request of a reviewer's browser: forms of a few megabytes and no files."""

    form_data_parser_class = _FormParser
    max_content_length = 8 << 20
    max_form_memory_size = 8 << 20
    max_form_parts = 20_000


@dataclass(frozen=True)
class Visit:
    """A request, with the site's parts that answer it."""

    store: Store
    signer: Signer
    title: str
    request: Request
    session: Session | None
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def base(self) -> str:
        """Return the path from this request's address to the site's root, also behind a proxy."""
        return "../" * (self.request.path.count("/") - 1) or "./"

    @property
    def form_token(self) -> str:
        """Sign the token of the site's own small forms, which no other page can send."""
        return self.signer.sign("form", [self.session.reviewer, self.session.ends])

    def has_form_token(self) -> bool:
        """Say whether the request carries this session's form token."""
        held = self.signer.read("form", self.request.form.get("form_token", ""))
        return held == [self.session.reviewer, self.session.ends]

    def pairs(self) -> list[tuple[str, str]]:
        """List what the form's controls sent, without the page's own hidden inputs."""
        return [
            (name, value)
            for name, value in self.request.form.items(multi=True)
            if not name.startswith("review:")
        ]

    def page(
        self, name: str, status: int = 200, image_hosts: Iterable[str] = (), **values: object
    ) -> Response:
        """Respond with a page; only our own scripts run on it, whatever a template contains."""
        body = PAGES.get_template(name).render(visit=self, **values)
        response = Response(body, status, mimetype="text/html")
        response.headers["Content-Security-Policy"] = "; ".join(
            (
                "default-src 'none'",
                f"script-src 'nonce-{self.nonce}'",
                "style-src 'self' 'unsafe-inline'",
                " ".join(("img-src 'self' data:", *sorted(image_hosts))),
                "connect-src 'self'",
                "form-action 'self'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
            )
        )
        return response

    def kept(self, message: str, status: int, can_retry: bool) -> Response:
        """Show what was typed if an answer couldn't be taken; maybe it can be sent again."""
        return self.page("kept.html", status, message=message, can_retry=can_retry)

    def go(self, path: str) -> Response:
        """Redirect the browser to a path below the site's root."""
        return redirect(self.base + path, 303)
