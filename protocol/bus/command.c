/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/bus/command.h"

#include "common/must.h"
#include "common/str.h"
#include "protocol/bus/codec.h"

/* Purchase counts have four BCD or binary bytes at most. */
#define PURCHASE_COUNT_MAX INT64_C(99999999)

static const char *const op_names[BUS_OP_COUNT] = {
    [BUS_OP_READ] = "read", [BUS_OP_CREDIT] = "credit", [BUS_OP_RELAY] = "relay",
    [BUS_OP_VOID] = "void", [BUS_OP_PING] = "ping",
};
static const char *const prio_names[BUS_PRIO_COUNT] = {
    [BUS_PRIO_LIVE] = "live",
    [BUS_PRIO_CHECK] = "check",
    [BUS_PRIO_SCHEDULE] = "schedule",
};
static const char *const how_names[BUS_RELAY_HOW_COUNT] = {
    [BUS_RELAY_OPEN] = "1A",
    [BUS_RELAY_ALLOW] = "1B",
    [BUS_RELAY_CLOSE] = "1C",
};

const char *bus_op_name(enum bus_op op)
{
    MUST(op < BUS_OP_COUNT);
    return op_names[op];
}

const char *bus_prio_name(enum bus_prio prio)
{
    MUST(prio < BUS_PRIO_COUNT);
    return prio_names[prio];
}

const char *bus_relay_how_name(enum bus_relay_how how)
{
    MUST(how < BUS_RELAY_HOW_COUNT);
    return how_names[how];
}

