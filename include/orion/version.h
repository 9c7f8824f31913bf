/* SPDX-License-Identifier: MIT */
/* The version of the driver core and of every interface under include/orion. */
#ifndef ORION_VERSION_H
#define ORION_VERSION_H

#define ORION_VERSION_MAJOR 0
#define ORION_VERSION_MINOR 1
#define ORION_VERSION_PATCH 0
#define ORION_VERSION_TEXT "0.1.0"

/* The edition of the specification that comments quote. */
#define ORION_SPECIFICATION "VirtIO 1.4"

#endif
