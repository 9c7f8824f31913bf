/* SPDX-License-Identifier: MIT */
/*
 * An engine for fio: its jobs on the queues of a disk of liborion-vblk.  man/fio-orion.1 is the
 * manual.
 *
 * Jobs with the same URL share one disk, so they must be threads; each has a queue of its own from
 * its start to its end.  fio's buffers are allocated from the disk and go to the device as they
 * are.  A request is handed over when fio queues it and the device is told once per commit.
 *
 * fio calls setup for all jobs, one after the other, before it starts any; init, and all that
 * follows, is called from the job's thread.  With create_serialize=0 init comes first.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <fio.h>
#include <optgroup.h>

#include "orion/disk.h"

/* fio takes a member at offset 0 for "not an option of this engine". */
struct engine_options {
	void *unused;
	char *url;
};

static struct fio_option options[] = {
	{
		.name = "url",
		.lname = "URL of the disk",
		.type = FIO_OPT_STR_STORE,
		.off1 = offsetof(struct engine_options, url),
		.help = "vhost-user:PATH[?OPTION=VALUE&...], such as "
			"vhost-user:/run/disk.sock?queues=2",
		.category = FIO_OPT_C_ENGINE,
		.group = FIO_OPT_G_INVALID,
	},
	{.name = NULL},
};

/* A disk, as long as a job uses it. */
struct shared {
	struct shared *next;
	struct orion_disk *disk;
	unsigned jobs;
	uint32_t queues_taken;  /* a bit each */
	char url[];
};

static struct shared *disks;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards them all */

struct job {
	struct shared *shared;
	struct orion_disk *disk;
	struct orion_queue *queue;
	unsigned index;                  /* of the queue */
	uint64_t bounced;                /* by the queue before this job */
	struct io_u **queued;            /* since the last commit */
	unsigned queued_count;
	struct orion_io **done;          /* by the last getevents */
	bool own_memory;                 /* the buffers are not the disk's */
	bool unpromised;                 /* the device knows no flush: syncs do nothing */
	bool given_up;                   /* requests are in flight, and nobody waits for them */
};

struct request {
	struct orion_io io;
	struct orion_disk *disk;
};

/* A wait of more than a second in vain tells the device again what it has not answered. */
#define LOOK_NS INT64_C(1100000000)
#define SAID_US UINT64_C(5000000)       /* in vain: until it is said */
#define GRACE_US UINT64_C(5000000)      /* for what is in flight, once the job is to end */

struct wait {
	struct timespec since, since_over;
	bool over, said;
};

/* ---- disks ---- */

static void
on_event(void *argument, const char *text)
{
	(void)argument;
	log_err("orion: %s\n", text);
}

/* NULL: errno says why, and the user knows more. */
static struct shared *
shared_open(const char *url)
{
	struct shared *shared = calloc(1, sizeof(*shared) + strlen(url) + 1);
	struct orion_error error = {"no memory"};
	struct orion_disk_options defaults;
	int result = -ENOMEM;

	orion_disk_options_init(&defaults);
	defaults.event = on_event;
	defaults.publish = true;
	if (shared != NULL)
		result = orion_disk_open(url, &defaults, &shared->disk, &error);
	if (result != 0) {
		log_err("orion: %s\n", error.text);
		free(shared);
		errno = -result;
		return NULL;
	}
	strcpy(shared->url, url);
	shared->next = disks;
	disks = shared;
	return shared;
}

static struct shared *
shared_get(const char *url)
{
	struct shared *shared;

	pthread_mutex_lock(&lock);
	for (shared = disks; shared != NULL && strcmp(shared->url, url) != 0;)
		shared = shared->next;
	if (shared == NULL)
		shared = shared_open(url);
	if (shared != NULL)
		shared->jobs++;
	pthread_mutex_unlock(&lock);
	return shared;
}

static void
shared_put(struct shared *shared)
{
	pthread_mutex_lock(&lock);
	if (--shared->jobs == 0) {
		struct shared **at = &disks;

		while (*at != shared)
			at = &(*at)->next;
		*at = shared->next;
		orion_disk_close(shared->disk);
		free(shared);
	}
	pthread_mutex_unlock(&lock);
}

/* ---- a job's beginning and end ---- */

static int
refuse(struct thread_data *td, int error)
{
	td_verror(td, error, "orion");
	return 1;
}

