"""What runs inside a job: the built-in algorithms and framework images, a process each."""
