/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PRINTER_LAYOUT_LAYOUT_H
#define SHILLING_PRINTER_LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "printer/layout/encode.h"
#include "protocol/escpos/job.h"
#include "protocol/receipt/receipt.h"

/* Which paper: what the printer's profile says about it. */
struct layout_paper {
    uint8_t columns; /* 32 or 48 */
    enum encode_charset charset;
};

/**
 * Append a receipt's lines to @p job, without start, cut or proof.
 *
 * What the paper says follows the kind of the receipt alone: only a credited one shows what was
 * credited and the balance after it; the others say in words what is known.
 *
 * @param print_id  printed at the foot, so that paper and journal can be brought together
 * @return false if a text cannot be printed or the job is full. Allocates: inside the call.
 */
MUST_CHECK bool layout_receipt(const struct receipt *receipt, const struct layout_paper *paper,
                               const char *print_id, struct escpos_job *job);

#endif
