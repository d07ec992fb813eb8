/* SPDX-License-Identifier: MIT */
/* Open nodes: what usbfs promises of URBs, claims and calls, seen by clients of the server. */
#include "harness/transport/mock/server_test.h"

#include "harness/transport/mock/server.h"

#define ALTERNATE     "/sys/bus/usb/devices/1-2:1.0/bAlternateSetting"
#define CONFIGURATION "/sys/bus/usb/devices/1-2/bConfigurationValue"

/* --- URBs --- */

Test(usbfs, a_transfer_that_is_answered_at_once_comes_back_at_once)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(polled(&rig, peer), 0);
	submit_vendor(&rig, peer, 17, true);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_COMPLETED);
	cr_expect_eq(message.tag, 17);
	cr_expect_eq(message.result, 0);
	cr_expect_eq(message.a, 4);
	cr_expect_eq(message.b, 1, "it is the reply too");
	cr_expect_eq(message.size, 4);
	cr_expect_arr_eq(peer->in + sizeof(message), "\xa5\xa5\xa5\xa5", 4);
	cr_expect_eq(polled(&rig, peer), POLLOUT);
	submit_vendor(&rig, peer, 18, false);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.a, 4);
	cr_expect_eq(message.size, 0);
	cr_expect_arr_eq(rig.fake.last_out, "data", 4);
	cr_expect(is_silent(&rig, peer));
}

struct status_case {
	enum vusb_result result;
	int status;
};

Test(usbfs, statuses_are_the_kernels)
{
	static const struct status_case cases[] = {
		{VUSB_STALL, -EPIPE},
		{VUSB_BABBLE, -EOVERFLOW},
		{VUSB_ERROR, -EPROTO},
	};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mock_message message;

		rig.fake.control_result = cases[i].result;
		submit_vendor(&rig, peer, 1, true);
		message = receive_or_fail(&rig, peer);
		cr_expect_eq(message.kind, MOCK_COMPLETED);
		cr_expect_eq(message.result, cases[i].status);
		cr_expect_eq(message.a, 0);
		cr_expect_eq(message.size, 0);
	}
}

Test(usbfs, a_naked_transfer_stays_pending_until_the_device_is_ready)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.control_result = VUSB_NAK;
	submit_vendor(&rig, peer, 3, true);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_REPLY);
	cr_expect_eq(message.result, 0);
	cr_expect(is_silent(&rig, peer));
	cr_expect_eq(polled(&rig, peer), 0, "nothing to reap");
	rig.fake.control_result = VUSB_ACK;
	vusb_port_kick(rig.port);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_COMPLETED);
	cr_expect_eq(message.tag, 3);
	cr_expect_eq(message.b, 0);
	cr_expect_eq(message.size, 4);
	cr_expect_eq(polled(&rig, peer), POLLOUT);
}

/* The pipe is emptied before the message goes out: who is woken by poll() finds it. */
Test(usbfs, a_completion_can_be_seen_when_its_message_comes)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct pollfd ends[2];

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.control_result = VUSB_NAK;
	submit_vendor(&rig, peer, 3, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	rig.fake.control_result = VUSB_ACK;
	vusb_port_kick(rig.port);
	ends[0] = (struct pollfd){.fd = peer->pipe[1], .events = POLLOUT};
	ends[1] = (struct pollfd){.fd = peer->fd, .events = POLLIN};
	cr_expect_eq(poll(ends, 2, 0), 2);
}

Test(usbfs, a_program_may_have_the_pipe_emptied_again)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(polled(&rig, peer), 0);
	cr_assert_eq(write(peer->pipe[1], "abc", 3), 3, "more than the one byte");
	send_or_fail(&rig, peer, (struct mock_message){.kind = MOCK_WAKE}, NULL, 0);
	cr_expect_eq(polled(&rig, peer), POLLOUT);
	send_or_fail(&rig, peer, (struct mock_message){.kind = MOCK_WAKE}, NULL, 0);
	cr_expect_eq(polled(&rig, peer), POLLOUT, "an empty one stays so");
	cr_expect(is_silent(&rig, peer));
}

