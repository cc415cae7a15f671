/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/auditor/options.h"

#include "common/parse.h"
#include "common/str.h"

enum {
    BLOCK_SIZE_DEFAULT = 1024,
    BLOCK_SIZE_MAX = 65536,
    LISTED_MAX = 1000000,
    CARD_KEY_ID_DEFAULT = 1, /* the server's */
};

const char *options_usage(void)
{
    return "usage: shilling-auditor --database FILE [OPTION VALUE]...\n"
           "  --database FILE    the server's cloud.db, or a copy; opened read-only\n"
           "  --bills FOLDER     the wallets' bills as fetched, beside those in the database\n"
           "  --journals PATH    a collector's journal.db, or a folder of such files\n"
           "  --meters FOLDER    what meters recorded: one JSON file a meter\n"
           "  --state FOLDER     remember; the next run reads only what changed\n"
           "  --recheck N|all    read one past block in N again (16); 0: none\n"
           "  --wechat-key FILE  WeChat's API v3 key, to open sealed notices\n"
           "  --card-key FILE    the cards' master key, to check the MACs of tokens and words\n"
           "  --card-key-id N    its number in the records (1)\n"
           "  --at SECONDS       judge as if it were then (seconds since 1970)\n"
           "  --list N           findings of one kind that the text lists (20)\n"
           "  --block N          documents a block (1024)\n"
           "  --json             one JSON object instead of text\n"
           "  --rules            print the table of findings and end\n"
           "exit status: 0 clean, 1 differences, 2 cannot judge\n";
}

struct named_path {
    const char *name;
    char *path;
};

struct named_number {
    const char *name;
    int64_t *value;
    int64_t min;
    int64_t max;
};

static bool take_path(struct options *options, const char *name, const char *value, bool *ret_known)
{
    const struct named_path paths[] = {
        {"--database", options->database}, {"--bills", options->bills},
        {"--journals", options->journals}, {"--meters", options->meters},
        {"--state", options->state},       {"--wechat-key", options->wechat_key},
        {"--card-key", options->card_key},
    };
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        if (str_equal(name, paths[i].name)) {
            *ret_known = true;
            return value[0] != '\0' && str_copy(paths[i].path, OPTIONS_PATH_SIZE, value);
        }
    }
    return true;
}

static bool take_number(struct options *options, const char *name, const char *value,
                        bool *ret_known)
{
    const struct named_number numbers[] = {
        {"--at", &options->now_s, 1, INT64_C(253402300799)},
        {"--recheck", &options->recheck, 0, INT64_MAX},
        {"--list", &options->listed, 0, LISTED_MAX},
        {"--block", &options->block_size, 1, BLOCK_SIZE_MAX},
        {"--card-key-id", &options->card_key_id, 0, UINT16_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        if (!str_equal(name, numbers[i].name)) {
            continue;
        }
        *ret_known = true;
        if (str_equal(name, "--recheck") && str_equal(value, "all")) {
            options->recheck = OPTIONS_RECHECK_ALL;
            return true;
        }
        return parse_i64(value, numbers[i].min, numbers[i].max, numbers[i].value);
    }
    return true;
}

static bool take_switch(struct options *options, const char *name)
{
    if (str_equal(name, "--json")) {
        options->json = true;
    } else if (str_equal(name, "--help")) {
        options->help = true;
    } else if (str_equal(name, "--rules")) {
        options->rules = true;
    } else {
        return false;
    }
    return true;
}

bool options_read(int argc, const char *const *argv, struct options *ret_options,
                  char ret_why[OPTIONS_WHY_SIZE])
{
    struct options options = {.recheck = OPTIONS_RECHECK_DEFAULT,
                              .listed = OPTIONS_LISTED_DEFAULT,
                              .block_size = BLOCK_SIZE_DEFAULT,
                              .card_key_id = CARD_KEY_ID_DEFAULT};
    for (int i = 1; i < argc; i++) {
        bool known = false;
        if (take_switch(&options, argv[i])) {
            continue;
        }
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        const bool good = take_path(&options, argv[i], value, &known) &&
                          take_number(&options, argv[i], value, &known);
        if (!known || !good) {
            str_format_cut(ret_why, OPTIONS_WHY_SIZE, "%.64s: %s", argv[i],
                           known ? "a value is missing or not allowed" : "no such option");
            return false;
        }
        i += 1;
    }
    if (options.database[0] == '\0' && !options.help && !options.rules) {
        str_format_cut(ret_why, OPTIONS_WHY_SIZE, "--database is missing");
        return false;
    }
    *ret_options = options;
    return true;
}
