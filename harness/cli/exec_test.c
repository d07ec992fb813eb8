/* SPDX-License-Identifier: MIT */
/* `dfurig exec` around the command: exit codes, other programs, what it writes down, and that nothing stays behind. */
#include "harness/cli/exec_files_test.h"

#include "harness/report/usbmon_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS 20000

/* --- exit codes and messages --- */

struct code_case {
	const char *name;
	const char *argv[10];
	int code;
	const char *err; /* is in stderr, or NULL */
};

Test(exec, exit_codes_are_those_of_the_help)
{
	static const struct code_case cases[] = {
		{"good", {DFURIG, "exec", "--", "true"}, 0, NULL},
		{"bad", {DFURIG, "exec", "--", "sh", "-c", "exit 7"}, 7, NULL},
		{"signal", {DFURIG, "exec", "--", "sh", "-c", "kill -9 $$"}, 137, NULL},
		{"without dashes", {DFURIG, "exec", "sh", "-c", "exit 3"}, 3, NULL},
		{"not found", {DFURIG, "exec", "--", "no-such-program"}, 127,
			"dfurig: no-such-program: No such file or directory\n"},
		{"not executable", {DFURIG, "exec", "--", "/etc/passwd"}, 126, "Permission denied"},
		{"no command", {DFURIG, "exec"}, 125, "no command"},
		{"odd option", {DFURIG, "exec", "--colour", "--", "true"}, 125, "--colour"},
		{"odd pace", {DFURIG, "exec", "--pace", "slow", "true"}, 125,
			"--pace: \"slow\" is not one of chip, fast"},
		{"unknown board", {DFURIG, "exec", "-b", "f999", "true"}, 125, "f407-discovery"},
		{"flash not there", {DFURIG, "exec", "--flash", "/nonexistent.hex", "true"}, 125,
			"/nonexistent.hex: No such file"},
		{"dump cannot be written",
			{DFURIG, "exec", "--dump-flash", "/nonexistent/f.bin", "true"}, 125,
			"/nonexistent/f.bin: No such file"},
		{"capture cannot be written",
			{DFURIG, "exec", "--capture", "/nonexistent/c", "true"}, 125,
			"/nonexistent/c: No such file"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(run_done) struct run run = run_or_fail(cases[i].argv);

		cr_expect_eq(
			run.code, cases[i].code, "%s: %d\n%s", cases[i].name, run.code, run.err);
		if (cases[i].err)
			cr_expect(strstr(run.err, cases[i].err), "%s: %s", cases[i].name, run.err);
	}
}

Test(exec, help_has_an_example_and_the_exit_codes)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "exec", "--help");

	cr_expect_eq(run.code, 0);
	cr_expect(strstr(run.out, "dfurig exec --board f407-discovery -- dfu-util -l"));
	cr_expect(strstr(run.out, "125 when the rig itself failed"));
}

Test(exec, says_which_programs_it_cannot_reach)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "/sbin/ldconfig", "--version");

	cr_expect_eq(run.code, 0);
	cr_expect(strstr(run.err, "it is statically linked"), "%s", run.err);
}

/* --- other programs see the same board --- */

Test(exec, lsusb_shows_what_the_board_is)
{
	static const char *const lines[] = {
		"ID 0483:df11 STMicroelectronics",
		"  bcdUSB               1.00\n",
		"  bcdDevice           22.00\n",
		"  iProduct                2 STM32  BOOTLOADER\n",
		"    wTotalLength       0x0036\n",
		"      iInterface              7 @Device Feature/0xFFFF0000/01*004 e\n",
		"wTransferSize                    2048 bytes\n",
		"bcdDFUVersion                   1.1a\n",
		"Device Status:     0x0001\n  Self Powered\n",
	};
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "lsusb", "-v", "-d", "0483:df11");

	cr_expect_eq(run.code, 0, "%s", run.err);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		cr_expect(strstr(run.out, lines[i]), "no \"%s\" in\n%s", lines[i], run.out);
}

Test(exec, lsusb_draws_the_board_on_a_root_hub)
{
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "lsusb", "-t");

	cr_expect_str_eq(run.out,
		"/:  Bus 01.Port 1: Dev 1, Class=root_hub, Driver=dfurig/1p, 12M\n"
		"    |__ Port 1: Dev 2, If 0, Class=Application Specific Interface, Driver=, "
		"12M\n");
}

Test(exec, pyusb_talks_to_the_board)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "/usr/bin/python3", "-c",
		"import usb.core\n"
		"d = usb.core.find(idVendor=0x0483, idProduct=0xdf11)\n"
		"print(d.serial_number, d.product, [i.bAlternateSetting for i in d[0]])\n"
		"print(list(d.ctrl_transfer(0xa1, 3, 0, 0, 6)))\n");

	cr_expect_str_eq(run.out,
		"315A28A0B956 STM32  BOOTLOADER [0, 1, 2, 3]\n[10, 0, 0, 0, 10, 0]\n", "%s%s",
		run.out, run.err);
}

