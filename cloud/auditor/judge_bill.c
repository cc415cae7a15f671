/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books against the wallets' bills. A pair that belongs together may stand on two days (paid
 * before midnight, noticed behind it): that is carried over, not a difference. All else that the
 * two sides of a day differ by is explained by a finding, so what is left of the day's identity
 * in the end must be 0.
 *
 * "Not in the bill" can only be said when the bills of all days are here on which the payment can
 * have been made: from the order's creation to the moment it was booked, and a little more. A
 * server whose clock was set back has booked before it created; the days between are the same.
 */
#include <stdlib.h>

#include "cloud/auditor/judge.h"
#include "common/compiler.h"
#include "common/str.h"

enum { DAY_S = 86400, EDGE_S = 600 /* the two clocks of one midnight */ };

/* An amount of one side, on its day. */
struct side {
    int64_t day;
    int64_t fen; /* 0: this side has nothing */
};

/* Both sides of one movement; refunds with a minus. */
static void reconcile(struct part *part, struct side bill, struct side books)
{
    if (bill.fen != 0 && books.fen != 0 && bill.day != books.day) {
        part_add(part, TALLY_CARRIED, bill.day, bill.fen);
        part_add(part, TALLY_CARRIED, books.day, -books.fen);
    } else if (bill.fen != 0 && books.fen != 0) {
        part_add(part, TALLY_EXPLAINED, bill.day, bill.fen - books.fen);
    } else if (bill.fen != 0) {
        part_add(part, TALLY_EXPLAINED, bill.day, bill.fen);
    } else if (books.fen != 0) {
        part_add(part, TALLY_EXPLAINED, books.day, -books.fen);
    }
}

/* True if the bills of all days are here from one moment to the other, whichever came first. */
static bool has_bills_between(const struct audit *audit, const char *channel, int64_t at,
                              int64_t other_at)
{
    const int64_t first_at = at < other_at ? at : other_at;
    const int64_t last_at = at < other_at ? other_at : at;
    return audit_has_bills(audit, channel, audit_day(first_at), audit_day(last_at + EDGE_S));
}

bool judge_find_stray(struct audit *audit, const char *channel, const char *trade_no,
                      char ret_number[DOSSIER_NUMBER_SIZE])
{
    sqlite3_stmt *stmt = audit->stray_by_trade;
    reader_bind_text(stmt, 1, channel);
    reader_bind_text(stmt, 2, trade_no);
    const bool there = reader_step(&audit->cloud, stmt);
    if (there) {
        column_copy(stmt, 0, ret_number, DOSSIER_NUMBER_SIZE);
    }
    reader_reset(stmt);
    return there;
}

int64_t judge_posted_at(struct audit *audit, const char *document_no, const char *step)
{
    sqlite3_stmt *stmt = audit->posting_at;
    reader_bind_text(stmt, 1, document_no);
    reader_bind_text(stmt, 2, step);
    const int64_t at = reader_step(&audit->cloud, stmt) ? column_int(stmt, 0) : 0;
    reader_reset(stmt);
    return at;
}

static bool is_order_channel(const struct trial *trial, const struct dossier_bill *bill)
{
    return str_equal(bill->channel, trial->dossier->order.channel);
}

static bool is_same_row(const struct dossier_bill *a, const struct dossier_bill *b)
{
    return a->refund == b->refund && str_equal(a->channel, b->channel) &&
           str_equal(a->trade_no, b->trade_no) && str_equal(a->refund_no, b->refund_no);
}

/* True if the row was there before. Such a row counts for nothing but the day's identity. */
static bool is_twice(struct trial *trial, size_t at)
{
    const struct dossier_bill *row = &trial->dossier->bills[at];
    for (size_t i = 0; i < at; i++) {
        if (is_same_row(&trial->dossier->bills[i], row)) {
            part_find(trial->part, FOUND_BILL_ROW_TWICE,
                      (struct part_subject){trial->dossier->number, 0}, "%s, trade %s, %lld fen",
                      row->channel, row->trade_no, (long long)row->fen);
            reconcile(trial->part, (struct side){row->day, row->refund ? -row->fen : row->fen},
                      (struct side){0});
            return true;
        }
    }
    return false;
}

