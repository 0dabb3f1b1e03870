"""Tiny Qwen3-VL models in the layout of the hub: embedder, reranker, and the plain model that either is made of.

The chat templates write what the published ones write, for what is used here: system, user, text, pictures, clips,
and the roles of a pair; no tools.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.tiny import WORDS, edit_json, pooling, save, st_modules, st_settings, write_json
from tokenizers.pre_tokenizers import ByteLevel
from transformers import Qwen2Tokenizer, Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLModel

CONTROLS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    *("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
)

_PARTS = """\
{%- macro show(content) -%}
{%- if content is string -%}{{ content }}{%- else -%}
{%- for part in content -%}
{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type == 'video' -%}<|vision_start|><|video_pad|><|vision_end|>
{%- elif 'text' in part -%}{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{%- endmacro -%}
"""

CHAT_TEMPLATE = (
    _PARTS
    + """\
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' + show(message.content) + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
)

RERANKER_TEMPLATE = (
    _PARTS
    + """\
{%- set told = namespace(instruction='Given a search query, retrieve relevant candidates that answer the query.') -%}
{%- for message in messages if message.role == 'system' -%}
{%- set told.instruction = show(message.content) -%}
{%- endfor -%}
{{- '<|im_start|>system\\nJudge whether the Document meets the requirements based on the Query and the Instruct ' -}}
{{- 'provided. Note that the answer can only be "yes" or "no".<|im_end|>\\n<|im_start|>user\\n' -}}
{{- '<Instruct>: ' + told.instruction -}}
{%- for message in messages if message.role == 'query' -%}{{- '<Query>:' + show(message.content) -}}{%- endfor -%}
{%- for message in messages if message.role == 'document' -%}
{{- '\\n<Document>:' + show(message.content) -}}
{%- endfor -%}
{{- '<|im_end|>\\n<|im_start|>assistant\\n' -}}
"""
)


def qwen_tokenizer(folder: Path) -> dict[str, int]:
    """Byte-level BPE with merges for short words, alone and behind a space; the ids of the control tokens."""
    tokens = [*sorted(ByteLevel.alphabet())]
    merges: list[tuple[str, str]] = []
    for word in ("yes", "no", *WORDS, *(f"Ġ{word}" for word in WORDS)):
        start = word[0]
        for letter in word[1:]:
            if (start, letter) not in merges:
                merges.append((start, letter))
            start += letter
            tokens.append(start)
    vocabulary = {token: at for at, token in enumerate(dict.fromkeys(tokens))}
    merges = list(dict.fromkeys(merges))
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=merges, model_max_length=4096)
    tokenizer.add_special_tokens({"additional_special_tokens": list(CONTROLS)})
    tokenizer.save_pretrained(folder)
    return {name: int(tokenizer.convert_tokens_to_ids(name)) for name in (*CONTROLS, "yes", "no")}


def qwen_config(ids: dict[str, int], **text: Any) -> Qwen3VLConfig:
    """Everything that the real ones have, small: grouped heads, three levels of deepstack, interleaved positions."""
    return Qwen3VLConfig(
        text_config={
            "vocab_size": max(ids.values()) + 8,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]},
            "tie_word_embeddings": False,
            **text,
        },
        vision_config={
            "depth": 4,
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_heads": 2,
            "patch_size": 16,
            "temporal_patch_size": 2,
            "spatial_merge_size": 2,
            "out_hidden_size": 64,
            "num_position_embeddings": 64,
            "deepstack_visual_indexes": [0, 1, 2],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )


def qwen3_vl_plain(folder: Path) -> Path:
    """A plain transformers repository of the generating model, from which both an embedder and a reranker are made."""
    ids = qwen_tokenizer(folder)
    save(Qwen3VLForConditionalGeneration(qwen_config(ids)), folder)
    processor_files(folder)
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    return folder


