/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_PAY_H
#define SHILLING_CLOUD_PAYMENTS_PAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/payments/pay_config.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"
#include "protocol/payments/result.h"

/*
 * Both wallets behind one interface: Alipay OpenAPI 1.0 and WeChat Pay APIv3 (Native).
 *
 * Each call is made once, blocks, and says what is now known. Only an answer whose signature,
 * merchant and order number were checked says anything; everything else, whatever it claims, is
 * PAY_UNKNOWN, which moves no money and releases nobody. Nothing here decides about orders,
 * retries or waits: that is the caller's, who keeps the numbers and the bodies of requests, so
 * that a retry sends the same number with the same bytes.
 *
 * A wallet that is not configured answers every call with PAY_UNKNOWN and an alarm: documents of
 * it may be older than the configuration.
 *
 * The times below are those of one host. One that is silent while it is connected to costs 3 s;
 * then the wallet's second host is asked, if it has one.
 *
 * A struct pay has no state but its keys and idle connections and may be used by many threads.
 */
struct pay;

enum pay_wallet { PAY_ALIPAY, PAY_WECHAT, PAY_WALLET_COUNT };

enum {
    PAY_ORDER_NO_SIZE = 33,  /* WeChat: 32, the shorter of both */
    PAY_REFUND_NO_SIZE = 65, /* both: 64 */
    PAY_TRADE_NO_SIZE = 65,  /* Alipay trade_no 64, WeChat transaction_id 32 */
    PAY_QR_SIZE = 1025,      /* Alipay qr_code: 1024 */
    PAY_BODY_SIZE = 2048,    /* every body of ours; the subject is the longest part */
    PAY_SUBJECT_SIZE = 256,
    PAY_LOG_SIZE = 320,
    PAY_HEADERS_SIZE = 2048, /* the signature headers of one answer, as text */
    PAY_DAY_SIZE = 11,       /* "2026-11-19" */
};

/** "alipay" or "wechat". */
const char *pay_wallet_name(enum pay_wallet wallet);

/* The bytes that prove a result, exactly as they came. */
struct pay_evidence {
    char headers[PAY_HEADERS_SIZE]; /* "Wechatpay-Serial: ...\n" and so on; empty for Alipay */
    uint8_t *body;                  /* @own, freed by pay_answer_finish(); NULL if none came */
    size_t body_size;
    bool verified; /* the signature was checked and good */
};

struct pay_answer {
    enum pay_result result;
    int64_t amount_fen;   /* the whole amount of the trade; -1: not stated, or not as an amount */
    int64_t refunded_fen; /* of this refund; -1: not stated */
    bool currency_ok;     /* CNY, or a wallet that knows no other */
    bool scanned;         /* the trade exists: somebody has scanned the code (Alipay only) */
    bool alarm;           /* a person must look: configuration, contract, clock, keys, balance */
    char trade_no[PAY_TRADE_NO_SIZE];
    char qr_text[PAY_QR_SIZE];
    char log_text[PAY_LOG_SIZE]; /* one line for the log, without secrets */
    struct pay_evidence evidence;
};

/**
 * Read all keys and check them: permissions, sizes, certificates, and that no key of the
 * simulators is used in live mode.
 *
 * @param config  copied
 * @param clock, rng  borrowed until pay_destroy(); WeChat refuses a clock that is 300 s off
 * @param ret_message one sentence that names the file, when the result is not OK
 * @return ERR_DENIED a key file that others may read, or a simulator's key in live mode;
 *         ERR_FORMAT, ERR_RANGE, ERR_IO, ERR_MEMORY
 * Blocks: reads files; does not touch the network.
 */
MUST_CHECK enum err pay_create(const struct pay_config *config, const struct clock_port *clock,
                               const struct rng_port *rng, char *ret_message, size_t message_size,
                               struct pay **ret_pay);

/** Make running calls end soon (PAY_UNKNOWN) and later ones at once. Any thread. */
void pay_stop(struct pay *pay);

/** NULL is allowed. No call may be running. */
void pay_destroy(struct pay *pay);

/** True if this wallet is configured. */
bool pay_has(const struct pay *pay, enum pay_wallet wallet);

/* ---- The code to pay ---- */

struct pay_order {
    const char *order_no;    /* 6..32 of [A-Za-z0-9_] */
    int64_t amount_fen;      /* 1..MONEY_WIRE_FEN_MAX */
    const char *subject;     /* what the payer reads; UTF-8; "/", "=", "&" and others become "-" */
    const char *terminal_id; /* [A-Za-z0-9_-], up to 32, appears in the bill; may be NULL */
    const char *terminal_ip; /* WeChat names the terminal only beside its address; may be NULL */
    int64_t now_wall_s;      /* of the creation: WeChat's expiry is absolute */
    int64_t expire_s;        /* 60..7200: how long the provider lets it be paid */
};

