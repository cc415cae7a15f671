/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_IDENTITY_PKI_H
#define SHILLING_CLOUD_IDENTITY_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/compiler.h"
#include "common/err.h"

/*
 * The development CA and the certificates it signs: P-256, all of them. It makes a first start
 * work without any other tool. A production system brings its own CA by putting ca.pem, ca.key
 * (or not: then nothing can be enrolled here), server.pem and server.key into the same folder.
 */
struct pki;

enum {
    PKI_WHY_SIZE = 512,
    PKI_HOSTS_MAX = 8,
    PKI_NAME_SIZE = 65,   /* a common name: 1..64 of [A-Za-z0-9._-] */
    PKI_SERIAL_SIZE = 41, /* hexadecimal digits of 20 bytes, the longest that RFC 5280 allows */
};

/* Common name of the server's own certificate, and its user name at the broker. */
#define PKI_CLOUD_NAME "cloud"

struct pki_config {
    const char *folder; /* made with rights 0700 if it is not there; keys in it have 0600 */
    const char *hosts[PKI_HOSTS_MAX]; /* names and addresses of the server, besides loopback */
    size_t host_count;
    const char *crl_path;           /* the list of revoked certificates; NULL: ca.crl in folder */
    const struct clock_port *clock; /* borrowed */
};

/**
 * Open the folder; make what is missing: CA, then the server's certificate (also anew when it has
 * less than 30 days left or does not name all hosts), an empty list of revoked certificates.
 * @param ret_why  on failure: which file, and what is wrong with it
 */
MUST_CHECK enum err pki_open(const struct pki_config *config, struct pki **ret_pki,
                             char ret_why[PKI_WHY_SIZE]);
void pki_close(struct pki *pki);

/* PEM texts, borrowed until pki_close(). */
const char *pki_ca_pem(const struct pki *pki);
const char *pki_server_certificate_pem(const struct pki *pki);
const char *pki_server_key_pem(const struct pki *pki);

/* The same as files, for libraries that want names. */
const char *pki_ca_path(const struct pki *pki);
const char *pki_server_certificate_path(const struct pki *pki);
const char *pki_server_key_path(const struct pki *pki);

/**
 * Make the server's pair anew, as files, if the files' certificate has less than 30 days left or
 * does not fit. What is in memory stays: who uses it needs a new start.
 */
MUST_CHECK enum err pki_renew_server(struct pki *pki, bool *ret_renewed,
                                     char ret_why[PKI_WHY_SIZE]);

/** Days left of the certificate in memory; negative when it has ended. */
int64_t pki_server_days_left(const struct pki *pki);

/* What a certificate is for. */
enum pki_use { PKI_USE_CLIENT, PKI_USE_SERVER, PKI_USE_COUNT };

/* What is to be remembered of a certificate. */
struct pki_issued {
    uint8_t spki_sha256[32]; /* hash of the new key's SubjectPublicKeyInfo, for the device table */
    char serial[PKI_SERIAL_SIZE];
    int64_t expires_at; /* wall seconds */
};

/**
 * Make a key and a certificate for @p name and write key.pem (0600), cert.pem and ca.pem into the
 * folder @p out, which is made if it is not there; what lies there is replaced. A client cannot be
 * called PKI_CLOUD_NAME: who has that name at the broker may say and hear everything.
 */
MUST_CHECK enum err pki_issue(struct pki *pki, enum pki_use use, const char *name, const char *out,
                              struct pki_issued *ret_issued, char ret_why[PKI_WHY_SIZE]);

/** Delete key.pem and cert.pem in @p out: the device could not be registered. */
void pki_discard(const char *out);

/* A certificate that is to be refused. */
struct pki_revoked {
    char serial[PKI_SERIAL_SIZE];
    int64_t at; /* wall seconds */
};

/** Replace the list of revoked certificates. @return ERR_DENIED: the CA's key is not here. */
MUST_CHECK enum err pki_write_crl(struct pki *pki, const struct pki_revoked *revoked, size_t count,
                                  char ret_why[PKI_WHY_SIZE]);

#endif
