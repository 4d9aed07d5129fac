"""Model Monitor's job definitions, schedules and executions."""