static void count_row(struct trial *trial, const struct dossier_bill *row)
{
    part_add(trial->part, row->refund ? TALLY_BILL_REFUNDED : TALLY_BILL_PAID, row->day, row->fen);
}

/* A payment that a stray payment owns; false if none does. */
static bool settle_with_stray(struct trial *trial, const struct dossier_bill *row)
{
    char stray_no[DOSSIER_NUMBER_SIZE];
    if (!judge_find_stray(trial->audit, row->channel, row->trade_no, stray_no)) {
        return false;
    }
    const int64_t at = judge_posted_at(trial->audit, stray_no, "stray_receive");
    reconcile(trial->part, (struct side){row->day, row->fen},
              (struct side){audit_day(at), at != 0 ? row->fen : 0});
    return true;
}

/* Whose refund a row of the bill is; "" if the number is not ours. */
static void refund_owner(struct audit *audit, const char *refund_no,
                         char ret_number[DOSSIER_NUMBER_SIZE])
{
    sqlite3_stmt *stmt = audit->refund_by_number;
    ret_number[0] = '\0';
    reader_bind_text(stmt, 1, refund_no);
    if (reader_step(&audit->cloud, stmt)) {
        column_copy(stmt, 0, ret_number, DOSSIER_NUMBER_SIZE);
    }
    reader_reset(stmt);
}

/* A refund of a stray payment, by its refund number or its trade. */
static bool settle_back_with_stray(struct trial *trial, const struct dossier_bill *row)
{
    char number[DOSSIER_NUMBER_SIZE];
    refund_owner(trial->audit, row->refund_no, number);
    if (!str_starts_with(number, "ST") &&
        !judge_find_stray(trial->audit, row->channel, row->trade_no, number)) {
        return false;
    }
    const int64_t at = judge_posted_at(trial->audit, number, "stray_refund");
    reconcile(trial->part, (struct side){row->day, -row->fen},
              (struct side){audit_day(at), at != 0 ? -row->fen : 0});
    if (at == 0 && row->final) {
        part_find(trial->part, FOUND_REFUND_NOT_BOOKED, (struct part_subject){number, row->fen},
                  "refund %s of a stray payment", row->refund_no);
    }
    return true;
}

/* ---- payments ---- */

static const struct dossier_bill *find_payment(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    const struct dossier_bill *mine = NULL;
    for (size_t i = 0; i < dossier->bill_count; i++) {
        const struct dossier_bill *row = &dossier->bills[i];
        const bool fits = !row->refund && is_order_channel(trial, row) &&
                          (dossier->order.trade_no[0] == '\0' ||
                           str_equal(row->trade_no, dossier->order.trade_no));
        if (fits && mine == NULL) {
            mine = row;
        }
    }
    return mine;
}

static void other_payment(struct trial *trial, const struct dossier_bill *row)
{
    if (settle_with_stray(trial, row)) {
        return;
    }
    reconcile(trial->part, (struct side){row->day, row->fen}, (struct side){0});
    part_find(trial->part, FOUND_SECOND_PAYMENT,
              (struct part_subject){trial->dossier->number, row->fen}, "%s, trade %s", row->channel,
              row->trade_no);
}

static void no_payment_row(struct trial *trial)
{
    const struct dossier_order *order = &trial->dossier->order;
    const struct books *books = &trial->books;
    reconcile(trial->part, (struct side){0},
              (struct side){audit_day(books->received_at), books->received_fen});
    if (!has_bills_between(trial->audit, order->channel, order->created_at, books->received_at)) {
        trial->waits = true;
        return;
    }
    part_find(trial->part, FOUND_PAYMENT_NOT_IN_BILL,
              (struct part_subject){trial->dossier->number, books->received_fen}, "%s, state %s",
              order->channel, order->state);
}

