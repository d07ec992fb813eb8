/* SPDX-License-Identifier: MIT */
/* `dfurig exec`: programs of all kinds find the board where they look for it, and get on with what stands in its place. */
#include "harness/cli/exec_files_test.h"

#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define DIR "/sys/devices/platform/dfurig.0/usb1/1-1"

/* --- scripts, each with what it prints; nothing on stderr, exit code 0 --- */

struct script_case {
	const char *name;
	const char *script;
	const char *out;
};

static void expect_scripts(const char *shell, const struct script_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", shell, "-c", cases[i].script);

		cr_expect_eq(run.code, 0, "%s: exit code %d", cases[i].name, run.code);
		cr_expect_str_eq(run.out, cases[i].out, "%s: %s", cases[i].name, run.out);
		cr_expect_str_eq(run.err, "", "%s: %s", cases[i].name, run.err);
	}
}

Test(exec_programs, files_are_read_in_every_way)
{
	static const struct script_case cases[] = {
		{"cat", "cat /sys/bus/usb/devices/1-1/serial", "315A28A0B956\n"},
		{"shell", "read x </sys/bus/usb/devices/1-1/product; echo $x",
			"STM32 BOOTLOADER\n"},
		{"grep", "grep -rl 315A28A0B956 " DIR "/", DIR "/serial\n"},
		{"stream", "od -An -tx1 -N4 " DIR "/descriptors", " 12 01 00 01\n"},
		{"node", "head -c 4 /dev/bus/usb/001/002 | od -An -tx1", " 12 01 00 01\n"},
		{"node as a stream", "od -An -tx1 -N4 /dev/bus/usb/001/002", " 12 01 00 01\n"},
		{"seek", "dd if=/dev/bus/usb/001/002 bs=4 skip=2 count=1 status=none | od -An -tx1",
			" 83 04 11 df\n"},
		{"size", "stat -Lc '%s %F' " DIR "/serial", "4096 regular file\n"},
		{"node's numbers", "stat -c '%F %t:%T %a' /dev/bus/usb/001/002",
			"character special file bd:1 666\n"},
		{"file system", "stat -fc %T /sys/bus/usb; stat -fc %T /dev/bus/usb/001",
			"sysfs\ntmpfs\n"},
		{"not there",
			"test ! -e /sys/bus/usb/devices/1-2 && cat /sys/bus/usb/x 2>&1 || true",
			"cat: /sys/bus/usb/x: No such file or directory\n"},
		{"not to be written", "echo 0 2>&1 >" DIR "/authorized || true",
			"sh: 1: cannot create " DIR "/authorized: Permission denied\n"},
	};

	expect_scripts("sh", cases, ARRAY_SIZE(cases));
}

Test(exec_programs, folders_are_walked_in_every_way)
{
	static const struct script_case cases[] = {
		{"ls", "ls /sys/bus/usb/devices /dev/bus/usb/001",
			"/dev/bus/usb/001:\n001\n002\n\n/sys/bus/usb/"
			"devices:\n1-0:1.0\n1-1\n1-1:1.0\n"
			"usb1\n"},
		{"ls -l", "ls -laR /sys/bus/usb /dev/bus " DIR " /run/udev | grep -c 1-1:1.0",
			"3\n"},
		{"find", "find " DIR " -name 'bInterface*' | sort",
			DIR "/1-1:1.0/bInterfaceClass\n" DIR "/1-1:1.0/bInterfaceNumber\n" DIR
			    "/1-1:1.0/bInterfaceProtocol\n" DIR "/1-1:1.0/bInterfaceSubClass\n"},
		{"find -L", "find -L /sys/bus/usb/devices -maxdepth 2 -name serial | sort",
			"/sys/bus/usb/devices/1-1/serial\n/sys/bus/usb/devices/usb1/serial\n"},
		{"pattern", "echo /sys/bus/usb/devices/*/idVendor",
			"/sys/bus/usb/devices/1-1/idVendor /sys/bus/usb/devices/usb1/idVendor\n"},
		{"beside real folders",
			"ls -d /sys/bus/usb /sys/bus/platform; ls /sys/bus | grep usb",
			"/sys/bus/platform\n/sys/bus/usb\nusb\n"},
		{"links",
			"readlink " DIR "/driver; realpath " DIR
			"/driver; readlink -f /sys/dev/char/189:1",
			"../../../../../bus/usb/drivers/usb\n/sys/bus/usb/drivers/usb\n" DIR "\n"},
		{"du", "du -s " DIR "/", "0\t" DIR "/\n"},
	};

	expect_scripts("sh", cases, ARRAY_SIZE(cases));
}

