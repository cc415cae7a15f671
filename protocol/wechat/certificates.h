/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_WECHAT_CERTIFICATES_H
#define SHILLING_PROTOCOL_WECHAT_CERTIFICATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/cert.h"
#include "common/crypto/rsa.h"
#include "protocol/wechat/box.h"
#include "protocol/wechat/sign.h"

/*
 * The answer of GET /v3/certificates: WeChat's platform certificates, each sealed under the APIv3
 * key. The first time no key is known to check the answer with: it is then checked with the
 * certificates that it brings, whose authenticity rests on the APIv3 key.
 */
enum { WECHAT_CERTIFICATES_MAX = 8 /* two while they rotate */ };

enum wechat_certificates_fault {
    WECHAT_CERTIFICATES_OK,
    WECHAT_CERTIFICATES_MALFORMED,
    WECHAT_CERTIFICATES_AEAD,            /* sealed with another APIv3 key, or changed */
    WECHAT_CERTIFICATES_SERIAL_MISMATCH, /* serial_no is not the serial of what is inside */
    WECHAT_CERTIFICATES_FAULT_COUNT
};

/** "ok", "malformed", "aead", "serial_mismatch"; never NULL. */
const char *wechat_certificates_fault_name(enum wechat_certificates_fault fault);

struct wechat_certificate {
    char serial[WECHAT_SERIAL_SIZE]; /* as WeChat writes it */
    struct rsa_key *key;             /* @own given; rsa_key_destroy() */
    struct cert_period period;       /* in which it is in force */
    bool expired;                    /* at the asked moment */
};

struct wechat_certificate_list {
    struct wechat_certificate items[WECHAT_CERTIFICATES_MAX];
    size_t count;
};

/**
 * Read the list. All certificates must be good, or none is given.
 *
 * @param now_s    for `expired`
 * @param ret_list set only if OK; wechat_certificates_finish()
 */
MUST_CHECK enum wechat_certificates_fault
wechat_certificates_read(const char *body, size_t size, const struct wechat_apiv3 *apiv3,
                         int64_t now_s, struct wechat_box_work *work,
                         struct wechat_certificate_list *ret_list);

/** Free the keys that are still in the list (taken ones are NULL) and empty it. */
void wechat_certificates_finish(struct wechat_certificate_list *list);

#endif
