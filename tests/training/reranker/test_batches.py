import numpy as np
import torch

from medialens.models.architectures.cross_attention.network import NOTHING
from medialens.training.examples import to_tensor
from medialens.training.reranker.batches import to_pairs
from medialens.training.reranker.groups import make_groups
from medialens.training.tokens import build_tokenizer

N_CELLS = 64


def _steps():
    """A step of each pair of forms."""
    found = {}
    for step in range(80):
        groups = make_groups(4, step, 2)
        found.setdefault((groups[0].query_form, groups[0].document_form), groups)
    return found


def test_the_sides_of_every_pair_are_what_stands_for_its_scenes():
    tokenizer = build_tokenizer()
    steps = _steps()
    assert len(steps) == 5
    for groups in steps.values():
        batch = to_pairs(groups, tokenizer, n_cells=N_CELLS)
        parts = _parts_by_number(batch)
        at = 0
        for group in groups:
            for query in range(6):
                for document in range(6):
                    assert _shown(parts, batch.given["queries"][at]) == _expected(
                        group, group.query_form, query, tokenizer
                    )
                    expected = _expected(group, group.document_form, document, tokenizer)
                    assert _shown(parts, batch.given["documents"][at]) == expected
                    at += 1
        assert at == len(batch.given["queries"]) == batch.matches.numel()


def test_each_text_and_picture_is_there_once():
    for groups in _steps().values():
        given = to_pairs(groups, build_tokenizer(), n_cells=N_CELLS).given
        texts = given["tokens"].tolist() if "tokens" in given else []
        assert len({tuple(one) for one in texts}) == len(texts)
        assert len(given.get("pixels", ())) <= 2 * 12


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


def _expected(group, form, at, tokenizer):
    named = {"picture and text": ("second text", "picture")}.get(form, (form,))
    shown = []
    for part in named:
        if part in group.texts:
            ids = tuple(tokenizer(group.texts[part][at], truncation=True, max_length=48)["input_ids"])
            shown += [("text", ids, number) for number in range(len(ids))]
        else:
            values = to_tensor([np.asarray(group.drawings[part][at])])[0].numpy().tobytes()
            shown += [("picture", values, number) for number in range(N_CELLS)]
    return shown


def test_matches_are_those_of_the_groups():
    groups = make_groups(4, 0, 3)
    batch = to_pairs(groups, build_tokenizer(), n_cells=N_CELLS)
    assert torch.equal(batch.matches, torch.stack([torch.from_numpy(group.matches.copy()) for group in groups]))
