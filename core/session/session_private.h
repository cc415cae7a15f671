/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CORE_SESSION_SESSION_PRIVATE_H
#define SHILLING_CORE_SESSION_SESSION_PRIVATE_H

/* What the parts of the session share. Nobody outside core/session includes this. */

#include "core/session/session.h"

/* All times of a session in one place (docs/screens.md). */
enum {
    SESSION_HOME_TO_ATTRACT_MS = 60000,
    SESSION_IDLE_MS = 120000,
    SESSION_IDLE_ASSIST_MS = 240000,
    SESSION_PROMPT_MS = 30000,
    SESSION_PROMPT_ASSIST_MS = 45000,
    SESSION_SLOW_MS = 45000, /* S5 releases the user */
    SESSION_SLOW_ASSIST_MS = 90000,
    SESSION_RESULT_MS = 20000,
    SESSION_RESULT_ASSIST_MS = 60000,
    SESSION_REOPENED_MS = 60000,     /* the result page after a start (E4) */
    SESSION_REOPEN_AGE_MS = 600000,  /* an older order is the office's business */
    SESSION_CHECKING_MS = 15000,     /* "checking", then "not paid so far" */
    SESSION_CLOSED_MS = 15000,       /* E7 */
    SESSION_PROBLEM_MS = 30000,      /* nothing was taken: time to read why */
    SESSION_STALE_MS = 10000,        /* no news for so long: hide the code */
    SESSION_SILENT_MS = 60000,       /* the server ends the order of a silent kiosk */
    SESSION_CREATE_SLOW_MS = 8000,   /* "the payment channel is slow" */
    SESSION_RECEIPT_CODE_MS = 60000, /* E14 */
    SESSION_RING_SLACK_MS = 2000,    /* of the way here; more means "more time" */
    SESSION_RETRY_MS = 2000,         /* between two questions after a start */
    SESSION_QR_PROMPT_MS = 45000,    /* S4: the end of the code's time is sounded */
    SESSION_CARD_WAIT_MS = 60000,    /* to lay a card */
    SESSION_CARD_WAIT_ASSIST_MS = 120000,
    SESSION_CARD_REMIND_MS = 15000, /* the card is asked for aloud, and once more */
    SESSION_CARD_REMIND_AGAIN_MS = 35000,
    SESSION_CARD_TRIES_MS = 30000, /* further tries after the first failed write */
    SESSION_CARD_TRIES_ASSIST_MS = 60000,
    SESSION_CARD_TRIES_MAX = 3,
    SESSION_CARD_RETRY_MS = 1000,
    SESSION_CARD_TAKE_MS = 5000, /* B5: "take your card" */
    SESSION_CARD_FORGOTTEN_MS = 300000,
    SESSION_HELP_MS = 60000, /* a forgotten help sheet must not hold a page of somebody */
};

/* Add an effect of @p kind and return it for its values. */
struct session_effect *session_effect_add(struct session_effects *effects,
                                          enum session_effect_kind kind);
void session_effect_sound(struct session_effects *effects, enum session_sound sound);
/* A question to the server: counts request_serial up, so that older answers are dropped. */
struct session_effect *session_ask(struct session *session, struct session_effects *effects,
                                   enum session_effect_kind kind, const char *text);

/* Copy a text that fits by construction (both sides have the model's sizes). */
void session_text_copy(char *ret_text, size_t size, const char *text);

/* Change the page; @p lasts_ms 0: it does not end by itself. Closes the overlay. */
void session_goto(struct session *session, enum session_screen screen, int64_t now_ms,
                  int64_t lasts_ms);
void session_overlay_open(struct session *session, enum session_overlay overlay, int64_t now_ms,
                          int64_t lasts_ms);
void session_overlay_close(struct session *session);
void session_problem_show(struct session *session, enum session_problem problem, const char *text,
                          int64_t now_ms);

/* @p normal, or @p assist in large mode. */
int64_t session_time(const struct session *session, int64_t normal, int64_t assist);

/* session_find.c */
void session_find_begin(struct session *session, struct session_effects *effects, int64_t now_ms);
void session_find_rooms(struct session *session, const struct session_event *event);
bool session_find_touch(struct session *session, const struct session_event *event,
                        struct session_effects *effects);
void session_orders_begin(struct session *session, int64_t now_ms);
bool session_orders_touch(struct session *session, const struct session_event *event,
                          struct session_effects *effects);
void session_entry_add(char *entry, size_t digits_max, const char *digits);
void session_entry_erase(char *entry);

/* session_meter.c */
void session_meter_open(struct session *session, const char *room_id,
                        struct session_effects *effects, int64_t now_ms);
void session_meter_arrived(struct session *session, const struct session_event *event,
                           struct session_effects *effects);
void session_reading_arrived(struct session *session, const struct session_event *event);
/* Back to S3; a reading whose answer was dropped meanwhile is asked for again. */
void session_meter_return(struct session *session, struct session_effects *effects, int64_t now_ms);
bool session_meter_touch(struct session *session, const struct session_event *event,
                         struct session_effects *effects);

/* session_pay.c */
bool session_pay_touch(struct session *session, const struct session_event *event,
                       struct session_effects *effects);
void session_pay_refused(struct session *session, const struct session_event *event,
                         struct session_effects *effects);
void session_pay_failed(struct session *session, const struct session_event *event);

