"""From a manifest to a model that runs.

Stage: after the hub, before the engine. Takes a `ModelSpec`, gives a `Model` (`protocol.py`): a recipe and the
verbs prepare, collate, forward. Knows nothing of queues, batches' sizes, caches or frameworks, and decodes no
media: a family says in its recipe which modalities it takes.

To add a family of models: a folder in `architectures/`; docs/adding-a-model-family.md walks through it.
"""
