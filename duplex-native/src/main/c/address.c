/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

_Static_assert(sizeof(struct dx_address) == 136, "struct dx_address is part of the ABI");
_Static_assert(sizeof(((struct dx_address *)0)->path) == sizeof(((struct sockaddr_un *)0)->sun_path),
		"a unix path has the kernel's length");

static int parse_port(const char *text, uint16_t *port)
{
	unsigned value = 0;
	if (!*text || strlen(text) > 5)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(*text - '0');
	}
	if (value > UINT16_MAX)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

static int parse_scope(const char *text, uint32_t *scope)
{
	char *end;
	unsigned long value = 0;
	if (!*text)
		return -EINVAL;
	if (*text >= '0' && *text <= '9') {
		for (end = (char *)text; *end >= '0' && *end <= '9' && value <= UINT32_MAX; end++)
			value = value * 10 + (unsigned long)(*end - '0');
		if (*end || value > UINT32_MAX)
			return -EINVAL;
	} else {
		value = if_nametoindex(text);
		if (!value)
			return -ENODEV;
	}
	*scope = (uint32_t)value;
	return 0;
}

static int parse_tcp(const char *text, struct dx_address *address)
{
	char host[80];
	bool v6 = *text == '[';
	const char *host_end = v6 ? strchr(text, ']') : strrchr(text, ':');
	const char *host_begin = text + v6;
	if (!host_end || (size_t)(host_end - host_begin) >= sizeof(host))
		return -EINVAL;
	memcpy(host, host_begin, (size_t)(host_end - host_begin));
	host[host_end - host_begin] = 0;
	const char *colon = host_end + v6;
	if (*colon != ':')
		return -EINVAL;
	int rc = parse_port(colon + 1, &address->port);
	if (rc)
		return rc;
	if (!v6) {
		address->family = DX_FAMILY_IPV4;
		return inet_pton(AF_INET, host, address->ip) == 1 ? 0 : -EINVAL;
	}
	char *percent = strchr(host, '%');
	if (percent) {
		*percent = 0;
		rc = parse_scope(percent + 1, &address->scope);
		if (rc)
			return rc;
	}
	address->family = DX_FAMILY_IPV6;
	return inet_pton(AF_INET6, host, address->ip) == 1 ? 0 : -EINVAL;
}

static int parse_unix(const char *text, struct dx_address *address)
{
	size_t length = strlen(text);
	address->family = DX_FAMILY_UNIX;
	/* One byte less than fits: a path needs its NUL, an abstract name has one in front. */
	if (length >= sizeof(address->path))
		return -ENAMETOOLONG;
	if (length < 2 || (*text != '/' && *text != '@'))
		return -EINVAL;
	memcpy(address->path, text, length);
	if (*text == '@')
		address->path[0] = 0;
	address->path_length = (uint16_t)length;
	return 0;
}

DX_API int dx_address_parse(const char *text, struct dx_address *out)
{
	struct dx_address address = {0};
	int rc = -EINVAL;
	if (!text || !out)
		return -EINVAL;
	if (!strncmp(text, "tcp://", 6))
		rc = parse_tcp(text + 6, &address);
	else if (!strncmp(text, "unix://", 7))
		rc = parse_unix(text + 7, &address);
	if (!rc)
		*out = address;
	return rc;
}

DX_API int dx_address_format(const struct dx_address *address, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN], scope[IF_NAMESIZE];
	int n;
	if (!address || !text)
		return -EINVAL;
	switch (address->family) {
	case DX_FAMILY_IPV4:
		inet_ntop(AF_INET, address->ip, host, sizeof(host));
		n = snprintf(text, size, "tcp://%s:%u", host, address->port);
		break;
	case DX_FAMILY_IPV6:
		inet_ntop(AF_INET6, address->ip, host, sizeof(host));
		/* By name where the interface has one: numbers change with every start. */
		if (address->scope && if_indextoname(address->scope, scope))
			n = snprintf(text, size, "tcp://[%s%%%s]:%u", host, scope, address->port);
		else if (address->scope)
			n = snprintf(text, size, "tcp://[%s%%%u]:%u", host, address->scope, address->port);
		else
			n = snprintf(text, size, "tcp://[%s]:%u", host, address->port);
		break;
	case DX_FAMILY_UNIX:
		if (address->path_length > sizeof(address->path))
			return -EINVAL;
		if (address->path_length && !address->path[0])
			n = snprintf(text, size, "unix://@%.*s", address->path_length - 1, address->path + 1);
		else
			n = snprintf(text, size, "unix://%.*s", address->path_length, address->path);
		break;
	default:
		return -EINVAL;
	}
	return (size_t)n < size ? n : -ENOSPC;
}

bool dx__address_is_valid(const struct dx_address *address)
{
	switch (address->family) {
	case DX_FAMILY_IPV4:
	case DX_FAMILY_IPV6:
		return true;
	case DX_FAMILY_UNIX:
		return address->path_length > 1 && address->path_length < sizeof(address->path);
	default:
		return false;
	}
}

int dx__address_domain(const struct dx_address *address)
{
	switch (address->family) {
	case DX_FAMILY_IPV4:
		return AF_INET;
	case DX_FAMILY_IPV6:
		return AF_INET6;
	default:
		return AF_UNIX;
	}
}

socklen_t dx__address_to_sockaddr(const struct dx_address *address, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof(*out));
	out->ss_family = (sa_family_t)dx__address_domain(address);
	if (out->ss_family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)out;
		in->sin_port = htons(address->port);
		memcpy(&in->sin_addr, address->ip, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	if (out->ss_family == AF_INET6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
		in6->sin6_port = htons(address->port);
		in6->sin6_scope_id = address->scope;
		memcpy(&in6->sin6_addr, address->ip, sizeof(in6->sin6_addr));
		return sizeof(*in6);
	}
	struct sockaddr_un *un = (struct sockaddr_un *)out;
	memcpy(un->sun_path, address->path, address->path_length);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + address->path_length + (address->path[0] != 0));
}

void dx__address_from_sockaddr(const struct sockaddr_storage *in, socklen_t length, struct dx_address *out)
{
	memset(out, 0, sizeof(*out));
	if (length < sizeof(in->ss_family))
		return;
	if (in->ss_family == AF_INET) {
		const struct sockaddr_in *in4 = (const struct sockaddr_in *)in;
		out->family = DX_FAMILY_IPV4;
		out->port = ntohs(in4->sin_port);
		memcpy(out->ip, &in4->sin_addr, sizeof(in4->sin_addr));
	} else if (in->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)in;
		out->family = DX_FAMILY_IPV6;
		out->port = ntohs(in6->sin6_port);
		out->scope = in6->sin6_scope_id;
		memcpy(out->ip, &in6->sin6_addr, sizeof(in6->sin6_addr));
	} else if (in->ss_family == AF_UNIX) {
		const struct sockaddr_un *un = (const struct sockaddr_un *)in;
		size_t size = length - offsetof(struct sockaddr_un, sun_path);
		if (size > sizeof(out->path))
			size = sizeof(out->path);
		out->family = DX_FAMILY_UNIX;
		/* A path comes with its NUL, an abstract name begins with one and has none at the end. */
		if (size && un->sun_path[0])
			size = strnlen(un->sun_path, size);
		memcpy(out->path, un->sun_path, size);
		out->path_length = (uint16_t)size;
	}
}

bool dx__address_is_path(const struct dx_address *address)
{
	return address->family == DX_FAMILY_UNIX && address->path_length && address->path[0];
}
