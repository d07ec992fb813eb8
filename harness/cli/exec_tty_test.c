/* SPDX-License-Identifier: MIT */
/* `dfurig exec`: programs find the ECU's serial port where they look for it, and talk to the ECU through it. */
#include "harness/cli/exec_files_test.h"

#define PYTHON    "/usr/bin/python3"
#define SIGNATURE "rusEFI main.2025.01.01.f407-discovery.1205846173"
#define UID       "57002700033556B93F283331"
#define BY_ID     "usb-rusEFI_LLC_rusEFI_Engine_Management_ECU_" UID "-if01"
#define PORT      "/dev/ttyACM0"

/* "E reboot_dfu" in its frame, for printf(1). The ECU does not answer, it leaves. */
#define REBOOT_DFU "\\000\\013Ereboot_dfu\\375\\150\\300\\337"

/* What begins a Python script of ours. */
#define IMPORTS                                                                                    \
	"import errno, fcntl, os, struct, subprocess, sys, termios, threading\n"                   \
	"import serial\n"

#define RUNNING "exec", "--start", "run", "--flash", "rusefi-2025", "--"

static struct run run_python_or_fail(const char *script)
{
	return RUN_OR_FAIL(DFURIG, RUNNING, PYTHON, "-c", script);
}

static struct run run_shell_or_fail(const char *script)
{
	return RUN_OR_FAIL(DFURIG, RUNNING, "sh", "-c", script);
}

static void expect_run(const struct run *run, const char *out)
{
	cr_expect_eq(run->code, 0, "exit code %d: %s%s", run->code, run->out, run->err);
	cr_expect_str_eq(run->out, out, "%s%s", run->out, run->err);
}

/* --- who finds it --- */

Test(exec_tty, list_ports_names_the_board)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(
		DFURIG, RUNNING, PYTHON, "-m", "serial.tools.list_ports", "-v", "0483:5740");

	expect_text(run.out, PORT);
	expect_text(run.out, "desc: rusEFI Engine Management ECU");
	expect_text(run.out, "hwid: USB VID:PID=0483:5740 SER=" UID " LOCATION=1-1:1.1");
}

Test(exec_tty, the_port_is_a_device_with_links)
{
	CLEANUP(run_done)
	struct run run = run_shell_or_fail(
		"stat -c '%F %t:%T %n' /dev/ttyACM0; ls /dev/serial/by-id /dev/serial/by-path; "
		"readlink -f /dev/serial/by-id/*; cat /sys/class/tty/ttyACM0/dev; "
		"cd /dev; echo ttyACM*; basename $(readlink /sys/class/tty/ttyACM0/device/driver)");

	expect_run(&run,
		"character special file a6:0 " PORT "\n"
		"/dev/serial/by-id:\n" BY_ID "\n\n"
		"/dev/serial/by-path:\nplatform-dfurig.0-usb-0:1:1.1\n" PORT "\n166:0\nttyACM0\n"
		"cdc_acm\n");
}

Test(exec_tty, lsusb_shows_the_driver)
{
	CLEANUP(run_done) struct run tree = run_shell_or_fail("lsusb -t");
	CLEANUP(run_done) struct run verbose = run_shell_or_fail("lsusb -v -d 0483:5740");

	expect_text(tree.out, "If 1, Class=Communications, Driver=cdc_acm, 12M");
	expect_text(tree.out, "If 2, Class=CDC Data, Driver=cdc_acm, 12M");
	expect_text(verbose.out, "iSerial                 3 " UID);
	expect_text(verbose.out, "Abstract (modem)");
}

Test(exec_tty, udev_knows_the_port)
{
	need_tool("udevadm");
	CLEANUP(run_done)
	struct run run = run_shell_or_fail("udevadm info -q property -n /dev/serial/by-id/*");

	expect_text(run.out, "DEVNAME=" PORT "\n");
	expect_text(run.out, "SUBSYSTEM=tty\n");
	expect_text(run.out, "ID_SERIAL_SHORT=" UID "\n");
	expect_text(run.out, "ID_USB_INTERFACE_NUM=01\n");
	expect_text(run.out, "ID_USB_DRIVER=cdc_acm\n");
	expect_text(run.out, "/dev/serial/by-id/" BY_ID);
}

Test(exec_tty, each_board_has_a_port)
{
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, "exec", "--start", "run", "-b", "f407-discovery",
		"--flash", "rusefi-2025", "-b", "f407-discovery", "--flash", "rusefi-2026-no-msd",
		"--", "sh", "-c",
		"ls /dev/serial/by-id | sed 's/.*-if/if/' | sort; echo /dev/ttyACM*; "
		"for p in /dev/ttyACM*; do stty -F $p raw -echo; exec 3<>$p; printf S >&3; "
		"head -c 21 <&3; exec 3>&-; echo; done");

	expect_run(&run, "if00\nif01\n/dev/ttyACM0 /dev/ttyACM1\n"
			 "rusEFI main.2025.01.0\nrusEFI main.2026.07.1\n");
}

