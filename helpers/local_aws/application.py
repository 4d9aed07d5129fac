"""The HTTP side: moto's dispatcher, made faster, lasting, and clear about what is missing."""

import json
import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug import Request

from helpers.local_aws import commands, wellformed
from helpers.local_aws.a2i import portal
from helpers.local_aws.daemon import IDENTITY_PATH
from helpers.local_aws.s3 import models as s3
from helpers.local_aws.unsupported import answer_error, answer_problem, answer_unknown_service


class Dispatcher(DomainDispatcherApplication):
    """moto's dispatcher, remembering which service a host means: moto reads its own folder twice for each request."""

    @lru_cache(maxsize=256)  # noqa: B019  one dispatcher lives as long as the process
    def get_backend_for_host(self, host: str | None) -> Any:
        """Find the service of a host."""
        return super().get_backend_for_host(host)


def application(identity: str) -> Callable[..., Any]:
    """Build the WSGI application: the identity, then moto, with a clear answer for whatever moto can't do."""
    moto = Dispatcher(create_backend_app)
    create = moto.create_app

    def create_app(service: Any) -> Any:
        app = create(service)
        app.register_error_handler(Exception, lambda error: answer_error(error, request))
        return app

    moto.create_app = create_app

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == IDENTITY_PATH:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"id": identity, "pid": os.getpid()}).encode()]
        if environ["PATH_INFO"].startswith(f"{portal.PORTAL}/"):
            return portal.answer(environ, start_response)
        if environ["PATH_INFO"] in commands.COMMANDS and environ["REQUEST_METHOD"] == "POST":
            asked = Request(environ)
            status, content = commands.answer(environ["PATH_INFO"], asked.content_type or "", asked.get_data())
            start_response(status, [("Content-Type", "application/json")])
            return [json.dumps(content).encode()]
        if problem := wellformed.problem(environ):
            return answer_problem(problem, Request(environ))(environ, start_response)
        try:
            app = moto.get_application(environ)
        except Exception:  # of several kinds, depending on how moto failed to find it
            return answer_unknown_service(Request(environ))(environ, start_response)
        s3.touch_request(environ)
        begun: list[Any] = []
        body = app(environ, lambda *status_and_headers: begun.append(status_and_headers))
        try:
            s3.keep()  # before the client reads that it's done
        except OSError as error:
            return answer_error(error, Request(environ))(environ, start_response)
        start_response(*begun[-1])
        return body

    return answer
