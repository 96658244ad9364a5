/* vectors.h: the sub-command `lockstep vectors`. */
#ifndef LOCKSTEP_TOOLS_VECTORS_H
#define LOCKSTEP_TOOLS_VECTORS_H

/* Runs it; argv[0] is the sub-command's name. Returns the exit status: 0; 2 bad input or usage; 3
 * the machine refused. */
int command_vectors(int argc, char **argv);

#endif
