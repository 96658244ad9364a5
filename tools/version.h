/* version.h: which build this is. */
#ifndef LOCKSTEP_TOOLS_VERSION_H
#define LOCKSTEP_TOOLS_VERSION_H

/* "0.1.0 (99c9328)": the release and, in a checkout, the commit; "+" where files were changed. */
const char *version_text(void);

#endif