static void judge_payment(struct trial *trial, const struct dossier_bill *row)
{
    const struct books *books = &trial->books;
    const char *number = trial->dossier->number;
    reconcile(trial->part, (struct side){row->day, row->fen},
              (struct side){audit_day(books->received_at), books->received_fen});
    if (books->received_fen == 0) {
        part_find(trial->part, FOUND_PAID_NOT_BOOKED, (struct part_subject){number, row->fen},
                  "%s, trade %s, state %s", row->channel, row->trade_no,
                  trial->dossier->order.state);
    } else if (books->received_fen != row->fen) {
        part_find(trial->part, FOUND_PAYMENT_AMOUNT,
                  (struct part_subject){number, books->received_fen - row->fen},
                  "bill %lld fen, books %lld", (long long)row->fen, (long long)books->received_fen);
    }
}

/* ---- refunds ---- */

struct back {
    int64_t fen;
    int64_t day; /* of the last one */
    size_t count;
    bool open; /* the wallet was still at work when the bill was made */
};

static void no_refund_row(struct trial *trial)
{
    const struct books *books = &trial->books;
    const struct dossier_order *order = &trial->dossier->order;
    reconcile(trial->part, (struct side){0},
              (struct side){audit_day(books->refunded_at), -books->refunded_fen});
    if (!has_bills_between(trial->audit, order->channel, order->created_at, books->refunded_at)) {
        trial->waits = true;
        return;
    }
    part_find(trial->part, FOUND_REFUND_NOT_IN_BILL,
              (struct part_subject){trial->dossier->number, books->refunded_fen}, "%s, refund %s",
              order->channel, trial->dossier->refund.refund_no);
}

static void judge_back(struct trial *trial, const struct back *back)
{
    const struct books *books = &trial->books;
    const char *number = trial->dossier->number;
    const char *state = trial->dossier->order.state;
    const bool asked = str_equal(state, "REFUNDING");
    reconcile(trial->part, (struct side){back->day, -back->fen},
              (struct side){audit_day(books->refunded_at), -books->refunded_fen});
    if (back->fen > books->received_fen && books->received_fen > 0) {
        part_find(trial->part, FOUND_REFUNDED_TWICE,
                  (struct part_subject){number, back->fen - books->received_fen},
                  "%zu refunds, %lld fen in all, paid %lld", back->count, (long long)back->fen,
                  (long long)books->received_fen);
    } else if (books->refunded_fen == 0 && !asked && !back->open) {
        part_find(trial->part, FOUND_REFUND_NOT_BOOKED, (struct part_subject){number, back->fen},
                  "state %s", state);
    } else if (books->refunded_fen != 0 && books->refunded_fen != back->fen) {
        part_find(trial->part, FOUND_REFUND_AMOUNT,
                  (struct part_subject){number, back->fen - books->refunded_fen},
                  "bill %lld fen, books %lld", (long long)back->fen,
                  (long long)books->refunded_fen);
    }
    trial->waits = trial->waits || asked || back->open;
}

void judge_bills(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    const struct dossier_bill *mine = find_payment(trial);
    struct back back = {0};
    for (size_t i = 0; i < dossier->bill_count; i++) {
        const struct dossier_bill *row = &dossier->bills[i];
        count_row(trial, row);
        if (is_twice(trial, i)) {
            continue;
        }
        const bool own =
            is_order_channel(trial, row) && (dossier->order.trade_no[0] == '\0' ||
                                             str_equal(row->trade_no, dossier->order.trade_no));
        if (row->refund && own) {
            back.fen += row->fen;
            back.day = row->day;
            back.count += 1;
            back.open = back.open || !row->final;
        } else if (row->refund && !settle_back_with_stray(trial, row)) {
            reconcile(trial->part, (struct side){row->day, -row->fen}, (struct side){0});
            part_find(trial->part, FOUND_REFUND_NOT_BOOKED,
                      (struct part_subject){dossier->number, row->fen}, "%s, refund %s of trade %s",
                      row->channel, row->refund_no, row->trade_no);
        } else if (!row->refund && row != mine) {
            other_payment(trial, row);
        }
    }
    if (mine != NULL) {
        judge_payment(trial, mine);
    } else if (trial->books.received_fen != 0) {
        no_payment_row(trial);
    }
    if (back.count > 0) {
        judge_back(trial, &back);
    } else if (trial->books.refunded_fen != 0) {
        no_refund_row(trial);
    }
}

