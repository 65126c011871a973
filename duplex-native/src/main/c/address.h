/* SPDX-License-Identifier: Apache-2.0 */
/* Between struct dx_address and the kernel's sockaddr. (The text form is in duplex.h.) */
#ifndef DX_ADDRESS_H
#define DX_ADDRESS_H

#include "duplex.h"

#include <stdbool.h>
#include <sys/socket.h>

/* True for an address that can be connected to or bound. */
bool dx__address_is_valid(const struct dx_address *address);

/* AF_INET, AF_INET6 or AF_UNIX of a valid address. */
int dx__address_domain(const struct dx_address *address);

/* Returns the length. The address must be valid. */
socklen_t dx__address_to_sockaddr(const struct dx_address *address, struct sockaddr_storage *out);

/* Family NONE for what is neither TCP nor unix. */
void dx__address_from_sockaddr(const struct sockaddr_storage *in, socklen_t length, struct dx_address *out);

/* True when a unix address is a path in the file system (not abstract, not unnamed). */
bool dx__address_is_path(const struct dx_address *address);

#endif
