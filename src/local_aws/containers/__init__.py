"""The containers of jobs: the built-in algorithms and framework images, one process each."""
