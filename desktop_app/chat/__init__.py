"""Conversations: asking, compaction, titles, the price of a question, and their store."""

__all__ = [
    "answer_forms",
    "answers",
    "attachments",
    "chat_service",
    "command",
    "conversation_store",
    "cost_estimate",
    "passage_context",
    "prompt_assembly",
    "run_resumption",
    "send_context",
    "services",
    "text_store",
    "ui",
    "utility_model",
]
