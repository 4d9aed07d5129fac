"""The people who work on tasks: workers are invited to a work team and sign in with a link."""

import secrets
from datetime import timedelta
from typing import Any

from moto.sagemaker.models import sagemaker_backends

from local_aws.kept import disk, state
from local_aws.sagemaker.models import Backend
from model_monitoring import review

_VALID = timedelta(days=7)
_LONGEST_NAME = 100


def subdomain(region: str) -> str:
    """Return the address of a region's worker portal: host, port and path, without `http://`."""
    return f"127.0.0.1:{state.read_json(state.root() / 'server.json')['portal']}/{region}"


def invite(asked: dict[str, Any]) -> dict[str, Any]:
    """Make a worker a member of a work team.

    Args:
        asked: `worker`, any name; `workteam`, a name or an ARN, or None if all regions together
            have only one.

    Returns:
        `worker`, `workteam`, `link` (signs the worker in) and `days` (how long the link is valid).

    Raises:
        ValueError: the name isn't valid, or the work team doesn't exist or isn't unique.
    """
    worker = str(asked["worker"]).strip()
    if not worker.isprintable() or not 0 < len(worker) <= _LONGEST_NAME:
        raise ValueError(f"A worker's name is 1 to {_LONGEST_NAME} printable characters.")
    backend, team = _find(asked.get("workteam"))
    with backend.lock:
        backend.change(team, _workers=sorted({*team.get("_workers", []), worker}))
    invitation = review.invitation(secret(), worker, _VALID)
    link = f"http://{subdomain(backend.region_name)}/enter#{invitation}"
    return {"worker": worker, "workteam": team["WorkteamName"], "link": link, "days": _VALID.days}


def teams_of(backend: Backend, worker: str) -> set[str]:
    """Return the ARNs of a worker's work teams."""
    teams = list(backend.records["Workteam"].values())
    return {team["WorkteamArn"] for team in teams if worker in team.get("_workers", [])}


def secret() -> bytes:
    """Return the key that signs invitations and sessions, generated once per state directory."""
    for header, _ in disk.load("portal"):
        return bytes.fromhex(header["secret"])
    drawn = secrets.token_bytes(32)
    disk.save(disk.path_of("portal", "secret"), {"secret": drawn.hex()})
    return drawn


def _find(name: str | None) -> tuple[Backend, dict[str, Any]]:
    """Find a work team in any region; raises ValueError unless there is exactly one."""
    found = [
        (backend, team)
        for backend in list(sagemaker_backends[state.ACCOUNT].values())
        for team in list(backend.records["Workteam"].values())
        if name in (None, team["WorkteamName"], team["WorkteamArn"])
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError(
            f"There is no work team {name!r}."
            if name
            else "There is no work team: create one first."
        )
    raise ValueError(
        f"Say which work team: {', '.join(sorted(team['WorkteamArn'] for _, team in found))}."
    )
