/* test_certificate.c: what the explorer says of a case: that it is minimal, or which is smaller.
 *
 * The small world of test_shrink.c: two files are a batch, and no single deviation puts one of them
 * into two manifests, while two can. With four files one does.
 */
#include "tools/certificate.h"

#include "tests/failing_world.h"

static struct shrink_case given;
static struct scenario scenario;
static struct certificate certificate;
static struct error error;

static struct certificate_work work_for(enum invariant property)
{
    return (struct certificate_work){
        .of = &given, .property = property, .groups = DEVIATION_GROUPS_USUAL, .workers = 2};
}

static void take_case(void)
{
    assert_int_equal(shrink_name_faults(&given, &scenario, NULL, &error), STATUS_OK);
    assert_int_equal(given.scenario.faults_count, 0);
    assert_true(given.deviations.count >= 1);
}

static void test_two_are_the_fewest(void **state)
{
    (void)state;
    struct certificate_work work = work_for(INVARIANT_S1);
    make_world(&scenario, BUILDER_V4, MACHINE_M3, 2);
    add_fault(&scenario, FAULT_ERROR, "manifest_builder", "MARK_FILE", 1)->attempts = 0;
    add_fault(&scenario, FAULT_KILL, "manifest_builder", "RELEASE_LOCK", 1)->of =
        (struct instance){2, 1};
    take_case();
    assert_int_equal(given.deviations.count, 2);
    assert_true((given.outcome.violated >> INVARIANT_S1 & 1) != 0);
    assert_int_equal(certificate_seek(&work, &certificate, &error), STATUS_OK);
    assert_int_equal(certificate.end, CERTIFICATE_MINIMAL);
    assert_int_equal(certificate.up_to, 1);
    assert_true(certificate.runs > 100);
}

/* The smaller one was never in the case. */
static void test_a_smaller_one_is_told(void **state)
{
    (void)state;
    struct certificate_work work = work_for(INVARIANT_S3);
    make_world(&scenario, BUILDER_V4, MACHINE_M3, 2);
    (void)add_fault(&scenario, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 1);
    (void)add_fault(&scenario, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 2);
    take_case();
    assert_int_equal(certificate_seek(&work, &certificate, &error), STATUS_OK);
    assert_int_equal(certificate.end, CERTIFICATE_SMALLER);
    assert_int_equal(certificate.smaller.count, 1);
    scenario.faults[0] = certificate.smaller.items[0].fault;
    scenario.faults_count = 1;
    assert_true((run_afresh(&scenario).violated >> INVARIANT_S3 & 1) != 0);
}

/* Amounts that no menu has are tried as the case has them. */
static void test_the_case_s_own_amounts_are_tried(void **state)
{
    (void)state;
    struct certificate_work work = work_for(INVARIANT_S7);
    make_world(&scenario, BUILDER_V4, MACHINE_M3, 2);
    scenario.workloads[1] = scenario.workloads[0];
    scenario.workloads[1].at = duration_s(140);
    scenario.workloads_count = 2;
    scenario.lock_ttl = duration_s(60);
    work.groups = UINT32_C(1) << DEVIATION_KILL;
    add_fault(&scenario, FAULT_STALL, "manifest_builder", "MARK_FILE", 1)->by = duration_s(170);
    (void)add_fault(&scenario, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 1);
    take_case();
    assert_int_equal(given.deviations.count, 2);
    assert_int_equal(certificate_seek(&work, &certificate, &error), STATUS_OK);
    assert_int_equal(certificate.end, CERTIFICATE_SMALLER);
    assert_int_equal(certificate.smaller.items[0].fault.by.ns, 170 * NS_PER_S);
}

static bool always(void)
{
    return true;
}

static void test_it_can_be_stopped(void **state)
{
    (void)state;
    struct certificate_work work = work_for(INVARIANT_S1);
    test_two_are_the_fewest(state);
    work.stopped = always;
    assert_int_equal(certificate_seek(&work, &certificate, &error), STATUS_OK);
    assert_int_equal(certificate.end, CERTIFICATE_STOPPED);
    assert_int_equal(certificate.up_to, UINT32_MAX);
}

static void test_without_deviations_there_is_nothing_to_prove(void **state)
{
    (void)state;
    struct certificate_work work = work_for(INVARIANT_S6);
    make_world(&scenario, BUILDER_V0, MACHINE_M0, 4);
    assert_int_equal(shrink_name_faults(&given, &scenario, NULL, &error), STATUS_OK);
    assert_int_equal(certificate_seek(&work, &certificate, &error), STATUS_OK);
    assert_int_equal(certificate.end, CERTIFICATE_MINIMAL);
    assert_int_equal(certificate.up_to, UINT32_MAX);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, test_two_are_the_fewest);
    CASES_ADD(&cases, test_a_smaller_one_is_told);
    CASES_ADD(&cases, test_the_case_s_own_amounts_are_tried);
    CASES_ADD(&cases, test_it_can_be_stopped);
    CASES_ADD(&cases, test_without_deviations_there_is_nothing_to_prove);
    return cases_run("certificate", &cases);
}
