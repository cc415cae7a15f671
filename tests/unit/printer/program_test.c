/* SPDX-License-Identifier: Apache-2.0 */

/* The whole: printd and the emulated printer as processes, faults on command, kill -9. */
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/printer/rig.h"
#include "tests/unit/test.h"

enum { PATIENCE_MS = 10000 };

static const char ID_A[] = "018f3a1c-0000-7000-8000-00000000000a";
static const char ID_B[] = "018f3a1c-0000-7000-8000-00000000000b";

static struct rig rig;
static char answer[65536];

static void control(const char *line)
{
    rig_control(&rig, line, answer, sizeof(answer));
}

static void expect(const char *id, enum printjob_state state, const char *detail)
{
    struct printjob_answer verdict;
    CHECK(rig_verdict(&rig, &verdict, PATIENCE_MS));
    CHECK_EQ_STR(verdict.job_id, id);
    CHECK_EQ_STR(printjob_state_name(verdict.state), printjob_state_name(state));
    CHECK_EQ_STR(verdict.detail, detail);
}

static void expect_clean_dialogue(void)
{
    CHECK_EQ_I64(rig_state_number(&rig, "violations"), 0);
}

static void wait_papers(long count)
{
    for (int i = 0; i < 300 && rig_state_number(&rig, "papers") < count; i++) {
        (void)usleep(20000);
    }
    CHECK_EQ_I64(rig_state_number(&rig, "papers"), count);
}

static void prints(bool pty, const char *proof, const char *const *extra)
{
    rig_start(&rig, pty, proof, extra);
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    rig_print(&rig, ID_A, /* with_code= */ true);
    expect(ID_A, PRINTJOB_PRINTED, "");
    CHECK_EQ_U64(rig_on_paper(&rig, "付款金额"), 1);
    rig_print(&rig, ID_A, true);
    expect(ID_A, PRINTJOB_PRINTED, "");
    CHECK_EQ_I64(rig_state_number(&rig, "papers"), 1);
    expect_clean_dialogue();
    rig_stop(&rig);
}

TEST(prints_over_tcp)
{
    prints(false, "mark", NULL);
}

TEST(prints_over_a_slow_line)
{
    prints(true, "mark", (const char *const[]){"--baud", "38400", NULL});
}

TEST(prints_on_a_clone_without_marks)
{
    prints(false, "fence", (const char *const[]){"--no-marks", "--hanzi-at-start", NULL});
}

TEST(paper_out_in_the_middle_is_held_and_comes_out_once)
{
    rig_start(&rig, false, "mark", NULL);
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("paper left 40");
    rig_print(&rig, ID_A, false);
    expect(ID_A, PRINTJOB_HELD, "paper_out");
    CHECK(rig_device(&rig, PRINTJOB_PAPER_OUT, PATIENCE_MS));
    rig_print(&rig, ID_B, false);
    expect(ID_B, PRINTJOB_FAILED, "paper_out");
    control("paper load 80000");
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    wait_papers(2); /* the torn end of the old roll, and what the printer had kept */
    control("papers");
    CHECK_EQ_STR(answer, "ok paper-0001:torn paper-0002:cut\n");
    CHECK_EQ_U64(rig_on_paper(&rig, "付款金额"), 1);
    rig_print(&rig, ID_A, false);
    expect(ID_A, PRINTJOB_HELD, "paper_out");
    expect_clean_dialogue();
    rig_stop(&rig);
}

/* The buffer is full and the line blocked when the paper ends. */
TEST(paper_out_with_a_small_buffer)
{
    rig_start(&rig, true, "mark", (const char *const[]){"--buffer", "64", "--baud", "9600", NULL});
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("paper left 30");
    rig_print(&rig, ID_A, true);
    expect(ID_A, PRINTJOB_HELD, "paper_out");
    CHECK(!rig_device(&rig, PRINTJOB_OFFLINE, 3000)); /* full, not away */
    control("paper load 80000");
    wait_papers(2);
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    rig_print(&rig, ID_B, false);
    expect(ID_B, PRINTJOB_PRINTED, "");
    CHECK_EQ_I64(rig_state_number(&rig, "papers"), 3);
    expect_clean_dialogue();
    rig_stop(&rig);
}

TEST(states_are_pushed)
{
    rig_start(&rig, false, "mark", NULL);
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("cover open");
    CHECK(rig_device(&rig, PRINTJOB_COVER_OPEN, PATIENCE_MS));
    rig_print(&rig, ID_A, false);
    expect(ID_A, PRINTJOB_FAILED, "cover_open");
    control("cover close");
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("near-end on");
    CHECK(rig_device(&rig, PRINTJOB_NEAR_END, PATIENCE_MS));
    control("near-end off");
    control("head hot");
    CHECK(rig_device(&rig, PRINTJOB_ERROR, PATIENCE_MS));
    control("head cool");
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("mute on");
    CHECK(rig_device(&rig, PRINTJOB_OFFLINE, PATIENCE_MS));
    control("mute off");
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    expect_clean_dialogue();
    rig_stop(&rig);
}

