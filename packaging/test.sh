#!/usr/bin/env bash
# Runs every check:        packaging/test.sh
# or some, by name:        packaging/test.sh unit gui
#
# The first time it installs what is missing; see environment.sh. It reads nothing from standard
# input, goes on after a stage that failed, and ends with 1 if any did.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
exec </dev/null

stages=(lint format types imports unit gui integration end2end)

describe() {
    case $1 in
        lint) echo "ruff finds no fault in the code" ;;
        format) echo "the code is formatted as ruff does it" ;;
        types) echo "mypy, strict" ;;
        imports) echo "who may import whom (import-linter)" ;;
        unit) echo "the parts without Qt" ;;
        gui) echo "real widgets on Qt's offscreen platform" ;;
        integration) echo "a real keyring daemon, SQLite and llama.cpp server" ;;
        end2end) echo "the real program in a window under Xvfb, driven through AT-SPI" ;;
        *) return 1 ;;
    esac
}

run_stage() {
    case $1 in
        lint) "$venv/bin/ruff" check --quiet . ;;
        format) "$venv/bin/ruff" format --check --quiet . ;;
        types) "$venv/bin/mypy" ;;
        imports) "$venv/bin/lint-imports" --no-logo ;;
        unit) "${pytest[@]}" tests/unit ;;
        gui) QT_QPA_PLATFORM=offscreen "${pytest[@]}" tests/gui ;;
        integration) packaging/desktop-session.sh "${pytest[@]}" tests/integration ;;
        end2end) packaging/desktop-session.sh --screen "${pytest[@]}" tests/end2end ;;
    esac
}

# It fails where a folder is missing (4) or holds no test (5), and so does the stage.
pytest=(timeout --kill-after=10 1800 "$venv/bin/python" -m pytest -q)

chosen=("${@:-${stages[@]}}")
for stage in "${chosen[@]}"; do
    if ! describe "$stage" >/dev/null; then
        say "packaging/test.sh: no stage is called \"$stage\". There are: ${stages[*]}"
        exit 2
    fi
done

ensure_system test
ensure_venv test

log=$(mktemp)
trap 'rm -f "$log"' EXIT
summary=()
failed=()
for stage in "${chosen[@]}"; do
    printf '\n=== %s: %s\n' "$stage" "$(describe "$stage")"
    started=$SECONDS
    if (run_stage "$stage") 2>&1 | tee "$log"; then
        outcome=passed
    else
        outcome=FAILED
        failed+=("$stage")
    fi
    # The last line of pytest holds its counts.
    counts=$(grep --extended-regexp '^[0-9]+ (passed|failed|error|skipped|xfailed)' "$log" | tail -n 1) || counts=
    summary+=("$(printf '%-12s %-7s %4d s   %s' "$stage" "$outcome" $((SECONDS - started)) "$counts")")
    printf -- '--- %s %s after %d s\n' "$stage" "$outcome" $((SECONDS - started))
done

printf '\n=== summary\n'
printf '%s\n' "${summary[@]}"
if [[ ${#failed[@]} -gt 0 ]]; then
    printf 'FAILED: %s\n' "${failed[*]}"
    exit 1
fi
echo "Everything passed."
