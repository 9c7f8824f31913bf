/* SPDX-License-Identifier: MIT */
/* The links that there are.  Only here is one known by more than its table: see link.h. */
#include "ports/linux/link.h"

#include <string.h>

#include "ports/linux/vhost_user/vhost_user.h"

static const struct link_ops *const links[] = {&vhost_user_link};

const char link_example[] = "vhost-user:/path/to/socket";

const struct link_ops *
link_find(const char *url, const char **path)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		size_t length = strlen(links[i]->scheme);

		if (strncmp(url, links[i]->scheme, length) == 0 && url[length] == ':') {
			*path = url + length + 1;
			return links[i];
		}
	}
	return NULL;
}
