/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The certificate check that MHD leaves to its user. With a trust list set, MHD only asks for a
 * certificate: none at all, one of a foreign CA or an expired one is served all the same unless
 * the handler looks. gnutls_certificate_verify_peers2() returns 0 also for those and tells only in
 * the status, so good means: return value 0 and status 0 and at least one certificate.
 */

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "cloud/http/http_internal.h"

static bool key_hash(const gnutls_datum_t *certificate_der, uint8_t ret_hash[32])
{
    gnutls_x509_crt_t certificate = NULL;
    gnutls_pubkey_t key = NULL;
    gnutls_datum_t spki = {0};
    bool done = gnutls_x509_crt_init(&certificate) == 0 && gnutls_pubkey_init(&key) == 0 &&
                gnutls_x509_crt_import(certificate, certificate_der, GNUTLS_X509_FMT_DER) == 0 &&
                gnutls_pubkey_import_x509(key, certificate, 0) == 0 &&
                gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki) == 0 &&
                gnutls_hash_fast(GNUTLS_DIG_SHA256, spki.data, spki.size, ret_hash) == 0;
    gnutls_free(spki.data);
    gnutls_pubkey_deinit(key);
    gnutls_x509_crt_deinit(certificate);
    return done;
}

bool tls_peer_key(struct MHD_Connection *mhd, uint8_t ret_spki_sha256[32])
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info == NULL || info->tls_session == NULL) {
        return false;
    }
    gnutls_session_t session = info->tls_session;
    unsigned status = GNUTLS_CERT_INVALID;
    unsigned count = 0;
    int code = gnutls_certificate_verify_peers2(session, &status);
    const gnutls_datum_t *list = gnutls_certificate_get_peers(session, &count);
    if (code != 0 || status != 0 || list == NULL || count < 1) {
        return false;
    }
    return key_hash(&list[0], ret_spki_sha256);
}
