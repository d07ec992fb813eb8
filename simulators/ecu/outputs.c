/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/outputs.h"

#include "harness/base/wire.h"

#include <string.h>

#define US 1000000u

#define CRANK_US    (2u * US) /* the engine starts so long after the ECU */
#define COLD_CLT    2000      /* 0.01 C */
#define WARM_CLT    8800
#define CLT_PER_S   15
#define IDLE_RPM    850
#define CHARGED_MV  13900
#define RESTING_MV  12400
#define AMBIENT_MAP 1010
#define IDLE_MAP    350
#define IDLE_TPS    120
#define LAMBDA      10000

/* A triangle of this period between -swing and +swing. */
static int32_t sway(uint64_t at_us, uint64_t period_us, int32_t swing)
{
	int64_t phase = (int64_t)(at_us % period_us * 4 * (uint64_t)swing / period_us);

	if (phase > 2 * swing)
		phase = 4 * swing - phase;
	return (int32_t)(phase - swing);
}

static int32_t coolant(uint64_t uptime_us)
{
	uint64_t seconds = uptime_us / US;
	uint64_t gain = seconds * CLT_PER_S;

	return gain > WARM_CLT - COLD_CLT ? WARM_CLT : COLD_CLT + (int32_t)gain;
}

void outputs_write(uint64_t uptime_us, uint32_t commands, uint8_t ret[static OUTPUTS_SIZE])
{
	struct writer out = writer_of(ret, OUTPUTS_SIZE);
	int running = uptime_us >= CRANK_US;

	memset(ret, 0, OUTPUTS_SIZE);
	writer_le32(&out, running ? 1 : 0);
	writer_le16(&out, running ? (uint16_t)(IDLE_RPM + sway(uptime_us, 1300000, 24)) : 0);
	writer_le16(&out, (uint16_t)coolant(uptime_us));
	writer_le16(&out, (uint16_t)(COLD_CLT + 350 + sway(uptime_us, 90 * US, 60)));
	writer_le16(&out, (uint16_t)(IDLE_TPS + sway(uptime_us, 700000, 9)));
	writer_le16(&out,
		(uint16_t)((running ? CHARGED_MV : RESTING_MV) + sway(uptime_us, 400000, 70)));
	writer_le16(
		&out, (uint16_t)(running ? IDLE_MAP + sway(uptime_us, 230000, 11) : AMBIENT_MAP));
	writer_le32(&out, (uint32_t)(uptime_us / US));
	writer_le16(&out, (uint16_t)(LAMBDA + sway(uptime_us, 2100000, 180)));
	writer_le16(&out, (uint16_t)commands);
}
