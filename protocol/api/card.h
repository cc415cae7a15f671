/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_PROTOCOL_API_CARD_H
#define SHILLING_PROTOCOL_API_CARD_H

#include "common/err.h"
#include "common/id.h"
#include "protocol/api/order.h"
#include "protocol/api/value.h"

/*
 * A card in the field of a terminal, as terminal and cloud speak of it. The terminal can neither
 * check nor make what a card holds: it carries raw slots and answers up, keys, tokens and commands
 * down, and shows what the cloud says. Bytes are lower or upper case hex. Structures with commands
 * in them take some 20 kB: they belong on the heap.
 */
enum {
    API_CARD_UID_SIZE = 21,    /* 4, 7 or 10 bytes */
    API_CARD_ATQA_SIZE = 5,    /* 2 bytes */
    API_CARD_SAK_SIZE = 3,     /* 1 byte */
    API_CARD_ATS_SIZE = 65,    /* up to 32 bytes */
    API_CARD_SLOTS = 2,        /* mirrored slots of a record */
    API_CARD_RECORD_SIZE = 97, /* 48 bytes */
    API_CARD_KEY_SIZE = 13,    /* 6 bytes */
    API_CARD_KEYS_MAX = 10,    /* of one session: sectors 1 to 5, both kinds */
    API_CARD_APDU_SIZE = 525,  /* 262 bytes: what a reader takes in one piece */
    API_CARD_EXPECT_SIZE = 5,  /* status word */
    API_CARD_APDUS_MAX = 16,   /* of one round */
    API_CARD_ROUNDS_MAX = 12,  /* of one reading or one write */
    API_CARD_AUTHORISATION_SIZE = 1025,
};

/* What stands in the register about a card. */
enum api_card_standing {
    API_CARD_OURS,
    API_CARD_FOREIGN, /* not in the register */
    API_CARD_BLOCKED,
    API_CARD_LOST,       /* reported lost; perhaps found again */
    API_CARD_REPLACED,   /* another card took its place */
    API_CARD_OTHER_SITE, /* ours, of another site */
    API_CARD_STANDING_COUNT
};

/* How the record is kept on the card. */
enum api_card_media {
    API_CARD_CLASSIC, /* sectors and slots */
    API_CARD_DESFIRE, /* files, relayed */
    API_CARD_CPU,     /* purchase files, relayed */
    API_CARD_MEDIA_COUNT
};

/* What the terminal does next. */
enum api_card_state {
    API_CARD_READY,   /* may be sold to */
    API_CARD_OWED,    /* paid value is not on it yet: write it or ask for it, no payment */
    API_CARD_REPAIR,  /* nothing is owed, but a record must be written anew */
    API_CARD_REFUSED, /* reason says why */
    API_CARD_MORE,    /* relay: another round of commands first */
    API_CARD_STATE_COUNT
};

/* Has the meter taken everything that was written? As of its last word. */
enum api_card_loaded {
    API_CARD_LOADED_YES,
    API_CARD_LOADED_NO,
    API_CARD_LOADED_NEVER,
    API_CARD_LOADED_COUNT
};

/* How a write ended at the card: done is proven, not_done is proven, everything else is unknown. */
enum api_card_outcome {
    API_CARD_DONE,
    API_CARD_NOT_DONE,
    API_CARD_UNKNOWN,
    API_CARD_OUTCOME_COUNT
};

/* What became of a round of a relayed write. */
enum api_card_progress {
    API_CARD_GOES_ON, /* another round */
    API_CARD_WRITTEN, /* the card has proved that it holds the token */
    API_CARD_FAILED,  /* it said something else: lay it again, whatever is on it now */
    API_CARD_PROGRESS_COUNT
};

/* The words of the messages for the values above; a value that is none is a programmer's error.
 * They block nothing and allocate nothing; what they return lives for ever. */

/** "ours", "foreign", "blocked", "lost", "replaced", "other_site". */
const char *api_card_standing_name(enum api_card_standing standing);
/** "classic", "desfire", "cpu". */
const char *api_card_media_name(enum api_card_media media);
/** "ready", "owed", "repair", "refused", "more". */
const char *api_card_state_name(enum api_card_state state);
/** "yes", "no", "never". */
const char *api_card_loaded_name(enum api_card_loaded loaded);
/** "done", "not_done", "unknown". */
const char *api_card_outcome_name(enum api_card_outcome outcome);
/** "more", "written", "failed". */
const char *api_card_progress_name(enum api_card_progress progress);
/** The medium of a word; false, and @p ret_media left alone, for any other word. */
MUST_CHECK bool api_card_media_parse(const char *name, enum api_card_media *ret_media);

/** True if @p uid is hex of 4, 7 or 10 bytes. */
MUST_CHECK bool api_card_uid_is_valid(const char *uid);

