/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cardctl/person.h"

#include "common/bytes.h"
#include "common/must.h"
#include "tools/cardctl/desk.h"

enum ctl_exit person_ask(const struct options *options, const char *name, struct person *ret_person)
{
    struct person person = {.name = name};
    if (desk_check_named(options) != CTL_DONE) {
        return CTL_FAILED;
    }
    if (name == NULL) {
        return ctl_say(CTL_USAGE,
                       "somebody must sign for this: give --person NAME; the password is asked "
                       "for, or read as one line of standard input. Nothing was done. 'shilling-"
                       "cloud review person-add NAME' adds people");
    }
    if (!password_read(name, person.password)) {
        return ctl_say(CTL_FAILED, "no password of %s was given: nothing was done", name);
    }
    *ret_person = person;
    bytes_wipe(&person, sizeof(person));
    return CTL_DONE;
}

void person_sign(const struct person *person, json_t *body)
{
    MUST(person != NULL);
    json_put_text(body, "person", person->name);
    json_put_text(body, "password", person->password);
}
