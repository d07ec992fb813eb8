# SPDX-License-Identifier: MIT
# Reads ci/allowed-skips, then what `ctest -V` printed; prints a line "pass|fail|skip NAME" for each test in Criterion's
# sense, and one for each other test of ctest's. With strict set, a skip that is not allowed is a failure.

FNR == NR {
	if ($0 !~ /^#/ && NF >= 2)
		allowed[$1] = 1
	next
}

function number_of_line(line)
{
	sub(/:.*/, "", line)
	return line + 0
}


/^[0-9]+: \[FAIL\] / {
	name = $3
	sub(/:$/, "", name)
	seen_fail[number_of_line($0)]++
	print "fail " name
}

/^[0-9]+: \[SKIP\] / {
	name = $3
	sub(/:$/, "", name)
	reason = $0
	sub(/^[^]]*\] [^ ]+ ?/, "", reason)
	if (strict != "" && strict != "false" && !(name in allowed))
		print "fail " name " skipped, and ci/allowed-skips does not name it: " reason
	else
		print "skip " name ": " reason
}

/^[0-9]+: .*Synthesis: Tested: [0-9]+ / {
	n = number_of_line($0)
	has_sums[n] = 1
	match($0, /Passing: [0-9]+/)
	passing[n] = substr($0, RSTART + 9, RLENGTH - 9) + 0
	match($0, /Failing: [0-9]+/)
	failing[n] = substr($0, RSTART + 9, RLENGTH - 9) + 0
}

/^ *[0-9]+\/[0-9]+ Test +#[0-9]+: / {
	match($0, /#[0-9]+: [^ ]+/)
	split(substr($0, RSTART + 1, RLENGTH - 1), part, ": ")
	n = part[1] + 0
	name = part[2]
	ok = $0 ~ / Passed /
	criterion = name ~ /_test$/
	for (i = 0; i < passing[n]; i++)
		print "pass " name
	for (i = seen_fail[n] + 0; i < failing[n]; i++)
		print "fail " name
	if (!criterion && !has_sums[n])
		print (ok ? "pass " : "fail ") name
	else if (!has_sums[n])
		print "fail " name " did not come to its end"
	else if (!ok && !failing[n])
		print "fail " name " as a whole (leak, sanitizer, time, or nothing ran)"
}
