/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_TESTS_UNIT_DRIVERS_BROKER_H
#define SHILLING_TESTS_UNIT_DRIVERS_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

/* A real mosquitto on loopback, without TLS; it ends with the test. */
struct broker {
    pid_t pid;
    uint16_t port;
};

/** On the port it had before, if it had one. False if it does not answer within 20 s. */
bool broker_start(struct broker *broker);
/** It says good-bye to its clients. Nothing if it does not run. */
void broker_stop(struct broker *broker);
/** It says nothing. */
void broker_kill(struct broker *broker);

#endif
