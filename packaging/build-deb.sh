#!/usr/bin/env bash
# Builds the Debian package: dist/repartee_VERSION_ARCHITECTURE.deb
#
# A self-contained program (PyInstaller, one folder) with the on-device model's weights, for Debian
# 12 and later, and for its derivatives. Build it on the oldest release that it should run on.
set -euo pipefail
# If Debian's own Python is installed, use it: it gets Debian's security updates.
PATH=/usr/bin:$PATH
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
venv=$root/build/venv
maintainer="Repartee contributors <repartee@users.noreply.github.com>"
id=io.github.repartee.Repartee
package=build/deb
frozen=build/frozen/repartee

ensure_system build
ensure_venv build
set_source_date
version=$(version_of "$venv/bin/python")
architecture=$(dpkg --print-architecture)

say "Freezing"
"$venv/bin/pyinstaller" --noconfirm --log-level WARN \
    --distpath build/frozen --workpath build/pyinstaller packaging/repartee.spec >&2
# Three quarters of the library are debugging symbols.
strip --strip-unneeded "$frozen"/_internal/xllamacpp/*.so

say "Assembling"
rm -rf "$package"
install -d "$package"/usr/{bin,lib,share/{applications,dbus-1/services,metainfo,icons,doc/repartee}}
cp -a "$frozen" "$package/usr/lib/repartee"
ln -s ../lib/repartee/repartee "$package/usr/bin/repartee"
"$venv/bin/python" packaging/share.py "$package/usr/share"
desktop-file-validate "$package/usr/share/applications/$id.desktop"
install -m 644 resources/licences.txt "$package/usr/share/doc/repartee/copyright"
printf 'repartee (%s) stable; urgency=medium\n\n  * Version %s.\n\n -- %s  %s\n' \
    "$version" "$version" "$maintainer" "$(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")" |
    gzip --best --no-name >"$package/usr/share/doc/repartee/changelog.gz"
"$venv/bin/python" packaging/sbom.py "$package/usr/share/doc/repartee/repartee.cdx.json" "$package"
chmod -R u=rwX,go=rX "$package"
# Fails if a file has no license.
"$venv/bin/python" packaging/contents.py "$package"

# environment.sh lists the libraries of Qt and llama.cpp. Any compiled program needs the others.
depends=$(awk 'NF { print $2 }' <<<"$app_libraries" | sort -u | paste -sd, | sed 's/,/, /g')
install -d "$package/DEBIAN"
cat >"$package/DEBIAN/control" <<CONTROL
Package: repartee
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Installed-Size: $(du --summarize --block-size=1024 "$package/usr" | cut --fields=1)
Depends: libc6 (>= 2.36), libgcc-s1, libstdc++6, zlib1g, ca-certificates, $depends
Recommends: gnome-keyring | kwalletmanager | keepassxc, xdg-desktop-portal, libenchant-2-2, hunspell-en-us | hunspell-dictionary
Section: utils
Priority: optional
Description: ask, write and summarize documents with a language model
 Repartee is a native desktop assistant for the GPT-5.2 family and for servers
 that speak OpenAI's protocol, such as Ollama, LM Studio, llama.cpp and vLLM.
 It reads PDF, Word, Markdown, plain text and source code, keeps keys in the
 system's keyring and conversations on this computer.
 .
 A small model that runs on this computer is included for trying it out.
CONTROL

mkdir -p dist
deb=dist/repartee_${version}_$architecture.deb
# xz: a third smaller than zstd here, and every dpkg reads it.
dpkg-deb --root-owner-group -Zxz --build "$package" "$deb" >&2
say "Installed size by part (MB):"
du --block-size=1000000 --max-depth=1 "$package/usr/lib/repartee/_internal" | sort -rn | head -n 12 >&2
ls -l --human-readable "$deb"
