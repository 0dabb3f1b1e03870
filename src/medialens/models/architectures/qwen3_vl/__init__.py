"""Qwen3-VL: embeds and reranks text, pictures, documents and clips."""
