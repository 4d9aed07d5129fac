"""How a service's requests are dispatched, and how its errors are written."""
