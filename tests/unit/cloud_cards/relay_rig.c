/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/cloud_cards/relay_rig.h"

#include <string.h>

#include "common/must.h"
#include "common/str.h"

enum { PATH_SIZE = 128, ROUNDS_MAX = 4 /* of a reading */ };

struct relay_hand hand;

static char body[API_TEXT_SIZE_MAX]; /* too large for a stack */
static struct api_fault fault;

static void text_of(char *ret_text, size_t size, const char *text)
{
    MUST(str_copy(ret_text, size, text));
}

bool relay_post(const char *terminal, const char *path, const char *text)
{
    double_http_peer(terminal, str_equal(terminal, "k9") ? "s2" : "s1");
    struct double_answer answer = double_http_call(HTTP_POST, path, text);
    hand.status = answer.status;
    hand.error[0] = '\0';
    const char *code =
        json_string_value(json_object_get(json_object_get(answer.json, "error"), "code"));
    if (hand.status != 200 && code != NULL) {
        text_of(hand.error, sizeof(hand.error), code);
    }
    if (hand.status == 200) {
        text_of(hand.answered, API_TEXT_SIZE_MAX, answer.text);
    }
    double_answer_finish(&answer);
    return hand.status == 200;
}

/* ---- laying ---- */

void relay_open(const char *terminal, const char *uid)
{
    struct api_card_laid laid = {.client_request_id = "018f3a1c-0000-7000-a000-000000000007",
                                 .atqa = "0344",
                                 .sak = "20",
                                 .family = "iso"};
    size_t size = 0;
    text_of(laid.uid, sizeof(laid.uid), uid);
    MUST(api_card_laid_encode(&laid, body, sizeof(body), &size) == OK);
    MUST(relay_post(terminal, "/v1/terminal/cards", body));
    MUST(api_card_session_decode(hand.answered, strlen(hand.answered), &hand.session, &fault) ==
         OK);
}

/* What the card says to a script; stops at an answer that is not as expected, as cardd does. */
static size_t carry(const struct api_card_script *script, struct api_card_apdu *ret_answers)
{
    size_t count = 0;
    for (size_t i = 0; i < script->count; i++) {
        struct apdu command;
        MUST(apdu_parse(script->apdus[i].apdu, &command));
        const struct apdu answer = hand.hear(&command);
        apdu_format(&answer, ret_answers[count].apdu);
        count += 1;
        if (!str_equal(ret_answers[count - 1].apdu + strlen(ret_answers[count - 1].apdu) - 4,
                       script->apdus[i].expect)) {
            break;
        }
    }
    return count;
}

void relay_carry_reading(const struct api_card_script *script)
{
    memset(&hand.reading, 0, sizeof(hand.reading));
    hand.reading.round = script->round;
    hand.reading.answer_count = carry(script, hand.reading.answers);
}

bool relay_send_reading(const char *terminal)
{
    char path[PATH_SIZE];
    size_t size = 0;
    MUST(api_card_read_encode(&hand.reading, body, sizeof(body), &size) == OK);
    str_format_cut(path, sizeof(path), "/v1/terminal/cards/%s/read", hand.session.session_id);
    if (!relay_post(terminal, path, body)) {
        return false;
    }
    MUST(api_card_view_decode(hand.answered, strlen(hand.answered), &hand.view, &fault) == OK);
    return true;
}

void relay_lay(const char *terminal, const char *uid)
{
    relay_open(terminal, uid);
    MUST(hand.session.standing == API_CARD_OURS);
    relay_carry_reading(&hand.session.script);
    MUST(relay_send_reading(terminal));
    for (int i = 0; i < ROUNDS_MAX && hand.view.state == API_CARD_MORE; i++) {
        relay_carry_reading(&hand.view.script);
        MUST(relay_send_reading(terminal));
    }
}

/* ---- writing ---- */

bool relay_send_round(const char *terminal, const char *order_no)
{
    char path[PATH_SIZE];
    size_t size = 0;
    MUST(api_card_round_encode(&hand.said, body, sizeof(body), &size) == OK);
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/card/round", order_no);
    if (!relay_post(terminal, path, body)) {
        return false;
    }
    MUST(api_card_step_decode(hand.answered, strlen(hand.answered), &hand.step, &fault) == OK);
    return true;
}

void relay_carry_round(const struct api_card_script *script)
{
    memset(&hand.said, 0, sizeof(hand.said));
    text_of(hand.said.session_id, sizeof(hand.said.session_id), hand.session.session_id);
    hand.said.round = script->round;
    hand.said.answer_count = carry(script, hand.said.answers);
}

bool relay_one_round(const char *terminal, int nth)
{
    const struct api_card_script *script = nth == 1 ? &hand.write.script : &hand.step.script;
    MUST(script->round == nth);
    relay_carry_round(script);
    return relay_send_round(terminal, hand.write.order_no);
}

void relay_rounds_to(const char *terminal, int last)
{
    for (int nth = 1; nth <= last; nth++) {
        MUST(relay_one_round(terminal, nth));
        MUST(hand.step.progress ==
             (nth == hand.write_rounds ? API_CARD_WRITTEN : API_CARD_GOES_ON));
    }
}

/* ---- the way ---- */

void relay_buy(struct card_rig *rig, const char *terminal, const char *uid, int64_t fen)
{
    static struct laid laid;
    relay_lay(terminal, uid);
    MUST(hand.view.state == API_CARD_READY);
    memset(&laid, 0, sizeof(laid));
    text_of(laid.session_id, sizeof(laid.session_id), hand.session.session_id);
    MUST(order_card(terminal, &laid, fen, hand.order_no) == 200);
    MUST(rig_until(&rig->rig, hand.order_no, "WAIT_PAY"));
    double_pay_settle(hand.order_no, 0);
    MUST(rig_until(&rig->rig, hand.order_no, "PAID"));
}

unsigned relay_issue(const char *terminal)
{
    return issue(terminal, hand.order_no, hand.session.session_id, &hand.write, hand.error);
}

bool relay_told_written(const char *uid)
{
    char path[PATH_SIZE];
    str_format_cut(body, sizeof(body),
                   "{\"client_request_id\":\"018f3a1c-0000-7000-a000-000000000009\",\"uid\":\"%s\","
                   "\"outcome\":\"unknown\"}",
                   uid);
    str_format_cut(path, sizeof(path), "/v1/terminal/orders/%s/card/written", hand.order_no);
    MUST(relay_post("k1", path, body));
    MUST(api_card_proof_decode(hand.answered, strlen(hand.answered), &hand.proof, &fault) == OK);
    return hand.proof.written;
}
