/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Card messages that are refused: every list that is too long, every word that is none and every
 * record of a wrong length, with the member's name. Messages stand here with ' for ", so that they
 * can be read.
 */
#include <string.h>

#include "common/str.h"
#include "tests/unit/protocol/api/card_messages.h"

enum message { LAID, SESSION, READ, VIEW, ISSUE, WRITE, ROUND, STEP, WRITTEN, PROOF };

static enum err decode(enum message message, const char *json)
{
    struct api_card_laid laid;
    struct api_card_issue issue;
    struct api_card_proof proof;
    const size_t len = strlen(json);
    switch (message) {
    case LAID:
        return api_card_laid_decode(json, len, &laid, &fault);
    case SESSION:
        return api_card_session_decode(json, len, &session_out, &fault);
    case READ:
        return api_card_read_decode(json, len, &read_out, &fault);
    case VIEW:
        return api_card_view_decode(json, len, &view_out, &fault);
    case ISSUE:
        return api_card_issue_decode(json, len, &issue, &fault);
    case WRITE:
        return api_card_write_decode(json, len, &write_out, &fault);
    case ROUND:
        return api_card_round_decode(json, len, &round_out, &fault);
    case STEP:
        return api_card_step_decode(json, len, &step_out, &fault);
    case WRITTEN:
        return api_card_written_decode(json, len, &written_out, &fault);
    case PROOF:
        return api_card_proof_decode(json, len, &proof, &fault);
    }
    return ERR_INTERNAL;
}

#define LAID_REST "'client_request_id':'" UUID "','atqa':'0004','family':'classic'"
#define SESSION_REST "'session_id':'" UUID "','media':'classic'"
#define VIEW_REST                                                                                  \
    "'session_id':'" UUID "','room_id':'r','meter_id':'m','loaded':'yes','balance_fen':null"
#define WRITE_REST "'order_no':'S0000001','amount_fen':1,'authorisation':'a.b'"
#define BARE_REST "'order_no':'S0000001','amount_fen':1,'n':1"
#define ROUND_REST "'session_id':'" UUID "','answers':['9100']"
#define APDUS "'apdus':[{'apdu':'90C7000000','expect':'9100'}]"
#define KEY "{'sector':1,'kind':'B','key':'c6147c262cd3'}"
#define KEY5 KEY "," KEY "," KEY "," KEY "," KEY
#define WRITTEN_REST "'client_request_id':'" UUID "','uid':'4A8B1C2D'"

static const struct {
    enum message message;
    const char *json;
    const char *field;
} CASES[] = {
    {LAID, "{" LAID_REST ",'sak':'08','uid':'4A8B1C2D'}", NULL},
    {LAID, "{" LAID_REST ",'sak':'08','uid':'4A8B1C'}", "uid"},
    {LAID, "{" LAID_REST ",'sak':'08','uid':'4A8B1C2G'}", "uid"},
    {LAID, "{" LAID_REST ",'sak':'8','uid':'4A8B1C2D'}", "sak"},
    {LAID, "{" LAID_REST ",'sak':'08','uid':'4A8B1C2D','ats':'abc'}", "ats"},
    {LAID, "[]", "(body)"},
    {SESSION, "{" SESSION_REST ",'standing':'ours'}", NULL},
    {SESSION, "{" SESSION_REST ",'standing':'friend'}", "standing"},
    {SESSION, "{" SESSION_REST ",'standing':'ours','keys':[" KEY5 "," KEY5 "]}", NULL},
    {SESSION, "{" SESSION_REST ",'standing':'ours','keys':[" KEY5 "," KEY5 "," KEY "]}", "keys"},
    {SESSION,
     "{" SESSION_REST ",'standing':'ours','keys':[{'sector':16,'kind':'A','key':"
     "'c6147c262cd3'}]}",
     "keys"},
    {SESSION,
     "{" SESSION_REST ",'standing':'ours','keys':[{'sector':1,'kind':'C','key':"
     "'c6147c262cd3'}]}",
     "keys"},
    {SESSION, "{" SESSION_REST ",'standing':'ours','keys':[{'sector':1,'kind':'A','key':'c6'}]}",
     "keys"},
    {SESSION, "{" SESSION_REST ",'standing':'ours','keys':[7]}", "keys"},
    {SESSION, "{" SESSION_REST ",'standing':'ours','apdus':[{'apdu':''}]}", "apdus"},
    {SESSION, "{" SESSION_REST ",'standing':'ours','apdus':[{'apdu':'90','expect':'91'}]}",
     "apdus"},
    {READ, "{'credit':[null,null]}", NULL},
    {READ, "{'credit':[null,null,null]}", "credit"},
    {READ, "{'credit':['53']}", "credit"},
    {READ, "{'credit':[5]}", "credit"},
    {READ, "{'return':'x'}", "return"},
    {READ, "{'issue':'5'}", "issue"},
    {READ, "{'answers':['9100','zz']}", "answers"},
    {READ, "{'answers':[null]}", "answers"},
    {READ, "{'round':13}", "round"},
    {VIEW, "{" VIEW_REST ",'state':'ready'}", NULL},
    {VIEW, "{" VIEW_REST ",'state':'owed'}", "write"},
    {VIEW, "{" VIEW_REST ",'state':'sold'}", "state"},
    {VIEW, "{" VIEW_REST ",'state':'ready','last_top_up':{'at':1}}", "last_top_up"},
    {VIEW, "{" VIEW_REST ",'state':'ready','owed':{'amount_fen':1}}", "owed"},
    {VIEW, "{'session_id':'" UUID "','state':'ready','loaded':'yes'}", "room_id"},
    {VIEW, "{'session_id':'" UUID "','state':'refused','loaded':'yes'}", NULL},
    {ISSUE, "{'client_request_id':'" UUID "','session_id':'x'}", "session_id"},
    {WRITE, "{}", "write"},
    {WRITE, "{'write':{" WRITE_REST ",'n':0,'media':'classic','token':'" RECORD "'}}", "write.n"},
    {WRITE, "{'write':{" WRITE_REST ",'n':1,'media':'classic'}}", "write.token"},
    {WRITE, "{'write':{" WRITE_REST ",'n':1,'media':'desfire','token':'" RECORD "'}}",
     "write.token"},
    {WRITE, "{'write':{" WRITE_REST ",'n':1,'media':'desfire'}}", NULL},
    {WRITE, "{'write':{" BARE_REST ",'media':'desfire'," APDUS "}}", NULL},
    {WRITE, "{'write':{" BARE_REST ",'media':'desfire'," APDUS ",'round':13}}", "write.round"},
    {WRITE, "{'write':{" BARE_REST ",'media':'classic','token':'" RECORD "'}}",
     "write.authorisation"},
    {ROUND, "{" ROUND_REST ",'round':12}", NULL},
    {ROUND, "{" ROUND_REST ",'round':0}", "round"},
    {ROUND, "{" ROUND_REST "}", "round"},
    {ROUND, "{'session_id':'7','round':1}", "session_id"},
    {STEP, "{'progress':'more','round':2,'authorisation':null," APDUS "}", NULL},
    {STEP, "{'progress':'more'}", "apdus"},
    {STEP, "{'progress':'written'," APDUS "}", "apdus"},
    {STEP, "{'progress':'done'}", "progress"},
    {WRITTEN, "{" WRITTEN_REST ",'outcome':'done','credit':['" RECORD "','" RECORD "']}", NULL},
    {WRITTEN, "{" WRITTEN_REST ",'outcome':'perhaps'}", "outcome"},
    {PROOF, "{'written':true}", NULL},
    {PROOF, "{'written':1}", "written"},
    {PROOF, "{'written':true,'order':{}}", "order.order_no"},
};