/* What no real process can do: its working folder exists only here. */
Test(exec_programs, a_folder_can_be_entered)
{
	static const struct script_case cases[] = {
		{"cd", "cd /sys/bus/usb/devices/1-1 && cat serial && cat ../speed && /bin/pwd -P",
			"315A28A0B956\n12\n" DIR "\n"},
		{"and left",
			"cd " DIR
			"; cd ..; cat 1-1/serial; cd /; cat sys/bus/usb/devices/1-1/speed",
			"315A28A0B956\n12\n"},
		{"by a link", "cd /sys/dev/char/189:1; pwd -P; cd -P driver; pwd; ls",
			DIR "\n/sys/bus/usb/drivers/usb\n1-1\nusb1\n"},
		{"from a real one", "cd /sys/bus; ls usb; cd usb/devices; ls -d 1-1",
			"devices\ndrivers\n1-1\n"},
		{"to real ones",
			"cd " DIR "; cd ../../../../..; pwd; cd " DIR
			"; cd ../../../../../../tmp; pwd",
			"/sys\n/tmp\n"},
		{"in a child", "cd " DIR "; (cd ep_00; cat type); sh -c 'cat busnum'",
			"Control\n1\n"},
		{"under a pattern", "cd " DIR "; echo bNum* ./1-1:1.0/bI*eClass",
			"bNumConfigurations bNumInterfaces ./1-1:1.0/bInterfaceClass\n"},
		{"with closed files", "cd " DIR "; exec 3</dev/null; exec 3<&-; find . -name speed",
			"./speed\n"},
		{"not a file", "cd " DIR "/serial 2>&1 || echo no",
			"sh: 1: cd: can't cd to " DIR "/serial\nno\n"},
		{"nothing is left in a real one",
			"cd " DIR "; for d in foo bar; do touch $d; mkdir $d; done 2>/dev/null; cd "
			"/sys; ls -d foo "
			"bar 2>/dev/null || echo none",
			"none\n"},
	};

	expect_scripts("sh", cases, ARRAY_SIZE(cases));
}

Test(exec_programs, copies_are_what_was_read)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(1);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"mkdir \"$2\" && cd \"$2\" && cp " DIR "/serial one && cp -r " DIR " two && "
		"cp -a " DIR "/ep_00 three && "
		"tar -cf - -C " DIR " 1-1:1.0 2>/dev/null | tar -tf - | grep eClass && "
		"cmp one two/serial && wc -c <one && cat three/type two/1-1:1.0/bInterfaceClass");

	cr_expect_str_eq(
		run.out, "1-1:1.0/bInterfaceClass\n13\nControl\nfe\n", "%s%s", run.out, run.err);
}

/* --- programs that know USB --- */

Test(exec_programs, usb_devices_tells_of_the_board)
{
	need_tool("usb-devices");
	CLEANUP(run_done) struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "usb-devices");

	cr_expect_str_eq(run.err, "", "%s", run.err);
	expect_text(run.out, "T:  Bus=01 Lev=01 Prnt=01 Port=00 Cnt=01 Dev#=  2 Spd=12  MxCh= 0\n");
	expect_text(run.out, "P:  Vendor=0483 ProdID=df11 Rev=22.00\n");
	expect_text(run.out, "S:  Product=STM32  BOOTLOADER\n");
	expect_text(
		run.out, "I:  If#= 0 Alt= 0 #EPs= 0 Cls=fe(app. ) Sub=01 Prot=02 Driver=(none)\n");
	expect_text(run.out, "E:  Ad=81(I) Atr=03(Int.) MxPS=   2 Ivl=255ms\n");
}

Test(exec_programs, usbreset_resets_the_board)
{
	need_tool("usbreset");
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "usbreset", "0483:df11");

	cr_expect_eq(run.code, 0, "%s", run.err);
	cr_expect_str_eq(run.out, "Resetting STM32  BOOTLOADER ... ok\n");
}

/* udev's own program looks at the same sysfs and finds what the data base says. */
Test(exec_programs, udev_would_write_what_its_data_base_has)
{
	need_tool("udevadm");
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "sh", "-c",
		"udevadm info -q property -p /sys/bus/usb/devices/1-1 | sort >&2; "
		"udevadm test-builtin usb_id /sys/bus/usb/devices/1-1 2>/dev/null");
	char *save = NULL;
	int lines = 0;

	cr_expect_eq(run.code, 0, "%s", run.err);
	for (char *line = strtok_r(run.out, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		expect_text(run.err, line);
		lines++;
	}
	cr_expect_geq(lines, 9, "usb_id found %d things", lines);
}

