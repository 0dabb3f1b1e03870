"""Tiny models in the layout of the hub: every architecture, random-looking weights, no training, no network.

Each function fills a folder and returns it: ``clip(tmp_path / "clip")``. Weights come from a formula and
vocabularies are written by hand, so that a folder is the same on every machine and in every version of torch.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    BertTokenizer,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    ClapConfig,
    ClapModel,
    CLIPConfig,
    CLIPModel,
    CLIPTokenizer,
    ConvNextConfig,
    MPNetConfig,
    MPNetModel,
    Qwen2Config,
    Qwen2Model,
    RobertaTokenizer,
    Siglip2Config,
    Siglip2Model,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipModel,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    VisionTextDualEncoderConfig,
    VisionTextDualEncoderModel,
    ViTConfig,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
    XLMRobertaTokenizer,
)

from medialens.models.architectures.cross_attention.network import CrossAttentionNetwork

WORDS = (
    *("a", "an", "and", "the", "of", "in", "on", "is", "red", "green", "blue", "black", "white", "circle", "square"),
    *("cat", "dog", "query", "passage", "photo", "picture", "big", "small", "left", "right", "two", "three", "page"),
)
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'-_/()[]"
CHINESE = "一只红色的圆形猫狗图片大小"  # a picture of a red round cat and dog, big and small

SMALL = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}


# --- weights -----------------------------------------------------------------------------------------------------


def fill(module: torch.nn.Module) -> torch.nn.Module:
    """Every parameter by a formula of its name and shape; no random generator is involved."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(_values(name, tuple(parameter.shape), parameter))
    return module.eval()


def _values(name: str, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
    if not shape:
        return like  # logit_scale, logit_bias: as the config says
    seed = zlib.crc32(name.encode()) % 9973
    count = math.prod(shape)
    waves = torch.sin(torch.arange(count, dtype=torch.float64) * 12.9898 + seed) * 43758.5453
    noise = (waves - waves.floor() - 0.5).reshape(shape)
    if len(shape) == 1 and name.endswith("weight"):
        return 1.0 + 0.2 * noise  # scales of normalisation layers
    fan_in = shape[-1] if len(shape) == 2 else count // shape[0]
    return noise * 3.0 / math.sqrt(max(fan_in, 1)) if len(shape) > 1 else 0.2 * noise


def save(model: torch.nn.Module, folder: Path) -> Path:
    fill(model).save_pretrained(folder)
    return folder


# --- small files -------------------------------------------------------------------------------------------------


def write_json(folder: Path, name: str, value: Any) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=2), encoding="utf-8")


def edit_json(folder: Path, name: str, **changes: Any) -> None:
    """Change keys of a JSON file; None removes one."""
    value = {**json.loads((folder / name).read_text(encoding="utf-8")), **changes}
    write_json(folder, name, {key: one for key, one in value.items() if one is not None})


def st_modules(folder: Path, *modules: tuple[str, str, Mapping[str, Any] | None], home: str = "models") -> None:
    """``modules.json`` and the modules' configs; rows are (class, path, config)."""
    homes = {
        "models": "sentence_transformers.models.{0}",
        "base": "sentence_transformers.base.modules.{1}.{0}",
    }
    rows = []
    for at, (kind, path, config) in enumerate(modules):
        rows.append({"idx": at, "name": str(at), "path": path, "type": homes[home].format(kind, kind.lower())})
        if config is not None:
            write_json(folder, f"{path}/config.json", config)
    write_json(folder, "modules.json", rows)


def pooling(dimension: int, mode: str | Sequence[str] = "mean", **more: Any) -> dict[str, Any]:
    return {"embedding_dimension": dimension, "pooling_mode": mode, "include_prompt": True, **more}


def st_settings(folder: Path, **settings: Any) -> None:
    write_json(
        folder, "config_sentence_transformers.json", {"__version__": {"sentence_transformers": "5.1.0"}, **settings}
    )


# --- tokenizers --------------------------------------------------------------------------------------------------


