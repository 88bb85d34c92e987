"""The model on this computer: llama.cpp in a child process, spoken to as one more provider."""
