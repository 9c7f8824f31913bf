/* SPDX-License-Identifier: MIT */
/* cc first-sector.c $(pkg-config --cflags --libs liborion-vblk); ./a.out vhost-user:SOCKET */
#include <stdio.h>

#include <orion/disk.h>

int
main(int argc, char **argv)
{
	struct orion_disk *disk;
	struct orion_error error;
	struct orion_io read = {.bytes = 4096}, *ios[] = {&read}, *done;

	if (argc != 2 || orion_disk_open(argv[1], NULL, &disk, &error) != 0) {
		fprintf(stderr, "%s\n", argc == 2 ? error.text : "usage: first-sector URL");
		return 1;
	}
	struct orion_queue *queue = orion_disk_queue(disk, 0);
	unsigned char *bytes = orion_disk_alloc(disk, read.bytes);

	read.buffer = bytes;
	if (bytes != NULL && orion_queue_submit(queue, ios, 1) == 1) {
		orion_queue_kick(queue);
		while (orion_queue_wait(queue, &done, 1, -1) == 0)
			;
		for (unsigned i = 0; done->result == 0 && i < 512; i++)
			printf("%02x%c", bytes[i], i % 16 == 15 ? '\n' : ' ');
	}
	orion_disk_close(disk);
	return read.result == 0 && bytes != NULL ? 0 : 1;
}