Test(exec_programs, udevadm_walks_up_to_the_controller)
{
	static const char *const parts[] = {"KERNEL==\"1-1:1.0\"", "KERNELS==\"1-1\"",
		"KERNELS==\"usb1\"", "KERNELS==\"dfurig.0\"", "SUBSYSTEMS==\"platform\"",
		"ATTRS{product}==\"STM32  BOOTLOADER\"", "DRIVERS==\"usb\""};
	need_tool("udevadm");
	CLEANUP(run_done)
	struct run run =
		RUN_OR_FAIL(DFURIG, "exec", "--", "udevadm", "info", "-a", "-p", DIR "/1-1:1.0");

	cr_expect_eq(run.code, 0, "%s", run.err);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		expect_text(run.out, parts[i]);
}

Test(exec_programs, python_sees_the_board_in_every_way)
{
	static const char script[] =
		"import glob, os, pathlib, subprocess\n"
		"d = '/sys/bus/usb/devices'\n"
		"print(sorted(os.listdir(d)), os.listdir(os.open('/dev/bus/usb', os.O_RDONLY)))\n"
		"print(sorted(glob.glob(d + '/*/serial')))\n"
		"print(sorted(map(str, pathlib.Path('/dev/bus').rglob('*'))))\n"
		"print([(r, len(f) > 30) for r, _, f in os.walk(d + '/1-1') if f][0])\n"
		"p = pathlib.Path(d + '/1-1')\n"
		"print(p.resolve(), p.is_dir(), p.is_symlink(), (p / "
		"'serial').read_text().strip())\n"
		"print(sorted(e.name for e in os.scandir(d) if e.is_symlink()))\n"
		"fd = os.open(d, os.O_RDONLY)\n"
		"print(os.readlink('1-1', dir_fd=fd), os.path.samefile(d + '/1-1', p.resolve()))\n"
		"print(os.statvfs(d).f_namemax, os.path.getsize(d + '/1-1/serial'))\n"
		"print(subprocess.run(['cat', 'serial'], cwd=d + '/1-1', close_fds=True,\n"
		"      capture_output=True, text=True).stdout.strip())\n"
		"os.chdir(d + '/1-1'); print(os.getcwd(), len(os.listdir()) > 30)\n";
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "/usr/bin/python3", "-c", script);

	cr_expect_str_eq(run.err, "", "%s", run.err);
	cr_expect_str_eq(run.out,
		"['1-0:1.0', '1-1', '1-1:1.0', 'usb1'] ['001']\n"
		"['/sys/bus/usb/devices/1-1/serial', '/sys/bus/usb/devices/usb1/serial']\n"
		"['/dev/bus/usb', '/dev/bus/usb/001', '/dev/bus/usb/001/001', "
		"'/dev/bus/usb/001/002']\n"
		"('/sys/bus/usb/devices/1-1', True)\n" DIR " True True 315A28A0B956\n"
		"['1-0:1.0', '1-1', '1-1:1.0', 'usb1']\n"
		"../../../devices/platform/dfurig.0/usb1/1-1 True\n"
		"255 4096\n315A28A0B956\n" DIR " True\n",
		"%s", run.out);
}

Test(exec_programs, python_processes_of_all_kinds_find_the_board)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(1);
	static const char script[] =
		"import multiprocessing, usb.core\n"
		"def serial(i):\n"
		"    return usb.core.find(idVendor=0x0483).serial_number\n"
		"if __name__ == '__main__':\n"
		"    for kind in 'fork', 'spawn', 'forkserver':\n"
		"        with multiprocessing.get_context(kind).Pool(3) as pool:\n"
		"            print(kind, *pool.map(serial, range(3)))\n";
	const char *path = temp_file_or_fail(&files.dir, "pool.py", script, sizeof(script) - 1);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "/usr/bin/python3", path);

	cr_expect_str_eq(run.out,
		"fork 315A28A0B956 315A28A0B956 315A28A0B956\n"
		"spawn 315A28A0B956 315A28A0B956 315A28A0B956\n"
		"forkserver 315A28A0B956 315A28A0B956 315A28A0B956\n",
		"%s%s", run.out, run.err);
}

Test(exec_programs, perl_sees_the_board)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--", "perl", "-e",
		"opendir(D, '/sys/bus/usb/devices') or die; print join(' ', sort readdir D), "
		"\"\\n\";"
		"chdir '/sys/bus/usb/devices/1-1' or die; open(F, 'product') or die; print <F>;"
		"print -c '/dev/bus/usb/001/002' ? \"node\\n\" : \"no\\n\"; print join(' ', "
		"<bNum*>)");

	cr_expect_str_eq(run.out,
		". .. 1-0:1.0 1-1 1-1:1.0 usb1\nSTM32  BOOTLOADER\nnode\n"
		"bNumConfigurations bNumInterfaces",
		"%s%s", run.out, run.err);
}

/* --- what processes do --- */

struct probe_case {
	const char *name;
	const char *what;
};

