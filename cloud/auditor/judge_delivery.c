/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an order's value was handed over: by the delivery's own events, by the answer that the server
 * stored, and by the collector's journal, which the server cannot write.
 */
#include <jansson.h>

#include "cloud/auditor/judge.h"
#include "common/str.h"

static bool is_back(const char *state)
{
    return str_equal(state, "REFUND_DUE") || str_equal(state, "REFUNDING") ||
           str_equal(state, "REFUNDED");
}

static struct audit_journal *journal_of(struct audit *audit, int64_t epoch)
{
    for (size_t i = 0; i < audit->journal_count; i++) {
        if (audit->journals[i].epoch == epoch) {
            return &audit->journals[i];
        }
    }
    return NULL;
}

static void look_in_journal(struct trial *trial, struct audit_command *command)
{
    const struct dossier_delivery *delivery = &trial->dossier->delivery;
    struct audit_journal *journal = journal_of(trial->audit, delivery->epoch);
    if (journal == NULL) {
        return;
    }
    command->has_journal = true;
    command->pruned = journal->oldest_at > trial->dossier->order.created_at;
    reader_bind_text(journal->find, 1, delivery->command_id);
    if (reader_step(&journal->reader, journal->find)) {
        command->in_journal = true;
        command->began = column_int(journal->find, 0) != 0;
        command->has_journal_reply = sqlite3_column_type(journal->find, 1) != SQLITE_NULL;
        column_copy(journal->find, 1, command->journal_reply, sizeof(command->journal_reply));
    }
    reader_reset(journal->find);
}

static void look_in_cloud(struct trial *trial, struct audit_command *command)
{
    sqlite3_stmt *stmt = trial->audit->command_reply;
    reader_bind_text(stmt, 1, trial->dossier->delivery.command_id);
    if (reader_step(&trial->audit->cloud, stmt)) {
        command->has_cloud_reply = sqlite3_column_type(stmt, 0) != SQLITE_NULL;
        column_copy(stmt, 0, command->cloud_reply, sizeof(command->cloud_reply));
    }
    reader_reset(stmt);
}

/* The same members with the same values, in whatever order and spacing. */
static bool is_same_json(const char *a, const char *b)
{
    if (str_equal(a, b)) {
        return true;
    }
    json_t *left = json_loads(a, 0, NULL);
    json_t *right = json_loads(b, 0, NULL);
    const bool same = left != NULL && right != NULL && json_equal(left, right) == 1;
    json_decref(left);
    json_decref(right);
    return same;
}

/* True if the answer's own readings show that the meter took our amount. */
static bool shows_credit(const struct dossier_delivery *delivery, const char *reply)
{
    struct handover_reading before;
    struct handover_reading after;
    const struct handover_use use = {.energy_step = 1, .price_e4 = 0};
    return handover_reply_read(reply, &before, &after) &&
           handover_judge(delivery->kind, &before, &after, &use, delivery->amount_fen) !=
               HANDOVER_NOT_SHOWN;
}

static void compare_command(struct trial *trial, const struct audit_command *command)
{
    const struct dossier_delivery *delivery = &trial->dossier->delivery;
    const struct part_subject about = {trial->dossier->number, 0};
    if (!command->has_journal || command->pruned) {
        return;
    }
    if (!command->in_journal && command->has_cloud_reply) {
        part_find(trial->part, FOUND_JOURNAL_LOST_COMMAND, about, "command %s",
                  delivery->command_id);
    } else if (command->has_journal_reply && command->has_cloud_reply &&
               !is_same_json(command->journal_reply, command->cloud_reply)) {
        part_find(trial->part, FOUND_JOURNAL_REPLY_DIFFERS, about, "command %s",
                  delivery->command_id);
    }
}

