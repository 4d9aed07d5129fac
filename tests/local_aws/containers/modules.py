"""The modules behind the images that tests name."""

MODULES = {
    "linear_learner": "linear_learner.container",
    "xgboost": "xgboost.container",
    "script_mode": "user_script.training",
    "processing": "user_script.processing",
}
