"""The identities that this server issued: assumed roles, and users' access keys."""

from datetime import datetime
from typing import NamedTuple

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import AssumedRole, sts_backends


class Identity(NamedTuple):
    """A request's secret; only temporary credentials have a token and an end (UTC, naive)."""

    secret: str
    token: str | None = None
    end: datetime | None = None

    @property
    def expired(self) -> bool:
        """Say whether the credentials have expired."""
        return self.end is not None and self.end < utcnow()


def find(access_key: str) -> Identity | None:
    """Return the identity of an access key, None if it wasn't issued here or was revoked."""
    role = find_role(access_key)
    if role:
        return Identity(role.secret_access_key, role.session_token, role.expiration)
    for partitions in list(iam_backends.values()):
        for user in list(partitions["aws"].users.values()):
            for key in list(user.access_keys):
                if key.access_key_id == access_key and key.status == "Active":
                    return Identity(key.secret_access_key)
    return None


def find_role(access_key: str) -> AssumedRole | None:
    """Return the assumed role of an access key."""
    for partitions in list(sts_backends.values()):
        role = partitions["aws"].get_assumed_role_from_access_key(access_key)
        if role:
            return role
    return None
