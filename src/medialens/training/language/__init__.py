"""Facts to words: how people say what a picture shows.

Stage: part of training. Takes the facts of a scene, gives a caption and the facts it states; knows nothing of
pixels and models. Some synonyms and some sentence frames are never used in training, so that the measurement
can ask in words that the model has not seen.

To add a way of speaking: a frame in `frames.py`, a synonym in `words.py`.
"""
