#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Collect the texts of the screens and bring the translations up to date. Run from the top folder.
set -eu
xgettext --from-code=UTF-8 --language=C --keyword=T --keyword=TC:1c,2 --keyword=TN \
    --keyword=TCN:1c,2 --sort-by-file --no-location --package-name=shilling \
    --msgid-bugs-address= --copyright-holder="the Shilling authors" --foreign-user \
    -o ui-assets/po/shilling.pot kiosk/screens/*.c
sed -i '/^"POT-Creation-Date:/d; s/charset=CHARSET/charset=UTF-8/' ui-assets/po/shilling.pot
for language in zh_CN en; do
    msgmerge --quiet --update --backup=none --no-location --no-fuzzy-matching \
        "ui-assets/po/$language.po" ui-assets/po/shilling.pot
done
msgattrib --untranslated --no-obsolete ui-assets/po/zh_CN.po