static enum err decode_quoted(enum message message, const char *json_in_quotes)
{
    char json[2048];
    CHECK(str_copy(json, sizeof(json), json_in_quotes));
    for (char *at = json; *at != '\0'; at++) {
        *at = *at == '\'' ? '"' : *at;
    }
    fault.field[0] = '\0';
    return decode(message, json);
}

TEST(whatever_is_wrong_is_named)
{
    for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
        const enum err err = decode_quoted(CASES[i].message, CASES[i].json);
        CHECK_EQ_I64(err, CASES[i].field == NULL ? OK : ERR_FORMAT);
        if (CASES[i].field != NULL) {
            CHECK_EQ_STR(fault.field, CASES[i].field);
        }
    }
}

TEST(what_is_no_object_is_refused_as_a_whole)
{
    static const char *const bodies[] = {"", "[]", "null", "7", "{", "{}x", "{'uid':'\xff'}"};
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        for (int message = LAID; message <= PROOF; message++) {
            CHECK_EQ_I64(decode_quoted((enum message)message, bodies[i]), ERR_FORMAT);
            CHECK_EQ_STR(fault.field, "(body)");
        }
    }
}

/* The structures that are too large for a stack, and are cleared when a message is refused. */
static const struct {
    enum message message;
    void *out;
    size_t out_size;
} CLEARED[] = {
    {SESSION, &session_out, sizeof(session_out)}, {READ, &read_out, sizeof(read_out)},
    {VIEW, &view_out, sizeof(view_out)},          {WRITE, &write_out, sizeof(write_out)},
    {WRITTEN, &written_out, sizeof(written_out)}, {ROUND, &round_out, sizeof(round_out)},
    {STEP, &step_out, sizeof(step_out)},
};

static bool is_cleared(const void *memory, size_t memory_size)
{
    const uint8_t *bytes = memory;
    size_t zeros = 0;
    while (zeros < memory_size && bytes[zeros] == 0) {
        zeros += 1;
    }
    return zeros == memory_size;
}

TEST(a_refused_message_leaves_no_key_and_no_token_behind)
{
    for (size_t i = 0; i < ARRAY_COUNT(CLEARED); i++) {
        size_t refused = 0;
        for (size_t k = 0; k < ARRAY_COUNT(CASES); k++) {
            if (CASES[k].message == CLEARED[i].message && CASES[k].field != NULL) {
                memset(CLEARED[i].out, 'x', CLEARED[i].out_size);
                CHECK_EQ_I64(decode_quoted(CASES[k].message, CASES[k].json), ERR_FORMAT);
                CHECK(is_cleared(CLEARED[i].out, CLEARED[i].out_size));
                refused += 1;
            }
        }
        CHECK(refused > 0);
        memset(CLEARED[i].out, 'x', CLEARED[i].out_size);
        CHECK_EQ_I64(decode_quoted(CLEARED[i].message, "[]"), ERR_FORMAT);
        CHECK(is_cleared(CLEARED[i].out, CLEARED[i].out_size));
    }
}

TEST_MAIN()
