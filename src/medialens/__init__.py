"""Encode and rerank text, images and their mixtures; see https://github.com/medialens/medialens."""
