/* SPDX-License-Identifier: MIT */
/* Building the text of a struct orion_options_error piece by piece; what does not fit is cut. */
#ifndef ORION_WORDS_MESSAGE_H
#define ORION_WORDS_MESSAGE_H

#include "orion/configuration.h"

/* Empties ERROR and sets its LINE and KEY (cut if need be; may be NULL). */
void orion_message_start(struct orion_options_error *error, uint32_t line, const char *key);

/* Appends TEXT; NUMBER in decimal; BYTES with the largest unit that divides it ("2MiB"). */
void orion_message_add(struct orion_options_error *error, const char *text);
void orion_message_add_number(struct orion_options_error *error, uint64_t number);
void orion_message_add_bytes(struct orion_options_error *error, uint64_t bytes);

#endif
