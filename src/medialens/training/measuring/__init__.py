"""How good the embedded models are: held-out galleries, recall, calibration, and the tables that say so.

Stage: after training. Takes public handles (`Encoder`, `Reranker`), gives rows of a table.
"""