bool bus_op_is_journalled(enum bus_op op)
{
    switch (op) {
    case BUS_OP_CREDIT:
    case BUS_OP_RELAY:
    case BUS_OP_VOID:
        return true;
    case BUS_OP_READ:
    case BUS_OP_PING:
        return false;
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static void read_put(json_t *root, const struct bus_read *read)
{
    codec_put_items(root, "items", read->items, read->item_count);
    json_put_text(root, "prio", bus_prio_name(read->prio));
}

static void credit_put(json_t *root, const struct bus_credit *credit)
{
    MUST(credit->auth_count <= BUS_AUTH_MAX);
    if (credit->has_expect_count) {
        json_t *expect = json_object();
        MUST(expect != NULL);
        json_put_int(expect, "count", credit->expect_count);
        json_put(root, "expect", expect);
    } else {
        json_put_null(root, "expect");
    }
    json_t *auth = json_array();
    MUST(auth != NULL);
    for (size_t i = 0; i < credit->auth_count; i++) {
        int failed = json_array_append_new(auth, codec_new_frame(&credit->auth[i]));
        MUST(failed == 0);
    }
    codec_put_items(root, "before", credit->before, credit->before_count);
    json_put(root, "auth", auth);
    json_put(root, "frame", codec_new_frame(&credit->frame));
    codec_put_items(root, "after", credit->after, credit->after_count);
    json_put_int(root, "reply_timeout_ms", credit->reply_timeout_ms);
    json_put_int(root, "send", credit->send);
}

static void relay_put(json_t *root, const struct bus_relay *relay)
{
    json_put_text(root, "want", relay->want_closed ? "closed" : "open");
    json_put_int(root, "generation", relay->generation);
    json_put_text(root, "how", bus_relay_how_name(relay->how));
    json_put_int(root, "expiry_s", relay->expiry_s);
}

static void op_put(json_t *root, const struct bus_command *command)
{
    switch (command->op) {
    case BUS_OP_READ:
        read_put(root, &command->u.read);
        return;
    case BUS_OP_CREDIT:
        credit_put(root, &command->u.credit);
        return;
    case BUS_OP_RELAY:
        relay_put(root, &command->u.relay);
        return;
    case BUS_OP_VOID:
        json_put_text(root, "target", command->u.voiding.target);
        return;
    case BUS_OP_PING:
        return;
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

static bool op_has_meter(enum bus_op op)
{
    return op == BUS_OP_READ || op == BUS_OP_CREDIT || op == BUS_OP_RELAY;
}

enum err bus_command_encode(const struct bus_command *command, char *ret_text, size_t text_size,
                            size_t *ret_size)
{
    json_t *root = json_object();
    MUST(root != NULL);
    json_put_text(root, "id", command->id);
    json_put_text(root, "op", bus_op_name(command->op));
    if (bus_op_is_journalled(command->op)) {
        json_put_int(root, "epoch", command->epoch);
    }
    if (op_has_meter(command->op)) {
        json_put_text(root, "meter", command->meter);
    }
    json_put_int(root, "deadline_ms", command->deadline_ms);
    op_put(root, command);
    return codec_print(root, ret_text, text_size, ret_size);
}

/* Index of the member's word in @p words; refuses and gives 0 if it is none of them. */
static int word_read(struct json_reader *r, const char *name, const char *const *words, int count)
{
    char text[16];
    json_text(r, name, text, sizeof(text));
    for (int i = 0; i < count; i++) {
        if (str_equal(text, words[i])) {
            return i;
        }
    }
    json_refuse(r, name);
    return 0;
}

static void read_read(struct json_reader *r, struct bus_read *ret)
{
    codec_items(r, "items", 1, ret->items, &ret->item_count);
    int prio = word_read(r, "prio", prio_names, BUS_PRIO_COUNT);
    ret->prio = (enum bus_prio)prio;
}

static void auth_read(struct json_reader *r, struct bus_credit *ret)
{
    const json_t *auth = json_array_at(r, "auth");
    if (json_array_size(auth) > BUS_AUTH_MAX) {
        json_refuse(r, "auth");
        return;
    }
    for (size_t i = 0; i < json_array_size(auth); i++) {
        if (!codec_frame_of(json_array_get(auth, i), &ret->auth[i])) {
            json_refuse(r, "auth");
            return;
        }
    }
    ret->auth_count = json_array_size(auth);
}

static void credit_read(struct json_reader *r, struct bus_credit *ret)
{
    if (json_has(r, "expect")) {
        struct json_reader expect = json_reader(json_object_at(r, "expect"));
        ret->has_expect_count = true;
        ret->expect_count = (uint32_t)json_int(&expect, "count", 0, PURCHASE_COUNT_MAX);
        if (json_failed(&expect)) {
            json_refuse(r, "expect.count");
        }
    }
    codec_items(r, "before", 0, ret->before, &ret->before_count);
    auth_read(r, ret);
    codec_frame(r, "frame", /* may_be_null= */ false, &ret->frame);
    codec_items(r, "after", 0, ret->after, &ret->after_count);
    ret->reply_timeout_ms = (uint32_t)json_int(r, "reply_timeout_ms", BUS_REPLY_TIMEOUT_MS_MIN,
                                               BUS_REPLY_TIMEOUT_MS_MAX);
    ret->send = (uint32_t)json_int(r, "send", 1, BUS_SEND_MAX);
}

static void relay_read(struct json_reader *r, struct bus_relay *ret)
{
    static const char *const wants[] = {"open", "closed"};
    ret->want_closed = word_read(r, "want", wants, 2) == 1;
    ret->generation = (uint32_t)json_int(r, "generation", 0, UINT32_MAX);
    int how = word_read(r, "how", how_names, BUS_RELAY_HOW_COUNT);
    ret->how = (enum bus_relay_how)how;
    ret->expiry_s = (uint32_t)json_int(r, "expiry_s", 1, BUS_EXPIRY_S_MAX);
    if (ret->want_closed != (ret->how != BUS_RELAY_OPEN)) {
        json_refuse(r, "how");
    }
}

static void op_read(struct json_reader *r, struct bus_command *ret)
{
    switch (ret->op) {
    case BUS_OP_READ:
        read_read(r, &ret->u.read);
        return;
    case BUS_OP_CREDIT:
        credit_read(r, &ret->u.credit);
        return;
    case BUS_OP_RELAY:
        relay_read(r, &ret->u.relay);
        return;
    case BUS_OP_VOID:
        codec_id(r, "target", ret->u.voiding.target);
        return;
    case BUS_OP_PING:
        return;
    case BUS_OP_COUNT:
        break;
    }
    MUST_NOT_REACH();
}

/* The head that every command has. False for an op that we do not know. */
static bool head_read(struct json_reader *r, struct bus_command *ret)
{
    char op[16];
    json_text(r, "op", op, sizeof(op));
    ret->deadline_ms =
        (uint32_t)json_int(r, "deadline_ms", BUS_DEADLINE_MS_MIN, BUS_DEADLINE_MS_MAX);
    int found = 0;
    while (found < BUS_OP_COUNT && !str_equal(op, op_names[found])) {
        found += 1;
    }
    if (found == BUS_OP_COUNT) {
        json_refuse(r, "op");
        return false;
    }
    ret->op = (enum bus_op)found;
    if (bus_op_is_journalled(ret->op)) {
        ret->epoch = (uint32_t)json_int(r, "epoch", 1, INT32_MAX);
    }
    if (op_has_meter(ret->op)) {
        codec_meter(r, "meter", ret->meter);
    }
    return true;
}

enum err bus_command_decode(const char *text, size_t size, struct bus_command *ret_command,
                            struct bus_fault *ret_fault)
{
    json_t *root = codec_parse(text, size, BUS_TEXT_SIZE_MAX, ret_fault);
    if (root == NULL) {
        return ERR_FORMAT;
    }
    struct json_reader r = json_reader(root);
    struct bus_command command = {0};
    codec_id(&r, "id", command.id);
    if (!json_failed(&r)) {
        MUST(str_copy(ret_fault->id, sizeof(ret_fault->id), command.id));
    }
    bool known = head_read(&r, &command);
    if (known) {
        op_read(&r, &command);
    }
    enum err err = codec_finish(&r, ret_fault);
    if (err == OK) {
        *ret_command = command;
    } else if (!known && str_equal(ret_fault->field, "op")) {
        err = ERR_UNSUPPORTED;
    }
    json_decref(root);
    return err;
}
