"""The HTTP side: the door, then moto's dispatcher, but faster, durable and with clear errors."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request, Response

from local_aws.daemon.starting import IDENTITY_PATH
from local_aws.door import checking, refusals
from local_aws.door.answers import harmless, sandboxed
from local_aws.s3 import models as s3
from local_aws.sagemakerruntime import responses as invocations
from local_aws.server import commands
from local_aws.server.unsupported import answer_error, answer_problem, answer_unknown_service
from local_aws.wire import wellformed


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, which remembers each host's service: moto reads its folder twice."""

    def get_application(self, environ: dict[str, Any]) -> Any:
        """Find a request's application only by its signature.

        By their paths, moto would send some requests to its own pages, which reset and record
        everything, and to its fake instance metadata. To a client of S3 these paths are names of
        buckets.
        """
        by_path = environ["PATH_INFO"].startswith(("/moto-api", "/favicon.ico", "/latest/"))
        return super().get_application(environ | {"PATH_INFO": "/"} if by_path else environ)

    @lru_cache(maxsize=256)  # noqa: B019  one dispatcher lives as long as the process
    def get_backend_for_host(self, host: str | None) -> Any:
        """Find the service of a host."""
        return super().get_backend_for_host(host)


def application(identity: str) -> Callable[..., Any]:
    """Build the WSGI application: a health check for everyone, all else for signed requests."""
    moto = Dispatcher(create_backend_app)
    create = moto.create_app

    def create_app(service: Any) -> Any:
        app = create(service)
        app.register_error_handler(Exception, lambda error: answer_error(error, request))
        return app

    moto.create_app = create_app

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            return start_response(status, sandboxed(headers))

        try:
            checking.check_host(environ)
            if environ["PATH_INFO"] == IDENTITY_PATH:
                return _json({"id": identity})(environ, start)
            checking.check(environ)
        except refusals.Refusal as refusal:
            return refusals.answer(refusal, environ)(environ, start)
        if environ["PATH_INFO"] in commands.COMMANDS:
            return _command(environ)(environ, start)
        return _aws(moto, environ, start_response)

    return answer


def _command(environ: dict[str, Any]) -> Response:
    """Respond to a request that AWS doesn't have, see client."""
    asked = Request(environ)
    status, content = commands.answer(asked.path, asked.get_data())
    return _json(content, status)


def _aws(moto: Dispatcher, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Respond to an AWS call; its changes are on disk before the client reads that it's done."""
    if problem := wellformed.problem(environ):
        return answer_problem(problem, Request(environ))(environ, start_response)
    if invocations.matches(environ):
        return _invocation(environ, start_response)
    try:
        app = moto.get_application(environ)
    except Exception:  # of several kinds, depending on how moto failed to find the application
        return answer_unknown_service(Request(environ))(environ, start_response)
    s3.touch_request(environ)
    begun: list[Any] = []
    body = app(environ, lambda *status_and_headers: begun.append(status_and_headers))
    try:
        s3.keep()
    except OSError as error:
        return answer_error(error, Request(environ))(environ, start_response)
    status, headers = begun[-1][:2]
    start_response(status, harmless(headers, environ))
    return body


def _invocation(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Respond to a call of a model; the model may claim that its response is a page."""

    def start(status: str, headers: list[tuple[str, str]]) -> Any:
        return start_response(status, harmless(headers, environ))

    try:
        return invocations.answer(environ)(environ, start)
    except Exception as error:
        return answer_error(error, Request(environ))(environ, start)


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
