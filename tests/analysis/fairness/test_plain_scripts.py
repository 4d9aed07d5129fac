"""Scripts for AWS's inference images: Python 3.7's grammar, and no package except pandas."""

import ast
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("companion_rule.py", set()), ("companion_inference.py", {"pandas", "companion_rule"})],
)
def test_an_old_python_can_parse_it(repository, name, allowed):
    folder = repository / "src/model_monitoring/analysis/fairness/companion"
    text = (folder / name).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    imported = set()
    for node in ast.walk(tree):
        assert not isinstance(node, ast.NamedExpr | ast.Match)
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.split(".")[0])
    assert imported - set(sys.stdlib_module_names) <= allowed
