"""IAM's backend: moto's, with roles and customer policies kept on disk."""

from moto.iam.models import IAMBackend, iam_backends

from local_aws.kept import disk, state

_ROLE = (
    "name",
    "assume_role_policy_document",
    "path",
    "permissions_boundary_arn",
    "description",
    "tags",
)
_ROLE_AFTER = ("id", "create_date", "policies", "max_session_duration")


class Backend(IAMBackend):
    """moto's IAM backend; the class is here so that moto takes its responses from this folder."""


def aws_documents(backend: IAMBackend) -> list[object]:
    """Return the versions of AWS's own policies, over a thousand, which no call changes."""
    return [
        policy.versions
        for policy in backend.managed_policies.values()
        if policy.arn.startswith("arn:aws:iam::aws:")
    ]


def keep() -> None:
    """Write all roles and customer policies to disk; there are few."""
    backend = iam_backends[state.ACCOUNT]["aws"]
    roles = [
        {name: getattr(role, name) for name in _ROLE + _ROLE_AFTER}
        | {"attached": list(role.managed_policies)}
        for role in backend.roles.values()
    ]
    policies = [
        {"name": policy.name, "path": policy.path, "document": version.document}
        for policy in backend.managed_policies.values()
        for version in policy.versions
        if f":{state.ACCOUNT}:" in policy.arn and version.version_id == policy.default_version_id
    ]
    disk.save(disk.path_of("iam", "all"), {"roles": roles, "policies": policies})


def restore() -> None:
    """Restore the roles and customer policies from disk."""
    backend = iam_backends[state.ACCOUNT]["aws"]
    for header, _ in disk.load("iam"):
        for policy in header["policies"]:
            backend.create_policy("", policy["path"], policy["document"], policy["name"], [])
        for kept in header["roles"]:
            name, document, path, boundary, description, tags = (kept[member] for member in _ROLE)
            role = backend.create_role(
                name, document, path, boundary, description, tags, kept["max_session_duration"]
            )
            backend.roles[kept["id"]] = backend.roles.pop(role.id)
            for member in _ROLE_AFTER:
                setattr(role, member, kept[member])
            for arn in kept["attached"]:
                backend.attach_role_policy(arn, name)
