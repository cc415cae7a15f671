/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_COMMON_CRYPTO_CERT_H
#define SHILLING_COMMON_CRYPTO_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

/*
 * X.509 certificates as the wallets use them: a PEM text of one or several, their names and
 * numbers, and whether one chains up to roots that we pinned ourselves. The public key of a
 * certificate is read with rsa_public_read() from the same text.
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
