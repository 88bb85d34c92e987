#!/usr/bin/env bash
# Looks up known vulnerabilities of every pinned requirement: packaging/audit.sh
#
# Ends with 0 if all were looked up and none is known, 1 if any is known, and 3 if some or all could
# not be looked up. What is not on the index (Qt, PDFium and other libraries inside wheels, Debian's
# libraries in the package) it does not know: see the bill of materials of a build.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

ensure_system app
tool=$(ensure_tool audit)
exec "$tool/python" packaging/audit.py "$tool/pip-audit" \
    "$requirements"/{app,model,install,build,test,audit,fuzz,lock,mutants,pip}.txt
