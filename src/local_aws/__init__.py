"""The offline AWS: moto's backends, made to train, serve and process for real."""
