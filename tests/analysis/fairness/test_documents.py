"""doc/fairness.md explains every metric in the words that the code gives."""

from model_monitoring.analysis.fairness.metrics import METRICS


def test_every_metric_is_in_the_table(repository):
    text = (repository / "doc" / "fairness.md").read_text()
    for name, about in METRICS.items():
        assert any(
            line.startswith(f"| {name} |") and about.meaning in line and about.direction in line
            for line in text.splitlines()
        ), name
