/* SPDX-License-Identifier: MIT */
/*
 * A plugin for nbdkit: a disk of liborion-vblk for everything that speaks NBD.
 * man/nbdkit-orion-plugin.1 is the manual.
 *
 * Any thread of nbdkit may call at any time; lane.h has the queues.
 *
 * All flushes take queue 0.  So the one flush that finds out that acknowledged writes may be lost
 * is known, and every client is told at its next flush, not only the one whose flush it was.
 */
#define NBDKIT_API_VERSION 2
#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nbdkit-plugin.h>

#include "cmd/nbdkit/lane.h"
#include "orion/disk.h"
#include "orion/version.h"

#define PREFERRED_BYTES 4096u
#define MAXIMUM_BYTES (64u << 20)       /* nbdkit takes no more */

static const char *url;
static struct orion_disk_options options;
static struct orion_disk *disk;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned losses;                 /* flushes that found a loss; under the lock */

/* A connection. */
struct client {
	unsigned losses;                /* that it was told of; under the lock */
};

/* ---- the disk's life ---- */

static void
on_event(void *argument, const char *text)
{
	(void)argument;
	nbdkit_error("%s", text);
}

static void
plugin_load(void)
{
	orion_disk_options_init(&options);
	options.queues = ORION_DISK_QUEUES_MAX;
	options.event = on_event;
	options.publish = true;
}

static int
plugin_config(const char *key, const char *value)
{
	struct orion_error error;

	if (strcmp(key, "url") == 0) {
		url = value;
		return 0;
	}
	if (orion_disk_options_set(&options, key, value, &error) == 0)
		return 0;
	nbdkit_error("%s", error.text);
	return -1;
}

static int
plugin_config_complete(void)
{
	if (url != NULL)
		return 0;
	nbdkit_error("the disk's URL is missing, such as url=vhost-user:/run/disk.sock");
	return -1;
}

static int
open_disk(void)
{
	struct orion_error error;

	if (orion_disk_open(url, &options, &disk, &error) == 0)
		return 0;
	nbdkit_error("%s", error.text);
	return -1;
}

static void
plugin_cleanup(void)
{
	orion_disk_close(disk);
	disk = NULL;
	lanes_close();
}

/* nbdkit may fork after this, and a disk stays with its process.  But here errors are seen. */
static int
plugin_get_ready(void)
{
	int result = open_disk();

	plugin_cleanup();
	return result;
}

static int
plugin_after_fork(void)
{
	if (open_disk() != 0)
		return -1;
	if (lanes_open(disk) == 0)
		return 0;
	nbdkit_error("no memory for requests");
	return -1;
}

static void
plugin_dump(void)
{
	printf("orion_version=%s\n", ORION_VERSION_TEXT);
	printf("orion_queues_max=%u\n", ORION_DISK_QUEUES_MAX);
}

/* ---- a client ---- */

static void *
plugin_open(int read_only)
{
	struct client *client = calloc(1, sizeof(*client));

	(void)read_only;
	if (client == NULL) {
		nbdkit_error("no memory for another client");
		return NULL;
	}
	pthread_mutex_lock(&lock);
	client->losses = losses;
	pthread_mutex_unlock(&lock);
	return client;
}

static int64_t
plugin_get_size(void *handle)
{
	struct orion_disk_info info;

	(void)handle;
	orion_disk_info(disk, &info);
	if (info.bytes <= INT64_MAX)
		return (int64_t)info.bytes;
	nbdkit_error("the disk has %llu bytes, which is more than NBD can say",
		     (unsigned long long)info.bytes);
	return -1;
}

static int
plugin_block_size(void *handle, uint32_t *minimum, uint32_t *preferred, uint32_t *maximum)
{
	struct orion_disk_info info;

	(void)handle;
	orion_disk_info(disk, &info);
	*minimum = info.block_bytes;
	*preferred = info.block_bytes > PREFERRED_BYTES ? info.block_bytes : PREFERRED_BYTES;
	if (info.physical_block_bytes > *preferred)
		*preferred = info.physical_block_bytes;
	*maximum = MAXIMUM_BYTES;
	return 0;
}