/**
 * The request body of pay_precreate(): store it with the order, before the first call.
 * @return false if a member is out of its range, or the wallet is not configured
 */
MUST_CHECK bool pay_precreate_body(const struct pay *pay, enum pay_wallet wallet,
                                   const struct pay_order *order, char ret_body[PAY_BODY_SIZE]);

/** Ask for the code. PAY_QR, PAY_REFUSED, PAY_QUERY_FIRST, PAY_UNKNOWN. Blocks: up to 8 s. */
void pay_precreate(struct pay *pay, enum pay_wallet wallet, const char *order_no, const char *body,
                   struct pay_answer *ret_answer);

/**
 * How the payment stands. PAY_PAID, PAY_PAID_REFUND_SEEN, PAY_UNPAID, PAY_CLOSED, PAY_NOT_EXIST,
 * PAY_REFUNDED, PAY_PARTLY_REFUNDED, PAY_UNKNOWN. Blocks: up to 8 s.
 */
void pay_query(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer);

/**
 * pay_query() by the number that the wallet gave the payment, for one that belongs to no order of
 * ours (Alipay: trade_no in place of out_trade_no; WeChat: /v3/pay/transactions/id/). PAY_UNKNOWN
 * and an alarm if it is not 1..64 of [A-Za-z0-9_]. Blocks: up to 8 s.
 */
void pay_query_trade(struct pay *pay, enum pay_wallet wallet, const char *trade_no,
                     struct pay_answer *ret_answer);

/** Ask to close. PAY_CLOSED, PAY_CLOSE_REFUSED, PAY_NOT_EXIST, PAY_UNKNOWN. Blocks: up to 8 s. */
void pay_close(struct pay *pay, enum pay_wallet wallet, const char *order_no,
               struct pay_answer *ret_answer);

/* ---- Paying back ---- */

struct pay_refund {
    const char *order_no;  /* or NULL: by trade_no (a payment that belongs to no order of ours) */
    const char *trade_no;  /* or NULL */
    const char *refund_no; /* 1..64 of [A-Za-z0-9_], the same for ever */
    int64_t total_fen;     /* what the provider says was paid */
    int64_t refund_fen;    /* 1..total_fen */
    const char *reason;    /* UTF-8, up to 80 bytes */
};

/** The request body of pay_refund(): store it with the refund row, before the first call. */
MUST_CHECK bool pay_refund_body(const struct pay *pay, enum pay_wallet wallet,
                                const struct pay_refund *refund, char ret_body[PAY_BODY_SIZE]);

/**
 * Order the refund. PAY_REFUNDED, PAY_REFUND_..., PAY_UNKNOWN; "accepted" is not "refunded".
 * Blocks: up to 15 s.
 */
void pay_refund(struct pay *pay, enum pay_wallet wallet, const char *refund_no, const char *body,
                struct pay_answer *ret_answer);

/**
 * How the refund stands; of @p refund the numbers are used. PAY_REFUNDED, PAY_REFUND_PROCESSING,
 * PAY_REFUND_ABNORMAL, PAY_REFUND_CLOSED, PAY_NOT_EXIST (believe it 10 s after the last
 * pay_refund(), not earlier), PAY_UNKNOWN. Blocks: up to 8 s.
 */
void pay_refund_query(struct pay *pay, enum pay_wallet wallet, const struct pay_refund *refund,
                      struct pay_answer *ret_answer);

/** Free what the answer owns and empty it. */
void pay_answer_finish(struct pay_answer *answer);

/* ---- Notifies ---- */

/* The request as it came. Values may be NULL (absent). */
struct pay_notify_in {
    const char *timestamp; /* Wechatpay-Timestamp */
    const char *nonce;     /* Wechatpay-Nonce */
    const char *serial;    /* Wechatpay-Serial */
    const char *signature; /* Wechatpay-Signature */
    bool repeated;         /* one of the four came more than once */
    const uint8_t *body;   /* borrowed */
    size_t body_size;
};