Test(exec, udevadm_knows_the_board)
{
	CLEANUP(run_done)
	struct run run =
		RUN_OR_FAIL(DFURIG, "exec", "--", "udevadm", "info", "-n", "/dev/bus/usb/001/002");

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect(
		strstr(run.out, "E: ID_SERIAL=STMicroelectronics_STM32_BOOTLOADER_315A28A0B956\n"),
		"%s", run.out);
	cr_expect(strstr(run.out, "E: DEVPATH=/devices/platform/dfurig.0/usb1/1-1\n"));
}

Test(exec, the_shell_finds_the_board_in_sysfs)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "sh", "-c",
		"cd / && cat /sys/bus/usb/devices/1-1/serial && readlink -f "
		"/sys/bus/usb/devices/1-1 && "
		"ls -l /dev/bus/usb/001/002 | cut -c1-10 && cat /sys/bus/usb/devices/1-1/../speed "
		"&& "
		"test ! -e /sys/bus/usb/devices/1-2 && echo same");

	cr_expect_str_eq(run.out,
		"315A28A0B956\n/sys/devices/platform/dfurig.0/usb1/1-1\ncrw-rw-rw-\n12\nsame\n",
		"%s%s", run.out, run.err);
}

Test(exec, the_real_system_is_as_ever_beside_the_boards)
{
	CLEANUP(run_done)
	struct run inside = RUN_OR_FAIL(DFURIG, "exec", "--", "sh", "-c",
		"ls -d /sys/bus/p* /sys/class/net /etc /tmp; cat /proc/version; echo $HOME");
	CLEANUP(run_done)
	struct run outside = RUN_OR_FAIL("sh", "-c",
		"ls -d /sys/bus/p* /sys/class/net /etc /tmp; cat /proc/version; echo $HOME");

	cr_expect_str_eq(inside.out, outside.out);
}

Test(exec, a_board_without_power_is_not_there)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--start", "off", "--", "lsusb");

	cr_expect_eq(run.code, 0);
	cr_expect(strstr(run.out, "1d6b:0001"));
	cr_expect(!strstr(run.out, "0483"), "%s", run.out);
}

/* In whatever order the options come, one --board is one board. */
Test(exec, options_of_a_board_may_come_before_it)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(3000);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--flash", files.image, "--dump-flash",
		files.dump, "--board", "f407-discovery-2012", "--", "dfu-util", "-l");

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect(strstr(run.out, "path=\"1-1\""), "%s", run.out);
	cr_expect(!strstr(run.out, "path=\"1-2\""), "%s", run.out);
	cr_expect(strstr(run.out, "ver=2100"), "%s", run.out);
	expect_flash(&files, 0, ERASED);
}

Test(exec, the_older_rom_has_its_own_texts)
{
	CLEANUP(run_done)
	struct run run =
		RUN_OR_FAIL(DFURIG, "exec", "-b", "f407-discovery-2012", "--", "dfu-util", "-l");

	cr_expect(strstr(run.out, "ver=2100"), "%s", run.out);
	cr_expect(strstr(run.out, "name=\"@Option Bytes  /0x1FFFC000/01*016 g\""), "%s", run.out);
}

/* Nobody must be root for it. The test's files are where an ordinary user may read them. */
Test(exec, an_ordinary_user_may)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(3000);

	cr_assert_eq(chmod(files.dir.path, 0777), 0);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL("sh", "-c",
		"cp " DFURIG " " DFURIG_BUILD "/lib/libdfurig-mock.so \"$0\" && "
		"cp -r " DFURIG_FIXTURES "/boards \"$0\" && chmod -R a+rX \"$0\" && cd \"$0\" && "
		"user=; if [ \"$(id -u)\" -eq 0 ]; then "
		"user='setpriv --reuid=65534 --regid=65534 --clear-groups'; fi && "
		"DFURIG_DATA=\"$0\" DFURIG_PRELOAD=\"$0/libdfurig-mock.so\" $user ./dfurig exec "
		"--dump-flash flash.bin -- dfu-util -a 0 -s 0x08000000:leave -D image.bin",
		files.dir.path);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0, ERASED);
}

/* --- what libusb programs rely on; each case is one of mock_probe's --- */

static void expect_probe(const char *name)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--pace", "chip", "--", MOCK_PROBE, name);

	cr_expect_eq(run.code, 0, "%s", run.err);
}

Test(exec, a_naked_transfer_times_out_without_burning_time)
{
	expect_probe("timeout");
}