/* POST /v1/terminal/cards: a card was laid. */
struct api_card_laid {
    char client_request_id[ID_TEXT_SIZE];
    char uid[API_CARD_UID_SIZE];
    char atqa[API_CARD_ATQA_SIZE];
    char sak[API_CARD_SAK_SIZE];
    char ats[API_CARD_ATS_SIZE]; /* empty: none */
    char family[API_WORD_SIZE];  /* the reader's guess: "classic", "iso", "phone", "unknown" */
};

struct api_card_key {
    int64_t sector; /* 0..15 */
    char kind;      /* 'A' or 'B' */
    char key[API_CARD_KEY_SIZE];
};

struct api_card_keys {
    struct api_card_key keys[API_CARD_KEYS_MAX];
    size_t count;
};

struct api_card_apdu {
    char apdu[API_CARD_APDU_SIZE];
    char expect[API_CARD_EXPECT_SIZE]; /* empty (null): any answer will do */
};

struct api_card_script {
    struct api_card_apdu apdus[API_CARD_APDUS_MAX];
    size_t count;
    int64_t round; /* 1, 2, ...: goes up again with the answers; 0: no commands */
};

struct api_card_session {
    char session_id[ID_TEXT_SIZE]; /* names this laying in the calls that follow */
    enum api_card_standing standing;
    char reason[API_WORD_SIZE]; /* empty: none; a word between programs */
    enum api_card_media media;
    struct api_card_keys keys;     /* ours and classic; in memory only, wiped after use */
    struct api_card_script script; /* ours and relayed: the first round */
};

/* POST /v1/terminal/cards/{session_id}/read: what is on it, unchecked. */
struct api_card_read {
    char credit[API_CARD_SLOTS][API_CARD_RECORD_SIZE]; /* empty (null): not read */
    char returned[API_CARD_SLOTS][API_CARD_RECORD_SIZE];
    char issue[API_CARD_RECORD_SIZE];
    int64_t round;                                    /* relay: of the script; else 0 */
    struct api_card_apdu answers[API_CARD_APDUS_MAX]; /* relay; expect is not used */
    size_t answer_count;
};

/* What to write, and the right to do so. */
struct api_card_write {
    char order_no[API_ORDER_NO_SIZE]; /* an order's, or another document's number */
    int64_t n;                        /* number of the token */
    int64_t amount_fen;               /* 0: a repair or a replacement */
    enum api_card_media media;
    char token[API_CARD_RECORD_SIZE]; /* classic: into both slots; empty (null) if relayed */
    char authorisation[API_CARD_AUTHORISATION_SIZE]; /* empty (null): relayed, changes nothing */
    bool has_first;
    int64_t first; /* the slot whose MAC is wrong while the other's is right, 0 or 1 */
    struct api_card_keys keys;
    struct api_card_script script;
};

struct api_card_view {
    char session_id[ID_TEXT_SIZE];
    enum api_card_state state;
    char reason[API_WORD_SIZE]; /* refused, repair: a word between programs; empty: none */
    char room_id[API_ID_SIZE];
    char meter_id[API_ID_SIZE];
    char place[API_PLACE_SIZE];
    char customer_masked[API_NAME_SIZE];
    char meter_tail[API_WORD_SIZE];
    bool has_balance;
    int64_t balance_fen; /* inside the meter, when it last wrote to the card */
    int64_t balance_at;
    enum api_card_loaded loaded;
    bool has_headroom;
    int64_t headroom_fen; /* what the meter still takes */
    bool has_last;
    int64_t last_fen; /* last top-up that reached the card */
    int64_t last_at;
    bool has_owed;
    char owed_order_no[API_ORDER_NO_SIZE];
    int64_t owed_fen; /* of all owed orders that have a token; else of this one */
    bool has_write;   /* repair; owed, unless only an order waits that has no token yet */
    struct api_card_write write;
    struct api_card_script script;                   /* more */
    char authorisation[API_CARD_AUTHORISATION_SIZE]; /* of the script; empty (null): needs none */
};

/* POST /v1/terminal/orders/{order_no}/card: the paid card is back, what is to be written? */
struct api_card_issue {
    char client_request_id[ID_TEXT_SIZE];
    char session_id[ID_TEXT_SIZE];
};

/* POST /v1/terminal/orders/{order_no}/card/round: what a relayed card said to a round of its write.
 * The first round of a write came with it. */
struct api_card_round {
    char session_id[ID_TEXT_SIZE];
    int64_t round;
    struct api_card_apdu answers[API_CARD_APDUS_MAX];
    size_t answer_count;
};

/* Its answer. */
struct api_card_step {
    enum api_card_progress progress;
    char authorisation[API_CARD_AUTHORISATION_SIZE]; /* empty (null): it changes nothing */
    struct api_card_script script;                   /* goes on */
};

/* POST /v1/terminal/orders/{order_no}/card/written. Needs no session: a terminal that was switched
 * off in between sends it out of its journal. */
