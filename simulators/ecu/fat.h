/* SPDX-License-Identifier: MIT */
/*
 * A small FAT12 volume that exists only while it is read: every sector is computed when somebody asks for it.
 *
 * Files lie in the root, one behind the other, in clusters of one sector. Source: Microsoft's "FAT: General Overview of
 * On-Disk Format" 1.03; the flags for lower case as Windows NT and Linux have them.
 */
#ifndef DFURIG_ECU_FAT_H
#define DFURIG_ECU_FAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/attr.h"

#define FAT_SECTOR   512u
#define FAT_FILE_MAX 4

struct fat_file {
	const char *name;    /* "RUSEFI  INI": 8 and 3 characters, upper case; borrowed */
	bool lower;          /* shown in lower case */
	const uint8_t *data; /* borrowed for the volume's life */
	uint32_t size;
};

struct fat_date {
	unsigned int year, month, day; /* from 1980 on */
};

struct fat {
	const char *label;  /* 11 characters; borrowed */
	uint32_t serial;    /* of the volume */
	uint32_t sectors;   /* of the whole volume */
	uint16_t date_code; /* of everything in it */
	struct fat_file files[FAT_FILE_MAX];
	size_t count;
};

/* An empty volume of `sectors` sectors, at most 341 and enough for its own tables (8). */
void fat_init(struct fat *fat, const char *label, uint32_t sectors, struct fat_date date);

/* 0, or -ENOSPC: too many files, or no room for this one. The file is copied, its data are not. */
MUST_CHECK int fat_add(struct fat *fat, const struct fat_file *file);

/* Computes one sector, FAT_SECTOR bytes; those beyond the volume's end are zero. */
void fat_read(const struct fat *fat, uint32_t sector, uint8_t *ret_data);

#endif
