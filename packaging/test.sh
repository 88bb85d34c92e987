#!/usr/bin/env bash
# Runs the check:          packaging/test.sh
# or that and all slow tests, with more generated examples:   packaging/test.sh --all
#
# The first time it installs what is missing; see environment.sh. It reads nothing from standard
# input, continues after a failed stage, and ends with 1 if any failed. To run single tests, see
# tests/README.md.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
exec </dev/null
# Some containers set this variable, and then each process compiles all changed modules.
unset PYTHONDONTWRITEBYTECODE

case "$*" in
    "") chosen=(-m "not slow") ;;
    --all) chosen=(--hypothesis-profile=thorough) ;;
    *) say "usage: packaging/test.sh [--all]" && exit 2 ;;
esac

# As root, what the system lacks is installed while the packages of Python are.
system=()
if [[ $(id -u) -eq 0 ]] && find_python >/dev/null; then
    ensure_system test &
    system=($!)
else
    ensure_system test
fi
ensure_venv test
wait "${system[@]}"
[[ $* != --all ]] || ensure_system slow_test
setup_seconds=$SECONDS

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
trap 'stop; rm -rf "$TMPDIR" "$logs"' EXIT
trap 'exit 130' INT TERM HUP

stages=(lint imports types tests)
run_stage() {
    case $1 in
        lint) "$venv/bin/ruff" check --quiet . && "$venv/bin/ruff" format --check --quiet . ;;
        imports) "$venv/bin/lint-imports" --no-logo ;;
        types) "$venv/bin/mypy" ;;
        # Two workers more than there are processors: end2end mostly waits, and others wait for
        # child processes. The windows of the other tests are on Qt's offscreen platform, without
        # the screen reader's bus.
        tests) packaging/desktop-session.sh --screen \
            env --unset=QT_ACCESSIBILITY --unset=QT_LINUX_ACCESSIBILITY_ALWAYS_ON \
            QT_QPA_PLATFORM=offscreen PYTHONHASHSEED=0 \
            timeout --foreground --kill-after=10 3600 "$venv/bin/python" -m pytest --quiet \
            --workers=$(($(nproc) + 2)) "${chosen[@]}" ;;
    esac
}

check() {
    local outcome=passed started=$SECONDS
    run_stage "$1" >"$logs/$1.log" 2>&1 || outcome=FAILED
    printf 'stage %-12s %6s %6d s %s\n' "$1" "" $((SECONDS - started)) $outcome >"$logs/$1.row"
    [[ $outcome == passed ]] || touch "$logs/failed"
}
for stage in "${stages[@]}"; do check "$stage" & done
wait

for stage in "${stages[@]}"; do
    grep --quiet FAILED "$logs/$stage.row" || [[ $stage == tests ]] || continue
    printf '\n=== %s\n' "$stage"
    grep --invert-match '^stage ' "$logs/$stage.log" || true
done
# The seconds of the stages of tests are those of the tests, which run several at a time.
printf '\n%-18s %6s %8s\n' stage tests seconds
printf '%-18s %6s %6d s\n' set-up "" "$setup_seconds"
{ cat "$logs"/*.row && grep '^stage ' "$logs/tests.log"; } | sed 's/^stage //; s/^\(.\{12\}\)/\1     /' || true
printf '%-18s %6s %6d s\n' together "" $SECONDS
if [[ -e $logs/failed ]]; then
    echo "FAILED"
    exit 1
fi
echo "Everything passed."
