/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_PROTOCOL_API_CARD_MESSAGES_H
#define SHILLING_TESTS_UNIT_PROTOCOL_API_CARD_MESSAGES_H

/* A record, and room for one of each card message that is read. */

#include "protocol/api/card.h"
#include "tests/unit/test.h"

#define UUID "018f3a1c-0000-7000-8000-000000000001"
#define OTHER "018f3a1c-0000-7000-8000-000000000002"
#define RECORD                                                                                     \
    "530101000800000000001234567801008038010000001027000008f15365e1a8"                             \
    "e80300f401000000fe3845d13d298448"

static struct api_fault fault;

/* One of each: some are too large for a stack. */
static struct api_card_session session_out;
static struct api_card_read read_out;
static struct api_card_view view_out;
static struct api_card_write write_out;
static struct api_card_written written_out;
static struct api_card_round round_out;
static struct api_card_step step_out;

#endif
