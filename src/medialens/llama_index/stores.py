"""What particular vector stores do differently from what LlamaIndex expects of them."""

from __future__ import annotations

from llama_index.core.vector_stores.types import BasePydanticVectorStore


def delete_document(store: BasePydanticVectorStore, ref_doc_id: str) -> None:
    """Delete the nodes of a document, if there are any; a store may be new and have no table yet."""
    try:
        store.delete(ref_doc_id)
    except Exception as error:
        if not _is_without_table(error):
            raise


async def adelete_document(store: BasePydanticVectorStore, ref_doc_id: str) -> None:
    """`delete_document`, awaited."""
    try:
        await store.adelete(ref_doc_id)
    except Exception as error:
        if not _is_without_table(error):
            raise


def is_without_result(error: Warning) -> bool:
    """Whether it is LanceDB's way to say that a search found nothing: it raises a bare `Warning`."""
    return type(error) is Warning and "query results are empty" in str(error)


def _is_without_table(error: Exception) -> bool:
    """Whether the table or collection is not there: LanceDB and Qdrant make theirs when the first node is added."""
    says = str(error).lower()
    return type(error).__name__ == "TableNotFoundError" or ("collection" in says and "not found" in says)
