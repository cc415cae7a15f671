/* SPDX-License-Identifier: Apache-2.0 */
/* The account of a meter whose card carries purchases with a count. */
#include "cloud/cards/purse.h"

#include <string.h>

#include "common/bytes.h"
#include "common/must.h"
#include "common/str.h"

/* Purchases whose money did not go back. */
#define LIVE                                                                                       \
    " FROM card_token t LEFT JOIN delivery d ON d.order_no = t.document_no WHERE t.meter_id = ?1"  \
    " AND coalesce(d.stage, '') <> 'VOID'"

/* ---- our records ---- */

static enum err count_live(struct db *db, const char *meter_id, uint32_t up_to_n,
                           uint32_t *ret_count)
{
    struct sql *sql = sql_begin(db, "SELECT count(*)" LIVE " AND t.n <= ?2");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, up_to_n);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_count = (uint32_t)sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

enum err purse_n(struct db *db, const char *meter_id, uint32_t count, uint32_t *ret_n)
{
    *ret_n = 0;
    if (count == 0) {
        return OK;
    }
    struct sql *sql = sql_begin(db, "SELECT t.n" LIVE " ORDER BY t.n LIMIT 1 OFFSET ?2");
    sql_bind_text(sql, 1, meter_id);
    sql_bind_i64(sql, 2, (int64_t)count - 1);
    enum err err = sql_one(sql);
    if (err == OK) {
        *ret_n = (uint32_t)sql_i64(sql, 0);
    }
    sql_end(sql);
    return err;
}

/* The customer's number in the entry of the meter's first card: the desk put it on that card, with
 * which the meter was opened, and every later card must have it. */
static enum err load_opening(struct db *db, const struct book_account *account,
                             const struct book_card *card, struct purse *purse)
{
    struct card_issue issue;
    uint8_t record[CARD_RECORD_SIZE];
    size_t size = 0;
    struct sql *sql = sql_begin(
        db, "SELECT record, card_no FROM card WHERE meter_id = ?1 ORDER BY card_no LIMIT 1");
    sql_bind_text(sql, 1, account->meter_id);
    enum err err = sql_one(sql);
    if (err != OK) {
        return err;
    }
    const uint8_t *bytes = sql_blob(sql, 0, &size);
    const bool whole = size == sizeof(record);
    if (whole) {
        memcpy(record, bytes, sizeof(record));
    }
    purse->is_first = sql_i64(sql, 1) == card->card_no;
    sql_end(sql);
    if (!whole || card_issue_decode(record, &issue) != CARD_SLOT_WHOLE) {
        return ERR_CHECKSUM;
    }
    memcpy(purse->customer, issue.customer, CARD_METER_SIZE);
    return OK;
}

enum err purse_load(struct db *db, const struct book_account *account, const struct book_card *card,
                    struct purse *ret_purse)
{
    struct purse purse = {.count = 0};
    uint32_t n = 0;
    enum err err = load_opening(db, account, card, &purse);
    if (err == OK) {
        err = count_live(db, account->meter_id, account->n, &purse.count);
    }
    if (err == OK && account->has_seen) {
        err = count_live(db, account->meter_id, account->seen_n, &purse.seen_count);
    }
    if (err == OK) {
        err = purse_n(db, account->meter_id, purse.count, &n);
    }
    if (err == OK && n > 0) {
        err = book_token_load(db, account->meter_id, n, &purse.newest);
    }
    if (err == OK) {
        *ret_purse = purse;
    }
    return err;
}

enum err purse_is_kept(struct db *db, const char *meter_id, bool *ret_kept)
{
    struct sql *sql =
        sql_begin(db, "SELECT 1 FROM card WHERE meter_id = ?1 AND media = 'cpu' LIMIT 1");
    sql_bind_text(sql, 1, meter_id);
    enum err err = sql_one(sql);
    *ret_kept = err == OK;
    sql_end(sql);
    return err == ERR_NOT_FOUND ? OK : err;
}

bool purse_is_loaded(const struct purse *purse)
{
    return purse->seen_count >= purse->count;
}

/* ---- what goes onto the card ---- */

/* The first purchase opens the meter; a card in place of another is made known to it by each. */
static enum purchase_kind kind_of(const struct purse *purse)
{
    if (purse->count == 1) {
        return PURCHASE_OPEN;
    }
    return purse->is_first ? PURCHASE_BUY : PURCHASE_REPLACE;
}

