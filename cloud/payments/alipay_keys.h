/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_PAYMENTS_ALIPAY_KEYS_H
#define SHILLING_CLOUD_PAYMENTS_ALIPAY_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/payments/key_file.h"
#include "cloud/payments/pay_config.h"
#include "common/compiler.h"
#include "common/crypto/rsa.h"
#include "common/err.h"

/*
 * Whose signature is Alipay's. In key mode it is one public key from a file. In certificate mode
 * answers name the certificate they are signed with; one that we do not have is downloaded and
 * believed only if it chains up to the pinned roots, is in force, and has the same subject as the
 * certificate in our files but for its common name: merchants' certificates, which chain up to the
 * same roots, carry the merchant's name there.
 */
struct alipay_keys;

MUST_CHECK enum err alipay_keys_create(const struct pay_alipay_config *config, bool allow_test,
                                       const struct key_message *message,
                                       struct alipay_keys **ret_keys);
/** NULL is allowed. */
void alipay_keys_destroy(struct alipay_keys *keys);

/** Our own key, for signing. */
const struct rsa_key *alipay_keys_app(const struct alipay_keys *keys);

/** Numbers of our certificate and of the root bundle; NULL in key mode. */
const char *alipay_keys_app_sn(const struct alipay_keys *keys);
const char *alipay_keys_root_sn(const struct alipay_keys *keys);

/**
 * Alipay's key for certificate number @p sn; "" is the key that needs none: in key mode the only
 * one, in certificate mode that of the file. NULL: not here, or not in force at @p now_s. Keys
 * stay until the end. Any thread.
 */
const struct rsa_key *alipay_keys_find(struct alipay_keys *keys, const char *sn, int64_t now_s);

/**
 * Take up a downloaded certificate (PEM, with its links) for number @p sn.
 * @return the key; NULL if it is not to be believed
 */
const struct rsa_key *alipay_keys_add(struct alipay_keys *keys, const char *sn, const char *pem,
                                      size_t size, int64_t now_s);

/* Anybody can name a certificate in a forged notify; a wish costs a call at most this often. */
enum { ALIPAY_WISH_MS_MIN = 60000 };

/**
 * Remember the number of a certificate that a notify names and that we do not have.
 *
 * @param now_ms monotonic
 * @return true if it can be taken now; false also for what is no number and for one that Alipay
 *         did not have in the last minutes. Any thread.
 */
MUST_CHECK bool alipay_keys_want(struct alipay_keys *keys, const char *sn, int64_t now_ms);

/**
 * The number last wanted, which is then forgotten; false, and it is kept, if there is none or the
 * last one was taken less than ALIPAY_WISH_MS_MIN ago. Any thread.
 */
MUST_CHECK bool alipay_keys_take_wanted(struct alipay_keys *keys, int64_t now_ms,
                                        char ret_sn[CERT_SN_SIZE]);

/** A number that was taken and is not to be had: not wanted again for some minutes. Any thread. */
void alipay_keys_refuse(struct alipay_keys *keys, const char *sn, int64_t now_ms);

#endif
