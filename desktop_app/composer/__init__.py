"""The prompt: text, attachments, model choice, completion of `/` prompts, drafts."""

__all__ = [
    "attachment_chips",
    "attachments",
    "available_models",
    "choice",
    "choice_row",
    "drafts",
    "dropped_content",
    "model_button",
    "prompt_editor",
    "prompt_list",
    "prompt_text",
    "spelling",
    "written_field",
]
