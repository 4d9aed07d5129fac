"""The console: status pages over the data mart, and logging over REST from any language."""

from model_monitoring.console.app import create_app
from model_monitoring.console.server import Console, start

__all__ = ["Console", "create_app", "start"]
