"""Requests of monitors aren't traffic: a baseline or check over capture files leaves them out."""

import json

from model_monitoring.analysis.files.jobs import run_baseline


def event(value, **about):
    sides = {
        name: {
            "observedContentType": "text/csv",
            "mode": mode,
            "data": str(value),
            "encoding": "CSV",
        }
        for name, mode in (("endpointInput", "INPUT"), ("endpointOutput", "OUTPUT"))
    }
    metadata = {"eventId": "e", "inferenceTime": "2026-03-01T10:00:00Z"} | about
    return json.dumps({"captureData": sides, "eventMetadata": metadata, "eventVersion": "0"})


def test_perturbed_requests_are_left_out(tmp_path):
    lines = [
        event(1),
        event(900, inferenceId="perturbed-1"),
        event(2, inferenceId="own-perturbed-2"),
        event(3),
    ]
    (tmp_path / "capture.jsonl").write_text("\n".join(lines))
    result = run_baseline(tmp_path / "capture.jsonl", tmp_path / "baseline")
    assert result.rows == 3
    statistics = json.loads((tmp_path / "baseline" / "statistics.json").read_text())
    assert all(feature["numerical_statistics"]["max"] == 3 for feature in statistics["features"])
