/* SPDX-License-Identifier: Apache-2.0 */
#include "drivers/thread/thread.h"

bool thread_start(struct thread *ret_thread, void *(*body)(void *arg), void *arg)
{
    return pthread_create(&ret_thread->id, NULL, body, arg) == 0;
}

void thread_join(struct thread *thread)
{
    (void)pthread_join(thread->id, NULL);
}

bool thread_is_self(const struct thread *thread)
{
    return pthread_equal(pthread_self(), thread->id) != 0;
}