TEST(cutter_jam_is_printed_not_cut)
{
    rig_start(&rig, false, "mark", NULL);
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("cutter jam");
    rig_print(&rig, ID_A, false);
    expect(ID_A, PRINTJOB_PRINTED_NOT_CUT, "cutter");
    CHECK(rig_device(&rig, PRINTJOB_ERROR, PATIENCE_MS));
    control("cutter clear");
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    CHECK_EQ_I64(rig_state_number(&rig, "papers"), 1);
    rig_stop(&rig);
}

TEST(lost_answers_are_unknown)
{
    rig_start(&rig, false, "mark", NULL);
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("lose 2");
    rig_print(&rig, ID_A, false);
    expect(ID_A, PRINTJOB_UNKNOWN, "no_answer");
    CHECK_EQ_I64(rig_state_number(&rig, "papers"), 1);
    control("lose 1"); /* the body's echo is lost, the cut's stands for both */
    rig_print(&rig, ID_B, false);
    expect(ID_B, PRINTJOB_PRINTED, "");
    rig_stop(&rig);
}

static void dies(bool pty)
{
    rig_start(&rig, pty, "mark", NULL);
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    control("die 300 800");
    rig_print(&rig, ID_A, false);
    expect(ID_A, PRINTJOB_UNKNOWN, "link_lost");
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS)); /* it finds its way back */
    rig_print(&rig, ID_B, false);
    expect(ID_B, PRINTJOB_PRINTED, "");
    CHECK_EQ_I64(rig_state_number(&rig, "papers"), 2); /* what began was cut off first */
    CHECK_EQ_U64(rig_on_paper(&rig, "打印号"), 1);
    CHECK_EQ_U64(rig_on_paper(&rig, "付款金额"), 1);
    rig_print(&rig, ID_A, false);
    expect(ID_A, PRINTJOB_UNKNOWN, "link_lost");
    rig_stop(&rig);
}

TEST(printer_that_loses_power_over_tcp)
{
    dies(false);
}

TEST(printer_that_loses_power_on_a_line)
{
    dies(true);
}

/* kill -9 while the job is at its way: with each delay somewhere else. */
TEST(killed_printd_never_prints_twice)
{
    static const unsigned delays_ms[] = {0, 3, 10, 40, 150, 500, 900, 1500};
    rig_start(&rig, false, "mark", NULL);
    char id[] = "018f3a1c-0000-7000-8000-000000000000";
    size_t settled = 0;
    for (size_t i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
        struct printjob_answer verdict;
        id[35] = (char)('0' + i);
        CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
        rig_print(&rig, id, false);
        (void)usleep(delays_ms[i] * 1000);
        rig_kill_printd(&rig);
        rig_start_printd(&rig);
        CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
        rig_print(&rig, id, false);
        CHECK(rig_verdict(&rig, &verdict, PATIENCE_MS));
        CHECK_EQ_STR(verdict.job_id, id);
        CHECK(verdict.state == PRINTJOB_PRINTED || verdict.state == PRINTJOB_UNKNOWN);
        settled += verdict.state == PRINTJOB_PRINTED ? 1 : 0;
        char print_id[32];
        (void)snprintf(print_id, sizeof(print_id), "打印号 %s", id + strlen(id) - 8);
        enum printjob_state first = verdict.state;
        rig_print(&rig, id, false);
        CHECK(rig_verdict(&rig, &verdict, PATIENCE_MS));
        CHECK(verdict.state == first);
        /* Each paper has a number of its own, although the jobs were made in one minute. */
        CHECK(rig_on_paper(&rig, print_id) <= 1);
        CHECK(first != PRINTJOB_PRINTED || rig_on_paper(&rig, print_id) == 1);
    }
    CHECK(settled >= 1);
    rig_stop(&rig);
}

TEST(rude_clients_are_hung_up_on)
{
    static const char *const lines[] = {"nonsense\n", "{}\n", "{\"op\":\"print\"}\n",
                                        "{\"op\":\"print\",\"job_id\":\"x\",\"receipt\":{}}\n",
                                        "{\"op\":\"sing\"}\n"};
    rig_start(&rig, false, "mark", NULL);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct printjob_answer verdict;
        CHECK(send(rig.client, lines[i], strlen(lines[i]), MSG_NOSIGNAL) > 0);
        CHECK(!rig_verdict(&rig, &verdict, 2000));
        char byte;
        CHECK(recv(rig.client, &byte, 1, 0) == 0);
        rig_connect(&rig); /* hung up on, and still there for others */
    }
    CHECK(rig_device(&rig, PRINTJOB_READY, PATIENCE_MS));
    rig_stop(&rig);
}

TEST_MAIN()
