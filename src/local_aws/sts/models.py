"""STS's backend: moto's, with secrets that can't be guessed, because they open this server."""

import secrets
from typing import Any

from moto.sts.models import AssumedRole, STSBackend, Token

from local_aws.wire.errors import AwsError


class Backend(STSBackend):
    """moto's STS backend with the system's random secrets; moto's own can be predicted."""

    def assume_role(self, **asked: Any) -> AssumedRole:
        """Issue credentials for a role."""
        role = super().assume_role(**asked)
        role.secret_access_key = role.access_key.secret_access_key = secrets.token_urlsafe(30)
        role.session_token = secrets.token_urlsafe(90)
        return role

    def get_session_token(self, duration: int) -> Token:
        """Refuse: moto returns the same example to everyone, which isn't valid here."""
        raise AwsError(
            "UnsupportedOperation",
            "The offline AWS doesn't support GetSessionToken: assume a role.",
        )

    def get_federation_token(self, name: str | None, duration: int) -> Token:
        """Refuse, as above."""
        raise AwsError(
            "UnsupportedOperation",
            "The offline AWS doesn't support GetFederationToken: assume a role.",
        )
