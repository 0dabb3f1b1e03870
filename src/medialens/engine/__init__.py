"""The engine: requests in, vectors and scores out, for all callers of a process at once.

    Engine.submit -> Scheduler -> prepare threads -> Scheduler -> lanes -> finish thread -> Call.future
                     tickets      resolve, key,      ready work   collate,  float32,
                     of calls     caches, decode,    by cost      forward   caches
                                  model.prepare

Stage: between the models and the public handles. Takes a loaded `Model` and `Request`s, gives numpy arrays or the
errors of single items, in request order. Knows no prompt rules, no roles and no framework.

Where things are: `config` and `stats` (values), `batching` (pure: costs to batches), `request` and `work` (what is
asked, and what is computed), `conversation` (chat messages, for models that read none), `scheduler` (the one lock: who
does what next), `prepare`, `lanes`, `finish` (the three stages), `isolation` (a failure stays with its item), `cache`
and `disk_cache`, `threads` (torch's thread settings), `models` (each loaded once), `crew` (the threads), `engine` (all
of it together); `handle` and `pairs` are what `Encoder` and `Reranker` are made of. A batching policy is a function in
`batching`; a cache is a class with `get` and `put`, and one line in `engine`.
"""
