"""With the packages of this Python, all notebooks run without a warning, and each verdict is true.

`make test-packages` runs this with those of SageMaker Studio and with the newest ones.
"""

import pytest

from tests.notebooks import chain


@pytest.mark.long
def test_verdicts_hold_with_these_packages(tmp_path):
    chain.run(tmp_path)
    assert chain.warnings(tmp_path) == []
    assert [verdict for verdict, true in chain.held(tmp_path).items() if not true] == []