enum pay_notify_verdict {
    PAY_NOTIFY_REFUSED, /* not proven to come from the wallet: count it, change nothing */
    PAY_NOTIFY_PROBE,   /* WeChat tests that we refuse bad signatures: no alarm */
    PAY_NOTIFY_FOREIGN, /* genuine, but for another merchant or application, or sealed with a key
                           that we do not have: keep the bytes, alarm */
    PAY_NOTIFY_NEWS,    /* genuine, but nothing that concerns an order */
    PAY_NOTIFY_GENUINE, /* result, order_no, amounts: apply them */
    PAY_NOTIFY_VERDICT_COUNT
};

struct pay_notify {
    enum pay_notify_verdict verdict;
    enum pay_result result;           /* PAY_PAID, PAY_CLOSED, PAY_REFUNDED, PAY_PARTLY_REFUNDED,
                                         PAY_REFUND_ABNORMAL, PAY_REFUND_CLOSED */
    char order_no[PAY_TRADE_NO_SIZE]; /* as the wallet says; may be unknown to us */
    char refund_no[PAY_REFUND_NO_SIZE];
    char trade_no[PAY_TRADE_NO_SIZE];
    int64_t amount_fen;   /* the whole amount; -1: not stated as an amount (a mismatch) */
    int64_t refunded_fen; /* -1: not stated */
    bool currency_ok;
    bool keys_wanted;     /* signed with a key we do not have: call pay_keys_refresh() soon */
    unsigned http_status; /* what to answer once the evidence is durable ... */
    const char *reply;    /* ... and its body: a literal; "" for none */
    const char *reply_type;
    char headers[PAY_HEADERS_SIZE]; /* for the evidence row, as in struct pay_evidence */
    char log_text[PAY_LOG_SIZE];
};

/**
 * Check and read a notify. Amount, order and trade number are compared by whoever knows the
 * order. Blocks: no (a key we do not have is not fetched here; the wallet comes again).
 */
void pay_notify_read(struct pay *pay, enum pay_wallet wallet, const struct pay_notify_in *in,
                     struct pay_notify *ret_notify);

/** Answer for a notify that could not be stored: the wallet must come again. */
void pay_notify_fail(enum pay_wallet wallet, struct pay_notify *notify);

/* ---- Keys ---- */

/**
 * Fetch WeChat's platform certificates; to be called at start, every hour, and when keys_wanted.
 * Keeps every unexpired one. Does nothing for key-only configurations, and nothing within 60 s
 * of the last try.
 *
 * @return true unless it was tried and failed; @p ret_log then says why
 * Blocks: up to 8 s.
 */
MUST_CHECK bool pay_keys_refresh(struct pay *pay, char ret_log[PAY_LOG_SIZE]);

/* ---- The daily bill ---- */

enum pay_bill_kind { PAY_BILL_PAYMENT, PAY_BILL_REFUND, PAY_BILL_KIND_COUNT };

/* What had become of a refund when the bill was written. */
enum pay_bill_state {
    PAY_BILL_DONE,
    PAY_BILL_PENDING, /* begun: nothing was paid back, and it may come to nothing */
    PAY_BILL_FAILED,
    PAY_BILL_STATE_COUNT
};

struct pay_bill_row {
    enum pay_bill_kind kind;
    enum pay_bill_state state; /* of refunds; payments are done */
    char order_no[PAY_TRADE_NO_SIZE];
    char refund_no[PAY_REFUND_NO_SIZE]; /* "" for payments */
    char trade_no[PAY_TRADE_NO_SIZE];
    int64_t fen;    /* > 0 also for refunds */
    int64_t fee_e5; /* 0.00001 yuan that the wallet keeps; < 0: given back */
};

enum pay_bill_result {
    PAY_BILL_UNKNOWN, /* not available now: later */
    PAY_BILL_OK,      /* rows are complete and agree with the file's own counts and hash */
    PAY_BILL_EMPTY,   /* no trades on that day */
    PAY_BILL_REFUSED, /* there is a file, and it is not right: alarm, later again */
    PAY_BILL_RESULT_COUNT
};

struct pay_bill {
    enum pay_bill_result result;
    struct pay_bill_row *rows; /* @own, freed by pay_bill_finish() */
    size_t row_count;
    bool fees_stated;       /* the file says what its fees add up to */
    int64_t fees_stated_e5; /* that sum */
    uint8_t *raw;           /* @own: the file as it came, to be stored */
    size_t raw_size;
    char log_text[PAY_LOG_SIZE];
};

/** Fetch and read the bill of a day in Beijing ("2026-11-19"). Blocks: up to about 70 s. */
void pay_bill_fetch(struct pay *pay, enum pay_wallet wallet, const char *day,
                    struct pay_bill *ret_bill);

void pay_bill_finish(struct pay_bill *bill);

#endif
