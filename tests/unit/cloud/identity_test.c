/* SPDX-License-Identifier: Apache-2.0 */

/* Names, ends and revocations of certificates, with a clock that is set forward. */

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "cloud/identity/devices.h"
#include "cloud/identity/expiry.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "drivers/disk/disk.h"
#include "tests/unit/cloud/temp_folder.h"
#include "tests/unit/test.h"

enum { DAY_S = 86400, LEAF_DAYS = 397, TEXT_SIZE_MAX = 65536 };

static struct {
    struct clock_port clock;
    struct store *store;
    struct pki *pki;
    char folder[TEMP_PATH_SIZE];
} bench;

static int64_t now_s;
static struct clock_port real;

static int64_t test_mono_ms(void *self)
{
    (void)self;
    return clock_mono_ms(&real);
}

static int64_t test_wall_s(void *self)
{
    (void)self;
    return now_s;
}

static void open_all(void)
{
    static char path[TEMP_PATH_SIZE];
    char why[STORE_WHY_SIZE];
    real = clock_system();
    now_s = clock_wall_s(&real);
    bench.clock = (struct clock_port){test_mono_ms, test_wall_s, NULL};
    struct store_config store = {.path = temp_path(temp_folder_make(bench.folder), "i.db", path),
                                 .clock = &bench.clock,
                                 .reader_count = 1};
    CHECK_EQ_I64(store_open(&store, &bench.store, why), OK);
    static char keys[TEMP_PATH_SIZE];
    struct pki_config pki = {.folder = temp_path(bench.folder, "pki", keys), .clock = &bench.clock};
    CHECK_EQ_I64(pki_open(&pki, &bench.pki, why), OK);
}

static void close_all(void)
{
    store_close(bench.store);
    pki_close(bench.pki);
}

static enum err add(struct db *db, void *arg)
{
    return devices_key_add(db, arg);
}

static enum err revoke(struct db *db, void *arg)
{
    const struct device_key *key = arg;
    return devices_revoke(db, key->kind, key->name);
}

static struct device_key enrol(enum device_kind kind, const char *name)
{
    static char out[TEMP_PATH_SIZE];
    char why[PKI_WHY_SIZE];
    struct device_key key = {.kind = kind};
    CHECK(str_copy(key.name, sizeof(key.name), name));
    CHECK_EQ_I64(pki_issue(bench.pki, PKI_USE_CLIENT, name, temp_path(bench.folder, name, out),
                           &key.issued, why),
                 OK);
    CHECK_EQ_I64(store_run(bench.store, add, &key), OK);
    return key;
}

/* The text of a file in the folder of the CA. @own */
static char *read_file(const char *name)
{
    char path[TEMP_PATH_SIZE];
    char *text = NULL;
    size_t size = 0;
    CHECK_EQ_I64(disk_read_file(temp_path(bench.folder, name, path), TEXT_SIZE_MAX, &text, &size),
                 OK);
    return text;
}

static bool is_listed(const struct device_key *key)
{
    char *text = read_file("pki/ca.crl");
    BIO *bio = BIO_new_mem_buf(text, -1);
    X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    BIGNUM *number = NULL;
    CHECK(crl != NULL && BN_hex2bn(&number, key->issued.serial) > 0);
    ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);
    X509_REVOKED *found = NULL;
    bool listed = X509_CRL_get0_by_serial(crl, &found, serial) == 1;
    ASN1_INTEGER_free(serial);
    BN_free(number);
    X509_CRL_free(crl);
    BIO_free(bio);
    free(text);
    return listed;
}

TEST(a_revoked_certificate_is_on_the_list)
{
    char why[PKI_WHY_SIZE];
    open_all();
    struct device_key first = enrol(DEVICE_COLLECTOR, "cellar");
    struct device_key second = enrol(DEVICE_COLLECTOR, "attic");
    CHECK(!is_listed(&first)); /* the list is there from the start, and empty */
    CHECK_EQ_I64(store_run(bench.store, revoke, &first), OK);
    CHECK_EQ_I64(devices_write_crl(bench.store, bench.pki, why), OK);
    CHECK(is_listed(&first));
    CHECK(!is_listed(&second));
    close_all();
}

TEST(a_name_belongs_to_one_kind_of_device)
{
    char out[TEMP_PATH_SIZE];
    char why[PKI_WHY_SIZE];
    open_all();
    struct device_key key = enrol(DEVICE_COLLECTOR, "cellar");
    key.kind = DEVICE_BROKER;
    key.issued.spki_sha256[0] ^= 1U;
    CHECK_EQ_I64(store_run(bench.store, add, &key), ERR_CONFLICT);
    struct device_key own = key;
    CHECK(str_copy(own.name, sizeof(own.name), ".cards"));
    CHECK_EQ_I64(store_run(bench.store, add, &own), ERR_CONFLICT);
    struct pki_issued issued;
    CHECK_EQ_I64(pki_issue(bench.pki, PKI_USE_CLIENT, PKI_CLOUD_NAME,
                           temp_path(bench.folder, "wrong", out), &issued, why),
                 ERR_DENIED);
    close_all();
}

TEST(what_ends_soon_is_counted_and_the_servers_own_is_renewed)
{
    char why[PKI_WHY_SIZE];
    bool renewed = true;
    size_t count = 1;
    open_all();
    struct device_key key = enrol(DEVICE_COLLECTOR, "cellar");
    CHECK(key.issued.expires_at == now_s + (int64_t)LEAF_DAYS * DAY_S);
    char *before = read_file("pki/server.pem");
    CHECK_EQ_I64(pki_renew_server(bench.pki, &renewed, why), OK);
    CHECK(!renewed);
    CHECK_EQ_I64(pki_server_days_left(bench.pki), LEAF_DAYS);
    CHECK_EQ_I64(expiry_count(bench.store, now_s, &count), OK);
    CHECK_EQ_U64(count, 0);

    now_s += (int64_t)(LEAF_DAYS - 20) * DAY_S;
    CHECK_EQ_I64(expiry_count(bench.store, now_s, &count), OK);
    CHECK_EQ_U64(count, 1);
    CHECK_EQ_I64(pki_renew_server(bench.pki, &renewed, why), OK);
    CHECK(renewed);
    char *after = read_file("pki/server.pem");
    CHECK(!str_equal(before, after));
    CHECK_EQ_STR(pki_server_certificate_pem(bench.pki), before); /* what runs goes on with it */
    CHECK_EQ_I64(pki_server_days_left(bench.pki), 20);
    CHECK_EQ_I64(pki_renew_server(bench.pki, &renewed, why), OK);
    CHECK(!renewed); /* once is enough */

    (void)enrol(DEVICE_COLLECTOR, "cellar"); /* a second key, a year younger */
    CHECK_EQ_I64(expiry_count(bench.store, now_s, &count), OK);
    CHECK_EQ_U64(count, 0);
    free(before);
    free(after);
    close_all();
}

TEST_MAIN()
