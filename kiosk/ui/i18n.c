/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gettext keeps what it looked up; it notices another LANGUAGE only if its counter changes, which
 * glibc exports for this purpose (gettext manual, "Being a gettext grok").
 */
#include "kiosk/ui/i18n.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <libintl.h>

#include "common/str.h"

#ifndef SHILLING_LOCALE_DIR
#define SHILLING_LOCALE_DIR "/usr/share/locale"
#endif

extern int _nl_msg_cat_cntr; /* NOLINT: glibc's own name */

void i18n_init(const char *locale_dir)
{
    (void)setlocale(LC_MESSAGES, "C.UTF-8");
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    (void)bindtextdomain("shilling", locale_dir != NULL ? locale_dir : SHILLING_LOCALE_DIR);
    (void)bind_textdomain_codeset("shilling", "UTF-8");
    (void)textdomain("shilling");
    /* Now, before there are threads: later changes replace a value in place, and no other thread's
     * getenv() meets an environment that is being moved. */
    i18n_set_language("en");
}

void i18n_set_language(const char *language)
{
    const char *now = getenv("LANGUAGE");
    if (now == NULL || strcmp(now, language) != 0) {
        (void)setenv("LANGUAGE", language, /* overwrite= */ 1);
        _nl_msg_cat_cntr += 1;
    }
}

const char *i18n_text(const char *id)
{
    return id[0] == '\0' ? "" : gettext(id); /* the empty id is the catalogue's header */
}

const char *i18n_context(const char *context, const char *id)
{
    enum { KEY_SIZE = 256, GLUE = 4 /* gettext joins context and id with EOT */ };
    char key[KEY_SIZE];
    if (!str_format(key, sizeof key, "%s%c%s", context, GLUE, id)) {
        return id;
    }
    const char *text = gettext(key);
    return text == key ? id : text; /* a miss gives the key back, with the context in it */
}
