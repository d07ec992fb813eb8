/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/tune.h"

#include "harness/base/names.h"
#include "harness/base/rng.h"
#include "harness/base/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define HEAD_SIZE 8u
#define TAIL_SIZE 4u

#define ENGINE_TYPE_SIZE    4u
#define ENGINE_TYPE_DEFAULT 99u
#define ENGINE_TYPE_CUSTOM  50u

const char *tune_state_text(enum tune_state state)
{
	static const char *const text[] = {
		[TUNE_FIRST_COPY] = "read from the first copy",
		[TUNE_SECOND_COPY] = "read from the second copy",
		[TUNE_BLANK] = "defaults: nothing stored",
		[TUNE_DAMAGED] = "defaults: wrong CRC",
		[TUNE_OTHER_VERSION] = "defaults: settings of another version, engine type kept",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == TUNE_STATE_COUNT, "a text for each state");
	return names_text(&names, state);
}

size_t tune_container_size(const struct firmware *firmware)
{
	return HEAD_SIZE + firmware->settings_size + TAIL_SIZE;
}

static uint32_t crc_of(const uint8_t *data, size_t size)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), data, (uInt)size);
}

int tune_container_append(struct buf *out, const struct firmware *firmware, const uint8_t *tune)
{
	size_t size = tune_container_size(firmware);
	struct writer to;
	uint8_t *bytes;
	int r = buf_grow(out, size, &bytes);

	if (r < 0)
		return r;
	to = writer_of(bytes, size);
	writer_le32(&to, firmware->settings_version);
	writer_le32(&to, (uint32_t)size);
	writer_bytes(&to, tune, firmware->settings_size);
	writer_le32(&to, crc_of(tune, firmware->settings_size));
	return 0;
}

/* One copy's container is in bytes; good is the state when nothing is wrong with it. */
static enum tune_state judge(
	const struct firmware *firmware, const uint8_t *bytes, enum tune_state good)
{
	struct reader in = reader_of(bytes, tune_container_size(firmware));
	uint32_t version = reader_le32(&in);
	uint32_t size = reader_le32(&in);
	const uint8_t *tune = reader_take(&in, firmware->settings_size);
	uint32_t crc = reader_le32(&in);

	if (crc != crc_of(tune, firmware->settings_size))
		return crc == UINT32_MAX ? TUNE_BLANK : TUNE_DAMAGED;
	if (version != firmware->settings_version || size != in.size)
		return TUNE_OTHER_VERSION;
	return good;
}

/* Both copies fit into bytes, one after the other. */
static enum tune_state load(const struct firmware *firmware, tune_read_fn *read, void *user,
	uint8_t *bytes, uint8_t *ret_tune)
{
	static const enum tune_state good[] = {TUNE_FIRST_COPY, TUNE_SECOND_COPY};
	size_t size = tune_container_size(firmware);
	enum tune_state worst = TUNE_BLANK, state;
	uint8_t engine_type[ENGINE_TYPE_SIZE];
	bool has_engine_type = false;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		if (!firmware->settings_addr[i] ||
			read(user, firmware->settings_addr[i], bytes, size) < 0)
			continue;
		state = judge(firmware, bytes, good[i]);
		if (state == good[i]) {
			memcpy(ret_tune, bytes + HEAD_SIZE, firmware->settings_size);
			return state;
		}
		if (state == TUNE_OTHER_VERSION && !has_engine_type) {
			memcpy(engine_type, bytes + HEAD_SIZE, sizeof(engine_type));
			has_engine_type = firmware->settings_size >= sizeof(engine_type);
		}
		if (state > worst)
			worst = state;
	}
	tune_default(firmware, ret_tune);
	if (has_engine_type)
		memcpy(ret_tune, engine_type, sizeof(engine_type));
	return worst;
}

int tune_load(const struct firmware *firmware, tune_read_fn *read, void *user, uint8_t *ret_tune)
{
	uint8_t *bytes = malloc(tune_container_size(firmware));
	enum tune_state state;

	static_assert(TUNE_BLANK < TUNE_DAMAGED && TUNE_DAMAGED < TUNE_OTHER_VERSION, "in order");
	if (!bytes)
		return -ENOMEM;
	state = load(firmware, read, user, bytes, ret_tune);
	free(bytes);
	return (int)state;
}

static void set_engine_type(const struct firmware *firmware, uint32_t type, uint8_t *tune)
{
	struct writer out = writer_of(tune, firmware->settings_size);

	if (firmware->settings_size >= ENGINE_TYPE_SIZE)
		writer_le32(&out, type);
}

void tune_default(const struct firmware *firmware, uint8_t *ret_tune)
{
	struct rng rng = {.state = firmware->settings_version};

	for (size_t i = 0; i < firmware->settings_size; i++)
		ret_tune[i] = (uint8_t)rng_u64(&rng);
	set_engine_type(firmware, ENGINE_TYPE_DEFAULT, ret_tune);
}

/* One byte in sixteen is another. */
void tune_custom(const struct firmware *firmware, uint64_t seed, uint8_t *ret_tune)
{
	struct rng rng = {.state = seed};

	tune_default(firmware, ret_tune);
	for (size_t i = 0; i < firmware->settings_size; i++)
		if (rng_below(&rng, 16) == 0)
			ret_tune[i] = (uint8_t)(ret_tune[i] + 1 + rng_below(&rng, 255));
	set_engine_type(firmware, ENGINE_TYPE_CUSTOM, ret_tune);
}
