/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Certificates come from the openssl program, configurations from the product's templates. Child
 * processes are ended by their own process id, and die with this one (PR_SET_PDEATHSIG).
 */
#include "tests/unit/collector/world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/must.h"
#include "common/str.h"
#include "drivers/clock/clock_system.h"
#include "tests/unit/collector/scratch.h"
#include "tests/unit/collector/world_parts.h"

enum { FILE_SIZE_MAX = 16384, STEP_MS = 20, ARGS_MAX = 16 };

void world_fail(const char *what, const char *detail)
{
    (void)fprintf(stderr, "# world: %s: %s\n", what, detail);
    exit(1);
}

char *world_path(const struct world *world, const char *name, char ret_path[WORLD_PATH_SIZE])
{
    MUST(str_format(ret_path, WORLD_PATH_SIZE, "%s/%s", world->dir, name));
    return ret_path;
}

static void write_file(const struct world *world, const char *name, const char *text)
{
    char path[WORLD_PATH_SIZE];
    FILE *file = fopen(world_path(world, name, path), "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        world_fail("cannot write", path);
    }
}

static void read_file(const char *path, char *ret_text, size_t size)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        world_fail("cannot read", path);
    }
    size_t got = fread(ret_text, 1, size - 1, file);
    ret_text[got] = '\0';
    (void)fclose(file);
}

/* --- processes ------------------------------------------------------------------------------- */

/* Start a program with its output in a file of the world's folder. */
static pid_t spawn(const struct world *world, const char *output, uint64_t limit_bytes,
                   const char *const *args)
{
    char path[WORLD_PATH_SIZE];
    (void)world_path(world, output, path);
    pid_t child = fork();
    if (child < 0) {
        world_fail("cannot fork", strerror(errno));
    }
    if (child > 0) {
        return child;
    }
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0) {
        _exit(126);
    }
    if (limit_bytes > 0) {
        struct rlimit limit = {.rlim_cur = limit_bytes, .rlim_max = limit_bytes};
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
            _exit(126);
        }
    }
    (void)execvp(args[0], (char *const *)(uintptr_t)args);
    _exit(127);
}

