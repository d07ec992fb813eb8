# SPDX-License-Identifier: MIT
# The table that ci/bench prints, from lines of NAME VALUE LOW HIGH UNIT AIM NOTE, tabs between.

# 1234567 -> 1,234,567 and 12.345 -> 12.3
function grouped(n,    text, tail) {
	if (n == "")
		return ""
	text = n >= 100 ? sprintf("%.0f", n) : sprintf("%.3g", n)
	while (match(text, /^[0-9]+[0-9][0-9][0-9](,|$)/)) {
		tail = match(text, /,/) ? RSTART - 1 : length(text)
		text = substr(text, 1, tail - 3) "," substr(text, tail - 2)
	}
	return text
}

# "met", "missed", or nothing without an aim.
function verdict(n, aim,    limit) {
	if (aim == "")
		return ""
	limit = substr(aim, 3) + 0
	return (aim ~ /^>/ ? n > limit : n < limit) ? "met" : "missed"
}

function row(what, value, unit, low, high, aim, met,    text) {
	text = sprintf("%-48s %12s %-6s %12s %12s %12s  %s", what, value, unit, low, high, aim, met)
	sub(/ +$/, "", text)
	print text
}

BEGIN { row("what", "median", "", "lowest", "highest", "aim", "") }

{
	row($1, grouped($2), $5, grouped($3), grouped($4), $6 == "" ? "" : substr($6, 1, 2) grouped(substr($6, 3)),
		verdict($2, $6))
	if ($7 != "")
		print "      " $7
}
