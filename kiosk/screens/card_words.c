/* SPDX-License-Identifier: Apache-2.0 */
/* In the words of a neighbour: no reader's or card's technical word is among them. */
#include "kiosk/screens/card_words.h"

#include "common/must.h"
#include "kiosk/screens/widgets.h"

enum { TAIL = 4 };

/* Indexed by enum session_card_trouble; the others have no page and no hint of their own. */
static const struct card_words table[SESSION_CARD_TROUBLE_COUNT] = {
    [SESSION_CARD_TWO] = {UI_ICON_CARD, TN("Please lay only one meter card"),
                          TN("Take the others, and your purse, off the reader.")},
    [SESSION_CARD_IS_PHONE] = {UI_ICON_SMARTPHONE, TN("That is a phone or a bank card"),
                               TN("Please lay only your meter card on the reader.")},
    [SESSION_CARD_NOT_OURS] = {UI_ICON_SEARCH, TN("This is not one of our meter cards"),
                               TN("Please lay the card of your electricity meter.")},
    [SESSION_CARD_LEFT_EARLY] = {UI_ICON_CARD, TN("The card was taken too early"),
                                 TN("Please lay it down again and leave it there.")},
    [SESSION_CARD_OTHER] = {UI_ICON_CARD, TN("That is not the card from before"),
                            TN("Please lay the same card.")},
    [SESSION_CARD_READER] = {UI_ICON_TOOLS, TN("Card reader under repair"),
                             TN("Please try again in a few minutes, or use another machine.")},
    [SESSION_CARD_BLOCKED] = {UI_ICON_WARNING, TN("This card is blocked"),
                              TN("Please ask the office, or call us.")},
    [SESSION_CARD_LOST] = {UI_ICON_WARNING, TN("This card was reported as lost"),
                           TN("Please ask the office: they open it again for you.")},
    [SESSION_CARD_REPLACED] = {UI_ICON_CARD, TN("There is a newer card for this meter"),
                               TN("Please use the new card. This one is no longer valid.")},
    [SESSION_CARD_OTHER_SITE] = {UI_ICON_BUILDING, TN("This card belongs to another site"),
                                 TN("Please use a machine of that site.")},
    [SESSION_CARD_BLANK] = {UI_ICON_CARD, TN("No meter is on this card yet"),
                            TN("Please have it opened at the office first.")},
    [SESSION_CARD_DAMAGED] = {UI_ICON_WARNING, TN("This card is damaged"),
                              TN("Nothing on it is lost: the office gives you a new card.")},
    [SESSION_CARD_FORGED] = {UI_ICON_WARNING, TN("This card cannot be read rightly"),
                             TN("Please have it looked at in the office.")},
    [SESSION_CARD_RETURN_CASE] =
        {UI_ICON_HOURGLASS, TN("A top-up of this card is being taken back"),
         TN("Please put the card into your meter first, then see the office.")},
    [SESSION_CARD_NOT_LOADED] = {UI_ICON_HOURGLASS, TN("Your last top-up is not in the meter yet"),
                                 TN("Please put the card into your meter first, then come back.")},
    [SESSION_CARD_FULL] = {UI_ICON_INFO, TN("Your meter cannot take more just now"),
                           TN("Please come back when some of it is used up.")},
};

static struct card_words words_of(enum session_card_trouble trouble)
{
    MUST(trouble < SESSION_CARD_TROUBLE_COUNT);
    const struct card_words *words = &table[trouble];
    if (words->title == NULL) {
        return (struct card_words){UI_ICON_INFO, T("This card cannot be topped up just now"),
                                   T("Please ask the office, or call us.")};
    }
    return (struct card_words){words->icon, T(words->title), T(words->text)};
}

struct card_words card_words(struct ui_build *build, const struct session *session)
{
    struct card_words words = words_of(session->card.trouble);
    const struct session_card_view *view = &session->card.view;
    bool limit = session->card.trouble == SESSION_CARD_FULL && view->headroom_known &&
                 view->headroom.fen > 0;
    if (limit) {
        words.text = WORDS(build, T("It can still take {1}."), words_money(build, view->headroom));
    }
    if (session->card.trouble_text[0] != '\0') {
        words.text = session->card.trouble_text; /* the server knows more than we */
    }
    return words;
}

bool card_is_hopeless(const struct session *session)
{
    switch (session->card.trouble) {
    case SESSION_CARD_BLOCKED:
    case SESSION_CARD_LOST:
    case SESSION_CARD_REPLACED:
    case SESSION_CARD_DAMAGED:
    case SESSION_CARD_FORGED:
    case SESSION_CARD_RETURN_CASE:
    case SESSION_CARD_NOT_LOADED:
    case SESSION_CARD_FULL:
    case SESSION_CARD_REFUSED:
        return true;
    case SESSION_CARD_FINE:
    case SESSION_CARD_TWO:
    case SESSION_CARD_IS_PHONE:
    case SESSION_CARD_NOT_OURS:
    case SESSION_CARD_LEFT_EARLY:
    case SESSION_CARD_OTHER:
    case SESSION_CARD_READER:
    case SESSION_CARD_OTHER_SITE:
    case SESSION_CARD_BLANK:
    case SESSION_CARD_NETWORK:
    case SESSION_CARD_SESSION_OVER:
    case SESSION_CARD_NOT_PAID:
    case SESSION_CARD_EXPIRED:
    case SESSION_CARD_DISK: /* of this terminal; another one has room */
    case SESSION_CARD_TROUBLE_COUNT:
        break;
    }
    return false;
}

const char *card_hint(const struct session *session)
{
    enum session_card_trouble trouble = session->card.trouble;
    if (trouble == SESSION_CARD_LEFT_EARLY) {
        return session->order.by_card && !session->card.unsure
                   ? T("The card was taken too early and is not finished. Please lay the same "
                       "card again.")
                   : T("The card was taken too early. Please lay it down again and leave it "
                       "there.");
    }
    if (trouble == SESSION_CARD_OTHER) {
        return T("That is not the card from before. Please lay the same card.");
    }
    /* The others are either told by the page itself or nothing that people could mend. */
    return table[trouble].title != NULL ? T(table[trouble].title) : "";
}

const char *card_tail(const struct session *session)
{
    const char *uid = session->card.view.uid;
    return words_tail(uid[0] != '\0' ? uid : session->order.card_tail, TAIL);
}
