"""What every framework adapter needs, without knowing any framework.

Stage: after the handles, before the adapters. Takes what frameworks store (strings that carry media references,
flat metadata) and gives what the handles take (`Item`), and back. Knows nothing of LangChain, LlamaIndex, models
or devices.

`references.py`: text with references <-> `Item`. `description.py`: a file -> the flat facts that documents and
nodes carry. `settings.py`: the fields that all adapter classes share. To add something that two adapters would
otherwise both write, add a module here.
"""
