"""Markdown without Qt: source to blocks."""

__all__ = [
    "block_model",
    "color_tokens",
    "document_text",
    "export",
    "incremental",
    "parsing",
    "processes",
    "spoken_formula",
    "spoken_sentences",
    "spoken_text",
    "structured_answer",
    "text_search",
]
