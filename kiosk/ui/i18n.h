/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_KIOSK_UI_I18N_H
#define SHILLING_KIOSK_UI_I18N_H

/*
 * Words by gettext, the language chosen at run time without a locale of its own: in the locale
 * C.UTF-8 (always there) libc follows the variable LANGUAGE. Message ids are the English texts;
 * ui-assets/po/zh_CN.po is what nearly everybody reads. Numbers, dates and money are never the
 * locale's: kiosk/screens/words.h formats them.
 */

/** Where the catalogues are (NULL: those of the installation). Once, before any text. */
void i18n_init(const char *locale_dir);

/** "zh_CN", "en": for all texts from now on. Cheap if it is the language already. */
void i18n_set_language(const char *language);

/** The text of @p id in the present language; @p id itself if there is none. Never freed. */
const char *i18n_text(const char *id);

/** The same for an id that means several things: @p context tells which. */
const char *i18n_context(const char *context, const char *id);

/* Short forms, known to xgettext. */
#define T(id) i18n_text(id)
#define TC(context, id) i18n_context(context, id)
/* Ids in tables, looked up later. */
#define TN(id) id
#define TCN(context, id) id

#endif
