/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The messages of the terminals: the first byte chooses the message, the rest is its text. What is
 * accepted must be written and read again without a change; what is refused must name a member.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/api/card.h"
#include "protocol/api/error.h"
#include "protocol/api/order.h"
#include "protocol/api/read.h"
#include "protocol/api/room.h"
#include "protocol/api/terminal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char first[API_TEXT_SIZE_MAX * 2];
static char second[API_TEXT_SIZE_MAX * 2];
static struct api_fault fault;

/* Decode, encode, decode, encode: both texts must be equal. */
#define ROUND(name, type)                                                                          \
    static bool round_##name(const char *text, size_t size)                                        \
    {                                                                                              \
        static type value;                                                                         \
        size_t first_size = 0;                                                                     \
        size_t second_size = 0;                                                                    \
        if (api_##name##_decode(text, size, &value, &fault) != OK) {                               \
            return false;                                                                          \
        }                                                                                          \
        if (api_##name##_encode(&value, first, sizeof(first), &first_size) != OK ||                \
            api_##name##_decode(first, first_size, &value, &fault) != OK ||                        \
            api_##name##_encode(&value, second, sizeof(second), &second_size) != OK ||             \
            strcmp(first, second) != 0) {                                                          \
            abort();                                                                               \
        }                                                                                          \
        return true;                                                                               \
    }

ROUND(profile, struct api_profile)
ROUND(heartbeat, struct api_heartbeat)
ROUND(heartbeat_answer, struct api_heartbeat_answer)
ROUND(room_page, struct api_room_page)
ROUND(read_request, struct api_read_request)
ROUND(read_answer, struct api_read_answer)
ROUND(order_request, struct api_order_request)
ROUND(order_view, struct api_order_view)
ROUND(orders, struct api_orders)
ROUND(receipt_report, struct api_receipt_report)
ROUND(error, struct api_error)
ROUND(card_laid, struct api_card_laid)
ROUND(card_session, struct api_card_session)
ROUND(card_read, struct api_card_read)
ROUND(card_view, struct api_card_view)
ROUND(card_issue, struct api_card_issue)
ROUND(card_write, struct api_card_write)
ROUND(card_written, struct api_card_written)
ROUND(card_proof, struct api_card_proof)
ROUND(card_round, struct api_card_round)
ROUND(card_step, struct api_card_step)

static bool round_rooms(const char *text, size_t size)
{
    static struct api_room list[API_ROOMS_PAGE_MAX];
    struct api_rooms rooms = {.rooms = list};
    size_t first_size = 0;
    enum err err = api_rooms_decode(text, size, API_ROOMS_PAGE_MAX, &rooms, &fault);
    if (err != OK) {
        return err == ERR_FULL;
    }
    if (api_rooms_encode(&rooms, first, sizeof(first), &first_size) != OK ||
        api_rooms_decode(first, first_size, API_ROOMS_PAGE_MAX, &rooms, &fault) != OK) {
        abort();
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool (*const rounds[])(const char *text, size_t size) = {
        round_profile,       round_heartbeat,    round_heartbeat_answer,
        round_room_page,     round_read_request, round_read_answer,
        round_order_request, round_order_view,   round_orders,
        round_error,         round_rooms,        round_receipt_report,
        round_card_laid,     round_card_session, round_card_read,
        round_card_view,     round_card_issue,   round_card_write,
        round_card_written,  round_card_proof,   round_card_round,
        round_card_step};
    if (size < 1) {
        return 0;
    }
    fault.field[0] = '\0';
    bool taken =
        rounds[data[0] % (sizeof(rounds) / sizeof(rounds[0]))]((const char *)data + 1, size - 1);
    if (!taken && fault.field[0] == '\0') {
        abort(); /* refused without saying why */
    }
    return 0;
}