Test(usbfs, a_discarded_transfer_comes_back_before_the_reply)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.control_result = VUSB_NAK;
	submit_vendor(&rig, peer, 3, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	submit_vendor(&rig, peer, 4, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	send_or_fail(&rig, peer, (struct mock_message){.kind = MOCK_DISCARD, .tag = 3}, NULL, 0);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_COMPLETED);
	cr_expect_eq(message.tag, 3);
	cr_expect_eq(message.result, -ENOENT);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_REPLY);
	cr_expect_eq(message.result, 0);
	send_or_fail(&rig, peer, (struct mock_message){.kind = MOCK_DISCARD, .tag = 3}, NULL, 0);
	cr_expect_eq(receive_or_fail(&rig, peer).result, -EINVAL, "twice");
	rig.fake.control_result = VUSB_ACK;
	vusb_port_kick(rig.port);
	cr_expect_eq(receive_or_fail(&rig, peer).tag, 4, "the other goes on");
}

static void submit_bulk(struct server_rig *rig, struct peer *peer, uint8_t endpoint, uint32_t size)
{
	uint8_t *data = calloc(1, size);

	send_or_fail(rig, peer,
		(struct mock_message){.kind = MOCK_SUBMIT,
			.tag = endpoint,
			.a = VUSB_BULK,
			.b = endpoint,
			.c = size},
		data, endpoint & USB_DIR_IN ? 0 : size);
	free(data);
}

Test(usbfs, bulk_transfers_claim_their_interface)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *other = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	other = device_peer_or_fail(&rig);
	submit_bulk(&rig, peer, FAKE_BULK_IN, 100);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_COMPLETED);
	cr_expect_eq(message.size, 100);
	submit_bulk(&rig, other, FAKE_BULK_OUT, 10);
	cr_expect_eq(submitted_or_fail(&rig, other), -EBUSY);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_CLAIM, 1, 0), -EBUSY);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_CLAIM, 0, 0), 0, "the other interface is free");
}

/* usbcore's usbfs_memory_mb: 16 MiB for all programs together. */
Test(usbfs, transfers_in_flight_have_a_limit)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *other = NULL;
	int count = 0;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	other = device_peer_or_fail(&rig);
	rig.fake.data_result = VUSB_NAK;
	for (int r = 0; r == 0 && count < 100; count++) {
		submit_bulk(&rig, peer, FAKE_BULK_IN, MOCK_PAYLOAD_MAX);
		r = submitted_or_fail(&rig, peer);
		cr_expect(r == 0 || r == -ENOMEM, "%d", r);
	}
	cr_expect_eq(count, 16, "%d", count);
	peer_close(peer);
	turns(&rig, 5);
	submit_bulk(&rig, other, FAKE_BULK_IN, MOCK_PAYLOAD_MAX);
	cr_expect_eq(submitted_or_fail(&rig, other), 0, "what has gone is free again");
}

/* --- a device that leaves --- */

Test(usbfs, an_unplugged_device_gives_all_back_and_hangs_up)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.control_result = VUSB_NAK;
	submit_vendor(&rig, peer, 3, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	vusb_port_unplug(rig.port);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_COMPLETED);
	cr_expect_eq(message.tag, 3);
	cr_expect_eq(message.result, -ESHUTDOWN);
	cr_expect_eq(receive_or_fail(&rig, peer).kind, MOCK_GONE);
	cr_expect_eq(polled(&rig, peer) & POLLERR, POLLERR);
	submit_vendor(&rig, peer, 4, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), -ENODEV);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), -ENODEV);
	send_or_fail(&rig, peer, (struct mock_message){.kind = MOCK_WAKE}, NULL, 0);
	cr_expect(is_silent(&rig, peer));
}

Test(usbfs, the_next_device_in_the_port_is_not_the_one_that_was_opened)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *again = NULL;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0);
	vusb_port_unplug(rig.port);
	vusb_port_plug(rig.port, &rig.fake.device, "fake");
	cr_expect_eq(receive_or_fail(&rig, peer).kind, MOCK_GONE);
	submit_vendor(&rig, peer, 4, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), -ENODEV);
	again = opening_peer_or_fail(&rig, "/dev/bus/usb/001/003", 0);
	cr_expect_eq(receive_or_fail(&rig, again).result, 0);
	cr_expect_eq(call_or_fail(&rig, again, MOCK_CLAIM, 0, 0), 0, "claims went with the device");
	peer_close(peer);
	turns(&rig, 5);
	submit_vendor(&rig, again, 5, true);
	cr_expect_eq(submitted_or_fail(&rig, again), 0);
}

#define MANY 20

