"""Speech and recordings to text, by a model on this computer or by a provider."""
