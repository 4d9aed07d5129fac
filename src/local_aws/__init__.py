"""The offline AWS: moto's backends, extended so that training jobs, endpoints and processing jobs
really run.
"""