static int wait_end(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        MUST(errno == EINTR);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run_tool(const struct world *world, const char *const *args)
{
    char path[WORLD_PATH_SIZE];
    if (wait_end(spawn(world, "tools.log", 0, args)) != 0) {
        static char text[FILE_SIZE_MAX];
        read_file(world_path(world, "tools.log", path), text, sizeof(text));
        world_fail(args[0], text);
    }
}

static void end_process(pid_t *process, int signal_number)
{
    if (*process > 0) {
        (void)kill(*process, signal_number);
        (void)wait_end(*process);
        *process = 0;
    }
}

/* --- certificates and ports ------------------------------------------------------------------ */

static void make_certificate(const struct world *world, const char *name)
{
    char key[WORLD_PATH_SIZE];
    char csr[WORLD_PATH_SIZE];
    char pem[WORLD_PATH_SIZE];
    char ca[WORLD_PATH_SIZE];
    char ca_key[WORLD_PATH_SIZE];
    char names[WORLD_PATH_SIZE];
    char subject[64];
    char file[64];
    MUST(str_format(subject, sizeof(subject), "/CN=%s", name));
    MUST(str_format(file, sizeof(file), "%s.key", name));
    (void)world_path(world, file, key);
    MUST(str_format(file, sizeof(file), "%s.csr", name));
    (void)world_path(world, file, csr);
    MUST(str_format(file, sizeof(file), "%s.pem", name));
    (void)world_path(world, file, pem);
    (void)world_path(world, "ca.pem", ca);
    (void)world_path(world, "ca.key", ca_key);
    (void)world_path(world, "names", names);
    const char *const request[] = {
        "openssl", "req",     "-new", "-newkey", "ec",    "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-keyout", key,    "-subj",   subject, "-out",     csr,
        NULL};
    const char *const sign[] = {
        "openssl",         "x509",  "-req", "-in",      csr,   "-CA",  ca,  "-CAkey", ca_key,
        "-CAcreateserial", "-days", "7",    "-extfile", names, "-out", pem, NULL};
    run_tool(world, request);
    run_tool(world, sign);
}

/* Nobody is revoked. */
static void make_crl(const struct world *world)
{
    char config[WORLD_PATH_SIZE];
    char index[WORLD_PATH_SIZE];
    char ca[WORLD_PATH_SIZE];
    char ca_key[WORLD_PATH_SIZE];
    char crl[WORLD_PATH_SIZE];
    char text[2 * WORLD_PATH_SIZE];
    MUST(str_format(text, sizeof(text),
                    "[ca]\ndefault_ca = x\n[x]\ndatabase = %s\ndefault_md = sha256\n"
                    "default_crl_days = 7\n",
                    world_path(world, "index", index)));
    write_file(world, "index", "");
    write_file(world, "crl.conf", text);
    const char *const make[] = {"openssl",
                                "ca",
                                "-gencrl",
                                "-config",
                                world_path(world, "crl.conf", config),
                                "-cert",
                                world_path(world, "ca.pem", ca),
                                "-keyfile",
                                world_path(world, "ca.key", ca_key),
                                "-out",
                                world_path(world, "ca.crl", crl),
                                NULL};
    run_tool(world, make);
}

static void make_certificates(const struct world *world)
{
    char ca[WORLD_PATH_SIZE];
    char ca_key[WORLD_PATH_SIZE];
    const char *const make_ca[] = {"openssl",
                                   "req",
                                   "-x509",
                                   "-new",
                                   "-newkey",
                                   "ec",
                                   "-pkeyopt",
                                   "ec_paramgen_curve:P-256",
                                   "-nodes",
                                   "-days",
                                   "7",
                                   "-subj",
                                   "/CN=test",
                                   "-keyout",
                                   world_path(world, "ca.key", ca_key),
                                   "-out",
                                   world_path(world, "ca.pem", ca),
                                   NULL};
    write_file(world, "names", "subjectAltName=DNS:localhost,IP:127.0.0.1\n");
    run_tool(world, make_ca);
    make_crl(world);
    make_certificate(world, "broker");
    make_certificate(world, "cloud");
    make_certificate(world, WORLD_COLLECTOR);
    make_certificate(world, "col-2");
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(fd >= 0);
    if (bind(fd, (const struct sockaddr *)&address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        world_fail("no free port", strerror(errno));
    }
    (void)close(fd);
    return ntohs(address.sin_port);
}

/* --- broker ---------------------------------------------------------------------------------- */

static void replace(char *text, size_t size, const char *name, const char *value)
{
    static char out[FILE_SIZE_MAX];
    struct strbuf buf;
    strbuf_init(&buf, out, sizeof(out));
    const char *at = text;
    for (const char *hit = strstr(at, name); hit != NULL; hit = strstr(at, name)) {
        strbuf_add_bytes(&buf, at, (size_t)(hit - at));
        strbuf_add(&buf, value);
        at = hit + strlen(name);
    }
    strbuf_add(&buf, at);
    MUST(!buf.failed && str_copy(text, size, out));
}

static void replace_path(const struct world *world, char *text, const char *name, const char *file)
{
    char path[WORLD_PATH_SIZE];
    replace(text, FILE_SIZE_MAX, name, world_path(world, file, path));
}

static void make_broker_config(const struct world *world)
{
    static char text[FILE_SIZE_MAX];
    char port[8];
    read_file("collector/mosquitto/mosquitto.conf.in", text, sizeof(text));
    MUST(str_format(port, sizeof(port), "%u", (unsigned)world->collector_port));
    replace(text, sizeof(text), "@COLLECTOR_PORT@", port);
    MUST(str_format(port, sizeof(port), "%u", (unsigned)world->cloud_port));
    replace(text, sizeof(text), "@CLOUD_PORT@", port);
    replace(text, sizeof(text), "@COLLECTOR_ADDRESS@", "127.0.0.1");
    replace(text, sizeof(text), "@CLOUD_ADDRESS@", "127.0.0.1");
    replace_path(world, text, "@CA_FILE@", "ca.pem");
    replace_path(world, text, "@CRL_FILE@", "ca.crl");
    replace_path(world, text, "@CERT_FILE@", "broker.pem");
    replace_path(world, text, "@KEY_FILE@", "broker.key");
    replace_path(world, text, "@ACL_FILE@", "acl.conf");
    if (geteuid() == 0) {
        /* Started by root it would become another user, who cannot read the test's files. */
        static char with_user[FILE_SIZE_MAX];
        MUST(str_format(with_user, sizeof(with_user), "user root\n%s", text));
        MUST(str_copy(text, sizeof(text), with_user));
    }
    write_file(world, "mosquitto.conf", text);
    read_file("collector/mosquitto/acl.conf.in", text, sizeof(text));
    replace(text, sizeof(text), "@CLOUD_USER@", "cloud");
    write_file(world, "acl.conf", text);
}

static bool port_answers(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return answers;
}

void world_broker_start(struct world *world)
{
    char path[WORLD_PATH_SIZE];
    const char *const args[] = {"mosquitto", "-c", world_path(world, "mosquitto.conf", path), NULL};
    world->broker = spawn(world, "mosquitto.log", 0, args);
    for (int waited = 0; !port_answers(world->cloud_port); waited += STEP_MS) {
        if (waited > WORLD_WAIT_MS) {
            world_fail("the broker does not start", world->dir);
        }
        clock_system_wait_ms(STEP_MS);
    }
}

void world_broker_kill(struct world *world)
{
    end_process(&world->broker, SIGKILL);
}

/* --- bus ------------------------------------------------------------------------------------- */

void world_bus_start(struct world *world, uint32_t baud, const char *meters)
{
    static char config[FILE_SIZE_MAX];
    char cfg[WORLD_PATH_SIZE];
    char state[WORLD_PATH_SIZE];
    char control[WORLD_PATH_SIZE];
    char link[WORLD_PATH_SIZE];
    MUST(str_format(config, sizeof(config),
                    "bus = { name = \"bus1\"; baud = %u; td_ms = 20; password = \"02123456\"; };\n"
                    "meters = ( %s );\n",
                    (unsigned)baud, meters));
    write_file(world, "bus.cfg", config);
    (void)world_path(world, "bus1", link);
    (void)unlink(link);
    const char *const args[] = {EMULATOR_METERBUS,
                                "--config",
                                world_path(world, "bus.cfg", cfg),
                                "--state",
                                world_path(world, "bus.state", state),
                                "--control",
                                world_path(world, "bus.sock", control),
                                "--link",
                                link,
                                NULL};
    world->bus = spawn(world, "bus.log", 0, args);
    for (int waited = 0; access(link, F_OK) != 0; waited += STEP_MS) {
        if (waited > WORLD_WAIT_MS) {
            world_fail("the emulated bus does not start", world->dir);
        }
        clock_system_wait_ms(STEP_MS);
    }
}

void world_bus_stop(struct world *world)
{
    end_process(&world->bus, SIGTERM);
}

void world_bus_say(struct world *world, const char *command, char *ret_answer, size_t answer_size)
{
    char path[WORLD_PATH_SIZE];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    MUST(str_copy(address.sun_path, sizeof(address.sun_path), world_path(world, "bus.sock", path)));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        world_fail("no control socket", path);
    }
    FILE *stream = fdopen(fd, "r+e");
    MUST(stream != NULL);
    MUST(fprintf(stream, "%s\n", command) > 0 && fflush(stream) == 0);
    MUST(fgets(ret_answer, (int)answer_size, stream) != NULL);
    (void)fclose(stream);
    if (!str_starts_with(ret_answer, "ok")) {
        world_fail(command, ret_answer);
    }
}

/* --- collector ------------------------------------------------------------------------------- */

static void make_collector_config(const struct world *world, uint32_t baud)
{
    static char config[FILE_SIZE_MAX];
    MUST(str_format(config, sizeof(config),
                    "id = \"%s\";\n"
                    "state = \"%s/state\";\n"
                    "mqtt = { host = \"127.0.0.1\"; port = %u; ca = \"%s/ca.pem\";\n"
                    "  cert = \"%s/%s.pem\"; key = \"%s/%s.key\"; keep_alive_s = 5;\n"
                    "  reconnect_s_max = 1; will_delay_s = 0; };\n"
                    "buses = ( { name = \"bus1\"; device = \"%s/bus1\"; baud = %u; } );\n",
                    WORLD_COLLECTOR, world->dir, (unsigned)world->collector_port, world->dir,
                    world->dir, WORLD_COLLECTOR, world->dir, WORLD_COLLECTOR, world->dir,
                    (unsigned)baud));
    write_file(world, "collector.cfg", config);
}

void world_collector_start(struct world *world, uint32_t baud, uint64_t limit_bytes)
{
    char path[WORLD_PATH_SIZE];
    make_collector_config(world, baud);
    (void)mkdir(world_path(world, "state", path), 0700);
    const char *const args[] = {SHILLING_COLLECTOR, "--config",
                                world_path(world, "collector.cfg", path), NULL};
    world->collector = spawn(world, "collector.log", limit_bytes, args);
}

void world_collector_kill(struct world *world, int signal_number)
{
    end_process(&world->collector, signal_number);
}

int world_collector_run(struct world *world, const char *config, char *ret_output,
                        size_t output_size)
{
    char path[WORLD_PATH_SIZE];
    char output[WORLD_PATH_SIZE];
    write_file(world, "try.cfg", config);
    (void)unlink(world_path(world, "try.log", output));
    const char *const args[] = {SHILLING_COLLECTOR, "--config", world_path(world, "try.cfg", path),
                                NULL};
    int code = wait_end(spawn(world, "try.log", 0, args));
    read_file(output, ret_output, output_size);
    return code;
}

struct world *world_create(void)
{
    struct world *world = calloc(1, sizeof(*world));
    MUST(world != NULL);
    scratch_make(world->dir);
    make_certificates(world);
    world->collector_port = free_port();
    world->cloud_port = free_port();
    make_broker_config(world);
    world_broker_start(world);
    world->cloud = world_connect(world, "cloud", false);
    return world;
}

void world_destroy(struct world *world)
{
    if (world == NULL) {
        return;
    }
    mqtt_event_finish(&world->event);
    mqtt_destroy(world->cloud);
    world_collector_kill(world, SIGKILL);
    world_bus_stop(world);
    world_broker_kill(world);
    free(world);
}
