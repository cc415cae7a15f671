/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A line of the socket between kiosk and card driver, read as a request and as a report. What is
 * let through is written again and read to the same text.
 */
#include <stdint.h>
#include <string.h>

#include "common/must.h"
#include "protocol/cardlink/cardlink.h"

static struct cardlink_request request;
static struct cardlink_report report;
static char first[CARDLINK_LINE_SIZE];
static char second[CARDLINK_LINE_SIZE];

static void as_request(const char *text, size_t size)
{
    const char *field = NULL;
    if (!cardlink_request_decode(text, size, &request, &field)) {
        MUST(field != NULL && field[0] != '\0');
        return;
    }
    MUST(request.keys.count <= CARDLINK_KEYS_MAX && request.apdu_count <= APDU_COUNT_MAX);
    MUST(cardlink_request_encode(&request, first, sizeof(first)));
    MUST(cardlink_request_decode(first, strlen(first) - 1, &request, &field));
    MUST(cardlink_request_encode(&request, second, sizeof(second)));
    MUST(strcmp(first, second) == 0);
}

static void as_report(const char *text, size_t size)
{
    const char *field = NULL;
    if (!cardlink_report_decode(text, size, &report, &field)) {
        MUST(field != NULL && field[0] != '\0');
        return;
    }
    MUST(cardlink_report_encode(&report, first, sizeof(first)));
    MUST(cardlink_report_decode(first, strlen(first) - 1, &report, &field));
    MUST(cardlink_report_encode(&report, second, sizeof(second)));
    MUST(strcmp(first, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_request((const char *)data, size);
    as_report((const char *)data, size);
    return 0;
}
