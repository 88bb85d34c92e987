"""The prompt: text, attachments, model choice, completion of `/` prompts, drafts."""

__all__ = [
    "attachment_chips",
    "attachments",
    "choice",
    "completion",
    "drafts",
    "dropped_content",
    "prompt_editor",
    "prompt_text",
    "spelling",
    "suggestions",
]
