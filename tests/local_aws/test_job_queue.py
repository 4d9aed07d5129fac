"""Many jobs at once: limited in number, in order of submission, each ending by itself."""

import os

from offline import sleeping_job, training_job, until


def test_ten_jobs_at_once_finish_in_order_of_submission(aws):
    requests = [training_job(aws) for _ in range(10)]
    for request in requests:
        aws.sagemaker.create_training_job(**request)
    jobs = [aws.wait("TrainingJob", request["TrainingJobName"]) for request in requests]
    assert {job["TrainingJobStatus"] for job in jobs} == {"Completed"}
    starts = [job["TrainingStartTime"] for job in jobs]
    # As many as run at once; two that begin together may be noted in either order
    apart = max(2, os.cpu_count())
    assert all(earlier <= later for earlier, later in zip(starts, starts[apart:], strict=False))


def test_no_more_jobs_run_at_once_than_there_are_processors(aws):
    count = max(2, os.cpu_count()) + 2
    requests = [sleeping_job(aws) for _ in range(count)]
    names = [request["TrainingJobName"] for request in requests]
    for request in requests:
        aws.sagemaker.create_training_job(**request)

    def secondary():
        return [
            aws.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"]
            for name in names
        ]

    until(lambda: secondary().count("Training") == count - 2)
    assert secondary() == ["Training"] * (count - 2) + ["Starting"] * 2
    for name in reversed(names):  # waiting jobs stop without having run
        aws.sagemaker.stop_training_job(TrainingJobName=name)
    jobs = [aws.wait("TrainingJob", name) for name in names]
    assert {job["TrainingJobStatus"] for job in jobs} == {"Stopped"}
    assert "TrainingStartTime" not in jobs[-1]


def test_a_killed_job_has_failed_with_the_reason(aws):
    request = sleeping_job(aws)
    name = request["TrainingJobName"]
    aws.sagemaker.create_training_job(**request)
    until(
        lambda: (
            aws.sagemaker.describe_training_job(TrainingJobName=name)["SecondaryStatus"]
            == "Training"
        )
    )
    (root,) = (aws.state / "aws" / "jobs").iterdir()
    until(lambda: aws.containers_of(root))[0].kill()
    job = aws.wait("TrainingJob", name)
    assert job["TrainingJobStatus"] == "Failed"
    assert (
        job["FailureReason"] == "AlgorithmError: The process was ended by signal 9, exit code: 137"
    )
