"""What particular vector stores do differently from what LlamaIndex expects of them."""

from __future__ import annotations

from typing import Any

from llama_index.core.vector_stores.types import BasePydanticVectorStore


def delete_document(store: BasePydanticVectorStore, ref_doc_id: str, **delete_kwargs: Any) -> None:
    """Delete the nodes of a document, if there are any; a store may be new and have no table yet."""
    try:
        if _is_lancedb(store):
            _delete_rows(store, ref_doc_id)
        else:
            store.delete(ref_doc_id, **delete_kwargs)
    except Exception as error:
        if not _is_without_table(error):
            raise


async def adelete_document(store: BasePydanticVectorStore, ref_doc_id: str, **delete_kwargs: Any) -> None:
    """`delete_document`, awaited."""
    if _is_lancedb(store):
        delete_document(store, ref_doc_id)
        return
    try:
        await store.adelete(ref_doc_id, **delete_kwargs)
    except Exception as error:
        if not _is_without_table(error):
            raise


def is_without_result(error: Exception) -> bool:
    """Whether it is a store's way to say that a search found nothing.

    LlamaIndex's LanceDB raises a bare `Warning`; and stores that are new may have no table yet.
    """
    is_empty = type(error) is Warning and "query results are empty" in str(error)
    return is_empty or _is_without_table(error)


def _is_lancedb(store: BasePydanticVectorStore) -> bool:
    return type(store).__name__ == "LanceDBVectorStore"


def _delete_rows(store: Any, ref_doc_id: str) -> None:
    # LlamaIndex's own (0.6) puts the id into double quotes, in which LanceDB (0.40) reads the name of a column.
    quoted = ref_doc_id.replace("'", "''")
    store.table.delete(f"{store.doc_id_key} = '{quoted}'")


def _is_without_table(error: Exception) -> bool:
    """Whether the table or collection is not there: LanceDB and Qdrant make theirs when the first node is added."""
    says = str(error).lower()
    return type(error).__name__ == "TableNotFoundError" or ("collection" in says and "not found" in says)
