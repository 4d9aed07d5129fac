"""What every container has: the contract, its data, archives, HTTP server."""