Test(usbfs, many_clients_hear_of_it)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	struct peer *peers[MANY];

	server_rig_init_or_fail(&rig);
	rig.fake.control_result = VUSB_NAK;
	for (uint64_t i = 0; i < MANY; i++) {
		peers[i] = device_peer_or_fail(&rig);
		submit_vendor(&rig, peers[i], i, true);
		cr_expect_eq(submitted_or_fail(&rig, peers[i]), 0);
	}
	vusb_port_unplug(rig.port);
	for (uint64_t i = 0; i < MANY; i++) {
		struct mock_message message = receive_or_fail(&rig, peers[i]);

		cr_expect_eq(message.tag, i);
		cr_expect_eq(message.result, -ESHUTDOWN);
		cr_expect_eq(receive_or_fail(&rig, peers[i]).kind, MOCK_GONE);
		peer_free(&peers[i]);
	}
	turns(&rig, 5);
	cr_expect_eq(count_fds(), rig.fds);
}

static void unplug_fake(struct fake_device *fake)
{
	vusb_port_unplug(fake->device.port);
}

/* DFU's leave request: the device is gone when the request has been taken. */
Test(usbfs, a_device_may_leave_while_it_has_the_transfer_in_hand)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.on_control = unplug_fake;
	submit_vendor(&rig, peer, 3, true);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_COMPLETED);
	cr_expect_eq(message.result, -ESHUTDOWN);
	cr_expect_eq(receive_or_fail(&rig, peer).kind, MOCK_GONE);
}

static void close_client(struct fake_device *fake)
{
	mock_client_close(fake->user);
}

/* Not even then does a transfer end under the hands of the device. */
Test(usbfs, a_client_may_be_dropped_while_the_device_has_its_transfer_in_hand)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.on_control = close_client;
	rig.fake.user = LIST_ENTRY(rig.mock->clients.next, struct mock_client, link);
	submit_vendor(&rig, peer, 3, true);
	cr_expect(is_closed(&rig, peer));
	cr_expect_eq(rig.fake.controls, 1);
	cr_expect_eq(rig.mock->urb_bytes, 0);
	peer_close(peer);
	turns(&rig, 5);
	cr_expect_eq(count_fds(), rig.fds);
}

/* --- claims --- */

Test(usbfs, an_interface_has_one_owner)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *other = NULL;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	other = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_GET_DRIVER, 0, 0), -ENODATA);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0, "again is as good");
	cr_expect_eq(call_or_fail(&rig, other, MOCK_GET_DRIVER, 0, 0), MOCK_DRIVER_USBFS);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_CLAIM, 0, 0), -EBUSY);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_RELEASE, 0, 0), -EINVAL);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_SET_ALT, 0, 1), -EBUSY);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RELEASE, 0, 0), 0);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_CLAIM, 0, 0), 0);
	peer_close(other);
	turns(&rig, 5);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0, "closing releases");
}

struct need_case {
	const char *name;
	uint8_t type, index;
	int result; /* of a client that has not claimed what another one has */
};

/* check_ctrlrecip: interface 1 and its endpoints belong to somebody else. */
Test(usbfs, requests_to_interfaces_and_endpoints_need_the_claim)
{
	static const struct need_case cases[] = {
		{"class to the interface", 0xa1, 1, -EBUSY},
		{"standard to the interface", 0x81, 1, -EBUSY},
		{"class to another interface", 0xa1, 0, 0},
		{"class to no interface", 0xa1, 5, -ENOENT},
		{"class to no interface number", 0xa1, 200, -EINVAL},
		{"class to the endpoint", 0xa2, 0x81, -EBUSY},
		{"class to endpoint 0", 0xa2, 0, 0},
		{"class to endpoint 0, IN", 0xa2, 0x80, 0},
		{"class to no endpoint", 0xa2, 0x85, -ENOENT},
		{"class to no endpoint number", 0xa2, 0x31, -EINVAL},
		{"class to the device", 0xa0, 1, 0},
		{"class to others", 0xa3, 1, 0},
		{"vendor to the interface", 0xc1, 1, 0},
		{"vendor to the endpoint", 0xc2, 0x81, 0},
	};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *owner = NULL;

	server_rig_init_or_fail(&rig);
	owner = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, owner, MOCK_CLAIM, 1, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(peer_free) struct peer *peer = device_peer_or_fail(&rig);
		uint8_t setup[8] = {cases[i].type, 9, 0, 0, cases[i].index, 0, 4, 0};

		send_or_fail(&rig, peer,
			(struct mock_message){.kind = MOCK_SUBMIT, .a = VUSB_CONTROL, .c = 4},
			setup, sizeof(setup));
		cr_expect_eq(submitted_or_fail(&rig, peer), cases[i].result, "%s", cases[i].name);
	}
}

