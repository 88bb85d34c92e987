"""The table of models, and the form for facts that the user enters about a model."""
