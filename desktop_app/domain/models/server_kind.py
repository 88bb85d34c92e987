"""The kinds of self-hosted servers, which are recognized by their lists of models."""

from __future__ import annotations

from enum import StrEnum


class ServerKind(StrEnum):
    """The program that serves an API."""

    LITELLM = "litellm"
    LLAMA_CPP = "llama.cpp"
    LLAMA_CPP_PYTHON = "llama-cpp-python"
    LM_STUDIO = "lm-studio"
    OLLAMA = "ollama"
    SGLANG = "sglang"
    VLLM = "vllm"
