"""The parts that all containers have: the contract, data, archives, an HTTP server."""
