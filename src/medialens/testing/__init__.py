"""Tools for tests, ours and yours: a model without weights, and what every adapter promises.

Stage: beside the adapters. Takes what an adapter or a test hands in, gives answers that can be worked out by hand.
Knows the handles and the engine; knows nothing of LangChain, LlamaIndex or pytest.

`fake_model.py`: `FakeModel`, and `fake_models` to run every handle on it. `contracts/`: `EmbeddingsContract` and
`RerankerContract`, to subclass. A new kind of adapter gets a contract of its own there.
"""
