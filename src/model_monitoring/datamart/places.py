"""Where a data mart is if nobody says: the folder of the offline services, and its database."""

import os
from importlib import import_module
from pathlib import Path


def state_directory() -> Path:
    """Return the folder in which the offline services store their state."""
    return Path(os.environ.get("TUTORIAL_LOCAL_DIR", ".local"))


def database_url() -> str:
    """Return DATABASE_URL, or the URL of the embedded server, which is started.

    Commands take it from there alone: a URL may hold a password, and every user of a machine can
    read a command's options.

    Raises:
        ImportError: the `embedded` extra is needed, and isn't installed.
    """
    if url := os.environ.get("DATABASE_URL"):
        return url
    # Imported when it is needed, as it needs an extra
    server = import_module("model_monitoring.datamart.postgres.server")
    return server.start(state_directory() / "postgresql")
