/* fault_forms.h: the forms in which faults are tried where nobody has said which: by sweeps and by
 * searches.
 *
 * A form is a fault but for its place: a kind, with its amounts. Some kinds come in several: killed
 * before or after a call, one attempt throttled or all of them.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_FAULT_FORMS_H
#define LOCKSTEP_MODEL_PIPELINE_FAULT_FORMS_H

#include "model/pipeline/scenario.h"

struct fault_form {
    const char *name;
    struct fault fault; /* what it is but for place and occurrence */
};

/* The forms that a sweep tries. */
size_t fault_forms_count(void);
const struct fault_form *fault_form_at(size_t i);

#endif
