/* SPDX-License-Identifier: MIT */
/* An unmodified dfu-util on a simulated F407: what it prints and returns, and what the flash holds afterwards. */
#include "harness/cli/exec_files_test.h"

/* Option bytes as they lie at 0x1fffc000; RDP is byte 1, nWRP bytes 8 and 9. */
#define OPTIONS(rdp, wrp)                                                                          \
	"\\357\\" rdp "\\377\\377\\377\\377\\377\\377\\" wrp "\\377\\377\\377\\377\\377\\377\\377"
#define WRITE_OPTIONS(rdp, wrp)                                                                    \
	"printf '" OPTIONS(rdp, wrp) "' > \"$2\"; "                                                \
				     "dfu-util -a 1 -s 0x1fffc000:will-reset -D \"$2\"; "

/* As the log of an STM32F4 Discovery has them: dfu-util's device-logs/stm32f4discovery.lsusb, and its own output. */
Test(dfu_util, lists_the_four_alternates_of_a_discovery_board)
{
	static const char *const names[] = {
		"alt=3, name=\"@Device Feature/0xFFFF0000/01*004 e\"",
		"alt=2, name=\"@OTP Memory /0x1FFF7800/01*512 e,01*016 e\"",
		"alt=1, name=\"@Option Bytes  /0x1FFFC000/01*016 e\"",
		"alt=0, name=\"@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg\"",
	};
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "dfu-util", "-l");
	const char *at = strstr(run.out, "Found DFU: ");

	cr_assert_eq(run.code, 0);
	cr_assert(at, "%s", run.out);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char line[256];
		size_t n = (size_t)snprintf(line, sizeof(line),
			"Found DFU: [0483:df11] ver=2200, devnum=2, cfg=1, intf=0, path=\"1-1\", "
			"%s, "
			"serial=\"315A28A0B956\"\n",
			names[i]);

		cr_expect_eq(strncmp(at, line, n), 0, "not \"%s\" but\n%s", line, at);
		at += n;
	}
	cr_expect_str_eq(at, "");
}

Test(dfu_util, updates_and_leaves)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(300000);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -a 0 -s 0x08000000:leave -D \"$1\" && ! dfu-util -l | grep Found");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0, ERASED);
}

/* Killed between two requests, in the midst of one, and while flash is at work. */
Test(dfu_util, is_killed_when_a_fault_says_so)
{
	static const struct {
		const char *pace, *fault;
	} kills[] = {
		{"fast", "request write block=2 nth=3: kill"},
		{"fast", "answer GETSTATUS write nth=5: kill"},
		{"chip", "erase addr=0x08010000 after=50%: kill"},
		{"chip", "time after=1ms: kill"},
	};
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(300000);

	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "exec", "--pace", kills[i].pace, "--fault",
			kills[i].fault, "--", "dfu-util", "-a", "0", "-s", "0x08000000:leave", "-D",
			files.image);

		cr_expect_eq(
			run.code, 137, "%s: %d\n%s%s", kills[i].fault, run.code, run.out, run.err);
	}
}

Test(dfu_util, fills_the_whole_flash)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(FLASH_SIZE);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files, "dfu-util -a 0 -s 0x08000000:leave -D \"$1\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0, ERASED);
}

Test(dfu_util, leaves_sectors_alone_that_the_image_does_not_touch)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(5000);
	CLEANUP(buf_done) struct buf flash;
	uint8_t *old;

	buf_init(&flash, FLASH_SIZE);
	cr_assert_eq(buf_grow(&flash, FLASH_SIZE, &old), 0);
	memset(old, 0x5a, FLASH_SIZE);
	temp_file_or_fail(&files.dir, "old.bin", old, FLASH_SIZE);

	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--flash", temp_path(&files.dir, "old.bin"),
		"--dump-flash", files.dump, "--", "dfu-util", "-a", "0", "-s", "0x08008000", "-D",
		files.image);
	CLEANUP(buf_done) struct buf now = content_or_fail(files.dump);

	cr_expect_eq(run.code, 0, "%s", run.err);
	memset(old + 0x8000, ERASED, 0x4000); /* the sector of 16 KiB that was erased for it */
	memcpy(old + 0x8000, files.bytes, files.size);
	cr_expect_arr_eq(now.data, old, FLASH_SIZE);
}

Test(dfu_util, takes_a_file_of_dfuse_pack)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(40000);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(
		&files, "dfuse-pack -b 0x08010000:\"$1\" \"$2\" && dfu-util -a 0 -D \"$2\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0x10000, ERASED);
}

Test(dfu_util, takes_a_dfuse_file_of_ours)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(40000);
	CLEANUP(run_done)
	struct run run =
		run_script_or_fail(&files, DFURIG " image convert --address 0x08010000 --to dfuse "
						  "\"$1\" \"$2\" && dfu-util -a 0 -D \"$2\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0x10000, ERASED);
}

Test(dfu_util, mass_erases)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(3000);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -a 0 -s 0x080e0000 -D \"$1\" && "
		"dfu-util -a 0 -s 0x08000000:mass-erase:force -D \"$1\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0, ERASED);
}

Test(dfu_util, writes_at_an_odd_address)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(4099);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files, "dfu-util -a 0 -s 0x08000001 -D \"$1\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 1, ERASED);
}

