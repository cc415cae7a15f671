/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CARDS_PURSE_H
#define SHILLING_CLOUD_CARDS_PURSE_H

#include "cloud/cards/internal.h"
#include "core/card/purchase.h"
#include "protocol/card/purchase.h"

/*
 * The account of a meter whose card carries purchases with a count (docs/money.md, "A purchase on a
 * card"). A purchase is a token like any other in our books; on the card it has the number that it
 * has among those that were not taken back. So if two persons sent the money of one back, the next
 * has its number, as the meter must see it. All functions run in a transaction.
 */

/* Our records of it. */
struct purse {
    uint32_t count;                    /* purchases that were given out and not taken back */
    struct book_token newest;          /* the last of them; its n 0: none */
    uint32_t seen_count;               /* of those, loaded by the meter as it last said */
    uint8_t customer[CARD_METER_SIZE]; /* as the meter was opened with */
    bool is_first;                     /* this is the card that it was opened with */
};

/** Load the purse of @p account, for one of its cards. */
MUST_CHECK enum err purse_load(struct db *db, const struct book_account *account,
                               const struct book_card *card, struct purse *ret_purse);

/** The @p count-th purchase's number among all tokens; 0 for none. */
MUST_CHECK enum err purse_n(struct db *db, const char *meter_id, uint32_t count, uint32_t *ret_n);

/** What the newest purchase is on this card, byte for byte; the purse has one. ERR_CHECKSUM: the
 * token's record is none of ours. */
MUST_CHECK enum err purse_goal(const struct purse *purse, const struct book_account *account,
                               struct purchase_files *ret_goal);

/** True if the next purchase may be given out: the meter has loaded all before it. */
bool purse_is_loaded(const struct purse *purse);

/** As slots_check(), for the files of a purchase card. */
MUST_CHECK enum err purse_check(struct db *db, const struct book_account *account,
                                const struct book_card *card, const struct purchase_files *files,
                                struct slots *ret_slots);

/** As card_judge(), with @p facts as they are for tokens. */
MUST_CHECK enum err purse_judge(struct db *db, const struct card_facts *facts, struct take *take);

/** The files' hex as evidence: "settings wallet" and "answer -". */
void purse_evidence(const struct purchase_files *files, struct book_evidence *ret_evidence);

/** The files of the card when it was heard last, out of the evidence. ERR_NOT_FOUND: never. */
MUST_CHECK enum err purse_last(struct db *db, const char *uid_text,
                               struct purchase_files *ret_files);

/** True if the meter's cards carry purchases. */
MUST_CHECK enum err purse_is_kept(struct db *db, const char *meter_id, bool *ret_kept);

/** Nobody knows what the meter takes from this card: the order goes before two persons, at once. In
 * a writing transaction. */
MUST_CHECK enum err purse_doubt(struct db *db, const struct take *take);

#endif