def bert_tokenizer(
    folder: Path, *, extra: str = "", max_length: int = 64, first: Sequence[str] = ("[PAD]", "[UNK]")
) -> int:
    """WordPiece over words and characters, in ``vocab.txt``; returns the vocabulary's size."""
    characters = CHARACTERS + extra
    tokens = [*first, "[CLS]", "[SEP]", "[MASK]", *characters, *(f"##{one}" for one in CHARACTERS)]
    tokens += [word for word in WORDS if word not in tokens]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    vocabulary = {token: at for at, token in enumerate(tokens)}
    BertTokenizer(vocab=vocabulary, do_lower_case=True, model_max_length=max_length).save_pretrained(folder)
    return len(tokens)


def cased_tokenizer(folder: Path) -> None:
    """Make a folder's WordPiece tokenizer keep the case of what it reads."""
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"] |= {"lowercase": False, "strip_accents": False}
    write_json(folder, "tokenizer.json", tokenizer)
    edit_json(folder, "tokenizer_config.json", do_lower_case=False, strip_accents=False)


def clip_tokenizer(folder: Path, *, max_length: int = 77) -> int:
    """Byte-level BPE with a merge for each of the short words; returns the vocabulary's size."""
    letters = sorted(ByteLevel.alphabet())  # the 256 bytes, each as one printable character
    tokens = [*letters, *(f"{one}</w>" for one in letters)]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        pieces = [*word[:-1], f"{word[-1]}</w>"]
        while len(pieces) > 1:
            pair = (pieces[-2], pieces[-1])
            pieces[-2:] = ["".join(pair)]
            if pair not in merges:
                merges.append(pair)
                tokens.append(pieces[-1])
    tokens = list(dict.fromkeys([*tokens, "<|startoftext|>", "<|endoftext|>"]))
    vocabulary = {token: at for at, token in enumerate(tokens)}
    CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=max_length).save_pretrained(folder)
    return len(tokens)


def roberta_tokenizer(folder: Path, *, max_length: int) -> int:
    """Byte-level BPE with a merge for each of the short words, spaces before them; the vocabulary's size."""
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet())]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        start = "Ġ"
        for letter in word:
            if (start, letter) not in merges:
                merges.append((start, letter))
                tokens.append(start + letter)
            start += letter
    vocabulary = {token: at for at, token in enumerate(tokens)}
    RobertaTokenizer(vocab=vocabulary, merges=merges, model_max_length=max_length).save_pretrained(folder)
    return len(tokens)


def siglip2_tokenizer(folder: Path, *, max_length: int) -> int:
    """Byte-pair encoding in the manner of Gemma, with a merge for each letter of a word; the vocabulary's size."""
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *CHARACTERS, "▁"]
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        start = "▁"
        for letter in word:
            if (start, letter) not in merges:
                merges.append((start, letter))
                tokens.append(start + letter)
            start += letter
    vocabulary = {token: at for at, token in enumerate(tokens)}
    names = ["input_ids"]
    tokenizer = Siglip2Tokenizer(
        vocab=vocabulary, merges=merges, padding_side="right", model_max_length=max_length, model_input_names=names
    )
    tokenizer.save_pretrained(folder)
    return len(tokens)


def unigram_tokenizer(folder: Path, kind: Any, *, special: Sequence[str], **settings: Any) -> int:
    """A unigram model in ``tokenizer.json``, made by the transformers class `kind`; the vocabulary's size."""
    kind(vocab=_pieces(special), **settings).save_pretrained(folder)
    return len(_pieces(special)) + 1  # and <mask>, where there is one


def _pieces(special: Sequence[str]) -> list[tuple[str, float]]:
    plain = dict.fromkeys([*CHARACTERS, "▁", *(f"▁{word}" for word in WORDS)])
    return [*((token, 0.0) for token in special), *((one, -1.0 if len(one) > 1 else -5.0) for one in plain)]


