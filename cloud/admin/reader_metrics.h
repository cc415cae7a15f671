/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_ADMIN_READER_METRICS_H
#define SHILLING_CLOUD_ADMIN_READER_METRICS_H

#include "cloud/api/terminal_reader.h"
#include "common/str.h"

enum { READER_METRICS_SIZE = 3072 /* of one reader, at most */ };

/**
 * Add the card readers to the metrics: what each one's driver has counted, its chip, and how old
 * that word is. Nothing where no terminal has told of one. Blocks: no. Allocates: no.
 */
void reader_metrics_write(struct strbuf *out, const struct terminal_readers *readers);

#endif
