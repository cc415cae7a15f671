/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SHILLING_CLOUD_SETTINGS_H
#define SHILLING_CLOUD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "cloud/cards/vault.h"
#include "cloud/http/server.h"
#include "cloud/identity/pki.h"
#include "cloud/orders/orders.h"
#include "cloud/payments/pay_config.h"
#include "common/compiler.h"
#include "common/config/config.h"
#include "common/log.h"

/* The server's configuration file (docs: cloud/README.md, example: cloud/example.cfg). */

enum {
    SETTINGS_PATH_SIZE = 512,
    SETTINGS_NAME_SIZE = 128,
};

/* What may be pretended. Keys of the simulators are refused in production. */
enum run_mode { RUN_PRODUCTION, RUN_DEMO, RUN_TEST, RUN_MODE_COUNT };

struct settings {
    enum run_mode mode;
    enum log_level log_level;
    char state_dir[SETTINGS_PATH_SIZE];      /* database and keys; made if it is not there */
    char seed_file[SETTINGS_PATH_SIZE];      /* taken in at every start; empty: none */
    char sql_trace_file[SETTINGS_PATH_SIZE]; /* diagnostic, never in production; empty: off */
    char crl_file[SETTINGS_PATH_SIZE]; /* revoked certificates, for the broker; empty: in pki */
    uint64_t disk_free_bytes_min;
    uint32_t keep_days; /* of readings and events; 0: for ever */
    uint32_t thread_count;
    char server_names[PKI_HOSTS_MAX][SETTINGS_NAME_SIZE];
    size_t server_name_count;

    struct http_listener terminals; /* without tls: that is filled in later */
    struct http_listener console;
    struct http_listener public;
    bool public_tls;
    char public_certificate[SETTINGS_PATH_SIZE]; /* empty: the development CA's */
    char public_key[SETTINGS_PATH_SIZE];
    char admin_socket[HTTP_SOCKET_PATH_SIZE];

    char mqtt_host[SETTINGS_NAME_SIZE];
    uint16_t mqtt_port;
    bool mqtt_tls;
    char mqtt_client_id[65];

    struct pay_config pay;
    struct orders_options orders;
    struct vault_config cards;
};

/** Read and check the file. @p ret_message on failure: "FILE:LINE: field: what is wrong". */
MUST_CHECK bool settings_read(const char *path, struct settings *ret_settings,
                              char ret_message[CONFIG_MESSAGE_SIZE]);

#endif
