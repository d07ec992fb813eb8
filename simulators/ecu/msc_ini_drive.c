/* SPDX-License-Identifier: MIT */
#include "simulators/ecu/msc_ini_drive.h"

#include <assert.h>

#include "harness/ts/ts.h"

#define SECTORS  224u /* 112 KiB; rusEFI's boards have from 112 KiB to 1 MiB */
#define TEXT_MAX 8192

/* With pages or without; spellings as in rusEFI's own .ini. */
static int write_commands(struct buf *ini, const struct firmware *firmware)
{
	const char *page = firmware->paged ? "%2i" : "";

	return buf_printf(ini,
		"\tpageReadCommand         = \"R%s%%2o%%2c\"\r\n"
		"\tpageChunkWrite          = \"C%s%%2o%%2c%%v\"\r\n"
		"\tburnCommand             = \"B%s\"\r\n"
		"\tcrc32CheckCommand       = \"k%s%%2o%%2c\"\r\n",
		page, page, page, page);
}

static int write_ini(struct buf *ini, const struct firmware *firmware)
{
	int err = buf_printf(ini,
		"[MegaTune]\r\n"
		"\tsignature       = \"%s\"\r\n"
		"\r\n"
		"[TunerStudio]\r\n"
		"\tqueryCommand    = \"S\"\r\n"
		"\tversionInfo     = \"V\"\r\n"
		"\tsignature       = \"%s\"\r\n"
		"\r\n"
		"[Constants]\r\n"
		"\tendianness              = little\r\n"
		"\tmessageEnvelopeFormat   = msEnvelope_1.0\r\n"
		"\tnPages                  = 1\r\n"
		"\tpageSize                = %u\r\n"
		"\tblockingFactor          = %u\r\n"
		"\tblockReadTimeout        = 3000\r\n"
		"\tinterWriteDelay         = 0\r\n"
		"\tpageActivationDelay     = 0\r\n",
		firmware->signature, firmware->signature, (unsigned int)firmware->settings_size,
		firmware->blocking_factor);

	if (err < 0)
		return err;
	err = write_commands(ini, firmware);
	if (err < 0)
		return err;
	return buf_printf(ini, "\tretrieveConfigError     = \"e\"\r\n"
			       "\r\n"
			       "[ControllerCommands]\r\n"
			       "\tcmd_dfu         = \"Z\\x00\\xba\\x00\\x00\"\r\n"
			       "\tcmd_reset       = \"Z\\x00\\xbb\\x00\\x00\"\r\n"
			       "\tcmd_openblt     = \"Z\\x00\\xbc\\x00\\x00\"\r\n"
			       "\r\n"
			       "[OutputChannels]\r\n"
			       "\tochGetCommand   = \"O%%2o%%2c\"\r\n"
			       "\tdeadValue       = { 0 }\r\n");
}

static int write_readme(struct buf *readme, const struct firmware *firmware)
{
	return buf_printf(readme,
		"This is a simulated rusEFI ECU.\r\n"
		"\r\n"
		"rusefi.ini describes the firmware that runs on it:\r\n"
		"%s\r\n",
		firmware->signature);
}

static struct fat_date date_of(const struct firmware *firmware)
{
	struct ts_signature signature;

	if (ts_signature_read(firmware->signature, &signature) < 0 || signature.year < 1980 ||
		signature.year > 2107 || !signature.month || signature.month > 12 ||
		!signature.day || signature.day > 31)
		return (struct fat_date){2026, 1, 1};
	return (struct fat_date){signature.year, signature.month, signature.day};
}

static void read_sector(void *user, uint32_t sector, uint8_t *ret_data)
{
	fat_read(user, sector, ret_data);
}

static int add(struct fat *fat, const char *name, bool lower, const struct buf *content)
{
	return fat_add(fat, &(struct fat_file){
				    .name = name,
				    .lower = lower,
				    .data = content->data,
				    .size = (uint32_t)content->size,
			    });
}

int msc_ini_drive_init(
	struct msc_ini_drive *drive, struct vusb_device *device, const struct firmware *firmware)
{
	const struct msc_unit units[] = {
		{"rusEFI", "INI Drive", SECTORS, read_sector, &drive->fat},
		{"rusEFI", "SD Card", 0, NULL, NULL},
	};
	int err;

	static_assert(FAT_SECTOR == MSC_SECTOR, "one is read as the other");
	msc_init(&drive->msc, device, units, ARRAY_SIZE(units));
	fat_init(&drive->fat, "RUSEFI     ", SECTORS, date_of(firmware));
	buf_init(&drive->ini, TEXT_MAX);
	buf_init(&drive->readme, TEXT_MAX);
	err = write_ini(&drive->ini, firmware);
	if (err >= 0)
		err = write_readme(&drive->readme, firmware);
	if (err >= 0)
		err = add(&drive->fat, "RUSEFI  INI", true, &drive->ini);
	return err < 0 ? err : add(&drive->fat, "README  TXT", false, &drive->readme);
}

void msc_ini_drive_done(struct msc_ini_drive *drive)
{
	buf_done(&drive->ini);
	buf_done(&drive->readme);
}