/* --- who talks to it --- */

Test(exec_tty, pyserial_talks_to_the_ecu)
{
	CLEANUP(run_done)
	struct run run = run_python_or_fail(
		IMPORTS "p = serial.Serial('" PORT "', 115200, timeout=10, write_timeout=10)\n"
			"p.write(b'S'); p.flush(); print(p.read_until(b'\\0')[:-1].decode())\n"
			"print(p.cts, p.dsr, p.cd, p.ri, p.in_waiting, p.out_waiting)\n"
			"print(os.ttyname(p.fd), hex(os.fstat(p.fd).st_rdev), os.isatty(p.fd))\n"
			"p.baudrate = 250000; p.parity = 'E'; p.bytesize = 7; p.stopbits = 2\n"
			"f = termios.tcgetattr(p.fd)[2]\n"
			"print(f & termios.CSIZE == termios.CS7, bool(f & termios.PARENB))\n"
			"p.dtr = False; p.rts = False\n"
			"p.close()\n");

	expect_run(&run, SIGNATURE "\nTrue True True False 0 0\n" PORT " 0xa600 True\nTrue True\n");
}

Test(exec_tty, the_port_answers_as_cdc_acm)
{
	CLEANUP(run_done)
	struct run run = run_python_or_fail(IMPORTS
		"p = serial.Serial('" PORT "', 115200, timeout=10)\n"
		"p.write(b'S'); p.read_until(b'\\0')\n"
		"b = bytearray(80); fcntl.ioctl(p.fd, 0x545d, b); print(struct.unpack('4i', "
		"b[:16]))\n"
		"p.set_low_latency_mode(True)\n"
		"b = bytearray(72); fcntl.ioctl(p.fd, termios.TIOCGSERIAL, b)\n"
		"print(struct.unpack('iiIi', b[:16]), struct.unpack('H', b[32:34]))\n"
		"try: termios.tcsendbreak(p.fd, 0)\n"
		"except termios.error as e: print(errno.errorcode[e.args[0]])\n"
		"p.dtr = False; b = bytearray(4); fcntl.ioctl(p.fd, termios.TIOCMGET, b)\n"
		"print(bool(b[0] & termios.TIOCM_DTR), bool(b[0] & termios.TIOCM_RTS))\n"
		"b = bytearray(256); fcntl.ioctl(p.fd, 0x802c542a, b, True)\n"
		"struct.pack_into('I', b, 8, struct.unpack_from('I', b, 8)[0] & ~0o10017 | "
		"0o10000)\n"
		"struct.pack_into('II', b, 36, 31250, 31250); fcntl.ioctl(p.fd, 0x402c542b, b)\n"
		"fcntl.ioctl(p.fd, 0x802c542a, b, True); print(struct.unpack_from('II', b, 36))\n"
		"try: fcntl.ioctl(p.fd, 0x5413_00, b)\n"
		"except OSError as e: print(errno.errorcode[e.errno])\n");

	expect_run(&run,
		"(0, 1, 0, 1)\n(0, 0, 0, 0) (50,)\nEPIPE\nFalse True\n(31250, 31250)\nENOTTY\n");
}

Test(exec_tty, picocom_talks_to_the_ecu)
{
	need_tool("picocom");
	CLEANUP(run_done)
	struct run run = run_shell_or_fail(
		"picocom -q --nolock -b 115200 --initstring S -x 300 " PORT " </dev/null");

	cr_expect_eq(run.code, 0, "%s", run.err);
	expect_text(run.out, SIGNATURE);
}

Test(exec_tty, the_shell_talks_to_the_ecu)
{
	CLEANUP(run_done)
	struct run run = run_shell_or_fail(
		"stty -F " PORT " 115200 raw -echo && exec 3<>" PORT " && printf S >&3 && "
		"head -c 49 <&3 | tr '\\0' '\\n' && printf S | dd of=" PORT " status=none && "
		"dd if=" PORT " bs=1 count=49 status=none | tr '\\0' '\\n' && "
		"stty -F " PORT " speed");

	expect_run(&run, SIGNATURE "\n" SIGNATURE "\n115200\n");
}

