"""Forms and dialogs, their fields and their tab order."""
