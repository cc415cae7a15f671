/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A line from the socket, all the way to the bytes for the printer. What is accepted must be
 * printable or refused, and what is printed must hold no real-time request: no name or address may
 * become a command.
 */
#include <stdint.h>
#include <string.h>

#include "common/json/json.h"
#include "common/must.h"
#include "printer/layout/layout.h"
#include "protocol/printjob/printjob.h"

static struct escpos_job job;

static void lay_out(const struct receipt *receipt, uint8_t columns, enum encode_charset charset)
{
    const struct layout_paper paper = {.columns = columns, .charset = charset};
    escpos_job_init(&job);
    if (!layout_receipt(receipt, &paper, "01234567", &job)) {
        return;
    }
    MUST(job.piece_count > 0 && job.ends[job.piece_count - 1] == job.size);
    for (size_t i = 0; i + 1 < job.size; i++) {
        uint8_t next = job.bytes[i + 1];
        MUST(job.bytes[i] != 0x10 || (next != 0x04 && next != 0x05 && next != 0x14));
    }
}

static void print(const json_t *object)
{
    struct receipt receipt;
    struct receipt second;
    const char *field = NULL;
    if (!receipt_decode(object, &receipt, &field)) {
        MUST(field[0] != '\0');
        return;
    }
    lay_out(&receipt, 48, ENCODE_GB18030);
    lay_out(&receipt, 32, ENCODE_GB2312);
    json_t *again = receipt_encode(&receipt);
    MUST(receipt_decode(again, &second, &field));
    json_decref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct printjob_request request;
    const char *field = NULL;
    if (!printjob_request_decode((const char *)data, size, &request, &field)) {
        MUST(field != NULL && field[0] != '\0');
        return 0;
    }
    if (request.op == PRINTJOB_OP_PRINT) {
        print(request.receipt);
    }
    json_decref(request.receipt);
    return 0;
}
