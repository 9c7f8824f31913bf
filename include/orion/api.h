/* SPDX-License-Identifier: MIT */
/*
 * What declarations of the library for Linux programs begin with: C linkage, also for C++, and a
 * symbol that the shared library exports.  The only header that looks at the language.
 */
#ifndef ORION_API_H
#define ORION_API_H

#ifdef __cplusplus
#define ORION_BEGIN_C extern "C" {
#define ORION_END_C }
#else
#define ORION_BEGIN_C
#define ORION_END_C
#endif

/* A function of the shared library; whatever lacks it stays inside. */
#define ORION_API __attribute__((visibility("default")))

#endif
