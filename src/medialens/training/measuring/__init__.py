"""How good the embedded models are: held-out galleries, recall, calibration, and the tables that say so.

Stage: after training. Takes public handles (`Encoder`, `Reranker`), gives reports; knows nothing of networks and
gradients. The same report stands in a model's card, in the documentation and in the tests.

`gallery.py`, `near_duplicates.py`: what is asked, and among what. `table.py`, `variants.py`, `small_weights.py`,
`reliability.py`: what is counted. `embedder.py`, `reranker.py`: all of it for one kind of model; to add a line, a
method there. `embedder_report.py`, `reranker_report.py`, `report.py`: as text, and where it is written.
"""
