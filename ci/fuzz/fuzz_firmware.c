/* SPDX-License-Identifier: MIT */
/*
 * What lies in flash is whatever a broken update left there: recognising firmware never crashes, gives only texts that end,
 * and calls whole what can be built again.
 *
 * The input is the content of the flash from its start, erased behind it.
 */
#include "harness/base/attr.h"
#include "harness/base/wire.h"
#include "simulators/firmware/firmware.h"
#include "simulators/firmware/firmware_header.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <zlib.h>

#define START 0x08000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct content {
	const uint8_t *data;
	size_t size;
};

static int read_content(void *user, uint32_t addr, uint8_t *ret_data, size_t size)
{
	const struct content *content = user;
	size_t offset = addr - START;
	size_t there = offset < content->size ? content->size - offset : 0;

	if (addr < START || offset + size > (1u << 20))
		return -EFAULT;
	if (there > size)
		there = size;
	if (there)
		memcpy(ret_data, content->data + offset, there);
	memset(ret_data + there, 0xff, size - there);
	return 0;
}

static void check(const struct firmware *firmware)
{
	assert(memchr(firmware->signature, '\0', sizeof(firmware->signature)));
	assert(memchr(firmware->chip, '\0', sizeof(firmware->chip)));
	assert(firmware->kind < FIRMWARE_KIND_COUNT);
}

static void identify(struct content *content, uint32_t base)
{
	struct firmware firmware;
	int r = firmware_identify(&chips[0], base, read_content, content, &firmware);

	assert(r == 0 || r == -ENOEXEC || r == -ENODATA);
	if (r != -ENOEXEC)
		check(&firmware);
	if (r == 0)
		assert(firmware.base == base);
}

/* The same with sums that are right: behind them is what only they guard. */
static void identify_repaired(const uint8_t *data, size_t size)
{
	uint8_t bytes[0x1000];
	struct content content = {bytes, sizeof(bytes)};
	struct writer crc;

	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	memcpy(bytes + FIRMWARE_HEADER_OFFSET, "dfurigFW", 8);
	crc = writer_of(bytes + FIRMWARE_HEADER_OFFSET + FIRMWARE_HEADER_SIZE - 4, 4);
	writer_le32(&crc,
		(uint32_t)crc32_z(0, bytes + FIRMWARE_HEADER_OFFSET, FIRMWARE_HEADER_SIZE - 4));
	identify(&content, START);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct content content = {data, size};

	identify(&content, START);
	identify(&content, START + 0x8000);
	identify_repaired(data, size);
	return 0;
}
