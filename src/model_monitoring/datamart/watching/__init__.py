"""Taking a model on: its contract proposed from training data, the model asked once, subscribed."""
