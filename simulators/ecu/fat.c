/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/fat.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "harness/base/wire.h"

/* Where things are. The FAT has one sector: 341 entries of 12 bits. */
#define FAT_COPIES    2u
#define FAT_FIRST     1u
#define ROOT_FIRST    (FAT_FIRST + FAT_COPIES)
#define ROOT_SECTORS  4u
#define ROOT_ENTRIES  (ROOT_SECTORS * FAT_SECTOR / ENTRY_SIZE)
#define DATA_FIRST    (ROOT_FIRST + ROOT_SECTORS)
#define FIRST_CLUSTER 2u
#define ENTRY_SIZE    32u
#define SECTORS_MAX   341u

#define MEDIA          0xf8 /* a fixed disk */
#define END_OF_CHAIN   0xfffu
#define NAME_SIZE      11
#define ATTR_LABEL     0x08
#define ATTR_READ_ONLY 0x01
#define CASE_LOWER     0x18 /* name and extension */

void fat_init(struct fat *fat, const char *label, uint32_t sectors, struct fat_date date)
{
	assert(sectors > DATA_FIRST && sectors <= SECTORS_MAX);
	assert(strlen(label) == NAME_SIZE);
	*fat = (struct fat){
		.label = label,
		.sectors = sectors,
		.date_code = (uint16_t)((date.year - 1980) << 9 | date.month << 5 | date.day),
	};
	fat->serial = (uint32_t)fat->date_code << 16 | fat->date_code;
}

static uint32_t clusters_of(const struct fat_file *file)
{
	return file->size / FAT_SECTOR + (file->size % FAT_SECTOR != 0);
}

/* The first cluster of file `index`; of all of them: the first free one. */
static uint32_t first_cluster(const struct fat *fat, size_t index)
{
	uint32_t cluster = FIRST_CLUSTER;

	for (size_t i = 0; i < index; i++)
		cluster += clusters_of(&fat->files[i]);
	return cluster;
}

static uint32_t cluster_end(const struct fat *fat)
{
	return FIRST_CLUSTER + fat->sectors - DATA_FIRST;
}

int fat_add(struct fat *fat, const struct fat_file *file)
{
	uint32_t free_clusters = cluster_end(fat) - first_cluster(fat, fat->count);

	assert(strlen(file->name) == NAME_SIZE);
	if (fat->count == FAT_FILE_MAX || clusters_of(file) > free_clusters)
		return -ENOSPC;
	fat->files[fat->count++] = *file;
	return 0;
}

static void write_boot(const struct fat *fat, struct writer *out)
{
	static const uint8_t jump[3] = {0xeb, 0x3c, 0x90};

	writer_bytes(out, jump, sizeof(jump));
	writer_bytes(
		out, "mkfs.fat", 8); /* who makes rusEFI's image [rusEFI create_ini_image.sh] */
	writer_le16(out, FAT_SECTOR);
	writer_u8(out, 1);           /* sectors of a cluster */
	writer_le16(out, FAT_FIRST); /* reserved sectors */
	writer_u8(out, FAT_COPIES);
	writer_le16(out, ROOT_ENTRIES);
	writer_le16(out, (uint16_t)fat->sectors);
	writer_u8(out, MEDIA);
	writer_le16(out, 1); /* sectors of a FAT */
	writer_le16(out, 32);
	writer_le16(out, 2); /* sectors of a track, heads: nobody needs them */
	writer_le32(out, 0);
	writer_le32(out, 0);
	writer_u8(out, 0x80); /* drive number */
	writer_u8(out, 0);
	writer_u8(out, 0x29); /* serial number, label and type follow */
	writer_le32(out, fat->serial);
	writer_bytes(out, fat->label, NAME_SIZE);
	writer_bytes(out, "FAT12   ", 8);
	out->pos = FAT_SECTOR - 2;
	writer_le16(out, 0xaa55);
}

/* What the FAT says of a cluster. */
static uint32_t fat_entry(const struct fat *fat, uint32_t cluster)
{
	uint32_t end = FIRST_CLUSTER;

	if (cluster < FIRST_CLUSTER)
		return cluster ? END_OF_CHAIN : 0xf00u | MEDIA;
	for (size_t i = 0; i < fat->count; i++) {
		end += clusters_of(&fat->files[i]);
		if (cluster < end)
			return cluster + 1 == end ? END_OF_CHAIN : cluster + 1;
	}
	return 0;
}

/* Two entries in three bytes. */
static void write_fat(const struct fat *fat, struct writer *out)
{
	for (uint32_t cluster = 0; cluster < cluster_end(fat); cluster += 2)
		writer_le24(out, fat_entry(fat, cluster) | fat_entry(fat, cluster + 1) << 12);
}

static void write_entry(
	const struct fat *fat, const struct fat_file *file, uint32_t cluster, struct writer *out)
{
	writer_bytes(out, file->name, NAME_SIZE);
	writer_u8(out, ATTR_READ_ONLY);
	writer_u8(out, file->lower ? CASE_LOWER : 0);
	writer_u8(out, 0);
	writer_le16(out, 0);
	writer_le16(out, fat->date_code); /* made, */
	writer_le16(out, fat->date_code); /* read, */
	writer_le16(out, 0);
	writer_le16(out, 0);
	writer_le16(out, fat->date_code); /* written */
	writer_le16(out, (uint16_t)(file->size ? cluster : 0));
	writer_le32(out, file->size);
}

static void write_root(const struct fat *fat, struct writer *out)
{
	writer_bytes(out, fat->label, NAME_SIZE);
	writer_u8(out, ATTR_LABEL);
	writer_fill(out, 0, 12);
	writer_le16(out, fat->date_code);
	writer_fill(out, 0, 6);
	for (size_t i = 0; i < fat->count; i++)
		write_entry(fat, &fat->files[i], first_cluster(fat, i), out);
}

static void write_data(const struct fat *fat, uint32_t cluster, struct writer *out)
{
	for (size_t i = 0; i < fat->count; i++) {
		const struct fat_file *file = &fat->files[i];
		uint32_t offset = (cluster - first_cluster(fat, i)) * FAT_SECTOR;

		if (cluster >= first_cluster(fat, i + 1))
			continue;
		writer_bytes(out, file->data + offset,
			file->size - offset < FAT_SECTOR ? file->size - offset : FAT_SECTOR);
		return;
	}
}

void fat_read(const struct fat *fat, uint32_t sector, uint8_t *ret_data)
{
	struct writer out = writer_of(ret_data, FAT_SECTOR);

	memset(ret_data, 0, FAT_SECTOR);
	if (sector >= fat->sectors)
		return;
	if (sector < FAT_FIRST)
		write_boot(fat, &out);
	else if (sector < ROOT_FIRST)
		write_fat(fat, &out);
	else if (sector == ROOT_FIRST)
		write_root(fat, &out);
	else if (sector >= DATA_FIRST)
		write_data(fat, FIRST_CLUSTER + sector - DATA_FIRST, &out);
	assert(!out.failed);
}
