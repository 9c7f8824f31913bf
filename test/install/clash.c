/* SPDX-License-Identifier: MIT */
/*
 * A program that has functions of its own by the names that the library uses inside, linked with
 * the static library:   clash URL
 *
 * None of them may be called by the library, and none of the library's by the program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orion/disk.h>

/* Each dies when somebody but main() calls it. */
#define OWN(name)                                                                                  \
	int name(int mine);                                                                        \
	int name(int mine)                                                                         \
	{                                                                                          \
		if (mine != 7)                                                                     \
			abort();                                                                   \
		return mine;                                                                       \
	}

OWN(bounce)
OWN(channel_fail)
OWN(disk_event)
OWN(disk_turn)
OWN(dma_find)
OWN(dma_init)
OWN(dma_map)
OWN(dma_unmap)
OWN(error_set)
OWN(flush_begin)
OWN(io_errno)
OWN(io_prepare)
OWN(monitor_start)
OWN(orion_event_text)
OWN(orion_options_default)
OWN(orion_panic)
OWN(orion_port_check)
OWN(orion_status_text)
OWN(pages_take)
OWN(pci_get)
OWN(port_linux)
OWN(port_now_ns)
OWN(queue_follow)
OWN(session_open)
OWN(toml_next)
OWN(url_parse)
OWN(vblk_open)
OWN(vblk_submit)
OWN(vhost_user_open)

int
main(int argc, char **argv)
{
	static unsigned char data[8192], back[8192];
	struct orion_disk *disk;
	struct orion_error error;
	struct orion_queue *queue;
	int result;

	if (argc != 2 || orion_disk_open(argv[1], NULL, &disk, &error) != 0) {
		printf("open: %s\n", argc == 2 ? error.text : "clash URL");
		return 1;
	}
	queue = orion_disk_queue(disk, 0);
	memset(data, 0x5a, sizeof(data));
	result = orion_queue_write(queue, data, sizeof(data), 4096);
	printf("write: %d\n", result);
	result = orion_queue_flush(queue);
	printf("flush: %d\n", result);
	result = orion_queue_read(queue, back, sizeof(back), 4096);
	printf("read: %d %s\n", result,
	       memcmp(data, back, sizeof(data)) == 0 ? "the same" : "different");
	orion_disk_close(disk);
	printf("own: %d\n", dma_map(7) + url_parse(7) + pci_get(7) + toml_next(7));
	return 0;
}