static int
plugin_can_write(void *handle)
{
	struct orion_disk_info info;

	(void)handle;
	orion_disk_info(disk, &info);
	return !info.read_only;
}

static int
plugin_can_flush(void *handle)
{
	struct orion_disk_info info;

	(void)handle;
	orion_disk_info(disk, &info);
	/* A device that knows no flush promises nothing, unless the user does so in its place. */
	return info.durability != ORION_DURABILITY_NONE;
}

static int
plugin_can_fua(void *handle)
{
	return plugin_can_flush(handle) ? NBDKIT_FUA_EMULATE : NBDKIT_FUA_NONE;
}

/* A flush covers the writes of all clients. */
static int
plugin_can_multi_conn(void *handle)
{
	(void)handle;
	return 1;
}

/* ---- requests ---- */

/* NBD has few errors: what it lacks is EIO, since nbdkit would say EINVAL. */
static int
nbd_errno(int result)
{
	switch (-result) {
	case EINVAL:
	case ENOMEM:
	case EROFS:
		return -result;
	default:
		return EIO;
	}
}

/* Why, in words that help whoever reads nbdkit's log. */
static const char *
explain(int result)
{
	switch (-result) {
	case EINVAL:
		return "clients must keep to the block size, or try nbdkit --filter=blocksize";
	case ESHUTDOWN:
		return "the back end did not answer, and nobody waits for it any more";
	case EOPNOTSUPP:
		return "the device does not do this";
	case ESTALE:
		return "the back end died, and with it perhaps writes that were not flushed";
	default:
		return orion_disk_text(disk);
	}
}

static int
answer(const char *what, uint32_t bytes, uint64_t offset, int result)
{
	if (result == 0)
		return 0;
	nbdkit_error("%s, %u bytes at %llu: %s: %s", what, bytes, (unsigned long long)offset,
		     strerror(-result), explain(result));
	nbdkit_set_error(nbd_errno(result));
	return -1;
}

static int
plugin_pread(void *handle, void *buffer, uint32_t bytes, uint64_t offset, uint32_t flags)
{
	(void)handle;
	(void)flags;
	return answer("read", bytes, offset, lanes_do(ORION_READ, buffer, bytes, offset));
}

static int
plugin_pwrite(void *handle, const void *buffer, uint32_t bytes, uint64_t offset, uint32_t flags)
{
	(void)handle;
	(void)flags;
	return answer("write", bytes, offset,
		      lanes_do(ORION_WRITE, (void *)(uintptr_t)buffer, bytes, offset));
}

static int
plugin_flush(void *handle, uint32_t flags)
{
	struct client *client = handle;
	int result = lanes_do(ORION_FLUSH, NULL, 0, 0);

	(void)flags;
	pthread_mutex_lock(&lock);
	if (result == -ESTALE)
		losses++;
	if (client->losses != losses)
		result = -ESTALE;
	client->losses = losses;
	pthread_mutex_unlock(&lock);
	return answer("flush", 0, 0, result);
}

static struct nbdkit_plugin plugin = {
	.name = "orion",
	.version = ORION_VERSION_TEXT,
	.longname = "Orion",
	.description = "virtio block devices of vhost-user servers",
	.magic_config_key = "url",
	.config_help = "url=vhost-user:PATH[?OPTION=VALUE&...]  (required) the disk\n"
		       "OPTION=VALUE    the same options; those of the URL win",
	.load = plugin_load,
	.config = plugin_config,
	.config_complete = plugin_config_complete,
	.dump_plugin = plugin_dump,
	.get_ready = plugin_get_ready,
	.after_fork = plugin_after_fork,
	.cleanup = plugin_cleanup,
	.open = plugin_open,
	.close = free,
	.get_size = plugin_get_size,
	.block_size = plugin_block_size,
	.can_write = plugin_can_write,
	.can_flush = plugin_can_flush,
	.can_fua = plugin_can_fua,
	.can_multi_conn = plugin_can_multi_conn,
	.pread = plugin_pread,
	.pwrite = plugin_pwrite,
	.flush = plugin_flush,
};

extern struct nbdkit_plugin *plugin_init(void); /* what this macro defines */
NBDKIT_REGISTER_PLUGIN(plugin)
