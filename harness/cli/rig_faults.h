/* SPDX-License-Identifier: MIT */
/* The fault plan of a rig's first board: its tap, its effects, and the events of what fires. */
#ifndef DFURIG_CLI_RIG_FAULTS_H
#define DFURIG_CLI_RIG_FAULTS_H

#include "harness/cli/rig.h"

/* From now on the plan's rules on the bus are asked, and its effects done to the first board. plan is borrowed until
 * rig_faults_done; its on_fire is taken. */
void rig_faults_begin(struct rig *rig, struct fault_plan *plan);
void rig_faults_done(struct rig *rig);

/* CLI_RIG, with a message, when a rule of the plan never fired; else code. Before rig_finish. */
int rig_faults_check(const struct rig *rig, int code);

/* `--fault ARG`: adds the rule to the plan, or ends with a message. */
void rig_faults_option(struct argp_state *state, struct fault_plan *plan, const char *arg);

#endif
