#!/usr/bin/env bash
# Starts Repartee from the checkout: packaging/run.sh [arguments of repartee]
#
# The first time it installs what is missing; see environment.sh. Then it starts at once.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

ensure_system app
ensure_venv app
# Without PYTHONPATH and the like: a module there would run before the program's first line.
exec "$venv/bin/python" -E -P "$venv/bin/repartee" "$@"
