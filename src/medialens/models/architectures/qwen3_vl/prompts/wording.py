"""How a repository's prompts are worded: its chat template, and what the system says.

Repositories of Sentence Transformers: an instruction is a system message as it is, and there is none without one.
Plain ones: as their authors' scripts have it (``Qwen3-VL-Embedding``, ``src/models``): an embedder is always told
something, in sentences that end in punctuation; a reranker has a prompt of its own.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from medialens.errors import RepositoryError
from medialens.hub.manifest import Manifest
from medialens.models.protocol import Task

# What apply_chat_template takes for itself or for tokenising; all else is for the template to read.
_NOT_THE_TEMPLATES: Final = frozenset(
    (
        *("chat_template", "tokenize", "return_dict", "return_assistant_tokens_mask", "restore_suffix"),
        *("padding", "truncation", "max_length", "return_tensors", "sanitize_control_tokens"),
        *("load_audio_from_video", "tokenizer_kwargs", "processor_kwargs"),
    )
)

_EMBEDDER_INSTRUCTION: Final = "Represent the user's input."

_RERANKER_INSTRUCTION: Final = "Given a search query, retrieve relevant candidates that answer the query."

# There is no line break between instruction and query; the text-only Qwen3-Reranker has one.
_RERANKER_TEMPLATE: Final = """\
{%- macro show(content) -%}
{%- for part in content -%}
{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>
{%- elif part.type == 'video' -%}<|vision_start|><|video_pad|><|vision_end|>
{%- else -%}{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endmacro -%}
{{- '<|im_start|>system\\nJudge whether the Document meets the requirements based on the Query and the Instruct ' -}}
{{- 'provided. Note that the answer can only be "yes" or "no".<|im_end|>\\n<|im_start|>user\\n<Instruct>: ' -}}
{%- for message in messages -%}
{%- if message.role == 'query' -%}{{- '<Query>:' -}}
{%- elif message.role == 'document' -%}{{- '\\n<Document>:' -}}
{%- endif -%}
{{- show(message.content) -}}
{%- endfor -%}
{{- '<|im_end|>\\n<|im_start|>assistant\\n' -}}
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wording:
    """A template and its settings, and the rules for instructions.

    Attributes:
        template: The chat template's text.
        settings: What it may ask for, such as ``add_generation_prompt``.
        flat: Whether messages of text alone have a string for a content.
        instruction: What the system says where nothing else is asked; "" for nothing.
        ends_in_punctuation: Whether instructions are stripped, and end in a full stop where they end in no punctuation.
        media_first: Whether clips come before pictures and pictures before the text, where an item has one text.
        blank: What stands for an item that says nothing at all.
    """

    template: str
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    flat: bool = False
    instruction: str = ""
    ends_in_punctuation: bool = False
    media_first: bool = False
    blank: str = ""

    def instruct(self, asked: str, *, is_told: bool = False) -> str:
        """What the system says where a caller asks for `asked`; `is_told` if it says something of its own as well."""
        default = "" if is_told else self.instruction
        if not self.ends_in_punctuation:
            return asked or default
        text = asked.strip() or default
        return text if not text or unicodedata.category(text[-1]).startswith("P") else f"{text}."


def read_wording(manifest: Manifest, task: Task, tokenizer: Any, *, asked: Any = None) -> Wording:
    """The wording of a repository.

    Args:
        manifest: The repository.
        task: What it is loaded for.
        tokenizer: Its tokenizer, whose template is the last resort.
        asked: The caller's own template, or several by name.

    Raises:
        RepositoryError: There is no template, or not the one that its settings name.
    """
    if not manifest.modules:
        return _plain_wording(manifest, task, tokenizer, asked)
    settings = _chat_settings(manifest)
    wanted = None if isinstance(asked, str) else settings.get("chat_template")  # one text is the caller's choice
    message = (manifest.transformer.get("modality_config") or {}).get("message") or {}
    return Wording(
        template=_choose(_templates(manifest, tokenizer, asked), wanted, manifest.name),
        settings={name: value for name, value in settings.items() if name not in _NOT_THE_TEMPLATES},
        flat=message.get("format") == "flat",
    )


def _plain_wording(manifest: Manifest, task: Task, tokenizer: Any, asked: Any) -> Wording:
    if task == "score":
        own = {"default": _RERANKER_TEMPLATE} if asked is None else _by_name(asked, manifest.name)
        return Wording(
            template=_choose(own, None, manifest.name),
            instruction=_RERANKER_INSTRUCTION,
            media_first=True,
            blank="NULL",
        )
    return Wording(
        template=_choose(_templates(manifest, tokenizer, asked), None, manifest.name),
        settings={"add_generation_prompt": True},
        instruction=_EMBEDDER_INSTRUCTION,
        ends_in_punctuation=True,
        media_first=True,
        blank="NULL",
    )


def _chat_settings(manifest: Manifest) -> Mapping[str, Any]:
    settings = (manifest.transformer.get("processing_kwargs") or {}).get("chat_template") or {}
    if isinstance(settings, dict):
        return settings
    msg = f"{manifest.name!r}: processing_kwargs has the chat_template {settings!r:.80}, expected settings by name"
    raise RepositoryError(msg, repository=manifest.name)


def _templates(manifest: Manifest, tokenizer: Any, asked: Any) -> Mapping[str, str]:
    """All templates by name, from where transformers' processors look for them, in their order."""
    if asked is not None:
        return _by_name(asked, manifest.name)
    at = manifest.folder.relative_to(manifest.repository.folder)
    in_processor = manifest.repository.read_fields((at / "processor_config.json").as_posix()).get("chat_template")
    legacy = manifest.repository.read_fields((at / "chat_template.json").as_posix()).get("chat_template")
    files = {file.stem: file for file in sorted((manifest.folder / "additional_chat_templates").glob("*.jinja"))}
    if (manifest.folder / "chat_template.jinja").is_file():
        files["default"] = manifest.folder / "chat_template.jinja"
    if in_processor or legacy:
        return _by_name(in_processor or legacy, manifest.name)
    if files:
        return {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    return _by_name(getattr(tokenizer, "chat_template", None) or {}, manifest.name)


def _by_name(templates: Any, name: str) -> Mapping[str, str]:
    """One template, several by name, or rows of both, as older files have them."""
    if isinstance(templates, list):
        templates = {str(row.get("name")): row.get("template") for row in templates if isinstance(row, dict)}
    found = {"default": templates} if isinstance(templates, str) else templates
    if isinstance(found, Mapping) and all(isinstance(text, str) for text in found.values()):
        return found
    msg = f"{name!r}: its chat template is {templates!r:.80}, expected a text, or texts by name"
    raise RepositoryError(msg, repository=name)


def _choose(templates: Mapping[str, str], wanted: Any, name: str) -> str:
    """The template that is wanted: by name, or, as transformers has it, by its text."""
    wanted = "default" if wanted is None else wanted
    if isinstance(wanted, str) and (wanted in templates or "{" in wanted):
        return templates.get(wanted, wanted)
    shown = ", ".join(templates) or "none"
    msg = f"{name!r}: it has no chat template {wanted!r:.80} (there is {shown}); download the repository again"
    raise RepositoryError(msg, repository=name)
