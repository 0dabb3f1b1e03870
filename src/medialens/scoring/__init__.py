"""Vectors and ranks into numbers: similarity, quantisation, the order of a ranking, measures of retrieval.

Stage: after the models. Takes numpy arrays, gives numpy arrays. Pure functions: no threads, devices, files or
models are known here. A new measure is a function and one row in its table.
"""
