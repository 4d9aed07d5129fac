"""EventBridge Scheduler and the clock: what is due by its schedule really runs."""
