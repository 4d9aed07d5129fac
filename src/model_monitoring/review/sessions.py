"""The identity of a reviewer: invitations, sessions and form tickets, all signed, none stored."""

import hashlib
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from itsdangerous import BadSignature, URLSafeSerializer

SESSION_LENGTH = timedelta(hours=8)


@dataclass(frozen=True)
class Session:
    """A reviewer who has signed in; `ends` is in seconds since 1970."""

    reviewer: str
    ends: int


@dataclass(frozen=True)
class Ticket:
    """The signed data of a form: the form may be sent twice, late, or from an old tab."""

    reviewer: str
    task_id: str
    submission: str
    accepted: datetime
    stage: Literal["blind", "final"]  # blind: the reviewer hasn't seen the prediction yet


class Signer:
    """Signs and reads invitations, sessions and tickets with one secret."""

    def __init__(self, secret: bytes):
        if len(secret) < 16:
            raise ValueError(
                f"The secret that signs sessions is too short ({len(secret)} of 16 bytes): give at"
                " least 16 random bytes."
            )
        # Cookies don't distinguish ports: two sites on one machine would overwrite each other's.
        self.cookie = f"review_{hashlib.sha256(secret).hexdigest()[:8]}"
        self._secret = secret

    def sign(self, purpose: str, value: list) -> str:
        """Sign a value for one purpose; it can't be read for another purpose."""
        return self._serializer(purpose).dumps(value)

    def read(self, purpose: str, text: str) -> list | None:
        """Read a signed value; None if the signature isn't ours."""
        try:
            return self._serializer(purpose).loads(text)
        except BadSignature:
            return None

    def session(self, purpose: Literal["invitation", "session"], text: str) -> Session | None:
        """Read an invitation or a session cookie; None if it is wrong or has expired."""
        held = self.read(purpose, text)
        return Session(*held) if held and held[1] > time.time() else None

    def open_session(self, reviewer: str) -> Session:
        """Begin a session."""
        return Session(reviewer, int(time.time() + SESSION_LENGTH.total_seconds()))

    def write_ticket(self, ticket: Ticket) -> str:
        """Sign the ticket of a form."""
        accepted = ticket.accepted.isoformat()
        fields = [ticket.reviewer, ticket.task_id, ticket.submission, accepted, ticket.stage]
        return self.sign("ticket", fields)

    def read_ticket(self, text: str) -> Ticket | None:
        """Read a form's ticket; None if the signature isn't ours."""
        held = self.read("ticket", text)
        return Ticket(*held[:3], datetime.fromisoformat(held[3]), held[4]) if held else None

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._secret, salt=purpose, signer_kwargs={"digest_method": hashlib.sha256}
        )


def invitation(secret: bytes, reviewer: str, valid: timedelta) -> str:
    """Write the token of an invitation, which lets a reviewer in until it expires.

    The link is `<site's URL>/enter#<token>`. The part after the # stays in the browser, so it is
    never in a server's log or a Referer header.
    """
    # isprintable also refuses half a character (a lone surrogate).
    if not reviewer.strip() or not reviewer.isprintable():
        raise ValueError(
            f"An invitation needs the name of a reviewer in printable characters, not {reviewer!r}."
        )
    return Signer(secret).sign("invitation", [reviewer, int(time.time() + valid.total_seconds())])
