/* SPDX-License-Identifier: Apache-2.0 */
#include "kiosk/flow/message.h"

#include <stdlib.h>

#include <pthread.h>

#include "common/must.h"

struct message_queue {
    pthread_mutex_t mutex;
    struct message *first;
    struct message *last;
    void (*wake)(void *self);
    void *self;
};

struct message_queue *message_queue_create(void (*wake)(void *self), void *self)
{
    struct message_queue *queue = calloc(1, sizeof(*queue));
    if (queue == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&queue->mutex, NULL) != 0) {
        free(queue);
        return NULL;
    }
    queue->wake = wake;
    queue->self = self;
    return queue;
}

void message_queue_destroy(struct message_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    for (struct message *message = message_take(queue); message != NULL;
         message = message_take(queue)) {
        message_destroy(message);
    }
    (void)pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

struct message *message_create(enum session_event_kind kind)
{
    struct message *message = calloc(1, sizeof(*message));
    MUST(message != NULL);
    message->event.kind = kind;
    return message;
}

void message_destroy(struct message *message)
{
    if (message != NULL) {
        free(message->profile_json);
        free(message->card_body);
        free(message);
    }
}

void message_put(struct message_queue *queue, struct message *message)
{
    MUST(pthread_mutex_lock(&queue->mutex) == 0);
    bool was_empty = queue->first == NULL;
    message->next = NULL;
    if (was_empty) {
        queue->first = message;
    } else {
        queue->last->next = message;
    }
    queue->last = message;
    MUST(pthread_mutex_unlock(&queue->mutex) == 0);
    if (was_empty) {
        queue->wake(queue->self);
    }
}

struct message *message_take(struct message_queue *queue)
{
    MUST(pthread_mutex_lock(&queue->mutex) == 0);
    struct message *message = queue->first;
    if (message != NULL) {
        queue->first = message->next;
    }
    MUST(pthread_mutex_unlock(&queue->mutex) == 0);
    return message;
}
