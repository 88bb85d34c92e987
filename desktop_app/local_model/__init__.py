"""llama.cpp in a child process, used like any other provider.

The only place of xllamacpp. May import domain and paths.
"""
