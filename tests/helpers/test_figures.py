"""Figures are drawn without a warning, which a reader would see above them."""

import warnings

import pandas as pd

from helpers import figures


def test_an_interval_that_is_alone_in_its_colour_is_drawn_without_a_warning():
    columns = {"difference": [0.0, 0.6], "ci_low": [-0.1, 0.4], "ci_high": [0.1, 0.7]}
    gate = pd.DataFrame(columns | {"passes": [True, False]}, index=["one", "other"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures.differences(gate, 0.01, "one passes")
