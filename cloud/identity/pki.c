/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Files of the folder: ca.key, ca.pem, ca.crl, server.key, server.pem. Each is replaced as a whole
 * and durably, key first, so that a crash in between leaves a pair that does not match at worst,
 * which the next start notices and makes anew (the CA alone is never replaced: everybody trusts
 * it).
 */

#include "cloud/identity/pki.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include "cloud/identity/certificate.h"
#include "cloud/identity/crl.h"
#include "common/must.h"
#include "common/str.h"
#include "drivers/disk/disk.h"

enum {
    CA_DAYS = 3650,
    LEAF_DAYS = 397, /* the longest that all TLS clients take without complaint */
    RENEW_DAYS = 30,
    PEM_SIZE_MAX = 65536,
    PATH_SIZE = 1024,
    LOOPBACK_HOSTS = 3,
};

struct pki {
    struct pki_config config;
    char folder[PATH_SIZE];
    char ca_path[PATH_SIZE];
    char ca_key_path[PATH_SIZE];
    char crl_path[PATH_SIZE];
    char server_path[PATH_SIZE];
    char server_key_path[PATH_SIZE];
    const char *hosts[PKI_HOSTS_MAX + LOOPBACK_HOSTS];
    size_t host_count;
    X509 *ca;
    EVP_PKEY *ca_key; /* NULL: this CA cannot sign here */
    char *ca_pem;
    char *server_pem;
    char *server_key_pem;
};

static enum err fail(char *ret_why, enum err err, const char *path, const char *what)
{
    str_format_cut(ret_why, PKI_WHY_SIZE, "%s: %s", path, what);
    return err;
}

static enum err make_folder(const char *path, char *ret_why)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return OK;
    }
    return fail(ret_why, ERR_DENIED, path, strerror(errno));
}

static enum err write_pem(const char *path, const char *pem, unsigned mode, char *ret_why)
{
    if (pem == NULL) {
        return fail(ret_why, ERR_MEMORY, path, "cannot be made");
    }
    enum err err = disk_write_file(path, pem, strlen(pem), mode);
    return err == OK ? OK : fail(ret_why, err, path, "cannot be written");
}

/* NULL and OK if there is no such file. */
static enum err read_pem(const char *path, char **ret_pem, char *ret_why)
{
    size_t size = 0;
    *ret_pem = NULL;
    enum err err = disk_read_file(path, PEM_SIZE_MAX, ret_pem, &size);
    if (err == ERR_NOT_FOUND) {
        return OK;
    }
    return err == OK ? OK : fail(ret_why, err, path, "cannot be read");
}

/* Key, then certificate, as files. */
static enum err write_pair(EVP_PKEY *key, X509 *certificate, const char *key_path,
                           const char *certificate_path, char *ret_why)
{
    char *key_pem = certificate_key_to_pem(key);
    char *certificate_pem = certificate_to_pem(certificate);
    enum err err = write_pem(key_path, key_pem, 0600, ret_why);
    if (err == OK) {
        err = write_pem(certificate_path, certificate_pem, 0644, ret_why);
    }
    if (key_pem != NULL) {
        OPENSSL_cleanse(key_pem, strlen(key_pem));
    }
    free(key_pem);
    free(certificate_pem);
    return err;
}

static enum err make_ca(struct pki *pki, char *ret_why)
{
    struct certificate_plan plan = {.name = "Shilling development CA",
                                    .is_ca = true,
                                    .begins_at = clock_wall_s(pki->config.clock),
                                    .days = CA_DAYS};
    EVP_PKEY *key = certificate_make_key();
    X509 *ca = key != NULL ? certificate_make(&plan, key, NULL, NULL) : NULL;
    enum err err = ca != NULL ? write_pair(key, ca, pki->ca_key_path, pki->ca_path, ret_why)
                              : fail(ret_why, ERR_INTERNAL, pki->ca_path, "cannot be made");
    X509_free(ca);
    EVP_PKEY_free(key);
    return err;
}

static enum err load_ca(struct pki *pki, char *ret_why)
{
    char *key_pem = NULL;
    enum err err = read_pem(pki->ca_path, &pki->ca_pem, ret_why);
    if (err == OK && pki->ca_pem == NULL) {
        err = make_ca(pki, ret_why);
        if (err == OK) {
            err = read_pem(pki->ca_path, &pki->ca_pem, ret_why);
        }
    }
    if (err == OK) {
        err = read_pem(pki->ca_key_path, &key_pem, ret_why);
    }
    if (err != OK) {
        return err;
    }
    pki->ca = pki->ca_pem != NULL ? certificate_from_pem(pki->ca_pem) : NULL;
    pki->ca_key = key_pem != NULL ? certificate_key_from_pem(key_pem) : NULL;
    free(key_pem);
    if (pki->ca == NULL) {
        return fail(ret_why, ERR_FORMAT, pki->ca_path, "is no certificate");
    }
    if (pki->ca_key != NULL && X509_check_private_key(pki->ca, pki->ca_key) != 1) {
        return fail(ret_why, ERR_FORMAT, pki->ca_key_path, "does not belong to ca.pem");
    }
    return OK;
}

