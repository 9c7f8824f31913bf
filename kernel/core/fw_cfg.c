/* SPDX-License-Identifier: MIT */
/* The fw_cfg directory: a count, then entries of 64 bytes, numbers big-endian. */
#include "kernel/core/fw_cfg.h"

#include "kernel/core/arch.h"
#include "kernel/core/memory.h"
#include "kernel/core/string.h"
#include "words/text.h"

#define FW_CFG_SIGNATURE 0x00
#define FW_CFG_DIRECTORY 0x19
#define FW_CFG_FILES_MAX 1024u
#define FW_CFG_NAME_BYTES 56

struct fw_cfg_entry {
	uint8_t size[4];
	uint8_t key[2];
	uint8_t reserved[2];
	char name[FW_CFG_NAME_BYTES];
};

static uint32_t
big_endian(const uint8_t *bytes, unsigned count)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

bool
fw_cfg_is_there(void)
{
	char signature[4];

	arch_fw_cfg_select(FW_CFG_SIGNATURE);
	arch_fw_cfg_read(signature, sizeof(signature));
	return memcmp(signature, "QEMU", sizeof(signature)) == 0;
}

static bool
find(const char *name, struct fw_cfg_entry *entry)
{
	uint8_t count_bytes[4];
	uint32_t count;

	if (!fw_cfg_is_there())
		return false;
	arch_fw_cfg_select(FW_CFG_DIRECTORY);
	arch_fw_cfg_read(count_bytes, sizeof(count_bytes));
	count = big_endian(count_bytes, sizeof(count_bytes));
	for (uint32_t i = 0; i < count && i < FW_CFG_FILES_MAX; i++) {
		arch_fw_cfg_read(entry, sizeof(*entry));
		entry->name[FW_CFG_NAME_BYTES - 1] = '\0';
		if (text_equal(entry->name, name))
			return true;
	}
	return false;
}

orion_status
fw_cfg_file(const char *name, const char **text, size_t *length)
{
	struct fw_cfg_entry entry;
	size_t bytes;
	char *memory;

	if (!find(name, &entry))
		return ORION_NOT_FOUND;
	bytes = big_endian(entry.size, sizeof(entry.size));
	if (bytes > FW_CFG_FILE_BYTES_MAX)
		return ORION_TOO_LARGE;
	memory = memory_take(bytes == 0 ? 1 : bytes);
	if (memory == NULL)
		return ORION_NO_MEMORY;
	arch_fw_cfg_select((uint16_t)big_endian(entry.key, sizeof(entry.key)));
	arch_fw_cfg_read(memory, bytes);
	*text = memory;
	*length = bytes;
	return ORION_OK;
}
