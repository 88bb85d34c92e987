#!/usr/bin/env bash
# The texts that users read, as gettext catalogs in resources/locale.
#
#   packaging/messages.sh extract    the texts of the code into build/repartee.pot
#   packaging/messages.sh update     extract, then merge into each LANGUAGE/LC_MESSAGES/repartee.po
#   packaging/messages.sh compile    each repartee.po into repartee.mo, which the program reads
#   packaging/messages.sh list       each text with its places in the code, on standard output
#   packaging/messages.sh sample N SEED   N random texts without their places, for proofreaders who
#                                         do not see the code
#
# The .mo files are not in the repository: environment.sh compiles them for a checkout, the build
# scripts for packages.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
cd "$root"
ensure_venv app
babel=$venv/bin/pybabel
mkdir -p build

extract() {
    "$babel" --quiet extract --no-default-keywords -k N_ -k tr -k tr_plural:1,2 -k tr_context:1c,2 \
        --add-comments=Translators: --add-location="$1" --no-wrap --sort-by-file \
        --project=Repartee --copyright-holder="Repartee contributors" \
        --msgid-bugs-address= --output-file="$2" desktop_app
}

case ${1:-} in
    extract) extract file build/repartee.pot ;;
    update)
        extract file build/repartee.pot
        "$babel" --quiet update --no-wrap --ignore-pot-creation-date --ignore-obsolete --no-fuzzy-matching \
            --domain=repartee --input-file=build/repartee.pot --output-dir=resources/locale
        ;;
    compile) ;; # ensure_venv has compiled changed catalogs
    list)
        scratch=$(mktemp)
        trap 'rm -f "$scratch"' EXIT
        extract full "$scratch"
        sed 1,/^$/d "$scratch"
        ;;
    sample)
        scratch=$(mktemp)
        trap 'rm -f "$scratch"' EXIT
        extract file "$scratch"
        "$venv/bin/python" - "$scratch" "${2:-200}" "${3:-1}" <<'PYTHON'
import random
import sys
from babel.messages.pofile import read_po

path, number, seed = sys.argv[1:]
with open(path, "rb") as file:
    texts = [message.id for message in read_po(file) if message.id]
for text in random.Random(int(seed)).sample(texts, int(number)):
    print(repr(text if isinstance(text, str) else " | ".join(text))[1:-1])
PYTHON
        ;;
    *)
        sed -n 's/^# \{0,1\}//; 2,10p' "$0"
        exit 2
        ;;
esac
