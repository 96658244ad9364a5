/* test_choice.c: the strategies behind the door: each gives what it promises, and what was recorded
 * comes again.
 */
#include "sim/choice.h"

#include "tests/cases.h"

enum { ORDER, DELAY, LUCK, LABELS_COUNT };

static const char *const labels[LABELS_COUNT] = {"order", "delay", "luck"};

enum { MANY = 1000 };

static void the_default_is_always_the_first_alternative(void **state)
{
    (void)state;
    struct choices c;
    choices_init_default(&c, labels, LABELS_COUNT);
    for (uint64_t count = 1; count <= MANY; count++) {
        assert_int_equal(choose(&c, ORDER, count), 0);
    }
    assert_int_equal(choose(&c, DELAY, UINT64_C(1) << 32), 0);
}

static void a_seed_gives_the_same_alternatives_again_and_another_seed_others(void **state)
{
    (void)state;
    struct choices a;
    struct choices b;
    struct choices other;
    int differ = 0;
    choices_init_seeded(&a, labels, LABELS_COUNT, 7);
    choices_init_seeded(&b, labels, LABELS_COUNT, 7);
    choices_init_seeded(&other, labels, LABELS_COUNT, 8);
    for (int i = 0; i < MANY; i++) {
        uint32_t value = choose(&a, ORDER, 10);
        assert_true(value < 10);
        assert_int_equal(choose(&b, ORDER, 10), value);
        differ += choose(&other, ORDER, 10) != value;
    }
    assert_in_range(differ, MANY / 2, MANY);
}

/* So a run that draws one more latency still has the same orders. */
static void each_label_has_a_stream_of_its_own(void **state)
{
    (void)state;
    struct choices a;
    struct choices b;
    choices_init_seeded(&a, labels, LABELS_COUNT, 7);
    choices_init_seeded(&b, labels, LABELS_COUNT, 7);
    for (int i = 0; i < MANY; i++) {
        (void)choose(&b, DELAY, 1000);
        assert_int_equal(choose(&a, ORDER, 1000), choose(&b, ORDER, 1000));
    }
}

static void a_recording_gives_every_choice_again(void **state)
{
    (void)state;
    static struct choice list[3 * MANY];
    uint32_t values[MANY];
    struct choices c;
    choices_init_seeded(&c, labels, LABELS_COUNT, 3);
    choices_record(&c, list, 3 * MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        values[i] = choose(&c, i % LABELS_COUNT, 1 + i);
    }
    assert_int_equal(c.list_count, MANY);
    uint64_t count = c.list_count;
    choices_init_recorded(&c, labels, LABELS_COUNT, list, count);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(choose(&c, i % LABELS_COUNT, 1 + i), values[i]);
    }
    assert_false(c.diverged);
    assert_int_equal(c.position, MANY);
}

/* --- a run that asks for something else than was recorded
 * ------------------------------------------------------------------------------------------------
 */

struct divergence_row {
    const char *name;
    struct choice recorded;
    uint64_t length;
    bool diverges;
};

/* The run asks for ORDER among 10. */
static const struct divergence_row divergence_rows[] = {
    {"the same is asked: no divergence", {ORDER, 9, 4},  1, false},
    {"another label was recorded",       {DELAY, 9, 4},  1, true },
    {"another number of alternatives",   {ORDER, 10, 4}, 1, true },
    {"a value beyond the alternatives",  {ORDER, 9, 10}, 1, true },
    {"the recording has ended",          {ORDER, 9, 4},  0, true },
};

static void divergence(void **state)
{
    const struct divergence_row *row = *state;
    struct choice list = row->recorded;
    struct choices c;
    choices_init_recorded(&c, labels, LABELS_COUNT, &list, row->length);
    assert_int_equal(choose(&c, ORDER, 10), row->diverges ? 0 : 4);
    assert_int_equal(c.diverged, row->diverges);
}

static void a_recording_that_is_full_says_so_and_the_run_goes_on(void **state)
{
    (void)state;
    struct choice list[2];
    struct choices c;
    choices_init_seeded(&c, labels, LABELS_COUNT, 3);
    choices_record(&c, list, 2);
    for (int i = 0; i < 2; i++) {
        (void)choose(&c, ORDER, 10);
    }
    assert_false(c.overflowed);
    (void)choose(&c, ORDER, 10);
    assert_true(c.overflowed);
    assert_int_equal(c.list_count, 2);
}

static void a_draw_s_default_is_the_median_and_a_constant_asks_nothing(void **state)
{
    (void)state;
    const struct distribution_spec uniform = {
        .kind = DISTRIBUTION_UNIFORM, .a = duration_s(2), .b = duration_s(4)};
    const struct distribution_spec constant = {
        .kind = DISTRIBUTION_CONSTANT, .a = duration_s(5), .b = duration_s(5)};
    struct distribution d;
    struct choice list[2];
    struct choices c;
    choices_init_default(&c, labels, LABELS_COUNT);
    choices_record(&c, list, 2);
    distribution_init(&d, &uniform);
    assert_in_range(choose_duration(&c, DELAY, &d).ns, 3 * NS_PER_S - 1, 3 * NS_PER_S + 1);
    assert_int_equal(c.list_count, 1);
    distribution_init(&d, &constant);
    assert_int_equal(choose_duration(&c, DELAY, &d).ns, 5 * NS_PER_S);
    assert_int_equal(c.list_count, 1);
}

static void a_chance_is_as_likely_as_it_says(void **state)
{
    (void)state;
    int hits = 0;
    struct choices c;
    choices_init_seeded(&c, labels, LABELS_COUNT, 5);
    for (int i = 0; i < 100 * MANY; i++) {
        assert_false(choose_chance(&c, LUCK, 0));
        assert_true(choose_chance(&c, LUCK, 1000000));
        hits += choose_chance(&c, LUCK, 250000);
    }
    /* Mean 25000, standard deviation 137. */
    assert_in_range(hits, 24300, 25700);
    choices_init_default(&c, labels, LABELS_COUNT);
    assert_false(choose_chance(&c, LUCK, 999999));
    assert_true(choose_chance(&c, LUCK, 1000000));
}

static void a_saved_position_brings_the_same_choices_again(void **state)
{
    (void)state;
    uint32_t values[MANY];
    struct choices_position position;
    struct choices c;
    choices_init_seeded(&c, labels, LABELS_COUNT, 5);
    for (int i = 0; i < 10; i++) {
        (void)choose(&c, ORDER, 1000);
    }
    choices_save(&c, &position);
    for (uint32_t i = 0; i < MANY; i++) {
        values[i] = choose(&c, i % 2, 1000);
    }
    choices_load(&c, &position);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(choose(&c, i % 2, 1000), values[i]);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, the_default_is_always_the_first_alternative);
    CASES_ADD(&cases, a_seed_gives_the_same_alternatives_again_and_another_seed_others);
    CASES_ADD(&cases, each_label_has_a_stream_of_its_own);
    CASES_ADD(&cases, a_recording_gives_every_choice_again);
    CASES_ADD_TABLE(&cases, divergence, divergence_rows);
    CASES_ADD(&cases, a_recording_that_is_full_says_so_and_the_run_goes_on);
    CASES_ADD(&cases, a_draw_s_default_is_the_median_and_a_constant_asks_nothing);
    CASES_ADD(&cases, a_chance_is_as_likely_as_it_says);
    CASES_ADD(&cases, a_saved_position_brings_the_same_choices_again);
    return cases_run("choice", &cases);
}