static bool server_pair_is_good(const struct pki *pki, const char *pem, const char *key_pem)
{
    X509 *certificate = pem != NULL ? certificate_from_pem(pem) : NULL;
    EVP_PKEY *key = key_pem != NULL ? certificate_key_from_pem(key_pem) : NULL;
    bool good = certificate != NULL && key != NULL &&
                X509_check_private_key(certificate, key) == 1 &&
                certificate_days_left(certificate, clock_wall_s(pki->config.clock)) >= RENEW_DAYS;
    if (good && pki->ca_key != NULL) {
        /* Who brings a CA without its key may have the server's certificate from elsewhere. */
        good = X509_verify(certificate, pki->ca_key) == 1;
    }
    for (size_t i = 0; good && i < pki->host_count; i++) {
        good = certificate_names_host(certificate, pki->hosts[i]);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return good;
}

static bool note_issued(X509 *certificate, struct pki_issued *ret_issued)
{
    ret_issued->expires_at = certificate_ends_at(certificate);
    return certificate_spki_sha256(certificate, ret_issued->spki_sha256) &&
           certificate_serial_text(certificate, ret_issued->serial, sizeof(ret_issued->serial));
}

/* A key, signed by the CA, as two files. */
static enum err issue_pair(struct pki *pki, const struct certificate_plan *plan,
                           const char *key_path, const char *certificate_path,
                           struct pki_issued *ret_issued, char *ret_why)
{
    if (pki->ca_key == NULL) {
        return fail(ret_why, ERR_DENIED, pki->ca_key_path, "is not here, so nothing can be signed");
    }
    EVP_PKEY *key = certificate_make_key();
    X509 *certificate = key != NULL ? certificate_make(plan, key, pki->ca, pki->ca_key) : NULL;
    enum err err = OK;
    if (certificate == NULL || !note_issued(certificate, ret_issued)) {
        err = fail(ret_why, ERR_INTERNAL, certificate_path, "cannot be made");
    }
    if (err == OK) {
        err = write_pair(key, certificate, key_path, certificate_path, ret_why);
    }
    X509_free(certificate);
    EVP_PKEY_free(key);
    return err;
}

static enum err read_server(struct pki *pki, char *ret_why)
{
    free(pki->server_pem);
    free(pki->server_key_pem);
    pki->server_key_pem = NULL;
    enum err err = read_pem(pki->server_path, &pki->server_pem, ret_why);
    return err == OK ? read_pem(pki->server_key_path, &pki->server_key_pem, ret_why) : err;
}

static enum err make_server(struct pki *pki, char *ret_why)
{
    /* Also a client: towards the MQTT broker the server is one. */
    struct certificate_plan plan = {.name = PKI_CLOUD_NAME,
                                    .for_server = true,
                                    .for_client = true,
                                    .hosts = pki->hosts,
                                    .host_count = pki->host_count,
                                    .begins_at = clock_wall_s(pki->config.clock),
                                    .days = LEAF_DAYS};
    struct pki_issued issued;
    return issue_pair(pki, &plan, pki->server_key_path, pki->server_path, &issued, ret_why);
}

static enum err load_server(struct pki *pki, char *ret_why)
{
    enum err err = read_server(pki, ret_why);
    if (err != OK || server_pair_is_good(pki, pki->server_pem, pki->server_key_pem)) {
        return err;
    }
    err = make_server(pki, ret_why);
    return err == OK ? read_server(pki, ret_why) : err;
}

static void free_secret(char *text)
{
    if (text != NULL) {
        OPENSSL_cleanse(text, strlen(text));
    }
    free(text);
}

enum err pki_renew_server(struct pki *pki, bool *ret_renewed, char ret_why[PKI_WHY_SIZE])
{
    char *pem = NULL;
    char *key_pem = NULL;
    enum err err = read_pem(pki->server_path, &pem, ret_why);
    if (err == OK) {
        err = read_pem(pki->server_key_path, &key_pem, ret_why);
    }
    bool good = err == OK && server_pair_is_good(pki, pem, key_pem);
    if (err == OK && !good) {
        err = make_server(pki, ret_why);
    }
    free(pem);
    free_secret(key_pem);
    if (err == OK) {
        *ret_renewed = !good;
    }
    return err;
}

int64_t pki_server_days_left(const struct pki *pki)
{
    X509 *certificate = certificate_from_pem(pki->server_pem);
    int64_t days = certificate != NULL
                       ? certificate_days_left(certificate, clock_wall_s(pki->config.clock))
                       : -1;
    X509_free(certificate);
    return days;
}

static bool make_paths(struct pki *pki)
{
    bool own_crl = pki->config.crl_path == NULL;
    return str_copy(pki->folder, sizeof(pki->folder), pki->config.folder) &&
           str_format(pki->crl_path, PATH_SIZE, "%s%s",
                      own_crl ? pki->folder : pki->config.crl_path, own_crl ? "/ca.crl" : "") &&
           str_format(pki->ca_path, PATH_SIZE, "%s/ca.pem", pki->folder) &&
           str_format(pki->ca_key_path, PATH_SIZE, "%s/ca.key", pki->folder) &&
           str_format(pki->server_path, PATH_SIZE, "%s/server.pem", pki->folder) &&
           str_format(pki->server_key_path, PATH_SIZE, "%s/server.key", pki->folder);
}

enum err pki_open(const struct pki_config *config, struct pki **ret_pki, char ret_why[PKI_WHY_SIZE])
{
    MUST(config->host_count <= PKI_HOSTS_MAX);
    struct pki *pki = calloc(1, sizeof(*pki));
    if (pki == NULL) {
        return fail(ret_why, ERR_MEMORY, config->folder, "no memory");
    }
    pki->config = *config;
    static const char *const loopback[LOOPBACK_HOSTS] = {"localhost", "127.0.0.1", "::1"};
    for (size_t i = 0; i < LOOPBACK_HOSTS; i++) {
        pki->hosts[pki->host_count++] = loopback[i];
    }
    for (size_t i = 0; i < config->host_count; i++) {
        pki->hosts[pki->host_count++] = config->hosts[i];
    }
    enum err err = make_paths(pki) ? make_folder(pki->folder, ret_why)
                                   : fail(ret_why, ERR_RANGE, config->folder, "is too long");
    if (err == OK) {
        err = load_ca(pki, ret_why);
    }
    if (err == OK) {
        err = load_server(pki, ret_why);
    }
    if (err == OK && pki->ca_key != NULL && access(pki->crl_path, F_OK) != 0) {
        err = pki_write_crl(pki, NULL, 0, ret_why);
    }
    if (err != OK) {
        pki_close(pki);
        return err;
    }
    *ret_pki = pki;
    return OK;
}

void pki_close(struct pki *pki)
{
    if (pki == NULL) {
        return;
    }
    X509_free(pki->ca);
    EVP_PKEY_free(pki->ca_key);
    free(pki->ca_pem);
    free(pki->server_pem);
    free_secret(pki->server_key_pem);
    free(pki);
}

const char *pki_ca_pem(const struct pki *pki)
{
    return pki->ca_pem;
}

const char *pki_server_certificate_pem(const struct pki *pki)
{
    return pki->server_pem;
}

const char *pki_server_key_pem(const struct pki *pki)
{
    return pki->server_key_pem;
}

const char *pki_ca_path(const struct pki *pki)
{
    return pki->ca_path;
}

const char *pki_server_certificate_path(const struct pki *pki)
{
    return pki->server_path;
}

const char *pki_server_key_path(const struct pki *pki)
{
    return pki->server_key_path;
}

static bool name_is_valid(const char *name)
{
    size_t len = strlen(name);
    return len >= 1 && len < PKI_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

enum err pki_issue(struct pki *pki, enum pki_use use, const char *name, const char *out,
                   struct pki_issued *ret_issued, char ret_why[PKI_WHY_SIZE])
{
    char key_path[PATH_SIZE];
    char certificate_path[PATH_SIZE];
    char ca_path[PATH_SIZE];
    if (!name_is_valid(name)) {
        return fail(ret_why, ERR_RANGE, name, "a name is 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    if (use == PKI_USE_CLIENT && str_equal(name, PKI_CLOUD_NAME)) {
        return fail(ret_why, ERR_DENIED, name, "is the server's own name");
    }
    if (!str_format(key_path, PATH_SIZE, "%s/key.pem", out) ||
        !str_format(certificate_path, PATH_SIZE, "%s/cert.pem", out) ||
        !str_format(ca_path, PATH_SIZE, "%s/ca.pem", out)) {
        return fail(ret_why, ERR_RANGE, out, "is too long");
    }
    struct certificate_plan plan = {.name = name,
                                    .for_server = use == PKI_USE_SERVER,
                                    .for_client = use == PKI_USE_CLIENT,
                                    .hosts = use == PKI_USE_SERVER ? pki->hosts : NULL,
                                    .host_count = use == PKI_USE_SERVER ? pki->host_count : 0,
                                    .begins_at = clock_wall_s(pki->config.clock),
                                    .days = LEAF_DAYS};
    enum err err = make_folder(out, ret_why);
    if (err == OK) {
        err = issue_pair(pki, &plan, key_path, certificate_path, ret_issued, ret_why);
    }
    return err == OK ? write_pem(ca_path, pki->ca_pem, 0644, ret_why) : err;
}

void pki_discard(const char *out)
{
    static const char *const names[] = {"key.pem", "cert.pem"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char path[PATH_SIZE];
        if (str_format(path, PATH_SIZE, "%s/%s", out, names[i])) {
            (void)unlink(path);
        }
    }
}

enum err pki_write_crl(struct pki *pki, const struct pki_revoked *revoked, size_t count,
                       char ret_why[PKI_WHY_SIZE])
{
    if (pki->ca_key == NULL) {
        return fail(ret_why, ERR_DENIED, pki->ca_key_path, "is not here, so nothing can be signed");
    }
    char *pem = crl_make_pem(pki->ca, pki->ca_key, revoked, count, clock_wall_s(pki->config.clock));
    enum err err = write_pem(pki->crl_path, pem, 0644, ret_why);
    free(pem);
    return err;
}
