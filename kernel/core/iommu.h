/* SPDX-License-Identifier: MIT */
/*
 * IOMMUs: what a device behind one can reach, and by which address.
 *
 * A device behind an IOMMU reaches pages that were lent to it, and no other byte: its rings and its
 * buffers, not the kernel's text, stacks and tables, nor another device's rings.  A page is mapped
 * when it is first lent, stays mapped while it is in use, and is taken back when it is freed: so
 * lending it again is one load.  docs/decisions/0010 says why.
 *
 * Devices that the hardware cannot tell apart, or that share one window, form a group, which has
 * one space of addresses.  Addresses in it are given out here, from the window that the driver of
 * the IOMMU names; they have nothing to do with physical ones.  So a driver needs to know only how
 * to enter and remove pages: a table that it walks (VT-d, SMMU) or calls to a hypervisor (TCE).
 */
#ifndef KERNEL_CORE_IOMMU_H
#define KERNEL_CORE_IOMMU_H

#include "kernel/core/arch.h"

#define IOMMU_DRIVERS_MAX 4u
#define IOMMU_SPACES_MAX 40u

/* The addresses of one group of devices. */
struct iommu_space {
	const struct iommu_ops *ops;    /* NULL: free */
	uint64_t group;
	unsigned number;                /* from 1 on, its own while it is in use */
	unsigned users;                 /* devices, and messages, that are open */
	struct memory_range window;     /* of device addresses, whole pages */
	uint64_t hardware;              /* the driver's own */
	uint32_t *frames;               /* of each page of RAM: where it is lent, and how */
	uint64_t *taken;                /* of each page of the window: one bit */
	uint64_t hint;                  /* page of the window where to look next */
	uint64_t pages;                 /* mapped now */
};

enum iommu_place {
	IOMMU_ELSEWHERE,        /* the device is not behind this one */
	IOMMU_HERE,
	IOMMU_USELESS,          /* it is, but cannot be served */
};

/* What drives one kind of IOMMU.  All but find() and name may be NULL if find() never says HERE. */
struct iommu_ops {
	const char *name;       /* "Intel VT-d" */
	bool silent;            /* nobody is told of faults */

	/*
	 * Whether the device is behind it: PCI function FUNCTION, or ORION_NO_FUNCTION.  HERE:
	 * *GROUP (a number of the driver's own) and *WINDOW are filled in.  USELESS: *WHY (static
	 * text) says what was found and what would be right.
	 */
	enum iommu_place (*find)(uint32_t function, uint64_t *group, struct memory_range *window,
				 const char **why);

	/*
	 * Gives SPACE's group an empty translation: its devices reach nothing.  False when there is
	 * no room for it.  close() leaves it that way, whatever is mapped, and may run after
	 * faults.
	 */
	bool (*open)(struct iommu_space *space);
	void (*close)(struct iommu_space *space);

	/*
	 * Lets PAGES pages of 4 KiB at DEVICE lead to PHYSICAL; a page that was mapped read-only
	 * before may become WRITABLE.  False: nothing changed.  unmap() cannot fail.  When they
	 * return, the hardware uses what is new.  One call at a time, interrupts off.
	 */
	bool (*map)(struct iommu_space *space, uint64_t device, uint64_t physical, uint64_t pages,
		    bool writable);
	void (*unmap)(struct iommu_space *space, uint64_t device, uint64_t pages);

	/* Tells of faults that no interrupt told of, through iommu_fault().  May be NULL. */
	void (*look)(void);
};

/* ---- Called by drivers ---- */

/* At boot: from now on OPS is asked about each device.  Panics when there are too many. */
void iommu_add(const struct iommu_ops *ops);

/*
 * The IOMMU kept FUNCTION from reaching ADDRESS, for the reason WHY.  The first few are printed,
 * all are counted.  Any context.
 */
void iommu_fault(const struct iommu_ops *ops, uint32_t function, uint64_t address, bool writes,
		 const char *why);

/* ---- Called by the port ---- */

/*
 * The space that FUNCTION uses from now on: *SPACE, or NULL when no IOMMU is in front of it.
 * ORION_NO_MAPPING: there is one, *WHY says what is the matter.  Context: setup.
 */
orion_status iommu_open(uint32_t function, struct iommu_space **space, const char **why);
void iommu_close(struct iommu_space *space);

/*
 * The device address of the BYTES at MEMORY, mapped if they were not: the first *CONTIGUOUS of them
 * lie at *DEVICE.  False when they cannot be lent: no pages of memory_take(), no room in the window
 * or no memory for tables.  Any CPU; takes no lock for pages that were lent before.
 */
bool iommu_lend(struct iommu_space *space, const void *memory, size_t bytes, bool writable,
		uint64_t *device, size_t *contiguous);

/* Takes the pages back from every device: memory.h's on_give. */
void iommu_take_back(void *memory, size_t bytes);

/* ---- Called by commands ---- */

/* The N-th driver and the N-th space in use; NULL past the last. */
const struct iommu_ops *iommu_driver_at(unsigned n);
const struct iommu_space *iommu_space_at(unsigned n);

/* The space of FUNCTION, if it is in use. */
const struct iommu_space *iommu_space_of(uint32_t function);

/* Lets drivers look for faults, which are then told; gives the number of faults so far. */
uint64_t iommu_faults(void);

#endif
