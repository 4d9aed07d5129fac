"""The linear-learner image, on scikit-learn."""