/* The answers are kept with the audit: they are too large for a stack. */
static void judge_command(struct trial *trial)
{
    const struct dossier_delivery *delivery = &trial->dossier->delivery;
    struct audit_command *command = &trial->audit->command;
    const char *state = trial->dossier->order.state;
    command->has_journal = false;
    command->pruned = false;
    command->in_journal = false;
    command->began = false;
    command->has_journal_reply = false;
    command->has_cloud_reply = false;
    command->journal_reply[0] = '\0';
    command->cloud_reply[0] = '\0';
    if (delivery->command_id[0] == '\0') {
        return;
    }
    look_in_journal(trial, command);
    look_in_cloud(trial, command);
    compare_command(trial, command);
    const struct part_subject about = {trial->dossier->number, delivery->amount_fen};
    const bool by_device = str_equal(state, "DONE") && !trial->fold.by_operator;
    if (by_device && command->in_journal && !command->began) {
        part_find(trial->part, FOUND_DONE_WITHOUT_PROOF, about,
                  "by the collector's journal command %s was never sent", delivery->command_id);
    }
    const char *reply = command->has_journal_reply ? command->journal_reply : command->cloud_reply;
    const bool proven = str_equal(delivery->stage, "DELIVERED");
    if (is_back(state) && (proven || shows_credit(delivery, reply))) {
        part_find(trial->part, FOUND_REFUNDED_BUT_DELIVERED, about, "%s shows the credit, %s",
                  proven ? "the delivery" : "the collector's answer", delivery->command_id);
    }
}

static void judge_proof(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    const struct dossier_delivery *delivery = &dossier->delivery;
    const struct part_subject about = {dossier->number, dossier->order.amount_fen};
    const bool delivered = delivery->there && str_equal(delivery->stage, "DELIVERED");
    if (trial->fold.by_operator) {
        if (!dossier->has_evidence && trial->handover.proof == HANDOVER_NOT_SHOWN) {
            part_find(trial->part, FOUND_DONE_WITHOUT_PROOF, about,
                      "decided by people without any evidence attached");
        }
    } else if (!delivered) {
        part_find(trial->part, FOUND_DONE_WITHOUT_PROOF, about, "its delivery is %s",
                  delivery->there ? delivery->stage : "not there");
    } else if (!str_equal(delivery->kind, "cloud") && trial->handover.proof == HANDOVER_NOT_SHOWN) {
        part_find(trial->part, FOUND_DONE_WITHOUT_PROOF, about,
                  "no reading of the delivery shows the amount in the meter");
    }
}

/* Its token is judged with the meter's others; but then it must be known for which card it was. */
static void judge_card(struct trial *trial)
{
    const struct dossier_order *order = &trial->dossier->order;
    struct audit *audit = trial->audit;
    if (!str_equal(order->kind, "card") || !str_equal(order->state, "DONE") ||
        audit->card_of_order == NULL) {
        return;
    }
    reader_bind_text(audit->card_of_order, 1, trial->dossier->number);
    if (!reader_step(&audit->cloud, audit->card_of_order)) {
        part_find(trial->part, FOUND_CARD_DONE_WITHOUT_TOKEN,
                  (struct part_subject){trial->dossier->number, order->amount_fen},
                  "nobody knows for which card it was");
    }
    reader_reset(audit->card_of_order);
}

static void judge_reservation(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    const char *state = dossier->order.state;
    const char *wanted = str_equal(state, "DONE") ? "posted" : is_back(state) ? "void" : "";
    if (dossier->has_reservation && wanted[0] != '\0' && !str_equal(dossier->reservation, wanted)) {
        part_find(trial->part, FOUND_RESERVATION_WRONG, (struct part_subject){dossier->number, 0},
                  "%s while the order is %s", dossier->reservation, state);
    }
}

void judge_delivery(struct trial *trial)
{
    const struct dossier *dossier = trial->dossier;
    const struct dossier_delivery *delivery = &dossier->delivery;
    handover_fold(dossier, trial->part, &trial->handover);
    if (delivery->there && trial->handover.fault_count == 0 &&
        !str_equal(trial->handover.stage, delivery->stage)) {
        part_find(trial->part, FOUND_DELIVERY_NOT_EVENTS, (struct part_subject){dossier->number, 0},
                  "stored %s; by its events %s", delivery->stage, trial->handover.stage);
    }
    if (str_equal(dossier->order.state, "DONE") && trial->handover.fault_count == 0 &&
        trial->fold.fault_count == 0 && str_equal(trial->fold.state, "DONE")) {
        judge_proof(trial);
    }
    judge_reservation(trial);
    judge_card(trial);
    if (delivery->there && !str_equal(delivery->kind, "cloud")) {
        judge_command(trial);
    }
}