/* What fio would find out only from failing requests. */
static bool
suits(struct thread_data *td, const struct orion_disk_info *info)
{
	const struct thread_options *o = &td->o;
	uint32_t block = info->block_bytes;

	if (td_trim(td) || o->trim_percentage != 0)
		log_err("orion: job %s trims, which this engine can't\n", o->name);
	else if (td_write(td) && info->read_only)
		log_err("orion: job %s writes, and the disk is read-only\n", o->name);
	else if (o->min_bs[DDIR_READ] % block != 0 || o->min_bs[DDIR_WRITE] % block != 0 ||
		 o->bs_unaligned || td_max_bs(td) > UINT32_MAX)
		log_err("orion: job %s: block sizes must be multiples of %u, the block of the "
			"disk, and less than 4 GiB\n",
			o->name, block);
	else if (o->iodepth > info->depth)
		log_err("orion: job %s: iodepth=%u, but a queue of the disk takes %u: lower it, or "
			"try depth=%u in the URL\n",
			o->name, o->iodepth, info->depth, o->iodepth);
	else
		return true;
	return false;
}

/* fio works on files, and has named one already, but for a log that it replays. */
static void
be_a_file(struct thread_data *td, uint64_t bytes)
{
	if (td->files_index == 0) {
		add_file(td, "orion", 0, 0);
		td->o.nr_files = 1;
		td->o.open_files++;
	}
	td->files[0]->filetype = FIO_TYPE_BLOCK;
	td->files[0]->real_file_size = bytes;
}

static int
engine_setup(struct thread_data *td)
{
	const struct engine_options *chosen = td->eo;
	struct orion_disk_info info;
	struct job *job;

	if (td->io_ops_data != NULL)
		return 0;
	if (chosen->url == NULL || td->o.filename != NULL || td->o.nr_files > 1) {
		log_err("orion: job %s needs url=, such as url=vhost-user:/run/disk.sock, and "
			"neither filename nor nrfiles\n",
			td->o.name);
		return refuse(td, EINVAL);
	}
	job = calloc(1, sizeof(*job));
	if (job == NULL)
		return refuse(td, ENOMEM);
	job->shared = shared_get(chosen->url);
	if (job->shared == NULL) {
		free(job);
		return refuse(td, errno);
	}
	td->io_ops_data = job;
	td->o.use_thread = 1;
	job->disk = job->shared->disk;
	orion_disk_info(job->disk, &info);
	be_a_file(td, info.bytes);
	return suits(td, &info) ? 0 : refuse(td, EINVAL);
}

/* Takes a queue that no running job has. */
static int
take_queue(struct job *job)
{
	struct shared *shared = job->shared;
	struct orion_queue *queue;
	unsigned i = 0;

	pthread_mutex_lock(&lock);
	while ((shared->queues_taken >> i & 1) != 0)
		i++;
	queue = orion_disk_queue(job->disk, i);
	if (queue != NULL)
		shared->queues_taken |= UINT32_C(1) << i;
	pthread_mutex_unlock(&lock);
	job->queue = queue;
	job->index = i;
	return queue != NULL ? 0 : -1;
}

static uint64_t
bounced(const struct job *job)
{
	struct orion_queue_counters counters;
	struct vblk_queue_stats stats;

	orion_queue_stats(job->queue, &stats, &counters);
	return counters.bounced;
}

/* Syncs of a device that knows no flush do nothing, and say nothing of what is stable. */
static void
note_promise(struct thread_data *td, struct job *job)
{
	const struct thread_options *o = &td->o;
	struct orion_disk_info info;

	orion_disk_info(job->disk, &info);
	job->unpromised = info.durability == ORION_DURABILITY_NONE;
	if (job->unpromised &&
	    (o->fsync_blocks != 0 || o->fdatasync_blocks != 0 || o->end_fsync || o->fsync_on_close))
		log_err("orion: job %s syncs, and the device knows no flush and promises nothing: "
			"its syncs do nothing\n",
			o->name);
}

static int
engine_init(struct thread_data *td)
{
	struct job *job;

	if (engine_setup(td) != 0)
		return 1;
	job = td->io_ops_data;
	job->queued = calloc(td->o.iodepth, sizeof(struct io_u *));
	job->done = calloc(td->o.iodepth, sizeof(struct orion_io *));
	if (job->queued == NULL || job->done == NULL)
		return refuse(td, ENOMEM);
	if (take_queue(job) != 0) {
		log_err("orion: no queue for job %s: the disk has %u, and each job that runs needs "
			"one; lower numjobs, or try queues=%u in the URL\n",
			td->o.name, job->index, job->index + 1);
		return refuse(td, EBUSY);
	}
	job->bounced = bounced(job);
	note_promise(td, job);
	return 0;
}

