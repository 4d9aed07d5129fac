"""The offline AWS: moto's backends, which train, serve and process for real."""
