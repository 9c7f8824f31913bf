/* SPDX-License-Identifier: MIT */
/* What the library says of a disk, and what a flush of it gives:   info [-d] URL FEATURES-OFF */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orion/disk.h>

int
main(int argc, char **argv)
{
	static const char *const names[] = {"flush", "stable", "none"};
	struct orion_disk_options options;
	struct orion_disk_info info;
	struct orion_error error;
	struct orion_disk *disk;

	orion_disk_options_init(&options);
	options.durable = argc == 4 && strcmp(argv[1], "-d") == 0;
	if (argc < 3)
		return 2;
	options.features_off = strtoull(argv[argc - 1], NULL, 0);
	if (orion_disk_open(argv[argc - 2], &options, &disk, &error) != 0) {
		printf("open: %s\n", error.text);
		return 1;
	}
	orion_disk_info(disk, &info);
	printf("bytes %llu, best %llu, %s: %d\n", (unsigned long long)info.bytes,
	       (unsigned long long)info.optimal_bytes, names[info.durability],
	       orion_queue_flush(orion_disk_queue(disk, 0)));
	orion_disk_close(disk);
	return 0;
}
