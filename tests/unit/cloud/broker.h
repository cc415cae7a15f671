/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_CLOUD_BROKER_H
#define SHILLING_TESTS_UNIT_CLOUD_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

/* A real mosquitto on loopback, without TLS; it ends with the test. */
struct broker {
    pid_t pid;
    uint16_t port;
};

/** On the port it had before, if it had one. False if it does not answer within 10 s. */
bool broker_start(struct broker *broker);
void broker_stop(const struct broker *broker);

#endif