Test(exec, a_cancelled_transfer_is_cancelled)
{
	expect_probe("cancel");
}

Test(exec, many_transfers_may_be_in_flight)
{
	expect_probe("in-flight");
}

Test(exec, threads_may_share_a_handle)
{
	expect_probe("threads");
}

Test(exec, two_processes_may_hold_the_board_but_only_one_its_interface)
{
	expect_probe("share");
}

Test(exec, libusb_sees_the_board_leave_and_come_back)
{
	expect_probe("hotplug");
}

Test(exec, a_node_whose_board_has_left_says_so)
{
	expect_probe("departure");
}

Test(exec, the_waiting_ioctls_work)
{
	expect_probe("ioctl");
}

Test(exec, a_reset_keeps_the_handle)
{
	expect_probe("reset");
}

Test(exec, a_forked_child_does_not_disturb)
{
	expect_probe("fork");
}

Test(exec, hotplug_reaches_several_programs)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(1);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"mkfifo \"$2\"; "
		"for i in 1 2 3; do \"$3\" listen >\"$2\" & pids=\"$pids $!\"; done; "
		"exec 3<\"$2\"; for i in 1 2 3; do read line <&3; done; "
		"\"$3\" hotplug || exit 1; for p in $pids; do wait $p || exit 2; done");

	cr_expect_eq(run.code, 0, "%d: %s%s", run.code, run.out, run.err);
}

Test(exec, udev_monitors_hear_of_the_board)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(1);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"mkfifo \"$2\"; stdbuf -oL udevadm monitor -k -u -s usb >\"$2\" & exec 3<\"$2\"; "
		"while read line <&3; do case $line in *KERNEL*event*) break;; esac; done; "
		"\"$3\" hotplug || exit 1; n=0; "
		"while read line <&3; do case $line in "
		"*'] remove '*'usb1/1-1 (usb)') n=$((n + 1));; "
		"*'] add '*'usb1/1-1 (usb)') n=$((n + 10)); test $n -ge 22 && break;; esac; done; "
		"kill %1; echo $n");

	cr_expect_str_eq(run.out, "22\n", "%s%s", run.out, run.err);
}

/* --- what is written down --- */

Test(exec, the_capture_decodes_in_tshark)
{
	need_tool("tshark");
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(6000);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--capture", files.extra, "--", "dfu-util",
		"-a", "0", "-s", "0x08000000:leave", "-D", files.image);
	CLEANUP(run_done)
	struct run requests = RUN_OR_FAIL("tshark", "-r", files.extra, "-d",
		USBMON_CAPTURE_DECODE_AS, "-Y", "usbdfu.command", "-T", "fields", "-e",
		"usbdfu.command", "-e", "frame.interface_name");
	CLEANUP(run_done)
	struct run malformed =
		RUN_OR_FAIL("tshark", "-r", files.extra, "-d", USBMON_CAPTURE_DECODE_AS, "-Y",
			"_ws.malformed && !(" USBMON_CAPTURE_FALSE_ALARM ")", "-T", "fields", "-e",
			"frame.number");
	size_t lines = 0;

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect(strstr(run.err, "open with: wireshark -d usb.product==75751185,usbdfu"), "%s",
		run.err);
	for (const char *at = requests.out; (at = strchr(at, '\n')); at++)
		lines++;
	/* 1 erase, 3 blocks with address, leave: at least 20 requests; each on the board's interface. */
	cr_expect_gt(lines, 20, "%s%s", requests.out, requests.err);
	cr_expect(strstr(requests.out, "\tf407-discovery\n"), "%s", requests.out);
	cr_expect_str_eq(malformed.out, "", "%s", malformed.out);
}

Test(exec, the_events_tell_the_story)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(100);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--events", files.extra, "--", "dfu-util",
		"-a", "0", "-s", "0x08000000:leave", "-D", files.image);
	static const char *const story[] = {"rig-start", "mode dfu", "plugged", "command-start",
		"erase", "program", "leave", "unplugged", "mode dead", "command-end", "rig-end"};
	CLEANUP(buf_done) struct buf content = content_or_fail(files.extra);
	size_t step = 0;
	char *save = NULL;

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_assert_eq(buf_append(&content, "", 1), 0);
	for (char *line = strtok_r((char *)content.data, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		json_t *event = json_loads(line, 0, NULL);
		const char *kind = json_string_value(json_object_get(event, "kind"));
		const char *name = json_string_value(json_object_get(event, "name"));
		char what[64];

		cr_assert(kind, "%s", line);
		snprintf(what, sizeof(what), "%s%s%s", kind, strcmp(kind, "mode") ? "" : " ",
			strcmp(kind, "mode") ? "" : name);
		step += step < ARRAY_SIZE(story) && strcmp(what, story[step]) == 0;
		json_decref(event);
	}
	cr_expect_eq(step, ARRAY_SIZE(story), "the story ends before %s",
		step < ARRAY_SIZE(story) ? story[step] : "");
}

