/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_BOOKS_PRINT_H
#define SHILLING_CLOUD_BOOKS_PRINT_H

#include <jansson.h>

/** Print the books of a day (cloud/orders/books.h) for people, to standard output. */
void books_print(const json_t *report);

#endif
