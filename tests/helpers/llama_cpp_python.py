"""The server of llama-cpp-python, with the compiled llama.cpp of another package.

    LLAMA_CPP_LIB_PATH=FOLDER python tests/helpers/llama_cpp_python.py --port 18501 --model WEIGHTS

FOLDER holds libggml.so and libllama.so. It runs in the environment of llama-cpp-python, which lacks
the packages of the tests.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import runpy


def main() -> None:
    """Load the libraries with the code for this processor, and serve."""
    folder = os.environ["LLAMA_CPP_LIB_PATH"]
    ggml = ctypes.CDLL(f"{folder}/libggml.so", mode=ctypes.RTLD_GLOBAL)
    ggml.ggml_backend_load_all_from_path(folder.encode())
    llama_cpp = importlib.import_module("llama_cpp")  # not in the environment of the tests
    # Weights for embeddings name their pooling; those of the tests do not.
    llama_cpp.Llama.__init__.__kwdefaults__["pooling_type"] = llama_cpp.LLAMA_POOLING_TYPE_MEAN
    runpy.run_module("llama_cpp.server", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
