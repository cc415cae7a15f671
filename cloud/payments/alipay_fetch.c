/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Alipay's bill: a signed offer of an address, then an unsigned download within 30 s. Nothing in
 * the file itself proves anything, so what it says is asked again before any money moves.
 */

#include <stdlib.h>
#include <string.h>

#include "cloud/payments/alipay_link.h"
#include "common/compiler.h"
#include "common/str.h"
#include "protocol/bill/bill.h"
#include "protocol/bill/pack.h"

static void bill_says(struct pay_bill *bill, enum pay_bill_result result, const char *what)
{
    bill->result = result;
    str_format_cut(bill->log_text, sizeof(bill->log_text), "alipay bill: %s", what);
}

static void read_details(const struct bill_archive *archive, const struct bill_entry *entry,
                         struct pay_bill *bill)
{
    uint8_t *csv = malloc(entry->size + 1);
    struct bill_rows rows = {.bill = bill};
    const struct bill_sink sink = {.row = wallet_bill_row, .self = &rows};
    struct bill_summary summary;
    if (csv == NULL) {
        bill_says(bill, PAY_BILL_UNKNOWN, "no memory");
        return;
    }
    enum bill_fault fault = bill_archive_unpack(archive, entry, csv, entry->size);
    if (fault == BILL_OK) {
        fault = bill_alipay_read((const char *)csv, entry->size, &sink, &summary);
    }
    free(csv);
    if (fault == BILL_OK && rows.failed) {
        bill_says(bill, PAY_BILL_UNKNOWN, "no room for its rows");
    } else {
        bill_says(bill, fault == BILL_OK ? PAY_BILL_OK : PAY_BILL_REFUSED, bill_fault_name(fault));
    }
}

/* Take the file over into @p bill and read it. */
static void read_file(struct https_answer *http, struct pay_bill *bill)
{
    struct bill_archive archive;
    struct bill_entry entry;
    bill->raw = (uint8_t *)http->body;
    bill->raw_size = http->body_size;
    http->body = NULL;
    enum bill_fault fault = bill_archive_details(bill->raw, bill->raw_size, &archive, &entry);
    if (fault == BILL_NOT_PACKED) {
        /* A late download answers 200 with a page that says so. */
        bill_says(bill, PAY_BILL_UNKNOWN, "the download came too late");
    } else if (fault != BILL_OK) {
        bill_says(bill, PAY_BILL_REFUSED, bill_fault_name(fault));
    } else {
        read_details(&archive, &entry, bill);
    }
}

/*
 * The signed offer names its file by plain http, whose answer anybody on the way could write, and
 * nothing in the file proves it. The same address by https; loopback, for tests, stays as it is.
 */
static bool secure_url(const char *offered, char ret_url[HTTPS_URL_SIZE])
{
    static const char plain[] = "http://";
    if (str_starts_with(offered, plain) && !https_url_is_allowed(offered)) {
        return str_format(ret_url, HTTPS_URL_SIZE, "https://%s", offered + strlen(plain));
    }
    return str_copy(ret_url, HTTPS_URL_SIZE, offered);
}

NOINLINE static void download(struct alipay_wallet *wallet, const char *url, struct pay_bill *bill)
{
    struct https_answer http;
    char why[HTTPS_WHY_SIZE];
    const struct https_call get = {
        .method = "GET",
        .url = url,
        .timeout_ms = WALLET_BILL_TIMEOUT_MS,
        .answer_size_max = BILL_SIZE_MAX,
    };
    if (gate_call(wallet->world.gate, &get, &http, why) != OK) {
        bill_says(bill, PAY_BILL_UNKNOWN, why);
        return;
    }
    if (http.status == 200) {
        read_file(&http, bill);
    } else {
        bill_says(bill, PAY_BILL_UNKNOWN, "the download was refused");
    }
    https_answer_finish(&http);
}

/* What the verified offer of a bill says; the address in it is good for 30 s. */
NOINLINE static void take_offer(struct alipay_wallet *wallet,
                                const struct alipay_question *question,
                                const struct alipay_reply *reply, struct pay_bill *bill)
{
    struct alipay_answer answer;
    struct alipay_slice value;
    char offered[HTTPS_URL_SIZE];
    char url[HTTPS_URL_SIZE];
    alipay_answer_read(&question->asked, reply->signed_bytes, &answer);
    if (answer.result == PAY_NOT_EXIST) {
        bill_says(bill, PAY_BILL_EMPTY, "no bill for this day");
    } else if (answer.result == PAY_QR &&
               alipay_scan_find(reply->signed_bytes, "bill_download_url", &value) &&
               alipay_scan_text(value, offered, sizeof(offered)) && secure_url(offered, url)) {
        download(wallet, url, bill);
    } else {
        bill_says(bill, PAY_BILL_UNKNOWN, answer.sub_code);
    }
}

void alipay_wallet_bill(struct alipay_wallet *wallet, const char *day, struct pay_bill *bill)
{
    char biz[ALIPAY_BIZ_SIZE];
    struct alipay_work *work = calloc(1, sizeof(*work));
    const struct alipay_question question = {
        .asked = {.call = ALIPAY_CALL_BILL}, .biz = biz, .subject = day};
    if (work == NULL || !alipay_biz_bill(day, biz, sizeof(biz))) {
        bill_says(bill, PAY_BILL_UNKNOWN, "no memory");
        alipay_work_destroy(work);
        return;
    }
    alipay_wallet_ask(wallet, &question, work);
    if (work->reply.verified) {
        take_offer(wallet, &question, &work->reply, bill);
    } else {
        bill_says(bill, PAY_BILL_UNKNOWN, work->reply.why);
    }
    alipay_work_destroy(work);
}
