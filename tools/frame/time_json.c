/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/frame/time_json.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

char *time_json_format(const struct dl645_time *time, const char *parts,
                       char ret_text[TIME_JSON_TEXT_SIZE])
{
    struct strbuf out;
    strbuf_init(&out, ret_text, TIME_JSON_TEXT_SIZE);
    if (strchr(parts, 'Y') != NULL) {
        strbuf_addf(&out, "20%02X-", (unsigned)time->year);
    }
    strbuf_addf(&out, "%02X-%02X %02X:%02X", (unsigned)time->month, (unsigned)time->day,
                (unsigned)time->hour, (unsigned)time->minute);
    if (strchr(parts, 's') != NULL) {
        strbuf_addf(&out, ":%02X", (unsigned)time->second);
    }
    MUST(!out.failed);
    return ret_text;
}

/* One BCD pair of the text and, if it is not 0, the separator in front of it. */
static bool pair_take(const char **at, char separator, uint8_t *ret_byte)
{
    const char *from = *at;
    if (separator != '\0' && *from++ != separator) {
        return false;
    }
    size_t size = 0;
    if (strlen(from) < 2 || !hex_parse(from, 2, ret_byte, 1, &size, /* ret_at= */ NULL) ||
        size != 1) {
        return false;
    }
    *at = from + 2;
    return true;
}

bool time_json_parse(const char *text, const char *parts, struct dl645_time *ret_time)
{
    struct dl645_time time = {0};
    const char *at = text;
    uint8_t century = 0;
    bool has_year = strchr(parts, 'Y') != NULL;
    if (has_year &&
        (!pair_take(&at, '\0', &century) || century != 0x20 || !pair_take(&at, '\0', &time.year))) {
        return false;
    }
    if (!pair_take(&at, has_year ? '-' : '\0', &time.month) || !pair_take(&at, '-', &time.day) ||
        !pair_take(&at, ' ', &time.hour) || !pair_take(&at, ':', &time.minute)) {
        return false;
    }
    if (strchr(parts, 's') != NULL && !pair_take(&at, ':', &time.second)) {
        return false;
    }
    if (*at != '\0') {
        return false;
    }
    *ret_time = time;
    return true;
}
