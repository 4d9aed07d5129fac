"""The server process: moto's backends, some replaced by ours, only on 127.0.0.1."""

import faulthandler
import fcntl
import json
import logging
import os
import shutil
import socket
import sys
import threading
from datetime import datetime

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import sagemakerruntime_backends
from moto.scheduler.models import scheduler_backends
from moto.sts.models import sts_backends

from local_aws import operations
from local_aws.a2i.definitions import add_default_workforce
from local_aws.a2i.portal import portal
from local_aws.clock import Clock
from local_aws.containers import launcher
from local_aws.daemon.starting import SERVING
from local_aws.iam import models as iam
from local_aws.iam.models import Backend as IamBackend
from local_aws.kept import state
from local_aws.s3 import models as s3
from local_aws.s3.models import Backend as S3Backend
from local_aws.sagemaker.models import Backend as SageMakerBackend
from local_aws.sagemaker.serving import capture
from local_aws.sagemaker.serving.deployments import Janitor
from local_aws.sagemakerruntime.models import Backend as RuntimeBackend
from local_aws.scheduler import models as scheduler
from local_aws.scheduler.models import Backend as SchedulerBackend
from local_aws.server.application import application
from local_aws.server.listening import Server
from local_aws.sts.models import Backend as StsBackend

_SLOW_SECONDS = 30
# After the start, because importing the containers' libraries would slow down the start
_PRELOAD_SECONDS = 2
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def main() -> None:
    """Serve until killed.

    Arguments: identity, port, the portal's port, `exact` if only the given ports will do, the
    portal's hosts.
    """
    identity, port, portal_port, exact, *portal_hosts = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    # If the start hangs, server.log says where
    faulthandler.dump_traceback_later(_SLOW_SECONDS)
    serving = open(state.root() / SERVING, "a")  # noqa: SIM115  locked until this process ends
    fcntl.flock(serving, fcntl.LOCK_EX)
    api = _listen(int(port), exact == "exact")
    workers = _listen(int(portal_port), False)
    iam_backends.backend = IamBackend
    s3_backends.backend = S3Backend
    sagemaker_backends.backend = SageMakerBackend
    sagemakerruntime_backends.backend = RuntimeBackend
    scheduler_backends.backend = SchedulerBackend
    sts_backends.backend = StsBackend
    port, portal_port = api.getsockname()[1], workers.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    iam.restore()
    state.write_client_files(url, _default_role_credentials())
    shutil.rmtree(state.root() / "jobs", ignore_errors=True)
    s3.restore()
    capture.restore()
    operations.restore()
    add_default_workforce(sagemaker_backends[state.ACCOUNT][state.REGION])
    scheduler.restore()
    Clock().start()
    Janitor().start()
    server = Server(api, application(identity))
    threading.Thread(
        target=Server(workers, portal(portal_hosts)).serve_forever, daemon=True
    ).start()
    record = {"id": identity, "pid": os.getpid(), "port": port, "url": url}
    record |= {"portal": portal_port, "portal_hosts": portal_hosts}
    state.write_json(state.root() / "server.json", record)
    faulthandler.cancel_dump_traceback_later()
    threading.Thread(target=operations.by_name, daemon=True).start()
    preloading = threading.Timer(_PRELOAD_SECONDS, launcher.preload)
    preloading.daemon = True
    preloading.start()
    server.serve_forever()


def _listen(port: int, exact: bool) -> socket.socket:
    """Bind the loopback interface; unless `exact`, use another port if the given one is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        if exact:
            sys.exit(
                f"port {port} of 127.0.0.1 can't be used ({error.strerror}): "
                "choose another with --port"
            )
        listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _default_role_credentials() -> dict[str, str]:
    """Create the execution role and assume it, if possible with the credentials of the last start.

    A notebook that outlives the server continues with its credentials, and keeps its role.
    """
    backend = iam_backends[state.ACCOUNT]["aws"]
    if state.ROLE not in [role.name for role in backend.get_roles()]:
        backend.create_role(
            state.ROLE, json.dumps(_TRUST), "/", None, "The tutorial's execution role", [], 43200
        )
        backend.attach_role_policy("arn:aws:iam::aws:policy/AmazonSageMakerFullAccess", state.ROLE)
    role = sts_backends[state.ACCOUNT]["aws"].assume_role(
        region_name=state.REGION,
        role_session_name="tutorial",
        role_arn=f"arn:aws:iam::{state.ACCOUNT}:role/{state.ROLE}",
        policy="",
        duration=43200,
        external_id="",
    )
    last = state.read_json(state.root() / "env.json")
    if last:
        role.access_key_id = role.access_key.access_key_id = last["AWS_ACCESS_KEY_ID"]
        role.secret_access_key = role.access_key.secret_access_key = last["AWS_SECRET_ACCESS_KEY"]
        role.session_token = last["AWS_SESSION_TOKEN"]
    role.expiration = datetime.max  # a notebook may be open for days
    return {
        "AccessKeyId": role.access_key_id,
        "SecretAccessKey": role.secret_access_key,
        "SessionToken": role.session_token,
    }