static void
engine_cleanup(struct thread_data *td)
{
	struct job *job = td->io_ops_data;

	if (job == NULL)
		return;
	if (job->queue != NULL) {
		if (bounced(job) != job->bounced)
			log_err("orion: job %s: %llu requests were copied, which costs time\n",
				td->o.name, (unsigned long long)(bounced(job) - job->bounced));
		pthread_mutex_lock(&lock);
		job->shared->queues_taken &= ~(UINT32_C(1) << job->index);
		pthread_mutex_unlock(&lock);
	}
	shared_put(job->shared);
	free(job->queued);
	free(job->done);
	free(job);
	td->io_ops_data = NULL;
}

/* ---- memory ---- */

/* A back end may take no more memory, or not while it works: then the library copies. */
static int
engine_iomem_alloc(struct thread_data *td, size_t bytes)
{
	struct job *job = td->io_ops_data;

	td->orig_buffer = orion_disk_alloc(job->disk, bytes);
	if (td->orig_buffer != NULL)
		return 0;
	job->own_memory = true;
	td->orig_buffer = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
	if (td->orig_buffer == NULL)
		return ENOMEM;
	log_err("orion: job %s: the back end takes no more memory, so that requests are "
		"copied%s%s\n",
		td->o.name, *orion_disk_text(job->disk) ? ": " : "", orion_disk_text(job->disk));
	return 0;
}

static void
engine_iomem_free(struct thread_data *td)
{
	const struct job *job = td->io_ops_data;

	/* What was given up may still be written to, until the disk is closed. */
	if (job == NULL || td->orig_buffer == NULL || job->given_up)
		return;
	if (job->own_memory)
		free(td->orig_buffer);
	else
		orion_disk_free(job->disk, td->orig_buffer);
	td->orig_buffer = NULL;
}

static int
engine_io_u_init(struct thread_data *td, struct io_u *io_u)
{
	const struct job *job = td->io_ops_data;
	struct request *request = calloc(1, sizeof(*request));

	io_u->engine_data = request;
	if (request == NULL)
		return ENOMEM;
	request->io.user = io_u;
	request->disk = job->disk;
	return 0;
}

static void
engine_io_u_free(struct thread_data *td, struct io_u *io_u)
{
	const struct job *job = td->io_ops_data;

	/* The library keeps what was given up. */
	if (job == NULL || !job->given_up)
		free(io_u->engine_data);
	io_u->engine_data = NULL;
}

/* ---- requests ---- */

static enum fio_q_status
engine_queue(struct thread_data *td, struct io_u *io_u)
{
	struct job *job = td->io_ops_data;
	struct request *request = io_u->engine_data;
	struct orion_io *io = &request->io;
	int why;

	fio_ro_check(td, io_u);
	if (ddir_sync(io_u->ddir)) {
		if (job->unpromised)
			return FIO_Q_COMPLETED;
		io->operation = ORION_FLUSH;
	} else if (ddir_rw(io_u->ddir) && io_u->ddir != DDIR_TRIM) {
		io->operation = io_u->ddir == DDIR_READ ? ORION_READ : ORION_WRITE;
	} else {
		io_u->error = EOPNOTSUPP;
		return FIO_Q_COMPLETED;
	}
	io->offset = io_u->offset;
	io->buffer = io_u->xfer_buf;
	io->bytes = (uint32_t)io_u->xfer_buflen;
	if (orion_queue_submit(job->queue, &io, 1) == 1) {
		job->queued[job->queued_count++] = io_u;
		return FIO_Q_QUEUED;
	}
	why = orion_queue_refusal(job->queue);
	if (why == -EAGAIN)
		return FIO_Q_BUSY;
	io_u->error = (unsigned)-why;
	return FIO_Q_COMPLETED;
}

