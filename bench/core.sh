#!/bin/sh
# SPDX-License-Identifier: MIT
# Instructions that one 4 KiB read costs in the driver core, by callgrind: exact and repeatable.
#
# Counted: vblk_submit, vblk_kick, vblk_reap and what they call, all checks and statistics on; the
# sink device in the same thread is not.  Each cell is the difference of two runs, so that set-up
# cancels out.
#
#   B=build bench/core.sh
set -eu
program=${B:-build}/bench/core
n=4000

instructions() { # LAYOUT EVENT BATCH COUNT
	valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=vblk_submit \
		--toggle-collect=vblk_kick --toggle-collect=vblk_reap "$program" "$@" 2>&1 |
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

echo "instructions per 4 KiB read, submit + kick + reap ($(uname -m), ${CC:-gcc} -O2)"
printf '%-15s %-6s %9s %9s %9s\n' layout event 'batch 1' 'batch 8' 'batch 32'
for layout in split split-direct packed packed-direct; do
	for event in event plain; do
		printf '%-15s %-6s' $layout $event
		for batch in 1 8 32; do
			few=$(instructions $layout $event $batch $n)
			many=$(instructions $layout $event $batch $((2 * n)))
			printf ' %9s' "$(((many - few + n / 2) / n))"
		done
		echo
	done
done
