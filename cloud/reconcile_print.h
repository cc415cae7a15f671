/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_RECONCILE_PRINT_H
#define SHILLING_CLOUD_RECONCILE_PRINT_H

#include <jansson.h>

/** Print a wallet's day (cloud/orders/bill_report.h) for people, to standard output. */
void reconcile_print(const json_t *report);

#endif
