#!/usr/bin/env bash
# Tries the program for Windows under Debian's Wine: its modules, its commands, its unit tests.
#
#   packaging/wine.sh              all of it, in about half an hour
#   packaging/wine.sh commands     only the commands
#   packaging/wine.sh TESTS…       only these tests
#
# Wine, about 650 MB, is installed if you are root. Python and the wheels for Windows go to build/wine.
# Wine 8 lacks two libraries of Windows 10: for one function of bcryptprimitives.dll, a stand-in is
# compiled here; without icuuc.dll, PySide6 6.8.3 is the newest that loads. The window is opened on
# Qt's "offscreen" platform. packaging/windows/left-out.txt names the tests that cannot pass.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
work=$root/build/wine
packages=$work/python/Lib/site-packages
# A newer Wine has no program of its own for 64 bits.
wine=/usr/lib/wine/wine64
export WINEPREFIX=$work/prefix WINEDEBUG=-all PYTHONUTF8=1

ensure_system wine
run_python() { echo | "$wine" "$work/python/python.exe" "$@" 2>&1 | cat; }

pinned=("$requirements"/{windows-python,test,model,wine}.txt)
if ! cat "${pinned[@]}" | cmp --silent - "$work/installed"; then
    say "Installing Python and the wheels for Windows"
    rm -rf "$work"
    mkdir -p "$work"
    install_for_windows "$work/unpacked" windows-python
    mv "$work/unpacked/QPT_SDK/QEnvPython/python311" "$work/python"
    install_for_windows "$packages" test model
    install_for_windows "$packages" wine
    printf 'Z:%s\n' "${root//\//\\}" >"$packages/checkout.pth"
    printf '%s\n' '#include <windows.h>' 'BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);' \
        '__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T size)' \
        '{ return SystemFunction036(to, (ULONG)size); }' >"$work/prng.c"
    x86_64-w64-mingw32-gcc -shared -o "$work/python/bcryptprimitives.dll" "$work/prng.c" -ladvapi32
    "$wine" wineboot --init >/dev/null 2>&1
    cat "${pinned[@]}" >"$work/installed"
fi

run_tests() {
    local left_out=()
    while read -r test _; do
        [[ -z $test || $test == \#* ]] || left_out+=(--deselect "$test" --ignore "$test")
    done <packaging/windows/left-out.txt
    run_python -m pytest -q -p no:cacheprovider --tb=short -m 'not slow' "${left_out[@]}" "$@" |
        tee "$work/tests.log"
    tail -1 "$work/tests.log" | grep -q ' passed' && ! tail -1 "$work/tests.log" | grep -qE 'failed|error'
}

case ${1:-all} in
    all)
        run_python packaging/windows/modules.py
        run_python packaging/windows/commands.py . | tee "$work/commands.log"
        ! grep -q FAILED "$work/commands.log"
        run_tests tests/unit
        ;;
    commands)
        run_python packaging/windows/commands.py . | tee "$work/commands.log"
        ! grep -q FAILED "$work/commands.log"
        ;;
    *) run_tests "$@" ;;
esac
