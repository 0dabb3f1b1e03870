"""The embedder: text, pictures and clips to vectors of one space.

Stage: pictures and captions are there. Takes settings and a seed, gives a trained network and its repository.
"""
