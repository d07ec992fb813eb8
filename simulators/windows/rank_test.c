/* SPDX-License-Identifier: MIT */
#include "simulators/windows/rank.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Microsoft's "Driver Rank Example": two IDs of each kind at the device, one hardware and two compatible IDs in the INF. */
static const struct usb_ids device = {
	.hardware = {"HwID_1", "HwID_2"},
	.hardware_count = 2,
	.compatible = {"CID_1", "CID_2"},
	.compatible_count = 2,
};

static const struct {
	const char *id;
	uint32_t as_hardware, as_first, as_second; /* where it is in the INF */
} example[] = {
	{"HwID_1", 0x0000, 0x1000, 0x1000},
	{"HwID_2", 0x0001, 0x1001, 0x1001},
	{"CID_1", 0x2000, 0x3000, 0x3100},
	{"CID_2", 0x2001, 0x3001, 0x3101},
};

static uint32_t score_at(const char *id, size_t place)
{
	struct inf_model model = {.id_count = 3};

	for (size_t i = 0; i < 3; i++)
		snprintf(model.id[i], INF_TEXT, "%s", i == place ? id : "another");
	return rank_identifier_score(&device, &model);
}

Test(rank, scores_as_the_documents_example)
{
	for (size_t i = 0; i < ARRAY_SIZE(example); i++) {
		cr_expect_eq(
			score_at(example[i].id, 0), example[i].as_hardware, "%s", example[i].id);
		cr_expect_eq(score_at(example[i].id, 1), example[i].as_first, "%s", example[i].id);
		cr_expect_eq(score_at(example[i].id, 2), example[i].as_second, "%s", example[i].id);
	}
}

Test(rank, takes_the_best_of_several_matches)
{
	struct inf_model model = {.id = {"CID_1", "HwID_2", "CID_2"}, .id_count = 3};

	cr_assert_eq(rank_identifier_score(&device, &model), 0x1001);
}

Test(rank, does_not_look_at_the_case_of_an_id)
{
	cr_assert_eq(score_at("hwid_1", 0), 0);
}

Test(rank, has_none_for_another_device)
{
	struct inf inf = {
		.models = (struct inf_model[]){{.id = {"other"}, .id_count = 1}}, .model_count = 1};
	struct inf_model no_id = {.id_count = 0};
	size_t model = 7;

	cr_expect_eq(rank_package(&device, &inf, &model).value, RANK_NONE);
	cr_expect_eq(model, 7);
	cr_assert_eq(rank_identifier_score(&device, &no_id), RANK_NONE);
}

Test(rank, knows_who_has_signed)
{
	static const struct {
		const char *signer;
		enum rank_signature signature;
		uint8_t equal, strict;
	} rows[] = {
		{"Microsoft Windows", RANK_SIGNATURE_INBOX, 0x00, 0x0d},
		{"Microsoft Windows Hardware Compatibility Publisher", RANK_SIGNATURE_WHQL, 0x00,
			0x0d},
		{"STMicroelectronics (Rousset) SAS", RANK_SIGNATURE_AUTHENTICODE, 0x00, 0x0f},
		{"", RANK_SIGNATURE_UNSIGNED, 0x80, 0x80},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct inf inf = {0};

		snprintf(inf.signer, sizeof(inf.signer), "%s", rows[i].signer);
		cr_expect_eq(rank_signature_of(&inf), rows[i].signature, "%s", rows[i].signer);
		cr_expect_eq(rank_signature_score(rows[i].signature, true), rows[i].equal, "%s",
			rows[i].signer);
		cr_expect_eq(rank_signature_score(rows[i].signature, false), rows[i].strict, "%s",
			rows[i].signer);
	}
}

/* One package, by what counts. */
static struct rank rank_of(const char *signer, uint8_t feature, const char *id)
{
	struct inf_model models[2] = {{.id = {"other"}, .id_count = 1}, {.id_count = 1}};
	struct inf inf = {.date = 20180426, .version = 1, .models = models, .model_count = 2};
	size_t model = 0;
	struct rank rank;

	snprintf(inf.signer, sizeof(inf.signer), "%s", signer);
	snprintf(models[1].id[0], INF_TEXT, "%s", id);
	models[1].feature_score = feature;
	rank = rank_package(&device, &inf, &model);
	cr_expect_eq(model, 1);
	return rank;
}

Test(rank, is_put_together_of_three_scores)
{
	cr_expect_eq(rank_of("somebody", 0xff, "HwID_1").value, 0x00ff0000);
	cr_expect_eq(rank_of("somebody", 0xfd, "CID_2").value, 0x00fd2001);
	cr_assert_eq(rank_of("", 0xff, "HwID_2").value, 0x80ff0001);
}

Test(rank, goes_before_date_and_date_before_version)
{
	static const struct {
		const char *what;
		struct rank a, b;
		int order;
	} rows[] = {
		{"rank", {0x00ff0000, 20060621, 1}, {0x00ff2000, 20251128, 9}, -1},
		{"rank, other way round", {0x80ff0000, 20251128, 9}, {0x00ff3101, 20060621, 1}, 1},
		{"date", {0x00ff0000, 20251128, 1}, {0x00ff0000, 20180426, 9}, -1},
		{"date, other way round", {0x00ff0000, 20180426, 9}, {0x00ff0000, 20251128, 1}, 1},
		{"version", {0x00ff0000, 20180426, 9}, {0x00ff0000, 20180426, 8}, -1},
		{"version, other way round", {0x00ff0000, 20180426, 8}, {0x00ff0000, 20180426, 9},
			1},
		{"nothing", {0x00ff0000, 20180426, 8}, {0x00ff0000, 20180426, 8}, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_expect_eq(
			rank_compare(&rows[i].a, &rows[i].b), rows[i].order, "%s", rows[i].what);
}
