"""What every framework adapter needs, without knowing any framework.

Stage: after the handles, before the adapters. Takes what frameworks store (strings that carry media references,
flat metadata) and gives what the handles take (`Item`), and back; takes what searches found, and gives one answer, and
what a chat model is shown of it. Knows nothing of LangChain, LlamaIndex, models or devices.

    in     `references.py`: text with references <-> `Item`. `description.py`, `segments.py`: a file and its pieces ->
           the flat facts that documents and nodes carry. `settings.py`: the fields that all adapter classes share.
    found  `lexical.py`: words. `fusing.py`: several searches as one, with places for every kind of medium. `hits.py`,
           `merging.py`, `parents.py`, `joining.py`: neighbours as one. `finding.py`: the part of a video.
    out    `rendering.py`: media as small files, within a `budget.py`. `layout.py`: files and text under labels.

To add something that two adapters would otherwise both write, add a module here.
"""
