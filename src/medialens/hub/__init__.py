"""What a model repository says about itself: small files in, plain values out.

Stage: before a model is built. Takes a folder or a hub id, gives a `Repository` (where the files lie) and a
`Manifest` (what they say). Knows no torch and no model family: recognising one is the registry's business.

To read another file of a repository: a field in `manifest.py`. To let in another module type of Sentence
Transformers, or an older spelling of one: a row in `modules.py`.
"""
