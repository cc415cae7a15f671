/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_IDENTITY_CRL_H
#define SHILLING_CLOUD_IDENTITY_CRL_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cloud/identity/pki.h"

/*
 * The list of revoked certificates, for the broker. It is good until its CA ends: who reads such a
 * list refuses everybody once it is out of date, and a broker that nobody looks after for a month
 * must go on.
 */

/** Sign a list. @own PEM text (free), NULL on failure. @p now_s also orders two lists. */
char *crl_make_pem(X509 *ca, EVP_PKEY *ca_key, const struct pki_revoked *revoked, size_t count,
                   int64_t now_s);

#endif
