"""`pytest --nbval notebooks/05_log_payloads.ipynb` compares figures, in the state that it needs."""


def pytest_configure(config):
    """Load what this checkout adds to nbval; the other tests don't need it."""
    if config.getoption("nbval", False):
        config.pluginmanager.import_plugin("tests.notebooks.nbval_pictures")
