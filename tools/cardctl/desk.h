/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TOOLS_CARDCTL_DESK_H
#define SHILLING_TOOLS_CARDCTL_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/json/json.h"
#include "protocol/card/record.h"
#include "protocol/card/uid.h"
#include "tools/cardctl/exit.h"
#include "tools/cardctl/layout.h"
#include "tools/cardctl/options.h"
#include "tools/cardctl/personalise_desfire.h"
#include "tools/cardctl/personalise_purchase.h"

/* The server's card desk, over its admin socket. Every call blocks, at most 60 s. */

enum { DESK_ID_SIZE = 64, DESK_WORD_SIZE = 32, DESK_PATH_SIZE = 160 };

/* A card of the register. Holds keys: bytes_wipe(). */
struct desk_card {
    char uid[CARD_UID_TEXT_SIZE];
    char state[DESK_WORD_SIZE]; /* "open", "lost", "blocked", "replaced" */
    char meter_id[DESK_ID_SIZE];
    char meter[CARD_METER_TEXT_SIZE];
    uint32_t card_no;
    bool desfire;            /* or ... */
    bool purchase;           /* ... a purchase card; else MIFARE Classic */
    struct layout_plan plan; /* of another card than MIFARE Classic: the issue record only */
    struct desfire_plan desfire_plan;
    struct purchase_plan purchase_plan; /* its keys only if the card's number was told */
};

enum desk_answer {
    DESK_OK,
    DESK_UNKNOWN, /* no such card, meter, order: not said yet */
    DESK_FAILED,  /* refused, or nobody answers; it was said */
};

/** CTL_DONE; else no server was named, which was said. */
MUST_CHECK enum ctl_exit desk_check_named(const struct options *options);

/**
 * Call the server.
 *
 * @param body        taken over (@own); NULL: GET
 * @param ret_answer  @own given
 */
MUST_CHECK enum desk_answer desk_call(const struct options *options, const char *path, json_t *body,
                                      json_t **ret_answer);

/** As desk_call(), for an answer that is a card with its keys; options->signer signs. */
MUST_CHECK enum desk_answer desk_call_card(const struct options *options, const char *path,
                                           json_t *body, struct desk_card *ret_card);

/** "/v1/admin/cards/UID" and @p op ("", "/keys", ...). */
void desk_card_path(const char *uid, const char *op, char ret_path[DESK_PATH_SIZE]);

/** Register entry and keys of a card. @p body is taken over (@own); options->signer signs. */
MUST_CHECK enum desk_answer desk_keys(const struct options *options, const char *uid, json_t *body,
                                      struct desk_card *ret_card);

#endif
