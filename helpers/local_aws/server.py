"""The server process: moto's backends with ours in their place, on 127.0.0.1 and nowhere else."""

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.sagemaker.models import sagemaker_backends
from moto.sagemakerruntime.models import sagemakerruntime_backends
from moto.sts.models import sts_backends
from werkzeug.serving import make_server

from helpers.local_aws import processes, state
from helpers.local_aws.daemon import IDENTITY_PATH
from helpers.local_aws.iam.models import Backend as IamBackend
from helpers.local_aws.sagemaker.models import Backend as SageMakerBackend
from helpers.local_aws.sagemakerruntime.models import Backend as RuntimeBackend
from helpers.local_aws.unsupported import answer_unsupported

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


class RequestHandler(MotoRequestHandler):
    """moto's request handler, keeping connections open between requests and silent about each."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_request(self, *_: Any) -> None:
        """Say nothing: a line per request would fill the disk."""


def main() -> None:
    """Serve until SIGTERM. Arguments: identity, port, and `--exact` if no other port will do."""
    identity, port, exact = sys.argv[1], int(sys.argv[2]), "--exact" in sys.argv
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    listener = _listen(port, exact)
    port = listener.getsockname()[1]
    iam_backends.backend = IamBackend
    sagemaker_backends.backend = SageMakerBackend
    sagemakerruntime_backends.backend = RuntimeBackend
    processes.end_leftovers()
    state.write_client_files(f"http://127.0.0.1:{port}", _default_role_credentials())
    server = make_server(
        "127.0.0.1", port, _application(identity), threaded=True, request_handler=RequestHandler, fd=listener.fileno()
    )
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    url = f"http://127.0.0.1:{port}"
    state.write_json(state.root() / "server.json", {"id": identity, "pid": os.getpid(), "port": port, "url": url})
    server.serve_forever()
    processes.end_all()
    os._exit(0)  # jobs' threads wait for processes that are gone; nothing is left to finish


def _listen(port: int, exact: bool) -> socket.socket:
    """Bind the loopback interface, on another port if the preferred one is taken and need not be it."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        if exact:
            sys.exit(f"port {port} of 127.0.0.1 can't be used ({error.strerror}): choose another with --port")
        listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def _application(identity: str) -> Callable[..., Any]:
    """Build the WSGI application: the identity, then moto, with a clear answer for whatever moto can't do."""
    moto = DomainDispatcherApplication(create_backend_app)
    create = moto.create_app

    def create_app(service: Any) -> Any:
        app = create(service)
        app.register_error_handler(Exception, answer_unsupported)
        return app

    moto.create_app = create_app

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == IDENTITY_PATH:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"id": identity}).encode()]
        return moto(environ, start_response)

    return application


def _default_role_credentials() -> dict[str, str]:
    """Create the execution role and assume it, with the credentials of the last start if there are any.

    A notebook that outlives the server goes on with the credentials it has, and stays the role it was.
    """
    iam_backends[state.ACCOUNT]["aws"].create_role(
        state.ROLE, json.dumps(_TRUST), "/", None, "The tutorial's execution role", [], 43200
    )
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
    return {
        "AccessKeyId": role.access_key_id,
        "SecretAccessKey": role.secret_access_key,
        "SessionToken": role.session_token,
    }


if __name__ == "__main__":
    main()
