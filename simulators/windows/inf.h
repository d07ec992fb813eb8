/* SPDX-License-Identifier: MIT */
/*
 * A driver package's INF file as a 64-bit Windows 10 understands it: version, models with their IDs, the service that drives
 * them. Files are not looked at; who signed the catalogue is said by the INF itself, in a section that Windows ignores:
 *
 *     [dfurig]
 *     Signer = "Microsoft Windows Hardware Compatibility Publisher"
 *
 * Source: Microsoft, "INF File Sections and Directives": Version, Manufacturer, Models, DDInstall, DDInstall.Services,
 * AddReg, FeatureScore, DriverVer; "WinUSB (Winusb.sys) Installation".
 */
#ifndef DFURIG_WINDOWS_INF_H
#define DFURIG_WINDOWS_INF_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"
#include "harness/base/why.h"
#include "simulators/windows/inf_text.h"

#define INF_MODEL_MAX 64
#define INF_ID_MAX    8 /* of one model */

struct inf_model {
	char description[INF_TEXT]; /* what Device Manager shows */
	char manufacturer[INF_TEXT];
	char id[INF_ID_MAX][INF_TEXT]; /* [0] is the hardware ID, the others are compatible IDs */
	size_t id_count;
	char service[INF_TEXT];        /* "WinUSB"; "" = none */
	char binary[INF_TEXT];         /* "winusb.sys", without folder */
	char interface_guid[INF_TEXT]; /* of AddReg's DeviceInterfaceGUIDs; "" = none */
	uint8_t feature_score;         /* 0xff = not given */
};

struct inf {
	char class_name[INF_TEXT], class_guid[INF_TEXT];
	char provider[INF_TEXT];
	char catalog[INF_TEXT];   /* "" = none, so not signed */
	char signer[INF_TEXT];    /* "" = not signed */
	uint32_t date;            /* 20180426 */
	uint64_t version;         /* 16 bits for each of its four numbers */
	struct inf_model *models; /* owned */
	size_t model_count;
};

/* Reads the text of a file; name is for messages ("name:line: what is wrong; what to do"). ret is zeroed by the caller;
 * inf_done it in any case. 0; -EBADMSG: it is no INF that Windows would take; -ENOTSUP: it has nothing for this Windows;
 * -E2BIG; -ENOMEM. */
MUST_CHECK int inf_read(
	const char *name, const char *text, size_t size, struct inf *ret, struct why *why);

void inf_done(struct inf *inf);

/* As Windows shows them: "04/26/2018", "3.0.6.1". */
void inf_date_text(uint32_t date, char *ret, size_t room);
void inf_version_text(uint64_t version, char *ret, size_t room);

#endif
