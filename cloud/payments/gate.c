/* SPDX-License-Identifier: Apache-2.0 */
#include "cloud/payments/gate.h"

#include <stdlib.h>

#include <pthread.h>

#include "cloud/payments/pay_config.h"
#include "common/must.h"
#include "common/str.h"

struct gate {
    pthread_mutex_t lock;
    struct https *idle[GATE_IDLE_MAX];
    size_t idle_count;
    atomic_bool stopped;
    char ca_file[PAY_PATH_SIZE];
};

static enum err handle_create(const struct gate *gate, struct https **ret_https)
{
    const struct https_config config = {
        .ca_file = gate->ca_file[0] != '\0' ? gate->ca_file : NULL,
        .user_agent = "shilling-cloud",
    };
    return https_create(&config, ret_https);
}

enum err gate_create(const char *ca_file, struct gate **ret_gate)
{
    struct gate *gate = calloc(1, sizeof(*gate));
    if (gate == NULL) {
        return ERR_MEMORY;
    }
    MUST(pthread_mutex_init(&gate->lock, NULL) == 0);
    /* The first handle is made now, so that an unreadable file is found at the start. */
    enum err err = str_copy(gate->ca_file, sizeof(gate->ca_file), ca_file)
                       ? handle_create(gate, &gate->idle[0])
                       : ERR_RANGE;
    if (err != OK) {
        gate_destroy(gate);
        return err;
    }
    gate->idle_count = 1;
    *ret_gate = gate;
    return OK;
}

void gate_destroy(struct gate *gate)
{
    if (gate != NULL) {
        for (size_t i = 0; i < gate->idle_count; i++) {
            https_destroy(gate->idle[i]);
        }
        MUST(pthread_mutex_destroy(&gate->lock) == 0);
        free(gate);
    }
}

void gate_stop(struct gate *gate)
{
    atomic_store(&gate->stopped, true);
}

static struct https *take(struct gate *gate)
{
    struct https *https = NULL;
    MUST(pthread_mutex_lock(&gate->lock) == 0);
    if (gate->idle_count > 0) {
        gate->idle_count -= 1;
        https = gate->idle[gate->idle_count];
    }
    MUST(pthread_mutex_unlock(&gate->lock) == 0);
    return https;
}

static void give_back(struct gate *gate, struct https *https)
{
    MUST(pthread_mutex_lock(&gate->lock) == 0);
    if (gate->idle_count < GATE_IDLE_MAX) {
        gate->idle[gate->idle_count++] = https;
        https = NULL;
    }
    MUST(pthread_mutex_unlock(&gate->lock) == 0);
    https_destroy(https);
}

enum err gate_call(struct gate *gate, const struct https_call *call,
                   struct https_answer *ret_answer, char ret_why[HTTPS_WHY_SIZE])
{
    if (atomic_load(&gate->stopped)) {
        str_format_cut(ret_why, HTTPS_WHY_SIZE, "stopping");
        return ERR_TIMEOUT;
    }
    struct https *https = take(gate);
    enum err err = https != NULL ? OK : handle_create(gate, &https);
    if (err != OK) {
        str_format_cut(ret_why, HTTPS_WHY_SIZE, "no handle: %s", err_name(err));
        return err;
    }
    struct https_call bounded = *call;
    bounded.cancel = &gate->stopped;
    err = https_perform(https, &bounded, ret_answer, ret_why);
    give_back(gate, https);
    return err;
}
