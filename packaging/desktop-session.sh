#!/usr/bin/env bash
# Runs a command in a desktop session of its own, apart from the user's:
#
#   packaging/desktop-session.sh COMMAND…            a session bus and an unlocked keyring
#   packaging/desktop-session.sh --screen COMMAND…   also an X server of 1600×1200 and AT-SPI
#
# HOME and the XDG folders are a temporary folder, removed at the end. Ends with COMMAND's status.
set -euo pipefail

# Within the session bus: start the keyring (and AT-SPI), then become the command.
if [[ ${1:-} == --within ]]; then
    shift
    # Containers may refuse the file capability that Debian gives the daemon; a copy has none.
    daemon=$(command -v gnome-keyring-daemon)
    if ! "$daemon" --version >/dev/null 2>&1; then
        cp "$daemon" "$HOME/gnome-keyring-daemon"
        daemon=$HOME/gnome-keyring-daemon
    fi
    printf 'for the tests' | "$daemon" --unlock --components=secrets >/dev/null 2>"$HOME/keyring.log" || {
        cat "$HOME/keyring.log" >&2
        exit 1
    }
    [[ -z ${QT_LINUX_ACCESSIBILITY_ALWAYS_ON:-} ]] || /usr/libexec/at-spi-bus-launcher --launch-immediately &
    exec "$@"
fi

screen=false
if [[ ${1:-} == --screen ]]; then
    screen=true
    shift
fi

scratch=$(mktemp -d)
x_server=
clean_up() {
    [[ -z $x_server ]] || kill "$x_server" 2>/dev/null || true
    # The session's programs are ending, and may still write to the folder.
    for _ in {1..50}; do
        ! rm -rf "$scratch" 2>/dev/null || return 0
        sleep 0.1
    done
}
trap clean_up EXIT

# Tests install packages from the user's registries, with the user's trusted certificates.
npmrc=${NPM_CONFIG_USERCONFIG:-$HOME/.npmrc}
[[ ! -f $npmrc ]] || export NPM_CONFIG_USERCONFIG=$npmrc
for file in "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/.pip/pip.conf"; do
    [[ -n ${PIP_CONFIG_FILE:-} || ! -f $file ]] || export PIP_CONFIG_FILE=$file
done

export HOME=$scratch XDG_RUNTIME_DIR=$scratch/run
export XDG_DATA_HOME=$scratch/data XDG_CONFIG_HOME=$scratch/config XDG_CACHE_HOME=$scratch/cache
mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_DATA_HOME" "$XDG_CONFIG_HOME" "$XDG_CACHE_HOME"
unset DISPLAY WAYLAND_DISPLAY

if $screen; then
    mkfifo "$scratch/display"
    # -r: on a busy machine a test releases a key late; the key must not repeat.
    # -noreset: a reset after the last client closes connections that have just been made.
    Xvfb -r -noreset -displayfd 3 -screen 0 1600x1200x24 -nolisten tcp 3>"$scratch/display" 2>"$scratch/xvfb.log" &
    x_server=$!
    read -r number <"$scratch/display" || { cat "$scratch/xvfb.log" >&2; exit 1; }
    export DISPLAY=:$number
    export QT_QPA_PLATFORM=xcb QT_ACCESSIBILITY=1 QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1
fi

# No service of a portal that is installed here: tests have portals of their own.
mkdir "$scratch/services"
cp /usr/share/dbus-1/services/*.service "$scratch/services"
rm -f "$scratch"/services/*portal*
cat >"$scratch/bus.conf" <<END
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=$scratch</listen>
  <servicedir>$scratch/services</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
END

dbus-run-session --config-file="$scratch/bus.conf" -- bash "${BASH_SOURCE[0]}" --within "$@"