/* The kick counts as submission, as a system call would. */
static int
engine_commit(struct thread_data *td)
{
	struct job *job = td->io_ops_data;
	bool timed = fio_fill_issue_time(td);
	struct timespec now;

	if (job->queued_count == 0)
		return 0;
	orion_queue_kick(job->queue);
	if (timed)
		fio_gettime(&now, NULL);
	for (unsigned i = 0; timed && i < job->queued_count; i++) {
		job->queued[i]->issue_time = now;
		io_u_queued(td, job->queued[i]);
	}
	io_u_mark_submit(td, job->queued_count);
	job->queued_count = 0;
	return 0;
}

/* Whether the job is to end, and what is in flight has had its time since. */
static bool
is_over(struct thread_data *td, struct wait *wait)
{
	uint64_t limit = td->o.timeout + td->o.ramp_time;       /* us */
	bool over = td->terminate || (limit != 0 && utime_since_now(&td->epoch) > limit);

	if (!over)
		return false;
	if (!wait->over)
		fio_gettime(&wait->since_over, NULL);
	wait->over = true;
	return utime_since_now(&wait->since_over) > GRACE_US;
}

/* Nothing came for a while.  False: nothing more is waited for. */
static bool
is_patient(struct thread_data *td, struct job *job, struct wait *wait)
{
	unsigned flying = orion_queue_in_flight(job->queue);

	if (!wait->said && utime_since_now(&wait->since) > SAID_US) {
		wait->said = true;
		log_err("orion: job %s: waiting for %u requests in flight: nothing for %u s\n",
			td->o.name, flying, (unsigned)(SAID_US / 1000000));
	}
	if (!is_over(td, wait))
		return true;
	job->given_up = true;
	log_err("orion: job %s: %u requests did not come back\n", td->o.name, flying);
	return false;
}

static int
engine_getevents(struct thread_data *td, unsigned min, unsigned max, const struct timespec *limit)
{
	struct job *job = td->io_ops_data;
	int64_t ns = limit != NULL ? limit->tv_sec * INT64_C(1000000000) + limit->tv_nsec : LOOK_NS;
	struct wait wait = {.over = false};
	unsigned count = 0, found;

	if (job->given_up)
		return -ETIMEDOUT;
	fio_gettime(&wait.since, NULL);
	do {
		found = orion_queue_reap(job->queue, job->done + count, max - count);
		if (found == 0 && count < min)
			found = orion_queue_wait(job->queue, job->done + count, max - count, ns);
		count += found;
		if (found == 0 && count < min && limit == NULL && !is_patient(td, job, &wait))
			return -ETIMEDOUT;
	} while (count < max && (found != 0 || (count < min && limit == NULL)));
	return (int)count;
}

static struct io_u *
engine_event(struct thread_data *td, int event)
{
	const struct job *job = td->io_ops_data;
	const struct orion_io *io = job->done[event];
	struct io_u *io_u = io->user;

	io_u->error = (unsigned)-io->result;
	/* fio does not look at the error of a sync that was queued. */
	if (io->result != 0 && io->operation == ORION_FLUSH) {
		log_err("orion: flush: %s\n", strerror(-io->result));
		td_verror(td, -io->result, "flush");
	}
	return io_u;
}

static char *
engine_errdetails(struct io_u *io_u)
{
	const struct request *request = io_u->engine_data;

	return strdup(orion_disk_text(request->disk));
}

/* ---- what fio does with files ---- */

static int
engine_file(struct thread_data *td, struct fio_file *file)
{
	(void)td;
	(void)file;
	return 0;
}

extern struct ioengine_ops ioengine;    /* fio looks it up by this name */
struct ioengine_ops ioengine = {
	.name = "orion",
	.version = FIO_IOOPS_VERSION,
	.flags = FIO_DISKLESSIO | FIO_NOEXTEND | FIO_NODISKUTIL | FIO_NO_OFFLOAD |
		 FIO_ASYNCIO_SETS_ISSUE_TIME,
	.setup = engine_setup,
	.init = engine_init,
	.cleanup = engine_cleanup,
	.iomem_alloc = engine_iomem_alloc,
	.iomem_free = engine_iomem_free,
	.io_u_init = engine_io_u_init,
	.io_u_free = engine_io_u_free,
	.queue = engine_queue,
	.commit = engine_commit,
	.getevents = engine_getevents,
	.event = engine_event,
	.errdetails = engine_errdetails,
	.open_file = engine_file,
	.close_file = engine_file,
	.invalidate = engine_file,
	.option_struct_size = sizeof(struct engine_options),
	.options = options,
};
