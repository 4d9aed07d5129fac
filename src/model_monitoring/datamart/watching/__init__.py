"""Taking a model on: its contract proposed from training data, the model asked once, subscribed.

>>> import pandas as pd
>>> from model_monitoring import watching
>>> training = pd.DataFrame({"area": [50.0, 80.0, 65.0], "price": [1.5, 2.5, 1.9]})
>>> contract = watching.propose(training, "price", "prices", engine={"url": "http://host/score"})
>>> contract.problem_type
'regression'

Then `ask` asks the model about training rows, `subscribe` subscribes it, `send` sends it rows, and
`measure` switches on the monitors that need them.
"""

from model_monitoring.datamart.watching.contracts import Contract
from model_monitoring.datamart.watching.contracts import read as read_contract
from model_monitoring.datamart.watching.contracts import write as write_contract
from model_monitoring.datamart.watching.proposing import name_of, propose
from model_monitoring.datamart.watching.starting import (
    check_training,
    measure,
    predicted,
    send,
    subscribe,
)
from model_monitoring.datamart.watching.tables import read as read_rows
from model_monitoring.datamart.watching.trying import Tried, ask, look

__all__ = [
    "Contract",
    "Tried",
    "ask",
    "check_training",
    "look",
    "measure",
    "name_of",
    "predicted",
    "propose",
    "read_contract",
    "read_rows",
    "send",
    "subscribe",
    "write_contract",
]
