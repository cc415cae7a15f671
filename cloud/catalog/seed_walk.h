/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_CATALOG_SEED_WALK_H
#define SHILLING_CLOUD_CATALOG_SEED_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cloud/catalog/seed.h"
#include "cloud/store/db.h"
#include "common/compiler.h"
#include "common/config/config.h"
#include "common/err.h"

/*
 * Walking through the seed file: fields are named relative to the group being read, and whatever
 * is wrong with one, be it by the configuration reader or by the database, is kept with file and
 * line by the reader. walk->err becomes non-OK when the database refused something: stop then.
 */
enum {
    WALK_PATH_SIZE = 128,
    SEED_PROFILES_MAX = 200,
};

struct walk {
    struct config *cfg;
    struct db *db;
    seed_opening opening;
    char base[WALK_PATH_SIZE]; /* "sites.[0].rooms.[17]."; empty at the top */
    char path[WALK_PATH_SIZE]; /* of the field read last */
    enum err err;
};

/** Go to element @p index of the list @p name under @p base. */
void walk_enter(struct walk *walk, const char *base, const char *name, size_t index);
void walk_back(struct walk *walk, const char *base);

bool walk_has(struct walk *walk, const char *field);
size_t walk_count(struct walk *walk, const char *field, size_t count_max);
/** As config_text(). */
void walk_text(struct walk *walk, const char *field, const char *fallback, char *ret_text,
               size_t size);
int64_t walk_int(struct walk *walk, const char *field, struct config_int range);
bool walk_bool(struct walk *walk, const char *field, bool fallback);
/** One of the words; returns the word itself (the fallback's where absent). */
const char *walk_word(struct walk *walk, const char *field, const char *const *words, size_t count,
                      int fallback);
/** A required id of 1..32 of A-Z a-z 0-9 . _ - */
void walk_id(struct walk *walk, const char *field, char ret_id[33]);
/** An amount in yuan as a text; fen, at least @p min_fen. "" as fallback: 0 where absent. */
int64_t walk_yuan(struct walk *walk, const char *field, const char *fallback, int64_t min_fen);
/** A required text that @p query (a literal with ?1) must find. */
void walk_known(struct walk *walk, const char *field, const char *query, char *ret_text,
                size_t size);
void walk_fail(struct walk *walk, const char *field, const char *format, ...) PRINTF_LIKE(3, 4);
/** Run the statement; what the database refuses is said about @p field. */
void walk_run(struct walk *walk, struct sql *sql, const char *field);

/** One entry of "profiles" (seed_profile.c). */
void walk_profile(struct walk *walk);

#endif