enum err purse_goal(const struct purse *purse, const struct book_account *account,
                    struct purchase_files *ret_goal)
{
    struct card_credit credit;
    MUST(purse->count > 0);
    if (card_credit_decode(purse->newest.record, &credit) != CARD_SLOT_WHOLE ||
        purse->newest.amount_fen <= 0) {
        return ERR_CHECKSUM;
    }
    struct purchase_parameters parameters = {.alarm1_fen = credit.alarm_fen,
                                             .kind = kind_of(purse)};
    const struct purchase_wallet wallet = {.amount_fen = (uint32_t)purse->newest.amount_fen,
                                           .count = purse->count};
    memcpy(parameters.meter, account->meter, CARD_METER_SIZE);
    memcpy(parameters.customer, purse->customer, CARD_METER_SIZE);
    memset(ret_goal, 0, sizeof(*ret_goal));
    purchase_parameters_encode(&parameters, ret_goal->parameters);
    purchase_wallet_encode(&wallet, ret_goal->wallet);
    return OK;
}

/* ---- what a card shows ---- */

static bool is_whose(const uint8_t meter[CARD_METER_SIZE], const uint8_t customer[CARD_METER_SIZE],
                     const struct book_account *account, const struct purse *purse)
{
    return memcmp(meter, account->meter, CARD_METER_SIZE) == 0 &&
           memcmp(customer, purse->customer, CARD_METER_SIZE) == 0;
}

static enum err check_settings(const struct book_account *account, const struct purse *purse,
                               const struct purchase_files *files, struct slots *slots)
{
    struct purchase_parameters is;
    struct purchase_files goal;
    struct card_credit_slot *shown = &slots->reading.credit[0];
    if (purchase_parameters_decode(files->parameters, &is) == PURCHASE_WHOLE) {
        const bool ours = is_whose(is.meter, is.customer, account, purse);
        shown->worth = ours ? CARD_WORTH_TRUE : CARD_WORTH_OTHER;
        slots->purchase.is_other = !ours;
    }
    if (purse->count == 0) {
        return OK;
    }
    enum err err = purse_goal(purse, account, &goal);
    slots->purchase.is_fit =
        err == OK && memcmp(files->parameters, goal.parameters, sizeof(goal.parameters)) == 0;
    return err;
}

static void check_wallet(const struct purse *purse, const struct purchase_files *files,
                         struct slots *slots)
{
    const struct purchase_wallet is = purchase_wallet_decode(files->wallet);
    struct card_credit_slot *shown = &slots->reading.credit[1];
    slots->purchase.count = is.count;
    slots->purchase.is_ours = is.count == purse->count
                                  ? (int64_t)is.amount_fen == purse->newest.amount_fen
                                  : is.count < purse->count;
    shown->worth = slots->purchase.is_ours ? CARD_WORTH_TRUE : CARD_WORTH_FORGED;
}

static int32_t balance_of(const struct purchase_return *is)
{
    const int64_t fen = (int64_t)is->remaining_fen - (int64_t)is->overdraft_fen;
    return (int32_t)(fen > INT32_MAX ? INT32_MAX : fen < INT32_MIN ? INT32_MIN : fen);
}

/* The meter's answer, as our books keep a meter's word. */
static enum err check_answer(struct db *db, const struct book_account *account,
                             const struct purse *purse, const struct purchase_files *files,
                             struct slots *slots)
{
    struct purchase_return is;
    struct card_return *word = &slots->returned[0];
    struct card_purchase_reading *reading = &slots->purchase;
    const enum purchase_state state = purchase_return_decode(files->returned, &is);
    reading->is_empty = state == PURCHASE_EMPTY;
    if (state != PURCHASE_WHOLE) {
        return OK;
    }
    const bool ours = is_whose(is.meter, is.customer, account, purse);
    slots->reading.returned[0].worth = ours ? CARD_WORTH_TRUE : CARD_WORTH_OTHER;
    reading->is_other = reading->is_other || !ours;
    reading->has_word = true;
    reading->word_count = is.count;
    if (!purchase_clock(is.at, &reading->word_at)) {
        reading->word_at = 0;
    }
    *word = (struct card_return){
        .seq = is.count, .balance_fen = balance_of(&is), .at = (uint32_t)reading->word_at};
    if (is.count == 0 || is.count > purse->count) {
        return OK;
    }
    struct book_token token;
    enum err err = purse_n(db, account->meter_id, is.count, &word->n);
    if (err == OK) {
        err = book_token_load(db, account->meter_id, word->n, &token);
    }
    if (err == OK) {
        word->total_fen = token.total_fen;
    }
    return err;
}

