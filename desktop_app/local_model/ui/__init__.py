"""The page of the models on this computer."""
