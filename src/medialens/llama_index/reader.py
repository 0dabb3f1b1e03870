"""Files as documents: each media file or PDF one, ready for splitters, indexes and pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llama_index.core.readers.base import BasePydanticReader
from llama_index.core.schema import Document
from pydantic import Field

from medialens.llama_index.nodes import MediaDocument, file_id, node_fields
from medialens.media.access.files import too_many_bytes
from medialens.media.store import local_path
from medialens.retrieval.description import MediaDescription, describe, describe_bytes
from medialens.retrieval.settings import MediaSettings

SUFFIXES = (
    *(".avi", ".bmp", ".flac", ".flv", ".gif", ".jpeg", ".jpg", ".m4a", ".m4v", ".mkv", ".mov", ".mp3", ".mp4"),
    *(".oga", ".ogg", ".ogv", ".opus", ".pdf", ".png", ".tif", ".tiff", ".ts", ".wav", ".webm", ".webp"),
)
"""Of the files that are taken from a folder, and that `MediaReader.file_extractor` is meant for."""


class MediaReader(MediaSettings, BasePydanticReader):
    """Reads pictures, videos, sounds and PDFs; each becomes one document, whose pieces are up to the splitters.

    A document holds a reference to the file, not its bytes, and always has the same id for the same file. So
    ``index.refresh_ref_docs(reader.load_data(folder))`` renews what changed and nothing else.

    Example:
        >>> documents = MediaReader(store="media").load_data("pictures")
        >>> pages = PageSplitter(store="media")(documents)

    In LlamaIndex's own reader it takes the place of readers that would read sounds as text and videos as speech:

        >>> media = MediaReader(store="media")
        >>> SimpleDirectoryReader("files", file_extractor=media.file_extractor(), raise_on_error=True).load_data()
    """

    keep_bytes: bool = Field(
        default=False,
        description="Keep the bytes of the files in the store. Otherwise it points to them and notices changes.",
    )

    @classmethod
    def class_name(cls) -> str:
        """The name that serialised instances carry."""
        return "MediaReader"

    def file_extractor(self) -> dict[str, MediaReader]:
        """What SimpleDirectoryReader takes as ``file_extractor``: this reader for every suffix of a medium."""
        return dict.fromkeys(SUFFIXES, self)

    def lazy_load_data(
        self, file: str | Path, extra_info: Mapping[str, Any] | None = None, fs: Any = None, caption: str = ""
    ) -> Iterator[Document]:
        """The documents about a file, a URL, or all media files in a folder and below, in the order of their names.

        Args:
            file: A path, or a URL if `limits` allow it.
            extra_info: Further flat metadata; shown to neither language models nor embedding models.
            fs: The fsspec file system that `file` is on; its bytes are then put into the store.
            caption: What a person wrote about the file, embedded together with it.

        Raises:
            MediaError: A file cannot be read, or is no medium.
        """
        if fs is not None:
            yield self._document(self._describe_remote(str(file), fs, caption), extra_info)
        elif self._is_folder(file):
            for path in sorted(local_path(file).rglob("*")):
                if path.suffix.lower() in SUFFIXES and path.is_file():
                    yield self._document(self._describe(path, caption), extra_info)
        else:
            yield self._document(self._describe(file, caption), extra_info)

    def load_data(
        self, file: str | Path, extra_info: Mapping[str, Any] | None = None, fs: Any = None, caption: str = ""
    ) -> list[Document]:
        """`lazy_load_data`, as a list."""
        return list(self.lazy_load_data(file, extra_info=extra_info, fs=fs, caption=caption))

    def _is_folder(self, file: str | Path) -> bool:
        is_url = isinstance(file, str) and file.lower().startswith(("http://", "https://"))
        return not is_url and local_path(file).is_dir()

    def _describe(self, file: str | Path, caption: str) -> MediaDescription:
        return describe(file, caption=caption, store=self.store, copy=self.keep_bytes, pdf=True, limits=self.limits)

    def _describe_remote(self, file: str, fs: Any, caption: str) -> MediaDescription:
        with fs.open(file, "rb") as opened:
            data = opened.read(self.limits.max_bytes + 1)
        if len(data) > self.limits.max_bytes:
            raise too_many_bytes(file, len(data), self.limits)
        source = str(fs.unstrip_protocol(file))
        return describe_bytes(data, source=source, caption=caption, store=self.store, pdf=True, limits=self.limits)

    def _document(self, description: MediaDescription, extra_info: Mapping[str, Any] | None) -> MediaDocument:
        fields = node_fields(description, store=self.store, metadata=extra_info)
        fields["excluded_llm_metadata_keys"] += list(extra_info or {})
        return MediaDocument(id_=file_id(description.source), **fields)