Test(exec, bad_input_leaves_no_file)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(100);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "-b", "no-such-board", "--capture",
		files.extra, "--dump-flash", files.dump, "--", "true");

	cr_expect_eq(run.code, 125);
	cr_expect_eq(temp_dir_count(&files.dir), 1, "only the image");
}

/* --- nothing stays behind --- */

/* Starts `dfurig exec -- sh -c script` with its stdout in *ret_out; returns its process. */
static pid_t start_script(const char *script, int *ret_out)
{
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl(DFURIG, DFURIG, "exec", "--", "sh", "-c", script, NULL);
		_exit(99);
	}
	close(ends[1]);
	*ret_out = ends[0];
	return pid;
}

/* Waits for "ready" from the script. */
static void await_ready(int out)
{
	char text[16] = "";

	cr_assert_eq(read(out, text, sizeof(text) - 1), 6);
	cr_assert_str_eq(text, "ready\n");
}

/* The pipe ends only when nobody is left who has it: all that the script started has ended. */
static bool everybody_ends(int out)
{
	struct pollfd end = {.fd = out, .events = POLLIN};
	char byte;

	return poll(&end, 1, LIMIT_MS) == 1 && read(out, &byte, 1) == 0;
}

Test(exec, a_killed_rig_takes_everything_with_it)
{
	CLEANUP(close_fd) int out = -1;
	pid_t pid = start_script(
		"sh -c 'sleep 1000' & env -i sleep 1000 & sleep 1000 & echo ready; wait", &out);

	await_ready(out);
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_expect(everybody_ends(out), "somebody of the script is still there");
	waitpid(pid, NULL, 0);
}

Test(exec, a_command_that_ends_leaves_nobody)
{
	CLEANUP(close_fd) int out = -1;
	int status = -1;
	pid_t pid = start_script("setsid sleep 1000 & echo ready; exit 5", &out);

	await_ready(out);
	cr_expect(everybody_ends(out), "the command's child is still there");
	waitpid(pid, &status, 0);
	cr_expect_eq(WEXITSTATUS(status), 5);
}

Test(exec, asked_to_end_it_asks_the_command)
{
	CLEANUP(close_fd) int out = -1;
	int status = -1;
	pid_t pid = start_script("trap 'exit 33' TERM; echo ready; sleep 1000 & wait", &out);

	await_ready(out);
	cr_assert_eq(kill(pid, SIGTERM), 0);
	cr_expect(everybody_ends(out), "somebody is still there");
	waitpid(pid, &status, 0);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 33, "status %x", status);
}

/* Killed between a DNLOAD and its GETSTATUS, it leaves a block that the next one's first GETSTATUS carries out:
 * dfuDNBUSY, which dfu-util 0.11 overlooks, so that its next DNLOAD is refused. The one after that finds nothing in
 * its way. */
Test(exec, a_killed_dfu_util_does_not_spoil_the_board)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(200000);
	CLEANUP(run_done)
	struct run run =
		run_script_or_fail(&files, "for t in 0.03 0.06 0.1 0.2; do timeout -s KILL $t "
					   "dfu-util -a 0 -s 0x08000000 -D \"$1\"; done; "
					   "for i in 1 2; do dfu-util -a 0 -s 0x08000000:leave -D "
					   "\"$1\" && exit; done; exit 9");

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_flash(&files, 0, ERASED);
}

Test(exec, what_is_in_flash_runs_when_asked_to)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--start", "run", "--flash", "rusefi-2026",
		"-v", "--", "sh", "-c", "cat /sys/bus/usb/devices/*/serial");

	cr_expect_eq(run.code, 0, "%s", run.err);
	expect_text(run.err, "runs rusEFI main.2026.07.14.f407-discovery.3461352391");
	expect_text(run.err, "USB 0483:5740 \"rusEFI Engine Management ECU\"");
	expect_text(run.out, "57002700033556B93F283331\n");
}

Test(exec, says_so_when_the_board_that_is_to_run_runs_nothing)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--start", "run", "--", "true");

	cr_expect_eq(run.code, 0);
	cr_expect_str_eq(run.err, "dfurig: warning: f407-discovery runs nothing and is not on USB: "
				  "there is no vector table to start from\n");
}

Test(exec, two_presets_for_one_board_are_a_usage_error)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--flash", "a", "--flash", "b", "--", "true");

	cr_expect_eq(run.code, 125);
	cr_expect(strstr(run.err, "--flash: twice for one board"), "%s", run.err);
}
