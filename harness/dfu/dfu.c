/* SPDX-License-Identifier: MIT */
#include "harness/dfu/dfu.h"

#include "harness/base/names.h"
#include "harness/base/wire.h"

#include <assert.h>
#include <errno.h>

void dfu_getstatus_encode(const struct dfu_getstatus *in, uint8_t ret_bytes[static DFU_STATUS_SIZE])
{
	struct writer out = writer_of(ret_bytes, DFU_STATUS_SIZE);

	writer_u8(&out, in->status);
	writer_le24(&out, in->poll_timeout_ms);
	writer_u8(&out, in->state);
	writer_u8(&out, in->string);
}

int dfu_getstatus_decode(const uint8_t *bytes, size_t size, struct dfu_getstatus *ret)
{
	struct reader in = reader_of(bytes, size);

	if (size != DFU_STATUS_SIZE)
		return -EBADMSG;
	ret->status = reader_u8(&in);
	ret->poll_timeout_ms = reader_le24(&in);
	ret->state = reader_u8(&in);
	ret->string = reader_u8(&in);
	return 0;
}

void dfu_functional_encode(
	const struct dfu_functional *in, uint8_t ret_bytes[static DFU_FUNCTIONAL_SIZE])
{
	struct writer out = writer_of(ret_bytes, DFU_FUNCTIONAL_SIZE);

	writer_u8(&out, DFU_FUNCTIONAL_SIZE);
	writer_u8(&out, DFU_FUNCTIONAL_TYPE);
	writer_u8(&out, in->attributes);
	writer_le16(&out, in->detach_timeout_ms);
	writer_le16(&out, in->transfer_size);
	writer_le16(&out, in->bcd_dfu);
}

int dfu_functional_find(const uint8_t *config, size_t size, struct dfu_functional *ret)
{
	struct reader in = reader_of(config, size);

	while (reader_left(&in) >= 2) {
		uint8_t length = in.data[in.pos];
		uint8_t type = in.data[in.pos + 1];
		const uint8_t *bytes = reader_take(&in, length < 2 ? 2 : length);
		struct reader body = reader_of(bytes, length);

		if (!bytes || length < 2)
			return -EBADMSG;
		if (type != DFU_FUNCTIONAL_TYPE)
			continue;
		if (length < DFU_FUNCTIONAL_SIZE)
			return -EBADMSG;
		reader_take(&body, 2);
		ret->attributes = reader_u8(&body);
		ret->detach_timeout_ms = reader_le16(&body);
		ret->transfer_size = reader_le16(&body);
		ret->bcd_dfu = reader_le16(&body);
		return 0;
	}
	return -ENOENT;
}

const char *dfu_request_text(uint8_t request)
{
	static const char *const text[] = {
		[DFU_DETACH] = "DFU_DETACH",
		[DFU_DNLOAD] = "DFU_DNLOAD",
		[DFU_UPLOAD] = "DFU_UPLOAD",
		[DFU_GETSTATUS] = "DFU_GETSTATUS",
		[DFU_CLRSTATUS] = "DFU_CLRSTATUS",
		[DFU_GETSTATE] = "DFU_GETSTATE",
		[DFU_ABORT] = "DFU_ABORT",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == DFU_REQUEST_COUNT, "a text for each request");
	return names_text(&names, request);
}

const char *dfu_state_text(uint8_t state)
{
	static const char *const text[] = {
		[DFU_APP_IDLE] = "appIDLE",
		[DFU_APP_DETACH] = "appDETACH",
		[DFU_IDLE] = "dfuIDLE",
		[DFU_DNLOAD_SYNC] = "dfuDNLOAD-SYNC",
		[DFU_DNBUSY] = "dfuDNBUSY",
		[DFU_DNLOAD_IDLE] = "dfuDNLOAD-IDLE",
		[DFU_MANIFEST_SYNC] = "dfuMANIFEST-SYNC",
		[DFU_MANIFEST] = "dfuMANIFEST",
		[DFU_MANIFEST_WAIT_RESET] = "dfuMANIFEST-WAIT-RESET",
		[DFU_UPLOAD_IDLE] = "dfuUPLOAD-IDLE",
		[DFU_ERROR] = "dfuERROR",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == DFU_STATE_COUNT, "a text for each state");
	return names_text(&names, state);
}

const char *dfu_status_text(uint8_t status)
{
	static const char *const text[] = {
		[DFU_OK] = "OK",
		[DFU_ERR_TARGET] = "errTARGET",
		[DFU_ERR_FILE] = "errFILE",
		[DFU_ERR_WRITE] = "errWRITE",
		[DFU_ERR_ERASE] = "errERASE",
		[DFU_ERR_CHECK_ERASED] = "errCHECK_ERASED",
		[DFU_ERR_PROG] = "errPROG",
		[DFU_ERR_VERIFY] = "errVERIFY",
		[DFU_ERR_ADDRESS] = "errADDRESS",
		[DFU_ERR_NOTDONE] = "errNOTDONE",
		[DFU_ERR_FIRMWARE] = "errFIRMWARE",
		[DFU_ERR_VENDOR] = "errVENDOR",
		[DFU_ERR_USBR] = "errUSBR",
		[DFU_ERR_POR] = "errPOR",
		[DFU_ERR_UNKNOWN] = "errUNKNOWN",
		[DFU_ERR_STALLEDPKT] = "errSTALLEDPKT",
	};
	static const struct names names = NAMES(text);

	static_assert(ARRAY_SIZE(text) == DFU_STATUS_COUNT, "a text for each status");
	return names_text(&names, status);
}