/* An endpoint that only has the other direction: the kernel lets it pass as that one. */
Test(usbfs, an_endpoint_may_be_named_without_its_direction)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct peer *hub = NULL;
	uint8_t setup[8] = {0xa2, 9, 0, 0, 0x01, 0, 4, 0};

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	hub = opening_peer_or_fail(&rig, "/dev/bus/usb/001/001", 0);
	cr_expect_eq(receive_or_fail(&rig, hub).result, 0);
	send_or_fail(&rig, hub,
		(struct mock_message){.kind = MOCK_SUBMIT, .a = VUSB_CONTROL, .c = 4}, setup,
		sizeof(setup));
	cr_expect_eq(
		submitted_or_fail(&rig, hub), -EBUSY, "0x81 is found, and is the hub driver's");
	peer_free(&hub);
}

Test(usbfs, the_root_hub_belongs_to_its_driver)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *hub = NULL;

	server_rig_init_or_fail(&rig);
	hub = opening_peer_or_fail(&rig, "/dev/bus/usb/001/001", 0);
	cr_expect_eq(receive_or_fail(&rig, hub).result, 0);
	cr_expect_eq(call_or_fail(&rig, hub, MOCK_GET_DRIVER, 0, 0), MOCK_DRIVER_HUB);
	cr_expect_eq(call_or_fail(&rig, hub, MOCK_CLAIM, 0, 0), -EBUSY);
	cr_expect_eq(call_or_fail(&rig, hub, MOCK_SET_CONFIG, 1, 0), -EBUSY);
	cr_expect_eq(call_or_fail(&rig, hub, MOCK_RESET, 0, 0), 0);
}

static const struct vusb_interface_desc dfu_interface = {
	.class = USB_CLASS_DFU, .subclass = USB_SUBCLASS_DFU, .protocol = USB_PROTOCOL_DFU};
static const struct vusb_config_desc dfu_config = {
	.value = 1, .interfaces = &dfu_interface, .interface_count = 1};

/* In place of the fake device's own interfaces: a bootloader's. */
static void plug_bootloader(struct server_rig *rig, struct vusb_device_desc *desc)
{
	*desc = *rig->fake.device.desc;
	desc->configs = &dfu_config;
	vusb_port_unplug(rig->port);
	rig->fake.device.desc = desc;
	vusb_port_plug(rig->port, &rig->fake.device, "fake");
	turns(rig, 3);
}

Test(usbfs, another_kernel_driver_has_to_be_disconnected)
{
	struct vusb_device_desc desc;
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct why why = {""};

	server_rig_init_or_fail(&rig);
	cr_expect_eq(mock_set_kernel_driver(rig.mock, "snd_usb_audio", &why), -ENOTSUP);
	cr_expect(strstr(why.text, "usbtest is one"), "%s", why.text);
	cr_assert_eq(mock_set_kernel_driver(rig.mock, "usbtest", &why), 0);
	plug_bootloader(&rig, &desc);
	peer = opening_peer_or_fail(&rig, "/dev/bus/usb/001/003", 0);
	cr_expect_eq(receive_or_fail(&rig, peer).result, 0);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_GET_DRIVER, 0, 0), MOCK_DRIVER_USBTEST);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), -EBUSY);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_DISCONNECT, 0, 0), 0);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_GET_DRIVER, 0, 0), -ENODATA);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CONNECT, 0, 0), 1, "it takes it back");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), -EBUSY);
	cr_assert_eq(mock_set_kernel_driver(rig.mock, NULL, &why), 0);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0);
}

/* A forked process goes on with its parent's file: both have the claims, until both are gone. */
Test(usbfs, a_copy_of_a_file_shares_its_claims)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *copy = NULL;
	CLEANUP(peer_free) struct peer *other = NULL;
	uint64_t owner;

	server_rig_init_or_fail(&rig);
	peer = opening_peer_or_fail(&rig, NODE, 0);
	owner = receive_or_fail(&rig, peer).tag;
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0);
	copy = opening_peer_or_fail(&rig, NODE, owner);
	cr_expect_eq(receive_or_fail(&rig, copy).tag, owner);
	cr_expect_eq(call_or_fail(&rig, copy, MOCK_SET_ALT, 0, 1), 0);
	other = device_peer_or_fail(&rig);
	peer_close(peer);
	turns(&rig, 5);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_CLAIM, 0, 0), -EBUSY);
	peer_close(copy);
	turns(&rig, 5);
	cr_expect_eq(call_or_fail(&rig, other, MOCK_CLAIM, 0, 0), 0);
}