def sentencepiece_tokenizer(folder: Path, tokenizer_class: str, *, special: Sequence[str], **settings: Any) -> int:
    """The same written piece by piece as ``spiece.model``, for tokenizers that read nothing else."""
    from sentencepiece import sentencepiece_model_pb2 as spm

    kinds = spm.ModelProto.SentencePiece
    model = spm.ModelProto()
    for piece, score in _pieces(special):
        kind = kinds.UNKNOWN if piece == "<unk>" else kinds.CONTROL if piece in special else kinds.NORMAL
        model.pieces.add(piece=piece, score=score, type=kind)
    at = {token: index for index, token in enumerate(special)}
    model.trainer_spec.model_type = spm.TrainerSpec.UNIGRAM
    model.trainer_spec.unk_id, model.trainer_spec.eos_id = at["<unk>"], at["</s>"]
    model.trainer_spec.bos_id, model.trainer_spec.pad_id = at.get("<s>", -1), at.get("<pad>", -1)
    model.normalizer_spec.name = "identity"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(model.SerializeToString())
    write_json(folder, "tokenizer_config.json", {"tokenizer_class": tokenizer_class, **settings})
    return len(_pieces(special))


# --- dual encoders -----------------------------------------------------------------------------------------------

CLIP_PIXELS = {
    "image_processor_type": "CLIPImageProcessor",
    "size": {"shortest_edge": 32},
    "crop_size": {"height": 32, "width": 32},
    "do_resize": True,
    "do_center_crop": True,
    "do_rescale": True,
    "do_normalize": True,
    "do_convert_rgb": True,
    "resample": 3,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
}
SIGLIP_PIXELS = {
    "image_processor_type": "SiglipImageProcessor",
    "size": {"height": 32, "width": 32},
    "do_resize": True,
    "do_rescale": True,
    "do_normalize": True,
    "rescale_factor": 1 / 255,
    "resample": 3,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}
VISION = {**SMALL, "image_size": 32, "patch_size": 8}


def clip(folder: Path) -> Path:
    """CLIP, as plain transformers repositories have it."""
    size = clip_tokenizer(folder)
    text = {**SMALL, "vocab_size": size, "max_position_embeddings": 77}
    text |= {"bos_token_id": size - 2, "eos_token_id": size - 1, "pad_token_id": size - 1}
    model = CLIPModel(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=24))
    write_json(folder, "preprocessor_config.json", {**CLIP_PIXELS, "processor_class": "CLIPProcessor"})
    return save(model, folder)


def clip_st_legacy(folder: Path) -> Path:
    """CLIP in the layout of clip-ViT-B-32: everything in ``0_CLIPModel``."""
    clip(folder / "0_CLIPModel")
    st_modules(folder, ("CLIPModel", "0_CLIPModel", None))
    st_settings(folder)
    return folder


def clip_st(folder: Path) -> Path:
    """CLIP in the layout that Sentence Transformers writes since 5.4, normalised."""
    clip(folder)
    st_modules(folder, ("Transformer", "", None), ("Normalize", "2_Normalize", {}), home="base")
    features = {"method_output_name": "pooler_output"}
    modalities = {kind: {"method": f"get_{kind}_features", **features} for kind in ("text", "image")}
    settings = {"transformer_task": "feature-extraction", "module_output_name": "sentence_embedding"}
    write_json(folder, "sentence_bert_config.json", {**settings, "modality_config": modalities})
    st_settings(folder, prompts={"query": "a photo of ", "document": ""}, similarity_fn_name="cosine")
    return folder


def bge_vl(folder: Path) -> Path:
    """CLIP as BGE-VL-base and -large publish it: its config asks for code that adds a fusion."""
    clip(folder)
    code = {"AutoModel": "modeling_MMRet_CLIP.CLIPModel", "AutoConfig": "modeling_MMRet_CLIP.CLIPConfig"}
    edit_json(folder, "config.json", auto_map=code)
    return folder


def siglip(folder: Path) -> Path:
    """SigLIP: sentencepiece, no mask, padded to the full length."""
    size = sentencepiece_tokenizer(
        folder,
        "SiglipTokenizer",
        special=("<unk>", "</s>"),
        model_max_length=16,
        do_lower_case=True,
        pad_token="</s>",  # noqa: S106  # no password
        model_input_names=["input_ids"],
    )
    text = {**SMALL, "vocab_size": size, "max_position_embeddings": 16, "projection_size": 32}
    text |= {"bos_token_id": None, "eos_token_id": 1, "pad_token_id": 1}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=VISION))
    write_json(folder, "preprocessor_config.json", {**SIGLIP_PIXELS, "processor_class": "SiglipProcessor"})
    return save(model, folder)


