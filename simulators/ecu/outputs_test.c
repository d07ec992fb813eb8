/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/outputs.h"

#include "harness/base/wire.h"

#include <criterion/criterion.h>

struct gauges {
	uint32_t flags, seconds;
	int rpm, clt, tps, battery, map;
};

static struct gauges at_ms(uint64_t ms)
{
	uint8_t bytes[OUTPUTS_SIZE] = {0};
	struct reader in = reader_of(bytes, sizeof(bytes));
	struct gauges gauges;

	outputs_write(ms * 1000, 7, bytes);
	gauges.flags = reader_le32(&in);
	gauges.rpm = reader_le16(&in);
	gauges.clt = (int16_t)reader_le16(&in);
	reader_le16(&in);
	gauges.tps = reader_le16(&in);
	gauges.battery = reader_le16(&in);
	gauges.map = reader_le16(&in);
	gauges.seconds = reader_le32(&in);
	cr_expect_eq(in.pos, OUTPUTS_SECONDS + 4);
	return gauges;
}

Test(outputs, the_engine_starts_after_a_while_and_idles)
{
	cr_expect_eq(at_ms(1999).rpm, 0);
	cr_expect_eq(at_ms(1999).flags, 0);
	for (uint64_t ms = 2000; ms < 20000; ms += 37) {
		struct gauges gauges = at_ms(ms);

		cr_expect_eq(gauges.flags, 1);
		cr_expect(gauges.rpm >= 820 && gauges.rpm <= 880, "%d rpm", gauges.rpm);
		cr_expect(gauges.battery > 13000 && gauges.battery < 14500);
		cr_expect(gauges.map > 300 && gauges.map < 400);
		cr_expect(gauges.tps < 200);
	}
}

Test(outputs, it_moves)
{
	int lowest = 10000, highest = 0;

	for (uint64_t ms = 2000; ms < 4000; ms += 50) {
		int rpm = at_ms(ms).rpm;

		lowest = rpm < lowest ? rpm : lowest;
		highest = rpm > highest ? rpm : highest;
	}
	cr_expect_gt(highest - lowest, 30);
}

Test(outputs, it_warms_up_and_stays_warm)
{
	cr_expect_eq(at_ms(0).clt, 2000);
	cr_expect_gt(at_ms(60000).clt, at_ms(30000).clt);
	cr_expect_eq(at_ms(10000000).clt, 8800);
	cr_expect_eq(at_ms(UINT64_C(100000000000)).clt, 8800);
	cr_expect_eq(at_ms(61500).seconds, 61);
}
