"""Serve requests through a user's inference.py, with the defaults of AWS's containers."""

import importlib.util
import io
import json
import os
import threading
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import ModuleType

import numpy as np

from ..base.contract import ClientError
from ..base.data import parse_csv, parse_libsvm, read_content_type
from ..base.serving import Predict, UnsupportedType

_LIBSVM = ("text/libsvm", "text/x-libsvm")


def load_handlers(script: Path, directory: Path, image: str) -> Predict:
    """Import `script` and load its model from `directory`.

    Requests are handled one at a time, as in one of AWS's workers: a user's functions needn't be
    thread-safe.

    Raises:
        ClientError: the script has no model_fn. The script's own errors pass.
    """
    user = _import(script)
    if not hasattr(user, "model_fn"):
        raise ClientError(f"{script.name} has no model_fn(model_dir)")
    model = user.model_fn(str(directory))
    parse = getattr(user, "input_fn", _parse_xgboost if image == "xgboost" else _parse)
    predict = getattr(user, "predict_fn", _predict_xgboost if image == "xgboost" else _predict)
    write = getattr(user, "output_fn", _write)
    transform: Callable | None = getattr(user, "transform_fn", None)
    default = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "application/json")
    one_at_a_time = threading.Lock()

    def answer(body: bytes, content_type: str | None, accept: str | None) -> tuple[bytes, str]:
        content_type = content_type or "application/json"
        accept = default if accept in (None, "*/*") else accept
        with one_at_a_time:
            if transform:
                result = transform(model, body, content_type, accept)
            else:
                result = write(predict(parse(body, content_type), model), accept)
        text, kind = result if isinstance(result, tuple) else (result, accept)
        if not isinstance(text, str | bytes):
            raise TypeError(
                "output_fn must return str or bytes, with or without a content type, "
                f"not {type(text)}"
            )
        return text.encode() if isinstance(text, str) else text, kind

    return answer


def _import(script: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(script.stem, script)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _parse(body: bytes, content_type: str) -> np.ndarray:
    """Parse CSV, JSON or npy into an array, as AWS's sklearn container does."""
    media, _ = read_content_type(content_type, "")
    if media == "text/csv":
        return parse_csv(body, "request body")
    try:
        if media == "application/json":
            return np.array(json.loads(body))
        if media == "application/x-npy":
            # Not numpy.load, which also opens zip files
            return np.lib.format.read_array(io.BytesIO(body), allow_pickle=False)
    except (ValueError, EOFError, RecursionError, MemoryError) as error:
        raise ClientError(f"The request body is not {media}: {error}") from None
    raise UnsupportedType(
        f"Content-Type {media} is not supported: text/csv, application/json or application/x-npy"
    )


def _parse_xgboost(body: bytes, content_type: str) -> object:
    """Parse CSV or libsvm into a DMatrix, as AWS's xgboost container does."""
    import xgboost  # the sklearn image doesn't need it

    media, _ = read_content_type(content_type, "")
    if media == "text/csv":
        return xgboost.DMatrix(parse_csv(body, "request body", missing=True))
    if media in _LIBSVM:
        return xgboost.DMatrix(parse_libsvm(body, "request body")[0])
    raise UnsupportedType(f"Content-Type {media} is not supported: text/csv or text/libsvm")


def _predict(data: object, model: object) -> object:
    return model.predict(data)


def _predict_xgboost(data: object, model: object) -> object:
    return model.predict(data, validate_features=False)


def _write(prediction: object, accept: str) -> tuple[bytes, str]:
    """Write a prediction in the format of Accept: JSON, CSV or npy; raises UnsupportedType."""
    values = np.asarray(prediction)
    media, _ = read_content_type(accept, "")
    if media == "application/json":
        return json.dumps(values.tolist()).encode(), accept
    stream = io.BytesIO()
    if media == "text/csv":
        np.savetxt(stream, values, delimiter=",", fmt="%s")
    elif media == "application/x-npy":
        np.save(stream, values, allow_pickle=False)
    else:
        message = (
            f"Accept {media} is not supported: application/json, text/csv or application/x-npy"
        )
        raise UnsupportedType(message, HTTPStatus.NOT_ACCEPTABLE)
    return stream.getvalue(), accept
