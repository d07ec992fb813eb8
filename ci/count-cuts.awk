# SPDX-License-Identifier: MIT
# From what `dfurig sweep --json` writes: "pass KIND" for each kind of cut from which the board always came back, and
# "fail" with the command that repeats it for each cut from which it did not, or which the rig did not make.
function value(key,    text)
{
	if (!match($0, "\"" key "\":\"[^\"]*\""))
		return ""
	text = substr($0, RSTART, RLENGTH - 1)
	return substr(text, length(key) + 5)
}

/^{"kind":"cell"/ {
	cut = value("cut")
	cuts[cut]++
	if (value("verdict") != "PASS") {
		bad[cut]++
		print "fail " value("verdict") " " value("again")
	}
}

END {
	for (cut in cuts)
		if (!bad[cut])
			print "pass " cut
}