enum err purse_check(struct db *db, const struct book_account *account,
                     const struct book_card *card, const struct purchase_files *files,
                     struct slots *ret_slots)
{
    struct slots slots = {.reading = {.credit_was_read = files != NULL}};
    struct purse purse;
    enum err err = purse_load(db, account, card, &purse);
    if (err == OK && files != NULL) {
        slots.purchase.was_read = true;
        check_wallet(&purse, files, &slots);
        err = check_settings(account, &purse, files, &slots);
    }
    if (err == OK && files != NULL) {
        err = check_answer(db, account, &purse, files, &slots);
    }
    if (err == OK) {
        *ret_slots = slots;
    }
    return err;
}

enum err purse_judge(struct db *db, const struct card_facts *facts, struct take *take)
{
    struct purse purse;
    enum err err = purse_load(db, &take->account, &take->card, &purse);
    if (err != OK) {
        return err;
    }
    const struct card_purchase_facts known = {.count = purse.count,
                                              .has_seen = facts->has_seen,
                                              .seen_count = purse.seen_count,
                                              .seen_at = take->account.seen_meter_at,
                                              .owes = facts->owes,
                                              .waits = facts->waits,
                                              .return_is_open = facts->return_is_open,
                                              .sale_is_open = facts->sale_is_open,
                                              .is_exchanged = facts->is_exchanged};
    const struct card_purchase_verdict verdict = card_purchase_judge(&known, &take->slots.purchase);
    take->verdict = verdict.card;
    take->is_doubtful = verdict.is_doubtful;
    return purse_n(db, take->account.meter_id, verdict.card.proven_n, &take->verdict.proven_n);
}

void purse_evidence(const struct purchase_files *files, struct book_evidence *ret_evidence)
{
    char settings[2 * PURCHASE_PARAMETERS_SIZE + 1];
    char wallet[2 * PURCHASE_WALLET_SIZE + 1];
    char answer[2 * PURCHASE_RETURN_SIZE + 1];
    const bool fits =
        hex_format(files->parameters, sizeof(files->parameters), 0, settings, sizeof(settings)) &&
        hex_format(files->wallet, sizeof(files->wallet), 0, wallet, sizeof(wallet)) &&
        hex_format(files->returned, sizeof(files->returned), 0, answer, sizeof(answer)) &&
        str_format(ret_evidence->credit, sizeof(ret_evidence->credit), "%s %s", settings, wallet) &&
        str_format(ret_evidence->returned, sizeof(ret_evidence->returned), "%s -", answer);
    MUST(fits);
}

/* A word of evidence: as many bytes as the file has. */
static bool take_word(const char **text, uint8_t *ret_file, size_t file_size)
{
    size_t size = 0;
    const size_t len = strcspn(*text, " ");
    const bool good = hex_parse(*text, len, ret_file, file_size, &size, NULL) && size == file_size;
    *text += len + ((*text)[len] == ' ' ? 1 : 0);
    return good;
}

enum err purse_last(struct db *db, const char *uid_text, struct purchase_files *ret_files)
{
    struct purchase_files files = {.wallet = {0}};
    struct book_evidence evidence;
    enum err err = book_evidence_last(db, uid_text, &evidence);
    if (err != OK) {
        return err;
    }
    const char *credit = evidence.credit;
    const char *returned = evidence.returned;
    const bool good = take_word(&credit, files.parameters, sizeof(files.parameters)) &&
                      take_word(&credit, files.wallet, sizeof(files.wallet)) &&
                      take_word(&returned, files.returned, sizeof(files.returned));
    if (good) {
        *ret_files = files;
    }
    return good ? OK : ERR_CHECKSUM;
}

enum err purse_doubt(struct db *db, const struct take *take)
{
    struct purse purse;
    enum err err = purse_load(db, &take->account, &take->card, &purse);
    return err == OK && purse.newest.n > 0
               ? take_to_persons(take->cards, db, take->account.meter_id, purse.newest.n - 1)
               : err;
}