def qwen3_vl_embedder(folder: Path) -> Path:
    """As Qwen3-VL-Embedding is published: the backbone, last-token pooling, unit length."""
    ids = qwen_tokenizer(folder)
    save(Qwen3VLModel(qwen_config(ids)), folder)
    processor_files(folder)
    return embedder_files(folder, 64)


def embedder_files(folder: Path, width: int) -> Path:
    """All that stands around the backbone of an embedder."""
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    st_modules(
        folder,
        ("Transformer", "", None),
        ("Pooling", "1_Pooling", pooling(width, "lasttoken")),
        ("Normalize", "2_Normalize", None),
    )
    _write_transformer(folder, "feature-extraction", "last_hidden_state", "token_embeddings", chat={})
    st_settings(folder, prompts={"query": "", "document": ""}, similarity_fn_name="cosine")
    return folder


def qwen3_vl_reranker(folder: Path) -> Path:
    """As Qwen3-VL-Reranker is published: the generating model, and the logit of "yes" less that of "no"."""
    ids = qwen_tokenizer(folder)
    save(Qwen3VLForConditionalGeneration(qwen_config(ids)), folder)
    processor_files(folder)
    return reranker_files(folder, ids)


def reranker_files(folder: Path, ids: dict[str, int]) -> Path:
    """All that stands around the backbone of a reranker."""
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    more = folder / "additional_chat_templates"
    more.mkdir()
    (more / "reranker.jinja").write_text(RERANKER_TEMPLATE, encoding="utf-8")
    st_modules(
        folder,
        ("Transformer", "", None),
        ("LogitScore", "1_LogitScore", {"true_token_id": ids["yes"], "false_token_id": ids["no"]}),
    )
    modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    modules[1]["type"] = "sentence_transformers.cross_encoder.modules.logit_score.LogitScore"
    modules[0]["type"] = "sentence_transformers.base.modules.transformer.Transformer"
    write_json(folder, "modules.json", modules)
    _write_transformer(folder, "any-to-any", "logits", "causal_logits", chat={"chat_template": "reranker"})
    st_settings(folder, model_type="CrossEncoder", activation_fn="torch.nn.modules.linear.Identity")
    return folder


def _write_transformer(folder: Path, task: str, output: str, name: str, *, chat: dict[str, Any]) -> None:
    way = {"method": "forward", "method_output_name": output}
    kinds = dict.fromkeys(("text", "image", "video", "image+text", "text+video", "image+text+video"), way)
    kinds["message"] = {**way, "format": "structured"}
    settings = {
        "transformer_task": task,
        "modality_config": kinds,
        "module_output_name": name,
        "processing_kwargs": {"chat_template": {"add_generation_prompt": True, **chat}},
        "unpad_inputs": False,
    }
    write_json(folder, "sentence_bert_config.json", settings)


def processor_files(folder: Path, *, still_tokens: int = 64, clip_tokens: int = 128) -> None:
    """The files as the hub has them: one of pictures, one of clips; small bounds, as models of this size need."""
    common = {"patch_size": 16, "temporal_patch_size": 2, "merge_size": 2}
    half = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
    size = {"size": {"shortest_edge": 4 * 32 * 32, "longest_edge": still_tokens * 32 * 32}}
    write_json(
        folder,
        "preprocessor_config.json",
        {"image_processor_type": "Qwen2VLImageProcessorFast", "processor_class": "Qwen3VLProcessor"}
        | common
        | half
        | size,
    )
    video = {"video_processor_type": "Qwen3VLVideoProcessor", "processor_class": "Qwen3VLProcessor", "fps": 2}
    frames = {"min_frames": 4, "max_frames": 16, "cap_pixels_per_frame": False}
    clip_size = {"size": {"shortest_edge": 4 * 32 * 32, "longest_edge": clip_tokens * 32 * 32}}
    write_json(folder, "video_preprocessor_config.json", video | frames | common | half | clip_size)
    edit_json(folder, "tokenizer_config.json", processor_class="Qwen3VLProcessor")
