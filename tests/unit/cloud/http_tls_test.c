/* SPDX-License-Identifier: Apache-2.0 */

/* The listener of the terminals with real TLS: whose certificate may call. */

#include <stdatomic.h>

#include "cloud/identity/pki.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/cloud/http_client.h"
#include "tests/unit/cloud/http_steps.h"
#include "tests/unit/cloud/temp_folder.h"

enum { DAY_S = 86400 };

struct shifted_clock {
    int64_t shift_s;
};

static int64_t shifted_mono(void *self)
{
    (void)self;
    return clock_system_mono_ns() / 1000000;
}

static int64_t shifted_wall(void *self)
{
    return clock_system_wall_ms() / 1000 + ((struct shifted_clock *)self)->shift_s;
}

/* Keys that the server knows, and whether they are revoked. */
struct known {
    uint8_t good[32];
    uint8_t expired[32];
    atomic_bool revoked;
};

static enum err find_key(void *self, const uint8_t hash[32], struct http_peer *ret_peer)
{
    struct known *known = self;
    bool good = memcmp(hash, known->good, 32) == 0;
    if (!good && memcmp(hash, known->expired, 32) != 0) {
        return ERR_NOT_FOUND;
    }
    if (atomic_load(&known->revoked)) {
        return ERR_DENIED;
    }
    *ret_peer = (struct http_peer){.terminal_id = "t1", .site_id = "s1"};
    return OK;
}

struct tls_bench {
    char folder[TEMP_PATH_SIZE];
    struct known known;
    struct pki *pki;
    struct http_server *server;
};

static struct client_answer answer;

/* The CA is 500 days old and so is the key "expired"; the server's own certificate is renewed. */
static bool make_keys(struct tls_bench *bench)
{
    static struct shifted_clock past = {.shift_s = -500LL * DAY_S};
    static struct shifted_clock now;
    static struct clock_port past_port;
    static struct clock_port now_port;
    char path[TEMP_PATH_SIZE];
    char rogue_path[TEMP_PATH_SIZE];
    char out[TEMP_PATH_SIZE];
    char why[PKI_WHY_SIZE] = "";
    struct pki_issued issued[2] = {0};
    struct pki_issued ignored;
    struct pki *rogue = NULL;
    past_port = (struct clock_port){shifted_mono, shifted_wall, &past};
    now_port = (struct clock_port){shifted_mono, shifted_wall, &now};
    struct pki_config config = {.folder = temp_path(bench->folder, "pki", path),
                                .clock = &past_port};
    bool made = pki_open(&config, &bench->pki, why) == OK &&
                pki_issue(bench->pki, PKI_USE_CLIENT, "t1",
                          temp_path(bench->folder, "expired", out), &issued[0], why) == OK;
    pki_close(bench->pki);
    bench->pki = NULL;
    config.clock = &now_port;
    made = made && pki_open(&config, &bench->pki, why) == OK &&
           pki_issue(bench->pki, PKI_USE_CLIENT, "t1", temp_path(bench->folder, "good", out),
                     &issued[1], why) == OK &&
           pki_issue(bench->pki, PKI_USE_CLIENT, "t1", temp_path(bench->folder, "unknown", out),
                     &ignored, why) == OK;
    config.folder = temp_path(bench->folder, "rogue-pki", rogue_path);
    made = made && pki_open(&config, &rogue, why) == OK &&
           pki_issue(rogue, PKI_USE_CLIENT, "t1", temp_path(bench->folder, "rogue", out), &ignored,
                     why) == OK;
    pki_close(rogue);
    memcpy(bench->known.expired, issued[0].spki_sha256, 32);
    memcpy(bench->known.good, issued[1].spki_sha256, 32);
    if (!made) {
        (void)printf("# %s\n", why);
    }
    return made;
}

static bool open_tls(struct tls_bench *bench)
{
    char why[HTTP_WHY_SIZE];
    (void)temp_folder_make(bench->folder);
    if (!make_keys(bench)) {
        return false;
    }
    struct http_server_config config = {
        .terminals = {.enabled = true,
                      .host = "127.0.0.1",
                      .connections_max = 100,
                      .tls = {.certificate_pem = pki_server_certificate_pem(bench->pki),
                              .key_pem = pki_server_key_pem(bench->pki),
                              .client_ca_pem = pki_ca_pem(bench->pki)}},
        .thread_count = 2,
        .peers = {.find = find_key, .self = &bench->known}};
    if (http_server_create(&config, &bench->server) != OK) {
        return false;
    }
    http_route_add(bench->server, routes, ARRAY_COUNT(routes));
    return http_server_start(bench->server, why) == OK;
}

static void close_tls(struct tls_bench *bench)
{
    end(bench->server);
    pki_close(bench->pki);
}

static long whoami_as(struct tls_bench *bench, const char *who, void *connection)
{
    static char ca[TEMP_PATH_SIZE];
    static char name[TEMP_PATH_SIZE];
    static char cert[TEMP_PATH_SIZE];
    static char key[TEMP_PATH_SIZE];
    struct client_call call = {.port = http_server_port(bench->server, HTTP_FOR_TERMINAL),
                               .path = "/whoami",
                               .ca = temp_path(bench->folder, "pki/ca.pem", ca),
                               .connection = connection};
    if (who != NULL) {
        (void)snprintf(name, sizeof(name), "%s/cert.pem", who);
        call.cert = temp_path(bench->folder, name, cert);
        (void)snprintf(name, sizeof(name), "%s/key.pem", who);
        call.key = temp_path(bench->folder, name, key);
    }
    client_send(&call, &answer);
    return answer.status;
}

TEST(only_good_known_unrevoked_certificates_may_call)
{
    static struct tls_bench bench;
    CHECK(open_tls(&bench));
    long good = whoami_as(&bench, "good", NULL);
    bool named = strcmp(answer.body, "t1") == 0;
    long none = whoami_as(&bench, NULL, NULL);
    bool says_none = strstr(answer.body, "no_certificate") != NULL;
    long rogue = whoami_as(&bench, "rogue", NULL);
    long expired = whoami_as(&bench, "expired", NULL);
    long unknown = whoami_as(&bench, "unknown", NULL);
    bool says_unknown = strstr(answer.body, "unknown_terminal") != NULL;
    void *kept = client_open();
    long before = whoami_as(&bench, "good", kept);
    atomic_store(&bench.known.revoked, true);
    long after = whoami_as(&bench, "good", kept); /* on the connection that was good */
    bool says_revoked = strstr(answer.body, "terminal_revoked") != NULL;
    client_close(kept);
    struct http_counters counters;
    http_server_get_counters(bench.server, HTTP_FOR_TERMINAL, &counters);
    close_tls(&bench);
    CHECK_EQ_I64(good, 200);
    CHECK(named);
    CHECK_EQ_I64(none, 401);
    CHECK(says_none);
    /* GnuTLS may end the handshake itself; what must never happen is a 200. */
    CHECK(rogue == 401 || rogue == 0);
    CHECK(expired == 401 || expired == 0);
    CHECK_EQ_I64(unknown, 403);
    CHECK(says_unknown);
    CHECK_EQ_I64(before, 200);
    CHECK_EQ_I64(after, 403);
    CHECK(says_revoked);
    CHECK(counters.certificates_refused >= 3);
    (void)printf("# rogue %ld, expired %ld\n", rogue, expired);
}

TEST_MAIN()
