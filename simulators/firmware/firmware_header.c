/* SPDX-License-Identifier: MIT */
#include "simulators/firmware/firmware_header.h"

#include "harness/base/wire.h"

#include <assert.h>
#include <libdeflate.h>
#include <string.h>

#define FORMAT       1
#define MAGIC_SIZE   8
#define MAGIC_REMAIN 4 /* so many right bytes are no accident */
#define CRC_OFFSET   (FIRMWARE_HEADER_SIZE - 4)
#define IMAGE_MAX    (16u << 20) /* no chip has more flash */

static const uint8_t magic[MAGIC_SIZE] = {'d', 'f', 'u', 'r', 'i', 'g', 'F', 'W'};

enum header_flag {
	FLAG_PAGED = 1 << 0,
	FLAG_DFU_JUMP = 1 << 1,
	FLAG_MASS_STORAGE = 1 << 2,
	FLAG_BEHIND_OPENBLT = 1 << 3,
	FLAG_LOCKED = 1 << 4,
	FLAG_DFU_CHECK = 1 << 5,
	FLAG_PROBES = 1 << 6,
};

static uint16_t flags_of(const struct firmware *firmware)
{
	unsigned int flags = 0;

	flags |= firmware->paged ? FLAG_PAGED : 0;
	flags |= firmware->dfu_jump ? FLAG_DFU_JUMP : 0;
	flags |= firmware->mass_storage ? FLAG_MASS_STORAGE : 0;
	flags |= firmware->behind_openblt ? FLAG_BEHIND_OPENBLT : 0;
	flags |= firmware->locked ? FLAG_LOCKED : 0;
	flags |= firmware->dfu_check ? FLAG_DFU_CHECK : 0;
	flags |= firmware->probes ? FLAG_PROBES : 0;
	return (uint16_t)flags;
}

static void set_flags(struct firmware *firmware, uint16_t flags)
{
	firmware->paged = flags & FLAG_PAGED;
	firmware->dfu_jump = flags & FLAG_DFU_JUMP;
	firmware->mass_storage = flags & FLAG_MASS_STORAGE;
	firmware->behind_openblt = flags & FLAG_BEHIND_OPENBLT;
	firmware->locked = flags & FLAG_LOCKED;
	firmware->dfu_check = flags & FLAG_DFU_CHECK;
	firmware->probes = flags & FLAG_PROBES;
}

void firmware_header_write(const struct firmware *firmware, uint8_t *ret_bytes)
{
	struct writer out = writer_of(ret_bytes, FIRMWARE_HEADER_SIZE);

	writer_bytes(&out, magic, sizeof(magic));
	writer_le16(&out, FORMAT);
	writer_le16(&out, (uint16_t)firmware->kind);
	writer_le16(&out, flags_of(firmware));
	writer_le16(&out, firmware->blocking_factor);
	writer_le32(&out, firmware->base);
	writer_le32(&out, firmware->size);
	writer_le32(&out, firmware->stack);
	writer_le32(&out, firmware->settings_size);
	writer_le32(&out, firmware->settings_version);
	writer_le32(&out, firmware->settings_addr[0]);
	writer_le32(&out, firmware->settings_addr[1]);
	writer_le32(&out, firmware->app_base);
	writer_le16(&out, firmware->backdoor_ms);
	writer_bytes(&out, firmware->signature, sizeof(firmware->signature));
	writer_bytes(&out, firmware->chip, sizeof(firmware->chip));
	writer_fill(&out, 0, CRC_OFFSET - out.pos);
	writer_le32(&out, libdeflate_crc32(0, ret_bytes, CRC_OFFSET));
	assert(!out.failed);
}

static void read_text(struct reader *in, char *ret, size_t size)
{
	const uint8_t *text = reader_take(in, size);

	memcpy(ret, text, size);
	ret[size - 1] = '\0';
}

/* Behind the magic. False: a format or a kind of firmware that nobody knows. */
static bool read_fields(struct reader *in, struct firmware *ret)
{
	bool known = reader_le16(in) == FORMAT;
	uint16_t kind = reader_le16(in);

	*ret = (struct firmware){.kind = (enum firmware_kind)kind};
	set_flags(ret, reader_le16(in));
	ret->blocking_factor = reader_le16(in);
	ret->base = reader_le32(in);
	ret->size = reader_le32(in);
	ret->stack = reader_le32(in);
	ret->settings_size = reader_le32(in);
	ret->settings_version = reader_le32(in);
	ret->settings_addr[0] = reader_le32(in);
	ret->settings_addr[1] = reader_le32(in);
	ret->app_base = reader_le32(in);
	ret->backdoor_ms = reader_le16(in);
	read_text(in, ret->signature, sizeof(ret->signature));
	read_text(in, ret->chip, sizeof(ret->chip));
	return known && kind < FIRMWARE_KIND_COUNT;
}

static size_t right_magic(const uint8_t *bytes)
{
	size_t right = 0;

	for (size_t i = 0; i < MAGIC_SIZE; i++)
		right += bytes[i] == magic[i];
	return right;
}

enum firmware_header_state firmware_header_read(const uint8_t *bytes, struct firmware *ret)
{
	struct reader in = reader_of(bytes, FIRMWARE_HEADER_SIZE);
	struct reader crc = reader_of(bytes + CRC_OFFSET, 4);
	struct firmware firmware;

	if (right_magic(bytes) < MAGIC_REMAIN)
		return FIRMWARE_HEADER_NONE;
	if (right_magic(bytes) < MAGIC_SIZE ||
		reader_le32(&crc) != libdeflate_crc32(0, bytes, CRC_OFFSET))
		return FIRMWARE_HEADER_DAMAGED;
	reader_take(&in, MAGIC_SIZE);
	if (!read_fields(&in, &firmware) ||
		firmware.size < FIRMWARE_HEADER_OFFSET + FIRMWARE_HEADER_SIZE ||
		firmware.size > IMAGE_MAX)
		return FIRMWARE_HEADER_DAMAGED;
	*ret = firmware;
	return FIRMWARE_HEADER_GOOD;
}
