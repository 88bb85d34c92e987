"""Labels, documents and the clipboard: text of others is shown as plain text."""
