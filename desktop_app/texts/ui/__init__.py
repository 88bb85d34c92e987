"""The pane of a text beside the conversation."""
