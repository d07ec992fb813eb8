/* SPDX-License-Identifier: MIT */
/*
 * Twins: programs of a host's system as functions, for runs in-process on virtual time. They reach devices by the same
 * clients as everything here, and give the exit codes and the key sentences of the real ones; each says in `source` what it
 * is known from. The real programs run through the mock.
 */
#ifndef DFURIG_HOST_TWIN_H
#define DFURIG_HOST_TWIN_H

#include "harness/ports/host_os.h"

/* Linux. */
extern const struct host_program twin_dfu_util; /* dfu-util 0.11 */
extern const struct host_program twin_lsusb;

/* Windows: what they see, and what they can open, is what os->pnp says. On other systems there are none of them, but for
 * STM32_Programmer_CLI. */
extern const struct host_program
	twin_powershell; /* Get-CimInstance Win32_PnPEntity, Get-PnpDevice */
extern const struct host_program twin_wmic;
extern const struct host_program twin_pnputil;
extern const struct host_program twin_st_drivers;       /* silent_st_drivers2.exe, an archive */
extern const struct host_program twin_install_drivers;  /* silent_install_windows8.bat out of it */
extern const struct host_program twin_stm32_programmer; /* STM32_Programmer_CLI */
extern const struct host_program twin_dfuse_command;    /* DfuSeCommand */

/* All of them, and NULL: for host_os_direct_new. */
extern const struct host_program *const host_twins[];

#endif