/* Cases of mock_probe, which says itself what it wants. */
Test(exec_programs, usbfs_and_processes_get_on)
{
	static const struct probe_case cases[] = {
		{"calls", "calls answer as the kernel does"},
		{"bad-urbs", "bad URBs are refused"},
		{"wait", "poll, select and epoll say the same"},
		{"reap", "a thread may wait for URBs"},
		{"meanwhile", "a call that waits holds up no other"},
		{"interrupt", "a signal ends the wait"},
		{"daemon", "a daemon keeps its parent's node"},
		{"close-all", "closing every number harms nothing"},
		{"foreign", "a lost connection is not written to"},
		{"open", "threads may open and close"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(run_done)
		struct run run = RUN_OR_FAIL(
			DFURIG, "exec", "--pace", "chip", "--", MOCK_PROBE, cases[i].name);

		cr_expect_eq(run.code, 0, "%s: %d %s", cases[i].what, run.code, run.err);
	}
}

Test(exec_programs, twenty_clients_at_once)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(1);
	CLEANUP(run_done)
	struct run run = run_script_or_fail(&files,
		"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do "
		"dfu-util -l >\"$2.$i\" 2>&1 & done; wait; cat \"$2\".* | grep -c 'Found DFU'");

	cr_expect_str_eq(run.out, "80\n", "%s%s", run.out, run.err);
}

Test(exec_programs, few_file_numbers_are_enough)
{
	static const struct script_case cases[] = {
		{"64",
			"ulimit -n 64; dfu-util -l | grep -c Found; cat " DIR "/serial; cd " DIR
			" 2>&1 || :",
			"4\n315A28A0B956\nsh: 1: cd: can't cd to " DIR "\n"},
		{"24", "ulimit -n 24; lsusb | wc -l", "2\n"},
	};

	expect_scripts("sh", cases, ARRAY_SIZE(cases));
}

/* A program of an empty environment is on its own, as if there were no rig. */
Test(exec_programs, an_empty_environment_hides_the_board)
{
#define COUNT "cat /sys/bus/usb/devices/*/serial 2>/dev/null | grep -c 315A28A0B956; true"
	static const struct script_case cases[] = {
		{"as it is", COUNT, "1\n"},
		{"env -i", "env -i sh -c '" COUNT "'", "0\n"},
		{"unset", "unset DFURIG_MOCK; sh -c '" COUNT "'", "0\n"},
		{"no preload", "LD_PRELOAD= sh -c '" COUNT "'", "0\n"},
	};
#undef COUNT

	expect_scripts("sh", cases, ARRAY_SIZE(cases));
}

Test(exec_programs, other_preload_libraries_stay)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL("env", "LD_PRELOAD=libz.so.1", DFURIG, "exec", "--", "sh",
		"-c", "echo $LD_PRELOAD; cat /sys/bus/usb/devices/1-1/serial");

	expect_text(run.out, "/libdfurig-mock.so:libz.so.1\n315A28A0B956\n");
}

/* --- a terminal --- */

/* Runs a command under the rig on a terminal of its own and presses a key when it has said "ready"; the wait status. */
static int press_key(const char *script, char key, char *ret_said, size_t room)
{
	struct termios before, after;
	bool pressed = false;
	size_t have = 0;
	int terminal, status = -1;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);
	ssize_t n;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		execl(DFURIG, DFURIG, "exec", "--", "sh", "-c", script, NULL);
		_exit(99);
	}
	cr_assert_eq(tcgetattr(terminal, &before), 0);
	/* Reading ends (EIO) when the last process has let go of the terminal. */
	while (have + 1 < room && (n = read(terminal, ret_said + have, room - 1 - have)) > 0) {
		have += (size_t)n;
		ret_said[have] = '\0';
		if (!pressed && strstr(ret_said, "ready"))
			pressed = write(terminal, &key, 1) == 1;
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(tcgetattr(terminal, &after), 0);
	cr_expect_eq(after.c_lflag, before.c_lflag, "the terminal is not as it was");
	close(terminal);
	return status;
}

Test(exec_programs, ctrl_c_ends_the_command_and_all_that_it_started)
{
	char said[512];
	int status = press_key("sleep 1000 & sh -c 'sleep 1000' & echo ready; wait; sleep 1000", 3,
		said, sizeof(said));

	cr_expect(WIFEXITED(status), "%x", status);
	cr_expect_eq(WEXITSTATUS(status), 130, "%s", said);
}

Test(exec_programs, a_command_may_catch_ctrl_c)
{
	char said[512];
	int status =
		press_key("trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.1; done",
			3, said, sizeof(said));

	cr_expect_eq(WEXITSTATUS(status), 3, "%s", said);
	expect_text(said, "caught");
}
