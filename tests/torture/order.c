/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The server's database: made and opened, and on it an order from the terminal's wish to the
 * credit of a balance in the cloud. Whatever failed: after the next start the same wishes, said
 * again, give one order, one credit, and clean books.
 */
#include <string.h>

#include "cloud/orders/case.h"
#include "common/crypto/digest.h"
#include "common/str.h"
#include "tests/torture/server.h"

enum { STEP_OPEN, STEP_CREATE, STEP_QR, STEP_PAID, STEP_POST, STEP_AGAIN };

enum { CLOUD_ROOM = 1 };

static struct server server;

static enum err tell_post(struct db *db, void *arg)
{
    const char *order_no = arg;
    const struct delivery_event post = {.kind = DELIVERY_EV_POST, .use = {.energy_step = 1}};
    struct money_case c;
    enum err err = case_open(&c, server.orders, db, order_no);
    if (err == OK && c.has_delivery && c.delivery.delivery.stage == DELIVERY_READY) {
        err = case_tell_delivery(&c, &post);
    }
    return err == OK ? case_commit(&c) : err;
}

static bool posts(char *order_no)
{
    return store_run(server.store, tell_post, order_no) == OK;
}

static bool prepare(const char *dir)
{
    return server_open(&server, dir);
}

static void run(struct torture_notes *notes, const char *dir)
{
    (void)dir;
    char no[ORDER_NUMBER_SIZE];
    if (torture_step(notes, STEP_CREATE, server_wish(&server, CLOUD_ROOM, no))) {
        str_format_cut(notes->text, sizeof(notes->text), "%s", no);
        if (torture_step(notes, STEP_QR, server_hears(&server, no, PAY_QR)) &&
            torture_step(notes, STEP_PAID, server_hears(&server, no, PAY_PAID))) {
            (void)torture_step(notes, STEP_POST, posts(no));
        }
    }
    server_close(&server);
}

/* ---- looking ---- */

static bool done(const struct torture_notes *notes, size_t step)
{
    return notes->steps[step] == STEP_DONE;
}

/* As it was left: what was acknowledged is there, and nothing is there twice. */
static bool is_as_told(struct torture_notes *notes)
{
    struct server_books books;
    bool good = server_books_are_clean(&server, notes, &books);
    good = torture_expect(notes, books.orders <= 1, "two orders") && good;
    good =
        torture_expect(notes, !done(notes, STEP_CREATE) || books.orders == 1, "an order is lost") &&
        good;
    bool paid = str_equal(books.state, "PAID") || str_equal(books.state, "CREDITING") ||
                str_equal(books.state, "DONE");
    good = torture_expect(notes, !done(notes, STEP_PAID) || paid, "a payment is lost") && good;
    good = torture_expect(notes,
                          !done(notes, STEP_POST) ||
                              (str_equal(books.state, "DONE") && books.cust_fen == SERVER_FEN),
                          "a credit is lost") &&
           good;
    return torture_expect(notes, books.cust_fen == 0 || books.cust_fen == SERVER_FEN,
                          "a credit is there twice") &&
           good;
}

/* The terminal, the wallet and the worker say everything once more. */
static bool ends_well(struct torture_notes *notes)
{
    struct server_books books;
    char no[ORDER_NUMBER_SIZE] = "";
    bool good = torture_expect(notes, server_wish(&server, CLOUD_ROOM, no),
                               "the wish, said again, is refused");
    good = torture_expect(notes, notes->text[0] == '\0' || str_equal(no, notes->text),
                          "the wish, said again, is another order") &&
           good;
    good = torture_expect(notes,
                          server_hears(&server, no, PAY_QR) &&
                              server_hears(&server, no, PAY_PAID) && posts(no),
                          "news, said again, are refused") &&
           good;
    good = server_books_are_clean(&server, notes, &books) && good;
    good = torture_expect(notes, books.orders == 1 && str_equal(books.state, "DONE"),
                          "it does not end") &&
           good;
    return torture_expect(notes, books.cust_fen == SERVER_FEN, "it is not credited once") && good;
}

static bool look(struct torture_notes *notes, const char *dir)
{
    if (!torture_expect(notes, server_open(&server, dir), "it does not open again")) {
        return false;
    }
    bool good = is_as_told(notes) && ends_well(notes);
    server_close(&server);
    return good;
}

/* ---- the database alone ---- */

/* OpenSSL 3.0 crashes if memory runs out while it starts itself, at its first use; not ours. */
static bool prepare_open(const char *dir)
{
    char hex[DIGEST_HEX_SIZE];
    return digest_hex(DIGEST_SHA256, dir, strlen(dir), hex);
}

static void run_open(struct torture_notes *notes, const char *dir)
{
    char why[STORE_WHY_SIZE] = "";
    for (size_t step = STEP_OPEN; step <= STEP_AGAIN; step += STEP_AGAIN - STEP_OPEN) {
        bool opened = torture_step(notes, step, server_open_store(&server, dir, why));
        (void)torture_expect(notes, opened || why[0] != '\0', "it is refused without a word");
        if (opened) {
            store_close(server.store);
        }
    }
}

static bool look_open(struct torture_notes *notes, const char *dir)
{
    char why[STORE_WHY_SIZE] = "";
    if (!torture_expect(notes, server_open_store(&server, dir, why), why)) {
        return false;
    }
    store_close(server.store);
    return true;
}

static const struct torture_flow flow_open = {.name = "cloud-open",
                                              .has_files = true,
                                              .prepare = prepare_open,
                                              .run = run_open,
                                              .look = look_open};
static const struct torture_flow flow_order = {.name = "cloud-order",
                                               .has_files = true,
                                               .make = server_make,
                                               .prepare = prepare,
                                               .run = run,
                                               .look = look};

const struct torture_flow *const torture_flows[] = {&flow_open, &flow_order, NULL};
