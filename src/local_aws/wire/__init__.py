"""How a service's requests are dispatched, and its errors worded."""
