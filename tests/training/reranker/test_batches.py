import numpy as np
import torch

from medialens.models.architectures.cross_attention.network import NOTHING
from medialens.training.examples import to_tensor
from medialens.training.reranker.batches import to_tensors
from medialens.training.reranker.crowds import make_crowd
from medialens.training.tokens import build_tokenizer

N_CELLS = 64


def _steps():
    """A crowd of each pair of forms."""
    found = {}
    for step in range(120):
        crowd = make_crowd(4, step, n_clusters=2, n_rivals=2)
        found.setdefault((crowd.query_form, crowd.document_form), crowd)
    return found


def test_the_sides_of_chosen_pairs_are_what_stands_for_their_scenes():
    tokenizer = build_tokenizer()
    steps = _steps()
    assert len(steps) == 5
    chosen = torch.rand((6, 6), generator=torch.Generator().manual_seed(0)) < 0.5
    for crowd in steps.values():
        batch = to_tensors(crowd, tokenizer, n_cells=N_CELLS)
        given, parts = batch.pairs(chosen), _parts_by_number(batch)
        pairs = [(query, document) for query in range(6) for document in range(6) if chosen[query, document]]
        assert len(pairs) == len(given["queries"]) == len(given["documents"])
        for at, (query, document) in enumerate(pairs):
            expected = _expected(crowd, crowd.query_form, query, tokenizer)
            assert _shown(parts, given["queries"][at]) == expected
            expected = _expected(crowd, crowd.document_form, document, tokenizer)
            assert _shown(parts, given["documents"][at]) == expected
            assert torch.equal(given["query_parts"][at], batch.given["query_parts"][query])
            assert torch.equal(given["document_parts"][at], batch.given["document_parts"][document])


def test_each_text_and_picture_is_there_once():
    for crowd in _steps().values():
        given = to_tensors(crowd, build_tokenizer(), n_cells=N_CELLS).given
        texts = given["tokens"].tolist() if "tokens" in given else []
        assert len({tuple(one) for one in texts}) == len(texts)
        assert len(given.get("pixels", ())) <= 2 * 6


def _parts_by_number(batch):
    """What each token number of the bank is part of: a text's ids, or a picture's values."""
    nothing = torch.zeros((0, 0), dtype=torch.long)
    tokens, masks = (batch.given.get(name, nothing) for name in ("tokens", "mask"))
    parts = {}
    for row, (ids, mask) in enumerate(zip(tokens, masks, strict=True)):
        text = tuple(ids[mask.bool()].tolist())
        parts |= {row * tokens.shape[1] + at: ("text", text, at) for at in range(len(text))}
    start = tokens.numel()
    for row, pixels in enumerate(batch.given.get("pixels", ())):
        parts |= {start + row * N_CELLS + at: ("picture", pixels.numpy().tobytes(), at) for at in range(N_CELLS)}
    return parts


def _shown(parts, numbers):
    return [parts[number] for number in numbers.tolist() if number != NOTHING]


def _expected(crowd, form, at, tokenizer):
    named = {"picture and text": ("second text", "picture")}.get(form, (form,))
    shown = []
    for part in named:
        if part in crowd.texts:
            ids = tuple(tokenizer(crowd.texts[part][at], truncation=True, max_length=48)["input_ids"])
            shown += [("text", ids, number) for number in range(len(ids))]
        else:
            values = to_tensor([np.asarray(crowd.drawings[part][at])])[0].numpy().tobytes()
            shown += [("picture", values, number) for number in range(N_CELLS)]
    return shown


def test_matches_are_those_of_the_crowd():
    crowd = make_crowd(4, 0, n_clusters=3, n_rivals=1)
    batch = to_tensors(crowd, build_tokenizer(), n_cells=N_CELLS)
    assert batch.matches.tolist() == crowd.matches.tolist()
