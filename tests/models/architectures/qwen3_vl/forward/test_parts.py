"""Weights read from transformers' module: shared, not copied; what is no plain layer is called as it is."""

from __future__ import annotations

import pytest
import torch
from tests.models.architectures.qwen3_vl.forward.samples import CONTROL_IDS, expected, normalise, reference, samples
from tests.tiny import fill
from tests.tiny_qwen import qwen_config
from torch import nn
from transformers import Qwen3VLModel

from medialens.models.architectures.qwen3_vl.forward.network import Network
from medialens.models.architectures.qwen3_vl.forward.parts import Linear, activated_linear, linear, side_by_side
from medialens.models.architectures.qwen3_vl.forward.rotary import TokenAngles
from medialens.models.layers.products import ACTIVATIONS


class Wrapped(nn.Linear):
    """A layer that is more than its weights, as quantised ones are."""

    def forward(self, rows):
        return super().forward(rows) + 1


@pytest.mark.parametrize("bias", [True, False])
def test_layers_side_by_side_give_all_outputs_and_still_work_alone(bias):
    modules = [nn.Linear(8, n, bias=bias) for n in (4, 6)]
    rows = torch.randn(5, 8)
    with torch.inference_mode():
        wanted = torch.cat([module(rows) for module in modules], dim=-1)
        both = side_by_side(*modules)
        torch.testing.assert_close(both(rows), wanted)
        torch.testing.assert_close(torch.cat([module(rows) for module in modules], dim=-1), wanted)
    assert isinstance(both, Linear)
    assert modules[0].weight.data_ptr() == both.weight.data_ptr()


def test_layers_that_are_more_than_their_weights_are_called():
    plain, wrapped = nn.Linear(8, 4), Wrapped(8, 4)
    rows = torch.randn(5, 8)
    with torch.inference_mode():
        torch.testing.assert_close(linear(wrapped)(rows), wrapped(rows))
        torch.testing.assert_close(side_by_side(plain, wrapped)(rows), torch.cat((plain(rows), wrapped(rows)), dim=-1))
        gelu = activated_linear(wrapped, ACTIVATIONS["gelu"])
        torch.testing.assert_close(gelu(rows), nn.functional.gelu(wrapped(rows)))


def test_the_module_computes_what_it_did():
    module = fill(Qwen3VLModel(qwen_config(CONTROL_IDS)))
    Network.of(module, normalise)
    ids = torch.tensor([[1, 5, 9, 7]])
    with torch.no_grad():
        torch.testing.assert_close(
            module(input_ids=ids).last_hidden_state, reference()(input_ids=ids).last_hidden_state, atol=1e-6, rtol=1e-5
        )


def test_in_bf16_the_direction_stays():
    module = fill(Qwen3VLModel(qwen_config(CONTROL_IDS))).to(torch.bfloat16)
    network = Network.of(module, normalise)
    states = network.run(network.pack(samples()))
    assert states.dtype == torch.float32
    wanted = torch.stack([expected(one) for one in samples()])
    assert torch.cosine_similarity(states, wanted).min() > 0.995


@pytest.mark.parametrize(
    ("part", "name", "value", "message"),
    [
        ("vision_config", "spatial_merge_size", 4, "spatial_merge_size 4 is not known; expected 2"),
        ("vision_config", "hidden_act", "relu", "hidden_act of the tower 'relu' is not known"),
        ("text_config", "hidden_act", "gelu", "hidden_act of the language model 'gelu'"),
        ("text_config", "num_hidden_layers", 3, "3 levels of features need more than 3 layers"),
    ],
)
def test_shapes_that_are_not_its_own_are_refused(part, name, value, message):
    module = Qwen3VLModel(qwen_config(CONTROL_IDS))
    setattr(getattr(module.config, part), name, value)
    with pytest.raises(ValueError, match=message):
        Network.of(module, normalise)


@pytest.mark.parametrize("rope_type", ["linear", "yarn"])
def test_scaled_rotations_are_transformers_own(rope_type):
    config = qwen_config(CONTROL_IDS)
    config.text_config.rope_parameters |= {
        "rope_type": rope_type,
        "factor": 4.0,
        "original_max_position_embeddings": 1024,
    }
    module = Qwen3VLModel(config).language_model
    positions = torch.tensor([[0, 3, 9], [0, 2, 9], [0, 1, 9]])
    cos, sin = module.rotary_emb(torch.zeros(1), positions[:, None])
    angles = TokenAngles.of(module, torch.device("cpu"))
    half = cos.shape[-1] // 2
    torch.testing.assert_close(angles(positions).cos() * angles.factor, cos[0, :, :half])
    torch.testing.assert_close(angles(positions).sin() * angles.factor, sin[0, :, :half])


def test_rotations_that_depend_on_the_length_are_refused():
    module = Qwen3VLModel(qwen_config(CONTROL_IDS)).language_model
    module.config.rope_parameters["rope_type"] = "dynamic"
    with pytest.raises(ValueError, match="depends on the length of each text"):
        TokenAngles.of(module, torch.device("cpu"))
