/* SPDX-License-Identifier: MIT */
/*
 * Output channels: what the gauges show of an engine that idles and warms up. A function of the time since start-up.
 *
 * The offsets are dfurig's own, not those of any .ini of rusEFI; numbers are little-endian:
 *
 *	 0  u32  bit 0: the engine runs
 *	 4  u16  rpm
 *	 6  s16  coolant, 0.01 C
 *	 8  s16  intake air, 0.01 C
 *	10  u16  throttle, 0.01 %
 *	12  u16  battery, mV
 *	14  u16  manifold pressure, 0.1 kPa
 *	16  u32  seconds since start-up
 *	20  u16  lambda, 0.0001
 *	22  u16  commands that came by TunerStudio, modulo 65536
 *	24 ...   0
 */
#ifndef DFURIG_ECU_OUTPUTS_H
#define DFURIG_ECU_OUTPUTS_H

#include <stdint.h>

#define OUTPUTS_SIZE 256u

#define OUTPUTS_RPM     4
#define OUTPUTS_CLT     6
#define OUTPUTS_SECONDS 16

void outputs_write(uint64_t uptime_us, uint32_t commands, uint8_t ret[static OUTPUTS_SIZE]);

#endif
