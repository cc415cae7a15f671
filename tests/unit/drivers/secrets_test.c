/* SPDX-License-Identifier: Apache-2.0 */

/* A process that knows keys dies without leaving them behind. */

#include <signal.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

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

TEST_MAIN()
