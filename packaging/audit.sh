#!/usr/bin/env bash
# Looks up known vulnerabilities of the pinned requirements: packaging/audit.sh
#
# Ends with 0 if all requirements were looked up and no vulnerability is known, with 1 if any is
# known, and with 3 if a requirement could not be looked up. The servers that only tests start
# (LiteLLM, MCP servers and others) are left out. Libraries inside wheels (Qt, PDFium) and Debian's
# libraries in the package are not looked up: see the bill of materials of a build.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

ensure_system app
tool=$(ensure_tool audit)
exec "$tool/python" packaging/audit.py "$tool/pip-audit" \
    "$requirements"/{app,model,install,build,test,audit,fuzz,lock,pip}.txt