struct api_card_written {
    char client_request_id[ID_TEXT_SIZE];
    char uid[API_CARD_UID_SIZE];
    enum api_card_outcome outcome;
    char credit[API_CARD_SLOTS][API_CARD_RECORD_SIZE]; /* read back; empty (null): not read */
    struct api_card_apdu answers[API_CARD_APDUS_MAX];
    size_t answer_count;
};

/* Its answer. */
struct api_card_proof {
    bool written; /* the cloud has seen the token, or a later one, in both slots */
    bool has_order;
    struct api_order_view order; /* false: the document is no order (a repair, a replacement) */
};

/*
 * The messages as JSON text and back. encode: @p ret_size without the NUL that follows the text;
 * ERR_FULL if it does not fit @p text_size. decode: ERR_FORMAT, and the first wrong member in
 * @p ret_fault, unless all of the message is as MESSAGES.md says. None blocks, all allocate while
 * they run. Texts of a session, a view and a write hold keys: wipe them after use.
 */

/** POST /v1/terminal/cards, what is sent. */
MUST_CHECK enum err api_card_laid_encode(const struct api_card_laid *laid, char *ret_text,
                                         size_t text_size, size_t *ret_size);
/** @p ret_laid is left alone on failure. */
MUST_CHECK enum err api_card_laid_decode(const char *text, size_t size,
                                         struct api_card_laid *ret_laid,
                                         struct api_fault *ret_fault);
/** Its answer. */
MUST_CHECK enum err api_card_session_encode(const struct api_card_session *session, char *ret_text,
                                            size_t text_size, size_t *ret_size);
/** @p ret_session is cleared on failure. */
MUST_CHECK enum err api_card_session_decode(const char *text, size_t size,
                                            struct api_card_session *ret_session,
                                            struct api_fault *ret_fault);
/** POST .../cards/{session_id}/read, what is sent. */
MUST_CHECK enum err api_card_read_encode(const struct api_card_read *read, char *ret_text,
                                         size_t text_size, size_t *ret_size);
/** @p ret_read is cleared on failure. */
MUST_CHECK enum err api_card_read_decode(const char *text, size_t size,
                                         struct api_card_read *ret_read,
                                         struct api_fault *ret_fault);
/** Its answer. */
MUST_CHECK enum err api_card_view_encode(const struct api_card_view *view, char *ret_text,
                                         size_t text_size, size_t *ret_size);
/** @p ret_view is cleared on failure. */
MUST_CHECK enum err api_card_view_decode(const char *text, size_t size,
                                         struct api_card_view *ret_view,
                                         struct api_fault *ret_fault);
/** POST .../orders/{order_no}/card, what is sent. */
MUST_CHECK enum err api_card_issue_encode(const struct api_card_issue *issue, char *ret_text,
                                          size_t text_size, size_t *ret_size);
/** @p ret_issue is left alone on failure. */
MUST_CHECK enum err api_card_issue_decode(const char *text, size_t size,
                                          struct api_card_issue *ret_issue,
                                          struct api_fault *ret_fault);
/** {"write":{...}}: the answer to an api_card_issue. */
MUST_CHECK enum err api_card_write_encode(const struct api_card_write *write, char *ret_text,
                                          size_t text_size, size_t *ret_size);
/** @p ret_write is cleared on failure. */
MUST_CHECK enum err api_card_write_decode(const char *text, size_t size,
                                          struct api_card_write *ret_write,
                                          struct api_fault *ret_fault);
/** POST .../orders/{order_no}/card/round, what is sent. */
MUST_CHECK enum err api_card_round_encode(const struct api_card_round *round, char *ret_text,
                                          size_t text_size, size_t *ret_size);
/** @p ret_round is cleared on failure. */
MUST_CHECK enum err api_card_round_decode(const char *text, size_t size,
                                          struct api_card_round *ret_round,
                                          struct api_fault *ret_fault);
/** The server's answer to it. */
MUST_CHECK enum err api_card_step_encode(const struct api_card_step *step, char *ret_text,
                                         size_t text_size, size_t *ret_size);
/** @p ret_step is cleared on failure. */
MUST_CHECK enum err api_card_step_decode(const char *text, size_t size,
                                         struct api_card_step *ret_step,
                                         struct api_fault *ret_fault);
/** POST .../orders/{order_no}/card/written, what is sent. */
MUST_CHECK enum err api_card_written_encode(const struct api_card_written *written, char *ret_text,
                                            size_t text_size, size_t *ret_size);
/** @p ret_written is cleared on failure. */
MUST_CHECK enum err api_card_written_decode(const char *text, size_t size,
                                            struct api_card_written *ret_written,
                                            struct api_fault *ret_fault);
/** Its answer. */
MUST_CHECK enum err api_card_proof_encode(const struct api_card_proof *proof, char *ret_text,
                                          size_t text_size, size_t *ret_size);
/** @p ret_proof is left alone on failure. */
MUST_CHECK enum err api_card_proof_decode(const char *text, size_t size,
                                          struct api_card_proof *ret_proof,
                                          struct api_fault *ret_fault);

#endif
