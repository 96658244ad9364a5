/* fault_forms.c: see fault_forms.h. */
#include "model/pipeline/fault_forms.h"

#include "sim/assert.h"

/* What it is called, its kind, and how it differs from the kind's default. */
#define FORM(word, kind_name, ...)                                                                 \
    {                                                                                              \
        word,                                                                                      \
        {                                                                                          \
            .kind = FAULT_##kind_name, .times = 1, .calls = 1, __VA_ARGS__                         \
        }                                                                                          \
    }
#define SECONDS(count) .by = {(count)*NS_PER_S}

/* The amounts are beyond what is usual and within what a function lives to see. */
static const struct fault_form forms[] = {
    FORM("kill", KILL, .attempts = 1),
    FORM("kill_before", KILL, .attempts = 1, .when = FAULT_WHEN_BEFORE),
    FORM("timeout", TIMEOUT, .attempts = 1),
    FORM("timeout_lost", TIMEOUT, .attempts = 1, .outcome = FAULT_OUTCOME_LOST),
    FORM("lose_request", LOSE_REQUEST, .attempts = 1),
    FORM("lose_reply", LOSE_REPLY, .attempts = 1),
    FORM("throttle", THROTTLE, .attempts = 1),
    FORM("throttle_all", THROTTLE, .attempts = 0),
    FORM("error", ERROR, .attempts = 1),
    FORM("error_applied", ERROR, .attempts = 1, .outcome = FAULT_OUTCOME_APPLIED),
    FORM("error_all", ERROR, .attempts = 0),
    FORM("refuse", REFUSE, .attempts = 1),
    FORM("slow", SLOW, .attempts = 1, SECONDS(50)),
    FORM("stall", STALL, .attempts = 1, SECONDS(120)),
    FORM("stale", STALE, .attempts = 1, SECONDS(10)),
    FORM("duplicate", DUPLICATE, .attempts = 1),
    FORM("lose", LOSE, .attempts = 1),
    FORM("delay", DELAY, .attempts = 1, SECONDS(600)),
    FORM("corrupt", CORRUPT, .attempts = 1),
    FORM("expire", EXPIRE, .attempts = 1, SECONDS(1)),
    FORM("skew_ahead", CLOCK_SKEW, .attempts = 1, SECONDS(600)),
    FORM("skew_behind", CLOCK_SKEW, .attempts = 1, SECONDS(-600)),
    FORM("fail", FAIL, .attempts = 1),
    FORM("fail_after", FAIL, .attempts = 1, .when = FAULT_WHEN_AFTER),
};

size_t fault_forms_count(void)
{
    return sizeof forms / sizeof forms[0];
}

const struct fault_form *fault_form_at(size_t i)
{
    ASSERT(i < fault_forms_count());
    return &forms[i];
}
