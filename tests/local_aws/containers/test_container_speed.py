import psutil
import pytest

SETTINGS = {
    "linear_learner": {"predictor_type": "binary_classifier", "num_models": 32},
    "xgboost": {"objective": "binary:logistic", "num_round": 100},
}


@pytest.mark.parametrize("module", SETTINGS)
def test_a_second_job_and_endpoint_import_nothing(job, cancer, module):
    x_train, _, y_train, _ = cancer
    job.prepare(SETTINGS[module], train=job.csv(y_train, x_train))
    assert job.train(module) == 0, job.log  # the very first start waits for the imports
    with job.serve(module) as invoke:
        server = psutil.Process(invoke.pid)
        starter = server.parent()
        assert sum(server.cpu_times()[:2]) < 1  # seconds of processor time
    before = starter.cpu_times().children_user
    assert job.train(module) == 0, job.log
    assert 0 < starter.cpu_times().children_user - before < 5
