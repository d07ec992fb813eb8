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

/* Windows, on a host whose driver for ST's bootloader is the newer one (WinUSB). Other states of the driver store are not
 * modelled. */
extern const struct host_program twin_powershell; /* Get-CimInstance Win32_PnPEntity */
extern const struct host_program twin_wmic;
extern const struct host_program twin_stm32_programmer; /* STM32_Programmer_CLI */
extern const struct host_program twin_dfuse_command;    /* DfuSeCommand */

/* All of them, and NULL: for host_os_direct_new. */
extern const struct host_program *const host_twins[];

#endif
