"""llama.cpp in a child process, used like any other provider.

Only its child process, which is confined, imports xllamacpp.
"""

__all__ = ["store"]