/* session_order.c */
void session_order_arrived(struct session *session, const struct session_event *event,
                           struct session_effects *effects);
void session_order_show(struct session *session, struct session_effects *effects, int64_t now_ms);
/* Ask for a piece of paper under @p job_id, and wait for the verdict on that one. */
void session_print(struct session *session, struct session_effects *effects, const char *job_id);
void session_order_tick(struct session *session, int64_t now_ms, struct session_effects *effects);
int64_t session_order_deadline_ms(const struct session *session);

/* session_card.c */
/* B1: lay a card; what lies there already is read at once. */
void session_card_begin(struct session *session, struct session_effects *effects, int64_t now_ms);
/* Forget whose card it is; what lies on the pad lies there still. */
void session_card_forget(struct session *session);
bool session_card_is_known(const struct session *session);
void session_card_trouble_set(struct session *session, enum session_card_trouble trouble,
                              const char *text);
/* Nothing was taken, and this is why the card cannot go on; @p text as the server put it, or NULL.
 */
void session_card_problem(struct session *session, struct session_effects *effects,
                          enum session_card_trouble trouble, const char *text, int64_t now_ms);
/* Read what lies on the pad. */
void session_card_open(struct session *session, struct session_effects *effects, int64_t now_ms);
void session_card_pad(struct session *session, const struct session_event *event,
                      struct session_effects *effects);
void session_card_reader(struct session *session, const struct session_event *event,
                         struct session_effects *effects);
void session_card_view_arrived(struct session *session, const struct session_event *event,
                               struct session_effects *effects);
void session_card_failed(struct session *session, const struct session_event *event,
                         struct session_effects *effects);
bool session_card_touch(struct session *session, const struct session_event *event,
                        struct session_effects *effects);
/* After every event: a card that waits on the first page, and how the reader is to look. */
void session_card_settle(struct session *session, struct session_effects *effects, int64_t now_ms);

/* session_card_write.c */
enum session_screen session_card_screen(const struct session *session);
/* The card must not be taken yet, whatever the order has come to. */
bool session_card_holds(const struct session *session);
/* Ask for the token of the order on the screen. */
void session_card_ask(struct session *session, struct session_effects *effects);
/* What lies there is the card of this order, as far as can be known. */
bool session_card_is_same(const struct session *session);
/* How long the person waits for this step from now on. */
void session_card_patience(struct session *session, int64_t now_ms, int64_t normal_ms,
                           int64_t assist_ms);
/* The order is paid: on to its card. */
void session_card_paid(struct session *session, struct session_effects *effects, int64_t now_ms);
/* The money goes back: nothing more is asked about the card, and late answers say nothing. */
void session_card_refunded(struct session *session);
void session_card_resume(struct session *session, struct session_effects *effects, int64_t now_ms);
void session_card_order_view(struct session *session, const struct session_card_view *view,
                             struct session_effects *effects, int64_t now_ms);
void session_card_order_failed(struct session *session, enum session_card_trouble trouble,
                               const char *text, struct session_effects *effects, int64_t now_ms);
/* Something else was laid while the order's card was read or asked for. */
void session_card_disturbed(struct session *session, struct session_effects *effects,
                            int64_t now_ms);
void session_card_order_lifted(struct session *session, struct session_effects *effects,
                               int64_t now_ms);
void session_card_token(struct session *session, const struct session_event *event,
                        struct session_effects *effects);
void session_card_result(struct session *session, const struct session_event *event,
                         struct session_effects *effects);
void session_card_told(struct session *session, const struct session_event *event,
                       struct session_effects *effects);
bool session_card_order_touch(struct session *session, const struct session_event *event,
                              struct session_effects *effects);
void session_card_tick(struct session *session, int64_t now_ms, struct session_effects *effects);
int64_t session_card_deadline_ms(const struct session *session);

/* session_card_take.c */
void session_card_done(struct session *session, int64_t now_ms);
void session_card_done_lifted(struct session *session, int64_t now_ms);
void session_card_done_laid(struct session *session, struct session_effects *effects,
                            int64_t now_ms);
bool session_card_lies_on_done(const struct session *session);
/* A sound: lay the card, or take it; and when the next one is due. */
void session_card_remind(struct session *session, struct session_effects *effects, int64_t now_ms);

/* session_end.c */
bool session_page_shows_order(const struct session *session);
void session_boot(struct session *session, const struct session_event *event,
                  struct session_effects *effects);
void session_boot_found(struct session *session, const struct session_event *event,
                        struct session_effects *effects);
/* The person is gone, or has said so: home, and nothing of him is left. */
void session_leave(struct session *session, struct session_effects *effects, int64_t now_ms);
/* He goes back to the first page and stands there still: he keeps his language, size, contrast. */
void session_go_home(struct session *session, struct session_effects *effects, int64_t now_ms);
/* The journal may close the attempt of this number. */
void session_settled(struct session *session, struct session_effects *effects);
/* Look for an order by its number among this terminal's newest, until @p until_ms. */
void session_look_for(struct session *session, struct session_effects *effects, int64_t now_ms,
                      int64_t until_ms);
void session_end_tick(struct session *session, int64_t now_ms, struct session_effects *effects);
int64_t session_end_deadline_ms(const struct session *session);
bool session_result_touch(struct session *session, const struct session_event *event,
                          struct session_effects *effects);

#endif
