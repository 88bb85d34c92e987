#!/usr/bin/env bash
# Runs every check:        packaging/test.sh
# or some, by name:        packaging/test.sh unit gui
#
# The first time it installs what is missing; see environment.sh. It reads nothing from standard
# input, continues after a failed stage, and ends with 1 if any failed.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
exec </dev/null
# Some containers set this variable, and then each process compiles all changed modules.
unset PYTHONDONTWRITEBYTECODE

# The quick stages first, then the others from the longest to the shortest, so that no long one runs
# alone at the end. end2end mostly waits, so it runs late, beside two that need a processor each.
stages=(lint format imports app integration unit gui commands end2end types)

describe() {
    case $1 in
        lint) echo "ruff" ;;
        format) echo "ruff format" ;;
        types) echo "mypy, strict" ;;
        imports) echo "import-linter" ;;
        unit) echo "the parts without Qt" ;;
        gui) echo "real widgets on Qt's offscreen platform" ;;
        app) echo "the whole window on Qt's offscreen platform" ;;
        commands) echo "the command line, in a process for each command" ;;
        integration) echo "a real keyring daemon, SQLite, real model servers and gateways" ;;
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
        gui) QT_QPA_PLATFORM=offscreen "${pytest[@]}" tests/gui --ignore=tests/gui/app ;;
        app) QT_QPA_PLATFORM=offscreen "${pytest[@]}" tests/gui/app ;;
        commands) packaging/desktop-session.sh "${pytest[@]}" tests/integration/cli ;;
        integration) packaging/desktop-session.sh "${pytest[@]}" tests/integration \
            --ignore=tests/integration/cli ;;
        end2end) packaging/desktop-session.sh --screen "${pytest[@]}" tests/end2end ;;
    esac
}

# pytest also fails if a folder is missing (4) or has no test (5). --foreground keeps it in the
# stage's process group, so that `stop` reaches it.
pytest=(timeout --foreground --kill-after=10 3600 "$venv/bin/python" -m pytest -q)

chosen=("${@:-${stages[@]}}")
for stage in "${chosen[@]}"; do
    if ! describe "$stage" >/dev/null; then
        say "packaging/test.sh: no stage is called \"$stage\". There are: ${stages[*]}"
        exit 2
    fi
done

ensure_system test
ensure_venv test

# Two stages more than there are processors: each waits for a third of its time or more. The output
# of a stage is shown when it has ended; that of a single stage, while it runs.
at_once=$(($(nproc) + 2))
# The stores sync every change to the disk. In memory, if there is room, no test waits for that.
has_room_in_memory() {
    [[ -w /dev/shm && $(df --output=avail --block-size=1M /dev/shm | tail -n 1) -gt 4096 ]] &&
        [[ $(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo) -gt 6144 ]] &&
        ! findmnt --noheadings --output OPTIONS --target /dev/shm | grep --quiet --word-regexp noexec
}
if has_room_in_memory; then scratch=/dev/shm; else scratch=${TMPDIR:-/tmp}; fi
TMPDIR=$(mktemp --directory "$scratch/r.XXXXXX") # short: a socket's path has at most 107 bytes
export TMPDIR
logs=$(mktemp --directory)
set -o monitor # each stage is a process group, to be stopped whole
stop() { for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done; }
trap 'stop; rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM HUP

check() {
    local stage=$1 outcome=passed started=$SECONDS log counts seconds
    log=$logs/$stage.log
    # A larger share of the processors for the longest stage, so that it does not run alone at the end.
    [[ $stage == app ]] || renice -n 3 $BASHPID >/dev/null
    if [[ ${#chosen[@]} -eq 1 ]]; then
        head_of "$stage"
        run_stage "$stage" 2>&1 | tee "$log" || outcome=FAILED
    else
        run_stage "$stage" >"$log" 2>&1 || outcome=FAILED
    fi
    seconds=$((SECONDS - started))
    # pytest's last line has its counts.
    counts=$(grep --extended-regexp '^[0-9]+ (passed|failed|error|skipped|xfailed)' "$log" | tail -n 1) || counts=
    printf '%-12s %-7s %4d s   %s\n' "$stage" "$outcome" "$seconds" "$counts" >"$logs/$stage.summary"
    {
        flock 9 # one at a time
        [[ ${#chosen[@]} -eq 1 ]] || { head_of "$stage" && cat "$log"; }
        printf -- '--- %s %s after %d s\n' "$stage" "$outcome" "$seconds"
    } 9>"$logs/lock"
    [[ $outcome == passed ]]
}

head_of() { printf '\n=== %s: %s\n' "$1" "$(describe "$1")"; }

failed=()
declare -A running=()
end_one() {
    local ended
    wait -n -p ended "${!running[@]}" || failed+=("${running[$ended]}")
    unset "running[$ended]"
}
for stage in "${chosen[@]}"; do
    [[ ${#running[@]} -lt $at_once ]] || end_one
    check "$stage" &
    running[$!]=$stage
done
while [[ ${#running[@]} -gt 0 ]]; do end_one; done

printf '\n=== summary\n'
for stage in "${chosen[@]}"; do cat "$logs/$stage.summary"; done
if [[ ${#failed[@]} -gt 0 ]]; then
    printf 'FAILED: %s\n' "${failed[*]}"
    exit 1
fi
echo "Everything passed."
