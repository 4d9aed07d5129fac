"""What runs inside a job: the built-in algorithms and framework images, each started as a process
of its own.
"""