/* --- alternates and configurations --- */

Test(usbfs, an_alternate_can_be_set_and_is_put_back)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *files = NULL;

	server_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_ALT, 0, 1), 0);
	cr_expect_eq(rig.fake.device.alternate[0], 1);
	cr_expect_str_eq(text_of(&rig, files, ALTERNATE), " 1\n");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RELEASE, 0, 0), 0);
	cr_expect_eq(rig.fake.device.alternate[0], 0, "usb_unbind_interface");
	cr_expect_str_eq(text_of(&rig, files, ALTERNATE), " 0\n");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_ALT, 0, 1), 0);
	peer_close(peer);
	turns(&rig, 5);
	cr_expect_eq(rig.fake.device.alternate[0], 0, "and when a program ends");
	cr_expect_str_eq(text_of(&rig, files, ALTERNATE), " 0\n");
}

static enum vusb_result nak_all(struct vusb_tap *tap UNUSED, struct vusb_transfer *transfer UNUSED)
{
	return VUSB_NAK;
}

/* The request that puts it back may find the device busy, and the rig's end may find the request. */
Test(usbfs, nobody_waits_for_an_alternate_that_is_put_back)
{
	static const struct vusb_tap_ops ops = {.name = "busy", .attempt = nak_all};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct vusb_tap tap = {.ops = &ops};

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_ALT, 0, 1), 0);
	vusb_bus_add_tap(rig.bus, &tap);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RELEASE, 0, 0), 0);
	cr_expect_eq(rig.fake.device.alternate[0], 1);
	cr_expect(!list_empty(&rig.mock->requests));
	vusb_bus_remove_tap(&tap);
	vusb_port_kick(rig.port);
	cr_expect_eq(rig.fake.device.alternate[0], 0);
	cr_expect(list_empty(&rig.mock->requests));
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_ALT, 0, 1), 0);
	vusb_bus_add_tap(rig.bus, &tap);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RELEASE, 0, 0), 0);
	vusb_bus_remove_tap(&tap); /* pending when the rig ends */
}

Test(usbfs, letting_go_ends_what_is_pending_on_the_endpoints)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.data_result = rig.fake.control_result = VUSB_NAK;
	submit_bulk(&rig, peer, FAKE_BULK_IN, 64);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	submit_bulk(&rig, peer, FAKE_BULK_OUT, 64);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	submit_vendor(&rig, peer, 9, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	send_or_fail(&rig, peer,
		(struct mock_message){.kind = MOCK_CALL, .a = MOCK_RELEASE, .b = 1}, NULL, 0);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.tag, FAKE_BULK_IN);
	cr_expect_eq(message.result, -ENOENT);
	cr_expect_eq(receive_or_fail(&rig, peer).tag, FAKE_BULK_OUT);
	cr_expect_eq(receive_or_fail(&rig, peer).kind, MOCK_REPLY);
	cr_expect(is_silent(&rig, peer), "the control transfer belongs to no interface");
}

static enum vusb_result stall_set_interface(struct vusb_tap *tap, struct vusb_transfer *transfer)
{
	return transfer->setup.bRequest == USB_SET_INTERFACE ? VUSB_STALL
							     : vusb_tap_next(tap, transfer);
}

/* USB 2.0, 9.4.10: a device with one alternate setting may STALL the request. */
Test(usbfs, only_alternates_with_a_choice_may_fail)
{
	static const struct vusb_tap_ops ops = {.name = "stall", .attempt = stall_set_interface};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct vusb_tap tap = {.ops = &ops};

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	vusb_bus_add_tap(rig.bus, &tap);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_ALT, 0, 1), -EPIPE);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_ALT, 1, 0), 0);
	vusb_bus_remove_tap(&tap);
}

