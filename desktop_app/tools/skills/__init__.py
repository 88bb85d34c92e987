"""Skills: folders with instructions and files that a model reads when it needs them."""