/* ---- stray payments ---- */

static bool stray_row(struct trial *trial, bool refund)
{
    const struct dossier_stray *stray = &trial->dossier->stray;
    sqlite3_stmt *stmt = trial->audit->bill_of_stray;
    reader_bind_text(stmt, 1, stray->seen_as);
    reader_bind_text(stmt, 2, stray->channel);
    reader_bind_text(stmt, 3, stray->trade_no);
    reader_bind_int(stmt, 4, refund ? 1 : 0);
    const bool there = reader_step(&trial->audit->memory.file, stmt);
    reader_reset(stmt);
    return there;
}

/* What has a row is reconciled where that row is, under the number that the bill names. */
void judge_stray_bill(struct trial *trial)
{
    const struct dossier_stray *stray = &trial->dossier->stray;
    const struct books *books = &trial->books;
    const char *number = trial->dossier->number;
    if (books->received_fen != 0 && !stray_row(trial, /* refund= */ false)) {
        reconcile(trial->part, (struct side){0},
                  (struct side){audit_day(books->received_at), books->received_fen});
        trial->waits = !has_bills_between(trial->audit, stray->channel, stray->created_at - DAY_S,
                                          books->received_at);
        if (!trial->waits) {
            part_find(trial->part, FOUND_PAYMENT_NOT_IN_BILL,
                      (struct part_subject){number, books->received_fen}, "%s, trade %s",
                      stray->channel, stray->trade_no);
        }
    }
    if (books->refunded_fen != 0 && !stray_row(trial, /* refund= */ true)) {
        reconcile(trial->part, (struct side){0},
                  (struct side){audit_day(books->refunded_at), -books->refunded_fen});
        if (!has_bills_between(trial->audit, stray->channel, stray->created_at,
                               books->refunded_at)) {
            trial->waits = true;
        } else {
            part_find(trial->part, FOUND_REFUND_NOT_IN_BILL,
                      (struct part_subject){number, books->refunded_fen}, "%s, refund %s",
                      stray->channel, trial->dossier->refund.refund_no);
        }
    }
}

/* ---- nobody's numbers ---- */

static void nobody_row(struct trial *trial, const struct dossier_bill *row, int64_t net)
{
    const char *number = trial->dossier->number;
    if (row->refund ? settle_back_with_stray(trial, row) : settle_with_stray(trial, row)) {
        return;
    }
    reconcile(trial->part, (struct side){row->day, row->refund ? -row->fen : row->fen},
              (struct side){0});
    if (net == 0) {
        return; /* paid and paid back by others: nobody is short of it */
    }
    part_find(trial->part, row->refund ? FOUND_REFUND_NOT_BOOKED : FOUND_PAID_UNKNOWN,
              (struct part_subject){number, row->fen}, "%s, trade %s", row->channel, row->trade_no);
}

void judge_nobody(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    int64_t net = 0;
    for (size_t i = 0; i < dossier->bill_count; i++) {
        net += dossier->bills[i].refund ? -dossier->bills[i].fen : dossier->bills[i].fen;
    }
    for (size_t i = 0; i < dossier->bill_count; i++) {
        count_row(trial, &dossier->bills[i]);
        if (!is_twice(trial, i)) {
            nobody_row(trial, &dossier->bills[i], net);
        }
    }
    if (trial->books.credited_fen != 0) {
        part_find(trial->part, FOUND_CREDIT_WITHOUT_ORDER,
                  (struct part_subject){dossier->number, trial->books.credited_fen}, "step %s",
                  dossier->legs[0].step);
    }
    const bool orphans = dossier->event_count > 0 || dossier->delivery.there ||
                         dossier->step_count > 0 || dossier->stray_event_count > 0 ||
                         dossier->has_reservation || dossier->refund.there;
    if (orphans) {
        part_find(trial->part, FOUND_ORPHAN_ROWS, (struct part_subject){dossier->number, 0},
                  "%zu events, %zu of a delivery",
                  dossier->event_count + dossier->stray_event_count, dossier->step_count);
    }
}
