"""A long queue stays fast.

Bounds are loose, for busy machines; doc/review-templates.md has measured times.
"""

import statistics
import time

from model_monitoring.review import default_template

from .samples import scored


def seconds(act, times):
    taken = []
    for number in range(times):
        start = time.perf_counter()
        act(number)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def test_ten_thousand_tasks(anna, store):
    template, task_input = default_template(), scored("s-1")
    for number in range(10_000):
        store.add(f"t-{number}", template, task_input)
    assert "10,000 tasks waiting" in anna.get("/").text and "and 9,950 more" in anna.get("/").text
    assert seconds(lambda _: anna.get("/"), 7) < 0.3

    forms = [anna.form(anna.get(f"/tasks/t-{number}"), "work")[:1] for number in range(7)]

    def sent(n):
        return anna.post(f"/tasks/t-{n}", [*forms[n], ("label", "benign")], allow_redirects=False)

    assert seconds(sent, 7) < 0.25
    assert len([task for task in store.tasks.values() if task.answers]) == 7