def siglip2_fixed(folder: Path) -> Path:
    """SigLIP 2 of a fixed size: SigLIP's architecture with Gemma's tokenizer."""
    size = siglip2_tokenizer(folder, max_length=64)
    edit_json(folder, "tokenizer_config.json", tokenizer_class="GemmaTokenizer", processor_class="SiglipProcessor")
    text = {**SMALL, "vocab_size": size, "max_position_embeddings": 64, "projection_size": 32}
    text |= {"bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0}
    model = SiglipModel(SiglipConfig(text_config=text, vision_config=VISION))
    pixels = {**SIGLIP_PIXELS, "resample": 2, "processor_class": "SiglipProcessor"}
    write_json(folder, "preprocessor_config.json", pixels)
    return save(model, folder)


def siglip2_naflex(folder: Path) -> Path:
    """SigLIP 2 in its NaFlex form: patches that keep the aspect ratio."""
    size = siglip2_tokenizer(folder, max_length=64)
    text = {**SMALL, "vocab_size": size, "max_position_embeddings": 64, "projection_size": 32}
    text |= {"bos_token_id": None, "eos_token_id": None, "pad_token_id": 0}
    vision = {**SMALL, "patch_size": 8, "num_patches": 16}
    model = Siglip2Model(Siglip2Config(text_config=text, vision_config=vision))
    pixels = {**SIGLIP_PIXELS, "image_processor_type": "Siglip2ImageProcessor", "resample": 2}
    pixels |= {"size": None, "patch_size": 8, "max_num_patches": 20, "processor_class": "Siglip2Processor"}
    write_json(folder, "preprocessor_config.json", {key: one for key, one in pixels.items() if one is not None})
    return save(model, folder)


def chinese_clip(folder: Path) -> Path:
    """Chinese-CLIP: a BERT text tower, and the processor's file as transformers 5 writes it."""
    size = bert_tokenizer(folder, extra=CHINESE, max_length=52)
    text = {**SMALL, "vocab_size": size, "max_position_embeddings": 52}
    model = ChineseCLIPModel(ChineseCLIPConfig(text_config=text, vision_config=VISION, projection_dim=24))
    processor = {**CLIP_PIXELS, "image_processor_type": "ChineseCLIPImageProcessor"}
    write_json(
        folder, "processor_config.json", {"processor_class": "ChineseCLIPProcessor", "image_processor": processor}
    )
    return save(model, folder)


def vision_text_dual_encoder(folder: Path) -> Path:
    """A ViT and a BERT, joined."""
    size = bert_tokenizer(folder)
    vision = ViTConfig(**VISION)
    text = BertConfig(**SMALL, vocab_size=size, max_position_embeddings=64)
    config = VisionTextDualEncoderConfig.from_vision_text_configs(vision, text, projection_dim=24)
    pixels = {**SIGLIP_PIXELS, "image_processor_type": "ViTImageProcessor", "resample": 2}
    write_json(folder, "preprocessor_config.json", {**pixels, "processor_class": "VisionTextDualEncoderProcessor"})
    return save(VisionTextDualEncoderModel(config), folder)


def convnext_dual_encoder(folder: Path) -> Path:
    """A ConvNeXt and a BERT, joined, that take text and image together: the embedded model's shape."""
    size = bert_tokenizer(folder)
    widths = [16, 32]
    vision = ConvNextConfig(
        image_size=32, patch_size=4, num_stages=2, hidden_sizes=widths, depths=[1, 1], hidden_size=widths[-1]
    )
    text = BertConfig(**SMALL, vocab_size=size, max_position_embeddings=64, type_vocab_size=1)
    config = VisionTextDualEncoderConfig.from_vision_text_configs(vision, text, projection_dim=24)
    pixels = {**CLIP_PIXELS, "processor_class": "VisionTextDualEncoderProcessor"}
    write_json(folder, "preprocessor_config.json", pixels)
    save(VisionTextDualEncoderModel(config), folder)
    edit_json(folder, "config.json", medialens={"fusion": "sum"})
    return folder


def clip_sheet_dual_encoder(folder: Path) -> Path:
    """The same, looking at clips as well: at four moments, side by side on one picture."""
    convnext_dual_encoder(folder)
    sheet = {"rows": 2, "columns": 2, "gutter": 2, "resample": "bicubic"}
    edit_json(folder, "config.json", medialens={"fusion": "sum", "clip_sheet": sheet})
    return folder


# --- text and sound ----------------------------------------------------------------------------------------------

CLAP_SOUNDS = {
    "feature_extractor_type": "ClapFeatureExtractor",
    "processor_class": "ClapProcessor",
    "sampling_rate": 8000,
    "max_length_s": 1,
    "hop_length": 40,
    "fft_window_size": 256,
    "feature_size": 16,
    "frequency_min": 0,
    "frequency_max": 3500,
    "padding": "repeatpad",
    "padding_value": 0.0,
    "return_attention_mask": False,
    "top_db": None,
    "truncation": "rand_trunc",
}


CLAP_FUSED_SOUNDS = {**CLAP_SOUNDS, "fft_window_size": 1024, "feature_size": 64, "truncation": "fusion"}


def clap(folder: Path) -> Path:
    """CLAP, as plain transformers repositories have it: it hears a second at once, at 8000 Hz."""
    return _clap(folder, CLAP_SOUNDS, spec_size=64)


def clap_fused(folder: Path) -> Path:
    """CLAP as clap-htsat-fused: it hears longer sounds in four ways at once. transformers does so for 64 mels alone."""
    return _clap(folder, CLAP_FUSED_SOUNDS, spec_size=128, enable_fusion=True, aff_block_r=4)


def _clap(folder: Path, sounds: Mapping[str, Any], **audio: Any) -> Path:
    size = roberta_tokenizer(folder, max_length=64)
    text = {**SMALL, "vocab_size": size, "max_position_embeddings": 66, "pad_token_id": 1}
    audio |= {"num_mel_bins": sounds["feature_size"], "window_size": 4, "patch_embeds_hidden_size": 16}
    audio |= {"hidden_size": 32, "depths": [1, 2], "num_attention_heads": [2, 4]}
    write_json(folder, "preprocessor_config.json", dict(sounds))
    return save(ClapModel(ClapConfig(text_config=text, audio_config=audio, projection_dim=24)), folder)


def clap_st(folder: Path) -> Path:
    """CLAP in the layout that Sentence Transformers writes since 5.4; the processor as transformers 5 writes it."""
    clap(folder)
    (folder / "preprocessor_config.json").unlink()
    extractor = {key: one for key, one in CLAP_SOUNDS.items() if key != "processor_class"}
    write_json(folder, "processor_config.json", {"processor_class": "ClapProcessor", "feature_extractor": extractor})
    st_modules(folder, ("Transformer", "", None), ("Normalize", "1_Normalize", {}), home="base")
    features = {"method_output_name": "pooler_output"}
    modalities = {kind: {"method": f"get_{kind}_features", **features} for kind in ("text", "audio")}
    settings = {"transformer_task": "feature-extraction", "module_output_name": "sentence_embedding"}
    write_json(folder, "sentence_bert_config.json", {**settings, "modality_config": modalities})
    st_settings(folder, prompts={"query": "the sound of ", "document": ""}, similarity_fn_name="cosine")
    return folder


# --- text encoders -----------------------------------------------------------------------------------------------


def bert(folder: Path, **config: Any) -> Path:
    """BERT, as plain transformers repositories have it."""
    size = bert_tokenizer(folder)
    return save(BertModel(BertConfig(**SMALL, vocab_size=size, max_position_embeddings=64, **config)), folder)


def bert_embedder(
    folder: Path, *, mode: str | Sequence[str] = "mean", dense: int = 0, normalize: bool = True, **more: Any
) -> Path:
    """BERT with pooling, in the layout of Sentence Transformers.

    Args:
        folder: To fill.
        mode: Pooling, one or several.
        dense: Width of a Dense module after the pooling; 0 for none.
        normalize: Whether there is a Normalize module.
        **more: For the pooling's config, and ``prompts``.
    """
    settings = {"prompts": more.pop("prompts", {"query": "query: ", "document": "passage: "})}
    bert(folder)
    width = 32 * (1 if isinstance(mode, str) else len(mode))
    rows: list[tuple[str, str, Mapping[str, Any] | None]] = [
        ("Transformer", "", None),
        ("Pooling", "1_Pooling", pooling(32, mode, **more)),
    ]
    if dense:
        rows.append(("Dense", "2_Dense", _dense(folder / "2_Dense", width, dense)))
    if normalize:
        rows.append(("Normalize", f"{len(rows)}_Normalize", None))
    st_modules(folder, *rows)
    write_json(folder, "sentence_bert_config.json", {"max_seq_length": 48, "do_lower_case": False})
    st_settings(folder, similarity_fn_name="cosine", **settings)
    return folder


def _dense(folder: Path, n_in: int, n_out: int) -> dict[str, Any]:
    from safetensors.torch import save_file

    layer = fill(torch.nn.Linear(n_in, n_out))
    folder.mkdir(parents=True, exist_ok=True)
    weights = {f"linear.{name}": value.detach().contiguous() for name, value in layer.named_parameters()}
    save_file(weights, folder / "model.safetensors")
    activation = "torch.nn.modules.activation.Tanh"
    return {"in_features": n_in, "out_features": n_out, "bias": True, "activation_function": activation}


def bert_embedder_legacy(folder: Path) -> Path:
    """The same in the oldest layout: ``0_Transformer``, pooling by booleans, lower-casing by the module."""
    bert(folder / "0_Transformer")
    booleans = {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False}
    st_modules(
        folder,
        ("Transformer", "0_Transformer", None),
        ("Pooling", "1_Pooling", {"word_embedding_dimension": 32, **booleans}),
    )
    settings = {"max_seq_length": 12, "do_lower_case": True}
    write_json(folder, "0_Transformer/sentence_roberta_config.json", settings)
    return folder


def mpnet_embedder(folder: Path) -> Path:
    """MPNet: positions that start after the padding token's, no token types."""
    size = bert_tokenizer(folder, max_length=512, first=("[UNK]", "[PAD]"))
    config = MPNetConfig(**SMALL, vocab_size=size, max_position_embeddings=40, pad_token_id=1)
    save(MPNetModel(config), folder)
    st_modules(folder, ("Transformer", "", None), ("Pooling", "1_Pooling", pooling(32)))
    write_json(folder, "sentence_bert_config.json", {"max_seq_length": 30})
    return folder


def t5_embedder(folder: Path) -> Path:
    """T5's encoder with mean pooling, as sentence-t5 and GTR publish it."""
    special = ("<pad>", "</s>", "<unk>")
    size = unigram_tokenizer(folder, T5Tokenizer, special=special, extra_ids=0, model_max_length=32)
    config = T5Config(vocab_size=size, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4)
    save(T5EncoderModel(config), folder)
    st_modules(
        folder, ("Transformer", "", None), ("Pooling", "1_Pooling", pooling(32)), ("Normalize", "2_Normalize", None)
    )
    return folder


def decoder_embedder(folder: Path) -> Path:
    """A causal language model whose last token is the vector, as Qwen3-Embedding publishes it."""
    size = bert_tokenizer(folder)
    edit_json(folder, "tokenizer_config.json", padding_side="left")
    config = Qwen2Config(**SMALL, vocab_size=size, max_position_embeddings=64, num_key_value_heads=2)
    save(Qwen2Model(config), folder)
    st_modules(
        folder,
        ("Transformer", "", None),
        ("Pooling", "1_Pooling", pooling(32, "lasttoken")),
        ("Normalize", "2_Normalize", None),
    )
    instruction = "Instruct: find the passage\nQuery: "
    st_settings(folder, prompts={"query": instruction, "document": ""}, similarity_fn_name="cosine")
    return folder


# --- cross-encoders ----------------------------------------------------------------------------------------------


def cross_encoder(folder: Path, *, activation: str | None = None, num_labels: int = 1) -> Path:
    """A BERT that scores pairs, as plain transformers repositories have it.

    Args:
        folder: To fill.
        activation: Dotted path; with it, the layout is that of Sentence Transformers since 5.4.
        num_labels: Of the classifier.
    """
    size = bert_tokenizer(folder)
    config = BertConfig(**SMALL, vocab_size=size, max_position_embeddings=64, num_labels=num_labels)
    save(BertForSequenceClassification(config), folder)
    if activation is not None:
        st_modules(folder, ("Transformer", "", None), home="base")
        output = {"text": {"method": "forward", "method_output_name": "logits"}}
        settings = {"transformer_task": "sequence-classification", "module_output_name": "scores"}
        write_json(folder, "sentence_bert_config.json", {**settings, "modality_config": output})
        st_settings(folder, model_type="CrossEncoder", activation_fn=activation)
    return folder


def xlm_roberta_cross_encoder(folder: Path) -> Path:
    """XLM-RoBERTa scoring pairs, as bge-reranker publishes it: no token types, positions after the padding's."""
    special = ("<s>", "<pad>", "</s>", "<unk>")
    size = unigram_tokenizer(folder, XLMRobertaTokenizer, special=special, model_max_length=64)
    config = XLMRobertaConfig(**SMALL, vocab_size=size, max_position_embeddings=66, num_labels=1, pad_token_id=1)
    return save(XLMRobertaForSequenceClassification(config), folder)


# --- cross-attention rerankers -----------------------------------------------------------------------------------


def cross_attention(folder: Path, *, finder: bool = False) -> Path:
    """A ConvNeXt and a BERT whose tokens attend to each other: the embedded reranker's shape."""
    size = bert_tokenizer(folder)
    text = BertConfig(**SMALL, vocab_size=size, max_position_embeddings=64, type_vocab_size=1).to_dict()
    vision = {"model_type": "convnext", "image_size": 32, "patch_size": 4, "num_stages": 3, "depths": [1, 1, 1]}
    vision |= {"hidden_sizes": [16, 24, 32], "out_features": ["stage2", "stage3"], "layer_scale_init_value": 0.5}
    config = {
        "architectures": ["CrossAttentionNetwork"],
        "model_type": "medialens-cross-attention",
        "vision_config": vision,
        "text_config": text,
        "fusion": {"width": 32, "layers": 2, "heads": 4, "inner_width": 64, "vector_width": 24, "cells": [4, 4]},
        "medialens": {"clip_sheet": {"rows": 2, "columns": 2, "gutter": 2}},
        **({"finder": True} if finder else {}),
    }
    write_json(folder, "config.json", config)
    write_json(folder, "preprocessor_config.json", {**SIGLIP_PIXELS, "image_processor_type": "ViTImageProcessor"})
    save_file(fill(CrossAttentionNetwork(config)).state_dict(), folder / "model.safetensors")
    return folder


DUAL_ENCODERS: dict[str, Callable[[Path], Path]] = {
    "clip": clip,
    "clip_st": clip_st,
    "clip_st_legacy": clip_st_legacy,
    "bge_vl": bge_vl,
    "siglip": siglip,
    "siglip2_fixed": siglip2_fixed,
    "siglip2_naflex": siglip2_naflex,
    "chinese_clip": chinese_clip,
    "vision_text_dual_encoder": vision_text_dual_encoder,
    "convnext_dual_encoder": convnext_dual_encoder,
}
CLAPS: dict[str, Callable[[Path], Path]] = {"clap": clap, "clap_fused": clap_fused, "clap_st": clap_st}
TEXT_ENCODERS: dict[str, Callable[[Path], Path]] = {
    "bert": bert,
    "bert_embedder": bert_embedder,
    "bert_embedder_legacy": bert_embedder_legacy,
    "mpnet_embedder": mpnet_embedder,
    "t5_embedder": t5_embedder,
    "decoder_embedder": decoder_embedder,
}
CROSS_ENCODERS: dict[str, Callable[[Path], Path]] = {
    "cross_encoder": cross_encoder,
    "xlm_roberta_cross_encoder": xlm_roberta_cross_encoder,
}