Test(exec_tty, stty_reads_back_what_it_has_set)
{
	CLEANUP(run_done)
	struct run run = run_shell_or_fail(
		"stty -F " PORT " -a | grep -o 'speed [0-9]* baud'; stty -F " PORT
		" | tr '\\n' ' '; echo; stty -F " PORT " 57600 parenb parodd cs7 cstopb -hupcl; "
		"stty -F " PORT " -a | grep -oE '(speed [0-9]+|-?parenb|-?parodd|cs[5-8]|-?cstopb|"
		"-?hupcl|-?clocal|-?cread)' | tr '\\n' ' '");

	expect_run(&run, "speed 9600 baud\nspeed 9600 baud; line = 0; -brkint -imaxbel \n"
			 "speed 57600 parenb parodd cs7 -hupcl cstopb cread clocal ");
}

/* All that a program may do with the number of a file that it has opened. */
Test(exec_tty, copies_and_children_have_the_port_too)
{
	CLEANUP(run_done)
	struct run run = run_python_or_fail(
		IMPORTS "p = serial.Serial('" PORT "', 115200, timeout=10)\n"
			"c = os.dup(p.fd); os.close(p.fd); os.write(c, b'S')\n"
			"os.set_inheritable(c, True)\n"
			"subprocess.run(['head', '-c', '49'], stdin=c, stdout=subprocess.DEVNULL)\n"
			"if os.fork() == 0:\n"
			"    b = bytearray(4); fcntl.ioctl(c, termios.TIOCMGET, b)\n"
			"    print(bool(b[0] & termios.TIOCM_DTR), os.ttyname(c), flush=True); "
			"os._exit(0)\n"
			"os.wait()\n"
			"print(subprocess.run(['stty', 'speed'], stdin=c, capture_output=True, "
			"text=True).stdout.strip())\n");

	expect_run(&run, "True " PORT "\n115200\n");
}

/* So do programs find who has a port open. */
Test(exec_tty, proc_says_which_port_is_open)
{
	CLEANUP(run_done)
	struct run run = run_shell_or_fail(
		"exec 3<>" PORT "; readlink /proc/self/fd/3; stat -Lc %t:%T /proc/$$/fd/3; "
		"stat -Lc %t:%T - <&3; ls -l /proc/$$/fd/3 | grep -c -- '-> " PORT "$'");

	expect_run(&run, PORT "\na6:0\na6:0\n1\n");
}

/* Whoever runs the rig. */
Test(exec_tty, an_ordinary_user_may_use_it)
{
	need_tool("setpriv");
	CLEANUP(run_done)
	struct run run = run_shell_or_fail(
		/* The library may lie where this user does not come. */
		"user=; if [ \"$(id -u)\" -eq 0 ]; then user='setpriv --reuid 65534 --regid 65534 "
		"--clear-groups'; d=$(mktemp -d); trap 'rm -rf \"$d\"' EXIT; chmod 755 \"$d\"; "
		"cp \"${LD_PRELOAD%%:*}\" \"$d/mock.so\"; export LD_PRELOAD=\"$d/mock.so\"; fi\n"
		"$user sh -c 'stty -F " PORT " raw -echo && exec 3<>" PORT
		" && printf S >&3 && head -c 48 <&3'");

	expect_run(&run, SIGNATURE);
}

Test(exec_tty, who_has_it_exclusively_has_it_alone)
{
	CLEANUP(run_done)
	struct run run = run_python_or_fail(
		IMPORTS "def why():\n"
			"    try: os.close(os.open('" PORT "', os.O_RDWR)); return 'opened'\n"
			"    except OSError as e: return errno.errorcode[e.errno]\n"
			"f = os.open('" PORT "', os.O_RDWR | os.O_NOCTTY); print(why())\n"
			"fcntl.ioctl(f, termios.TIOCEXCL); print(why())\n"
			"print(subprocess.run(['stty', '-F', '" PORT "'], capture_output=True, "
			"text=True).stderr.strip())\n"
			"fcntl.ioctl(f, termios.TIOCNXCL); print(why())\n"
			"p = serial.Serial('" PORT "', exclusive=True)\n"
			"try: serial.Serial('" PORT "', exclusive=True)\n"
			"except serial.SerialException as e: print(e)\n");

	expect_text(run.out, "opened\nEBUSY\nstty: " PORT ": Device or resource busy\nopened\n");
	expect_text(run.out, "Could not exclusively lock port");
}

/* --- when it leaves --- */

