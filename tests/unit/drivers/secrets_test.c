/* SPDX-License-Identifier: Apache-2.0 */

/* A process that knows keys dies, and forgets, without leaving them behind. */

#include <signal.h>

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/json/json.h"
#include "drivers/secrets/secrets.h"
#include "tests/unit/test.h"

TEST(a_guarded_process_can_not_be_dumped)
{
    struct rlimit limit = {1, 1};
    CHECK_EQ_I64(prctl(PR_GET_DUMPABLE), 1);
    CHECK(secrets_guard());
    CHECK_EQ_I64(prctl(PR_GET_DUMPABLE), 0);
    CHECK_EQ_I64(getrlimit(RLIMIT_CORE, &limit), 0);
    CHECK_EQ_I64(limit.rlim_cur, 0);
    CHECK_EQ_I64(limit.rlim_max, 0); /* and cannot take it back */
    CHECK(secrets_guard());          /* twice does no harm */
}

TEST(its_death_leaves_no_core)
{
    const pid_t child = fork();
    if (child == 0) {
        if (!secrets_guard() || signal(SIGABRT, SIG_DFL) == SIG_ERR) {
            _exit(1);
        }
        abort();
    }
    int status = 0;
    CHECK_EQ_I64(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ_I64(WTERMSIG(status), SIGABRT);
    CHECK(!WCOREDUMP(status));
}

static const char KEY[] = "486db578e43b";
static size_t freed;
static size_t left;

/* The linker puts it before free() in what is tested: keys must not stand in what goes by. */
void __real_free(void *area);
void __wrap_free(void *area);
void __wrap_free(void *area)
{
    freed += 1;
    left += area != NULL && memmem(area, malloc_usable_size(area), KEY, strlen(KEY)) != NULL;
    __real_free(area);
}

TEST(what_is_freed_is_wiped)
{
    freed = 0;
    left = 0;
    char *area = calloc(1, 1000);
    CHECK(area != NULL);
    memcpy(area + 900, KEY, sizeof(KEY));
    secrets_free(area);
    secrets_free(NULL);
    CHECK_EQ_U64(freed, 2);
    CHECK_EQ_U64(left, 0);
}

TEST(json_forgets_what_it_held)
{
    char text[100];
    CHECK(secrets_guard());
    freed = 0;
    left = 0;
    (void)snprintf(text, sizeof(text), "{\"keys\":[{\"key\":\"%s\"}]}", KEY);
    json_t *json = json_parse_object(text, strlen(text), sizeof(text));
    CHECK(json != NULL);
    json_decref(json);
    json = json_object();
    json_put_text(json, "key", KEY);
    CHECK(json_print(json, text, sizeof(text)));
    json_decref(json);
    CHECK(freed > 10);
    CHECK_EQ_U64(left, 0);
}

TEST_MAIN()
