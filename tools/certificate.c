/* certificate.c: see certificate.h. */
#include "tools/certificate.h"

#include "model/pipeline/pipeline.h"

enum { WORLDS_MOST = 1 << 20 };

/* Whether two faults are the same but for their place. */
static bool same_form(const struct fault *a, const struct fault *b)
{
    return a->kind == b->kind && a->by.ns == b->by.ns && a->calls == b->calls &&
           a->attempts == b->attempts && a->when == b->when && a->outcome == b->outcome;
}

/* The case's own forms, behind those of the menu. */
static void add_forms(struct deviation_menu *menu, const struct trial_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct fault *fault = &list->items[i].fault;
        bool there = false;
        for (uint32_t k = 0; k < menu->count; k++) {
            there |= same_form(&menu->forms[k].fault, fault);
        }
        if (!there && menu->count < DEVIATION_FORMS_MAX) {
            struct deviation_form *form = &menu->forms[menu->count++];
            *form = (struct deviation_form){.fault = *fault};
            form->fault.process = form->fault.at = TEXT("");
            form->fault.of = (struct instance){0};
            form->fault.occurrence = 0;
        }
    }
}

static void name_example(const struct deviation_menu *menu, const struct finding *finding,
                         struct trial_list *list)
{
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    list->count = finding->size;
    for (uint32_t i = 0; i < finding->size; i++) {
        list->items[i] = (struct trial_deviation){
            .fault = menu_fault(menu, &finding->example[i], types),
            .point = finding->example[i].point,
        };
    }
}

/* The finding of the property with the fewest deviations; NULL: none. */
static const struct finding *smallest(const struct findings *f, uint32_t property)
{
    const struct finding *least = NULL;
    for (size_t i = 0; i < f->count; i++) {
        if (f->rows[i].property == property && (least == NULL || f->rows[i].size < least->size)) {
            least = &f->rows[i];
        }
    }
    return least;
}

/* All runs with at most that many deviations. True: more may be asked. */
static bool seek_with(const struct certificate_work *work, const struct deviation_menu *menu,
                      uint32_t deviations, struct certificate *certificate, enum status *status,
                      struct error *error)
{
    struct explored explored;
    struct exploration_work exploration = {
        .exploration = {.scenario = &work->of->scenario,
                        .menu = menu,
                        .deviations = deviations,
                        .fingerprints = true,
                        .worlds_most = WORLDS_MOST,
                        .scratch = NULL},
        .title = "is it minimal?",
        .workers = work->workers,
        .shows_progress = work->shows_progress,
        .stopped = work->stopped,
    };
    *status = exploration_do(&exploration, &explored, error);
    const struct finding *found =
        *status == STATUS_OK ? smallest(&explored.findings, work->property) : NULL;
    if (found != NULL) {
        certificate->end = CERTIFICATE_SMALLER;
        name_example(menu, found, &certificate->smaller);
    } else if (*status == STATUS_OK && !explored.complete) {
        certificate->end = CERTIFICATE_STOPPED;
    } else if (*status == STATUS_OK) {
        bool unjudged = explored.findings.full > 0 ||
                        findings_least(&explored.findings, PROPERTY_ENDS) != UINT32_MAX;
        certificate->end = unjudged ? CERTIFICATE_UNJUDGED : CERTIFICATE_MINIMAL;
        certificate->up_to = deviations;
        certificate->runs = explored.findings.counts.runs + explored.findings.counts.seen;
    }
    explored_free(&explored);
    return certificate->end == CERTIFICATE_MINIMAL;
}

enum status certificate_seek(const struct certificate_work *work, struct certificate *certificate,
                             struct error *error)
{
    struct deviation_menu menu;
    enum status status = STATUS_OK;
    uint32_t count = work->of->deviations.count;
    deviation_menu_fill(&menu, &work->of->scenario, work->groups);
    add_forms(&menu, &work->of->deviations);
    certificate->end = CERTIFICATE_MINIMAL;
    certificate->up_to = UINT32_MAX;
    certificate->runs = 0;
    for (uint32_t d = 0; d < count && status == STATUS_OK; d++) {
        if (d > EXPLORE_DEVIATIONS_MAX) {
            certificate->end = CERTIFICATE_STOPPED;
        }
        if (certificate->end != CERTIFICATE_MINIMAL ||
            !seek_with(work, &menu, d, certificate, &status, error)) {
            break;
        }
    }
    return status;
}
