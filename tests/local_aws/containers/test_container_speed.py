import time

import pytest

SETTINGS = {
    "linear_learner": {"predictor_type": "binary_classifier", "num_models": 32},
    "xgboost": {"objective": "binary:logistic", "num_round": 100},
}


@pytest.mark.parametrize("module", SETTINGS)
def test_a_job_and_an_endpoint_after_the_first_start_within_a_second(job, cancer, module):
    x_train, _, y_train, _ = cancer
    job.prepare(SETTINGS[module], train=job.csv(y_train, x_train))
    assert job.train(module) == 0, job.log  # the first start of all waits for the imports
    start = time.perf_counter()
    assert job.train(module) == 0, job.log
    trained = time.perf_counter()
    with job.serve(module):
        served = time.perf_counter()
    assert trained - start < 5
    assert served - trained < 1