Test(usbfs, a_configuration_is_set_while_nobody_has_an_interface)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *files = NULL;

	server_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 1, 0), 0);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_CONFIG, 1, 0), -EBUSY, "its own claim too");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RELEASE, 1, 0), 0);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_CONFIG, 1, 0), 0);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_CONFIG, UINT32_MAX, 0), 0);
	cr_expect_eq(rig.fake.device.configuration, 0);
	cr_expect_str_eq(text_of(&rig, files, CONFIGURATION), "");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), -ENOENT, "no interfaces now");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_CONFIG, 1, 0), 0);
	cr_expect_str_eq(text_of(&rig, files, CONFIGURATION), "1\n");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0);
}

Test(usbfs, a_call_that_the_device_naks_ends_with_the_client)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	static const struct vusb_tap_ops ops = {.name = "busy", .attempt = nak_all};
	struct vusb_tap tap = {.ops = &ops};
	struct mock_message call = {.kind = MOCK_CALL, .a = MOCK_CLEAR_HALT, .b = FAKE_BULK_IN};

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	vusb_bus_add_tap(rig.bus, &tap);
	send_or_fail(&rig, peer, call, NULL, 0);
	cr_expect(is_silent(&rig, peer));
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), -EBUSY, "one call at a time");
	peer_close(peer);
	turns(&rig, 5);
	cr_expect(list_empty(&rig.port->pending));
	cr_expect_eq(count_fds(), rig.fds);
	vusb_bus_remove_tap(&tap);
}

Test(usbfs, halts_are_cleared_on_the_device)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.device.halted = UINT32_MAX;
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RESET_ENDPOINT, FAKE_BULK_IN, 0), 0);
	cr_expect_eq(rig.fake.device.halted, UINT32_MAX, "the host's side alone");
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLEAR_HALT, FAKE_BULK_IN, 0), 0);
	cr_expect_eq(rig.fake.device.halted, UINT32_MAX & ~(1u << 17));
}

/* --- reset --- */

Test(usbfs, a_reset_keeps_the_file_and_its_alternates)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	unsigned resets;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_SET_ALT, 0, 1), 0);
	resets = rig.fake.resets;
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RESET, 0, 0), 0);
	cr_expect_gt(rig.fake.resets, resets);
	cr_expect_eq(rig.fake.device.configuration, 1);
	cr_expect_eq(rig.fake.device.alternate[0], 1);
	submit_vendor(&rig, peer, 1, true);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
}

Test(usbfs, a_reset_ends_pending_transfers)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	rig.fake.data_result = VUSB_NAK;
	submit_bulk(&rig, peer, FAKE_BULK_IN, 64);
	cr_expect_eq(submitted_or_fail(&rig, peer), 0);
	send_or_fail(
		&rig, peer, (struct mock_message){.kind = MOCK_CALL, .a = MOCK_RESET}, NULL, 0);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.tag, FAKE_BULK_IN);
	cr_expect_lt(message.result, 0);
	cr_expect_eq(receive_or_fail(&rig, peer).result, 0);
}

/* DFU 1.1: the reset after DFU_DETACH makes another device of it. */
Test(usbfs, a_device_that_a_reset_changes_is_a_new_one)
{
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *files = NULL;
	struct vusb_device_desc other;
	struct mock_message message;

	server_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_CLAIM, 0, 0), 0);
	other = *rig.fake.device.desc;
	other.pid = 0xdf11;
	rig.fake.device.desc = &other;
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RESET, 0, 0), -ENODEV);
	message = receive_or_fail(&rig, peer);
	cr_expect_eq(message.kind, MOCK_GONE);
	cr_expect_str_eq(text_of(&rig, files, "/sys/bus/usb/devices/1-2/idProduct"), "df11\n");
}

Test(usbfs, a_device_that_a_reset_kills_is_gone)
{
	static const struct vusb_tap_ops ops = {.name = "busy", .attempt = nak_all};
	CLEANUP(server_rig_done) struct server_rig rig;
	CLEANUP(peer_free) struct peer *peer = NULL;
	CLEANUP(peer_free) struct peer *files = NULL;
	struct vusb_tap tap = {.ops = &ops};

	server_rig_init_or_fail(&rig);
	files = files_peer_or_fail(&rig);
	peer = device_peer_or_fail(&rig);
	vusb_bus_add_tap(rig.bus, &tap);
	cr_expect_eq(call_or_fail(&rig, peer, MOCK_RESET, 0, 0), -ENODEV);
	cr_expect_eq(receive_or_fail(&rig, peer).kind, MOCK_GONE);
	cr_expect_str_eq(text_of(&rig, files, "/sys/bus/usb/devices/1-2/idProduct"), "");
	vusb_bus_remove_tap(&tap);
}
