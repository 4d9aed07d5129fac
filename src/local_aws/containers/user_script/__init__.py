"""A user's own script, in training, processing and serving."""
