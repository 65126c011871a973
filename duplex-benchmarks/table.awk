# SPDX-License-Identifier: Apache-2.0
#
# Lines "measurement proxy units-a-second cpu-seconds units" into a table of medians, and of the medians of the
# ratios within a round. Exits with 3 when a goal is missed.

function median(list, values, count, i, j, swap) {
	count = split(list, values, " ")
	if (count == 0)
		return ""
	for (i = 2; i <= count; i++)
		for (j = i; j > 1 && values[j] + 0 < values[j - 1] + 0; j--) {
			swap = values[j]
			values[j] = values[j - 1]
			values[j - 1] = swap
		}
	return count % 2 ? values[(count + 1) / 2] : (values[count / 2] + values[count / 2 + 1]) / 2
}

# The median of the rounds' ratios: neighbours in time, so that a machine that gets busier meanwhile hits both.
function ratios(ours, theirs, a, b, i, count, list) {
	count = split(ours, a, " ")
	if (count == 0 || count != split(theirs, b, " "))
		return ""
	for (i = 1; i <= count; i++)
		list = list " " (b[i] > 0 ? a[i] / b[i] : 0)
	return median(list)
}

function cell(value, format) {
	return value == "" ? "-" : sprintf(format, value)
}

# sense ">=" or "<=": the goal is for the ratio, or for Duplex's own value when absolute is 1; "" for no goal
function row(title, unit, key, factor, format, sense, goal, absolute,    direct, haproxy, duplex, ratio, seen, verdict) {
	direct = median(values[key, "direct"])
	haproxy = median(values[key, "haproxy"])
	duplex = median(values[key, "duplex"])
	if (direct == "" && haproxy == "" && duplex == "")
		return
	ratio = ratios(values[key, "duplex"], values[key, "haproxy"])
	seen = absolute ? duplex : ratio
	verdict = ""
	if (sense != "" && seen != "") {
		seen = absolute ? seen * factor : seen
		verdict = (sense == ">=" ? seen >= goal + 0 : seen <= goal + 0) ? "ok" : "MISSED"
		missed += verdict == "MISSED"
	}
	printf "%-32s %-12s %9s %9s %9s %7s   %-9s %s\n", title, unit, cell(direct == "" ? "" : direct * factor, format),
		cell(haproxy == "" ? "" : haproxy * factor, format), cell(duplex == "" ? "" : duplex * factor, format),
		cell(ratio, "%.2f"), sense == "" ? "" : sense " " goal, verdict
}

{
	values[$1, $2] = values[$1, $2] " " $3
	if ($5 > 0 && $2 != "direct")
		values[$1 "-cpu", $2] = values[$1 "-cpu", $2] " " $4 / $5
}

END {
	gib = 1 / 1024 / 1024 / 1024
	printf "%-32s %-12s %9s %9s %9s %7s   %-9s\n", "", "", "direct", "HAProxy", "Duplex", "ratio", "goal"
	row("bulk, 64 connections", "GiB/s", "bulk64", gib, "%.2f", ">=", "2.0")
	row("", "CPU s/GiB", "bulk64-cpu", 1 / gib, "%.3f", "<=", "0.4")
	row("bulk, 1 connection", "GiB/s", "bulk1", gib, "%.2f", ">=", "1.1")
	row("", "CPU s/GiB", "bulk1-cpu", 1 / gib, "%.3f")
	row("ping-pong 64 B, 64 connections", "a second", "pingpong64", 1, "%.0f", ">=", "1.1")
	row("", "CPU us each", "pingpong64-cpu", 1000000, "%.2f")
	row("ping-pong 64 B, 1 connection", "a second", "pingpong1", 1, "%.0f", ">=", "1.1")
	row("", "CPU us each", "pingpong1-cpu", 1000000, "%.2f")
	row("connect, ping-pong, close; 32", "a second", "rate", 1, "%.0f", ">=", "0.95")
	row("", "CPU us each", "rate-cpu", 1000000, "%.2f")
	row("connect, ping-pong, reset; 32", "a second", "reset", 1, "%.0f", ">=", "0.95")
	row("", "CPU us each", "reset-cpu", 1000000, "%.2f")
	row("idle join, user space", "bytes", "idle", 1, "%.0f", "<=", "1024", 1)
	exit missed > 0 ? 3 : 0
}
