/* SPDX-License-Identifier: MIT */
/*
 * Which driver Windows takes for a device: rank first, the smaller the better (0xSSGGTHHH: signature, feature, identifier),
 * then the newer date, then the higher version.
 *
 * Source: Microsoft, "How Windows Ranks Drivers", "Identifier Score", "Feature Score", "Signature Score", "Driver Rank
 * Example", "Driver Package Rank Information in the SetupAPI Log"; "How Windows Selects a Driver".
 */
#ifndef DFURIG_WINDOWS_RANK_H
#define DFURIG_WINDOWS_RANK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "simulators/windows/inf.h"
#include "simulators/windows/usb_ids.h"

#define RANK_NONE UINT32_MAX /* the driver is not for this device */

enum rank_signature {
	RANK_SIGNATURE_INBOX, /* by Microsoft, comes with Windows */
	RANK_SIGNATURE_WHQL,  /* by Microsoft, for another's driver */
	RANK_SIGNATURE_AUTHENTICODE,
	RANK_SIGNATURE_UNSIGNED,
	RANK_SIGNATURE_COUNT,
};

/* One driver for one device. */
struct rank {
	uint32_t value; /* 0xSSGGTHHH, or RANK_NONE */
	uint32_t date;  /* as in struct inf */
	uint64_t version;
};

/* How an INF is signed, from its catalogue's signer. */
enum rank_signature rank_signature_of(const struct inf *inf);

/* SS of a rank. Since Windows 7 all that are signed are equal (group policy "AllSignersEqual"). */
uint8_t rank_signature_score(enum rank_signature signature, bool all_signers_equal);

/* THHH of a model for a device; RANK_NONE: no ID of one is an ID of the other. */
uint32_t rank_identifier_score(const struct usb_ids *device, const struct inf_model *model);

/* The best of a package's models for a device; *ret_model is its index (untouched with RANK_NONE). */
struct rank rank_package(const struct usb_ids *device, const struct inf *inf, size_t *ret_model);

/* Negative: a is better, as for qsort; 0: nothing tells them apart. */
int rank_compare(const struct rank *a, const struct rank *b);

#endif
