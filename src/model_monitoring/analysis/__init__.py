"""Analysis of a model's data and predictions: arrays and frames in, results and Model Monitor's
files out.
"""