Test(dfu_util, uploads_what_it_wrote)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(70001);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -a 0 -s 0x08000000 -D \"$1\" && "
		"dfu-util -a 0 -s 0x08000000:70001 -U \"$2\" && cmp \"$1\" \"$2\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
}

/* dfu-util then reads to the end of the first segment of equal sectors: 4 of 16 KiB (measured with dfu-util 0.11). */
Test(dfu_util, uploads_the_first_segment_when_no_length_is_given)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(70000);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -a 0 -s 0x08000000 -D \"$1\" && dfu-util -a 0 -s 0x08000000 -U \"$2\"");
	CLEANUP(buf_done) struct buf read = content_or_fail(files.extra);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_assert_eq(read.size, 65536);
	cr_expect_arr_eq(read.data, files.bytes, 65536);
}

Test(dfu_util, is_told_of_an_address_out_of_range)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(100);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files, "dfu-util -a 0 -s 0x08200000 -D \"$1\"");

	cr_expect_eq(run.code, 64);
	cr_expect(strstr(run.err, "not writeable"), "%s", run.err);
}

/* The chip says nothing of it (AN3156): only the content tells. */
Test(dfu_util, does_not_notice_write_protection)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(100);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -a 0 -s 0x08000000 -D \"$1\" || exit 1; " WRITE_OPTIONS(
			"252", "376") "head -c 100 /dev/zero > \"$2\"; dfu-util -a 0 -s "
				      "0x08000000 -D \"$2\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0, ERASED);
}

Test(dfu_util, gets_no_byte_past_read_protection)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(4096);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -a 0 -s 0x08000000 -D \"$1\"; " WRITE_OPTIONS("000",
			"377") "rm \"$2\"; "
			       "dfu-util -a 0 -s 0x08000000:4096 -U \"$2\"; echo \"read $?\"; "
			       "cat \"$2\" >> \"$2\".leak; rm \"$2\"; "
			       "dfu-util -a 0 -U \"$2\"; echo \"read without an address $?\"; "
			       "cat \"$2\" >> \"$2\".leak; cp \"$2\".leak \"$2\"; "
			       "dfu-util -a 0 -s 0x08000000 -D \"$1\"; echo \"write $?\"; "
			       "dfu-util -a 0 -s 0x08000000:mass-erase:force -D \"$1\"; echo "
			       "\"erase $?\"");
	CLEANUP(buf_done) struct buf leaked = content_or_fail(files.extra);

	cr_expect(strstr(run.out, "read 74\n"), "%s%s", run.out, run.err);
	/* Without Set Address, which fails by itself: the UPLOAD has to be refused too. */
	cr_expect(strstr(run.out, "read without an address 74\n"), "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, "write 74\n"), "%s", run.out);
	cr_expect(strstr(run.out, "erase 74\n"), "%s", run.out);
	cr_expect_eq(leaked.size, 0);
	expect_flash(&files, 0, ERASED);
}

Test(dfu_util, takes_read_protection_off_with_the_content)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(4096);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -a 0 -s 0x08010000 -D \"$1\"; " WRITE_OPTIONS("000",
			"377") "dfu-util -a 0 -s 0x08000000:unprotect:force -D \"$1\" || exit 1; "
			       "timeout 60 dfu-util -w -a 0 -s 0x08000000 -D \"$1\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0, ERASED);
}

Test(dfu_util, writes_otp_once)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(16);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"printf '\\360\\017' > \"$2\"; dfu-util -a 2 -s 0x1fff7800 -D \"$2\" && "
		"printf '\\377\\005' > \"$2\"; dfu-util -a 2 -s 0x1fff7800 -D \"$2\" && rm \"$2\" "
		"&& "
		"dfu-util -a 2 -s 0x1fff7800:2 -U \"$2\"");
	CLEANUP(buf_done) struct buf otp = content_or_fail(files.extra);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_assert_eq(otp.size, 2);
	cr_expect_eq(otp.data[0], 0xf0);
	cr_expect_eq(otp.data[1], 0x05);
}

/* 251 is dfu-util's way to say that the device did not come back as the same one. */
Test(dfu_util, detaches_and_the_board_comes_back)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(100);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"dfu-util -R -a 0 -s 0x08000000 -D \"$1\"; echo \"code $?\"; "
		"timeout 60 dfu-util -w -a 0 -s 0x08000000:100 -U \"$2\" && cmp \"$1\" \"$2\"");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	cr_expect(strstr(run.out, "code 251\n"), "%s", run.out);
}

Test(dfu_util, wants_a_serial_number_when_there_are_two_boards)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(5000);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "-b", "f407-discovery", "-b", "f407-discovery",
		"--dump-flash", files.dump, "--", "sh", "-c",
		"dfu-util -a 0 -s 0x08000000 -D \"$1\"; echo \"any $?\"; "
		"S=$(dfu-util -l | sed -n 's/.*path=\"1-2\", alt=0.*serial=\"\\(.*\\)\"/\\1/p'); "
		"dfu-util -S $S -a 0 -s 0x08000000 -D \"$1\"; echo \"one $?\"",
		"sh", files.image);

	cr_expect(strstr(run.out, "any 74\n"), "%s%s", run.out, run.err);
	cr_expect(strstr(run.err, "More than one DFU capable USB device found"), "%s", run.err);
	cr_expect(strstr(run.out, "one 0\n"), "%s", run.out);
	expect_flash(&files, 0, ERASED);
}