Test(exec_tty, a_reboot_to_dfu_hangs_up)
{
	CLEANUP(run_done)
	struct run run = run_python_or_fail(IMPORTS
		"p = serial.Serial('" PORT "', 115200, timeout=20)\n"
		"w = []\n"
		"def wait():\n"
		"    try: fcntl.ioctl(p.fd, 0x545c, termios.TIOCM_CD); w.append('changed')\n"
		"    except OSError as e: w.append(errno.errorcode[e.errno])\n"
		"t = threading.Thread(target=wait); t.start()\n"
		"p.write(b'\\x00\\x0bEreboot_dfu\\xfd\\x68\\xc0\\xdf')\n"
		"try: print(p.read(1))\n"
		"except serial.SerialException: print('disconnected')\n"
		"try: p.write(b'x'); print('written')\n"
		"except serial.SerialException as e: print('write:', e.args[0])\n"
		"t.join(); print(w[0] in ('EIO', 'ENODEV', 'changed'))\n"
		"print(os.path.exists('" PORT "'), os.path.exists('/dev/serial'))\n");

	expect_text(run.out, "disconnected\nwrite: write failed: [Errno 5] Input/output error\n");
	expect_text(run.out, "True\nFalse False\n");
}

Test(exec_tty, cat_ends_when_the_board_leaves)
{
	CLEANUP(run_done)
	struct run run = run_shell_or_fail(
		"stty -F " PORT " raw -echo; exec 3<>" PORT "; cat <&3 & printf '" REBOOT_DFU
		"' >&3; wait $! && echo end; ls " PORT " 2>&1; echo /dev/ttyACM*");

	expect_text(run.out, "end\n");
	expect_text(run.out, "No such file or directory\n/dev/ttyACM*\n");
}

/* The lines of a monitor are read until the bootloader is there; so nobody waits longer than it takes. */
Test(exec_tty, udev_tells_when_it_leaves)
{
	need_tool("udevadm");
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(1);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, RUNNING, "sh", "-c",
		"stty -F " PORT " raw -echo; mkfifo $1; "
		"timeout 60 udevadm monitor -k >$1 & exec 3<$1; "
		"while read -r line <&3 && [ \"${line#KERNEL -}\" = \"$line\" ]; do :; done; "
		"printf '" REBOOT_DFU "' >" PORT "; "
		"while read -r k action path rest <&3; do [ -z \"$action\" ] && continue; "
		"echo $action ${path##*/} $rest; "
		"[ \"$action ${path##*/}\" = 'bind 1-1' ] && break; done; kill $!",
		"sh", files.extra);

	cr_expect_str_eq(run.out,
		"remove 1-1:1.0 (usb)\nremove ttyACM0 (tty)\nunbind 1-1:1.2 (usb)\n"
		"unbind 1-1:1.1 (usb)\nremove 1-1:1.1 (usb)\nremove 1-1:1.2 (usb)\n"
		"unbind 1-1 (usb)\nremove 1-1 (usb)\nadd 1-1 (usb)\nadd 1-1:1.0 (usb)\n"
		"bind 1-1 (usb)\n",
		"%s%s", run.out, run.err);
}

/* What a flasher does: asks for the bootloader by the port, finds it on USB. */
Test(exec_tty, dfu_util_finds_the_board_behind_the_port)
{
	CLEANUP(exec_files_done) struct exec_files files = exec_files_or_fail(1);
	CLEANUP(run_done)
	struct run run = RUN_OR_FAIL(DFURIG, RUNNING, "sh", "-c",
		"stty -F " PORT " raw -echo; printf '" REBOOT_DFU "' >" PORT
		"; dfu-util -w -d 0483:df11 -a 0 -s 0x08000000:4 -U $1 && wc -c <$1",
		"sh", files.extra);

	cr_expect_eq(run.code, 0, "%s%s", run.out, run.err);
	expect_text(run.out, "\n4\n");
}

/* --- who goes past the driver --- */

Test(exec_tty, libusb_takes_the_interfaces_from_the_driver)
{
	CLEANUP(run_done)
	struct run run = run_python_or_fail(
		"import os, usb.core, usb.util\n"
		"d = usb.core.find(idVendor=0x0483, idProduct=0x5740)\n"
		"def active(): return [d.is_kernel_driver_active(i) for i in range(3)]\n"
		"print(active())\n"
		"try: usb.util.claim_interface(d, 2)\n"
		"except usb.core.USBError as e: print(e.strerror)\n"
		"d.detach_kernel_driver(1)\n"
		"print(active(), os.path.exists('" PORT "'))\n"
		"usb.util.claim_interface(d, 2)\n"
		"d.write(0x02, b'S')\n"
		"print(bytes(d.read(0x82, 64, 10000))[:6].decode())\n"
		"usb.util.release_interface(d, 2)\n"
		"d.attach_kernel_driver(1)\n"
		"print(active(), os.path.exists('" PORT "'))\n");

	expect_run(&run, "[False, True, True]\nResource busy\n[False, False, False] False\nrusEFI\n"
			 "[False, True, True] True\n");
}
