/* SPDX-License-Identifier: Apache-2.0 */

/*
 * WeChat's bill: a signed offer of an address and a hash, then a download whose answer is not
 * signed; the hash in the offer is what proves the file.
 */

#include <stdlib.h>
#include <string.h>

#include "cloud/payments/wechat_link.h"
#include "common/str.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/pack.h"
#include "protocol/wechat/answer.h"
#include "protocol/wechat/request.h"

static void bill_says(struct pay_bill *bill, enum pay_bill_result result, const char *what)
{
    bill->result = result;
    str_format_cut(bill->log_text, sizeof(bill->log_text), "wechat bill: %s", what);
}

/* The last four bytes of a gzip file are its unpacked size; what they claim is only a limit. */
static size_t unpacked_size(const struct pay_bill *bill)
{
    if (bill->raw_size < 18) {
        return 0;
    }
    const uint8_t *end = bill->raw + bill->raw_size - 4;
    return (size_t)end[0] | (size_t)end[1] << 8 | (size_t)end[2] << 16 | (size_t)end[3] << 24;
}

static void read_rows(const uint8_t *csv, size_t size, const char *sha1, struct pay_bill *bill)
{
    struct bill_rows rows = {.bill = bill};
    const struct bill_sink sink = {.row = wallet_bill_row, .self = &rows};
    struct bill_summary summary;
    char hex[DIGEST_HEX_SIZE];
    if (!digest_hex(DIGEST_SHA1, csv, size, hex) || !wechat_serial_equal(hex, sha1)) {
        bill_says(bill, PAY_BILL_REFUSED, "its hash is not the signed one");
        return;
    }
    enum bill_fault fault = bill_wechat_read((const char *)csv, size, &sink, &summary);
    bill->fees_stated = fault == BILL_OK && summary.fees_stated;
    bill->fees_stated_e5 = bill->fees_stated ? summary.fees_stated_e5 : 0;
    if (fault == BILL_OK && rows.failed) {
        bill_says(bill, PAY_BILL_UNKNOWN, "no room for its rows");
    } else {
        bill_says(bill, fault == BILL_OK ? PAY_BILL_OK : PAY_BILL_REFUSED, bill_fault_name(fault));
    }
}

static void unpack(const char *sha1, struct pay_bill *bill)
{
    size_t room = unpacked_size(bill);
    if (room > BILL_SIZE_MAX) {
        bill_says(bill, PAY_BILL_REFUSED, bill_fault_name(BILL_TOO_LARGE));
        return;
    }
    uint8_t *csv = malloc(room + 1);
    size_t size = 0;
    if (csv == NULL) {
        bill_says(bill, PAY_BILL_UNKNOWN, "no memory");
        return;
    }
    enum bill_fault fault = bill_gunzip(bill->raw, bill->raw_size, csv, room + 1, &size);
    if (fault == BILL_OK) {
        read_rows(csv, size, sha1, bill);
    } else {
        bill_says(bill, PAY_BILL_REFUSED, bill_fault_name(fault));
    }
    free(csv);
}

static void download(struct wechat_wallet *wallet, const struct wechat_answer *offer,
                     struct wechat_reply *reply, struct pay_bill *bill)
{
    wechat_link_fetch(&wallet->link, offer->download_url, BILL_SIZE_MAX, reply);
    if (!reply->came || reply->http.status != 200) {
        bill_says(bill, PAY_BILL_UNKNOWN, reply->came ? "the download was refused" : reply->why);
        return;
    }
    bill->raw = (uint8_t *)reply->http.body;
    bill->raw_size = reply->http.body_size;
    reply->http.body = NULL;
    unpack(offer->hash_sha1, bill);
}

/* What the verified offer of a bill says. */
static void take_offer(struct wechat_wallet *wallet, struct wechat_reply *reply,
                       struct pay_bill *bill)
{
    const struct wechat_asked asked = {.call = WECHAT_CALL_BILL};
    struct wechat_answer answer;
    wechat_answer_read(&asked, reply->http.status, reply->http.body, reply->http.body_size,
                       &answer);
    wechat_reply_finish(reply);
    if (answer.no_bill) {
        bill_says(bill, PAY_BILL_EMPTY, "no trades on this day");
    } else if (answer.result == PAY_QR) {
        download(wallet, &answer, reply, bill);
    } else {
        bill_says(bill, PAY_BILL_UNKNOWN, answer.code);
    }
}

void wechat_wallet_bill(struct wechat_wallet *wallet, const char *day, struct pay_bill *bill)
{
    char path[WECHAT_PATH_SIZE];
    struct wechat_reply *reply = calloc(1, sizeof(*reply));
    const struct wechat_question question = {"GET", path, "", WALLET_TIMEOUT_MS};
    if (reply == NULL || !wechat_path_bill(day, path)) {
        bill_says(bill, PAY_BILL_UNKNOWN, "no memory");
        free(reply);
        return;
    }
    wechat_link_ask(&wallet->link, &question, reply);
    if (reply->verified) {
        take_offer(wallet, reply, bill);
    } else {
        bill_says(bill, PAY_BILL_UNKNOWN, reply->why);
    }
    wechat_reply_finish(reply);
    free(reply);
}
