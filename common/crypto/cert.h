/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_CERT_H
#define SHILLING_COMMON_CRYPTO_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/crypto/rsa.h"
#include "common/err.h"

/*
 * X.509 certificates as the wallets use them: a PEM text of one or several, their names and
 * numbers, their keys, and whether one chains up to roots that we pinned ourselves. Whoever checks
 * a certificate takes the key from that certificate, by its place in the list, and never from the
 * text: a text may hold other keys, before it or under other names.
 */
struct cert_list;

enum {
    CERT_LIST_COUNT_MAX = 16, /* Alipay's root bundle has 4 */
    CERT_LIST_TEXT_SIZE_MAX = 128 * 1024,
    CERT_SERIAL_SIZE = 64, /* RFC 5280: at most 20 bytes, 49 decimal digits */
    CERT_NAME_SIZE = 1024,
    CERT_SN_SIZE = 33, /* hex of an MD5, and the NUL */
};

/**
 * Read all certificates of a PEM text, in its order; text between them is skipped.
 *
 * @param ret_list @own given; cert_list_destroy()
 * @return ERR_FORMAT no certificate, or a broken one; ERR_FULL more than CERT_LIST_COUNT_MAX;
 *         ERR_MEMORY
 */
MUST_CHECK enum err cert_list_read(const char *text, size_t size, struct cert_list **ret_list);

/** NULL is allowed. */
void cert_list_destroy(struct cert_list *list);

size_t cert_list_count(const struct cert_list *list);

/** The serial number of certificate @p index: upper-case hex, whole bytes. */
MUST_CHECK bool cert_serial_hex(const struct cert_list *list, size_t index,
                                char ret_text[CERT_SERIAL_SIZE]);

/** The same in decimal, without leading zeros. */
MUST_CHECK bool cert_serial_decimal(const struct cert_list *list, size_t index,
                                    char ret_text[CERT_SERIAL_SIZE]);

/** The issuer's name: RFC 2253 order, UTF-8 as it is, no blank after commas. */
MUST_CHECK bool cert_issuer(const struct cert_list *list, size_t index,
                            char ret_text[CERT_NAME_SIZE]);

/** The subject's name in the same form. */
MUST_CHECK bool cert_subject(const struct cert_list *list, size_t index,
                             char ret_text[CERT_NAME_SIZE]);

/** True if the signature on the certificate is of the RSA family (OID 1.2.840.113549.1.1.*). */
bool cert_is_rsa_signed(const struct cert_list *list, size_t index);

/**
 * The public key in certificate @p index.
 *
 * @param ret_key @own given; rsa_key_destroy()
 * @return ERR_FORMAT it is no RSA key; ERR_RANGE, ERR_MEMORY as rsa_public_read()
 */
MUST_CHECK enum err cert_rsa_key(const struct cert_list *list, size_t index,
                                 struct rsa_key **ret_key);

/** SHA-256 (hex) of certificate @p index's SubjectPublicKeyInfo, of whatever family it is. */
MUST_CHECK bool cert_key_fingerprint(const struct cert_list *list, size_t index,
                                     char ret_hex[DIGEST_HEX_SIZE]);

/* When a key may be used, both ends included. */
struct cert_period {
    int64_t from_s; /* wall seconds */
    int64_t to_s;
};

/** When certificate @p index is in force; false if its dates cannot be read. */
MUST_CHECK bool cert_period_read(const struct cert_list *list, size_t index,
                                 struct cert_period *ret_period);

/** True if @p wall_s is in the period, whose beginning may be 300 s ahead of our clock. */
bool cert_period_holds(const struct cert_period *period, int64_t wall_s);

/** True if @p wall_s is after the certificate's last moment. */
bool cert_is_expired(const struct cert_list *list, size_t index, int64_t wall_s);

/**
 * True if the first certificate of @p list chains up to one of @p roots at @p wall_s. The others
 * of @p list and all of @p links (NULL: none) may serve as links between them. No revocation
 * lists are asked for: there are none.
 */
MUST_CHECK bool cert_chains_to(const struct cert_list *list, const struct cert_list *links,
                               const struct cert_list *roots, int64_t wall_s);

#endif
