/* SPDX-License-Identifier: Apache-2.0 */
#include "listener.h"
#include "address.h"
#include "option.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

/* True when a unix path is a socket on which nobody listens: what a process that was killed leaves behind. */
static bool is_stale(const struct dx_address *address, const struct sockaddr_storage *storage, socklen_t length)
{
	struct stat status;
	if (!dx__address_is_path(address) || lstat(address->path, &status) == -1 || !S_ISSOCK(status.st_mode))
		return false;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return false;
	bool refused = connect(fd, (const struct sockaddr *)storage, length) == -1 && errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static int bind_to(int fd, const struct dx_address *address)
{
	struct sockaddr_storage storage;
	socklen_t length = dx__address_to_sockaddr(address, &storage);
	if (!bind(fd, (struct sockaddr *)&storage, length))
		return 0;
	if (errno != EADDRINUSE || !is_stale(address, &storage, length))
		return -errno;
	if (unlink(address->path) == -1)
		return -errno;
	return bind(fd, (struct sockaddr *)&storage, length) == -1 ? -errno : 0;
}

int dx__listener_open(const struct dx_address *address, uint32_t backlog, uint16_t *port)
{
	int fd = socket(dx__address_domain(address), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -errno;
	/* The port of a listener that was closed a moment ago can be bound although its connections linger. */
	int one = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	dx__option_own(fd, address->family);
	int rc = bind_to(fd, address);
	if (!rc && listen(fd, (int)(backlog && backlog < INT32_MAX ? backlog : DX__BACKLOG)) == -1)
		rc = -errno;
	struct sockaddr_storage bound;
	socklen_t length = sizeof(bound);
	if (!rc && getsockname(fd, (struct sockaddr *)&bound, &length) == -1)
		rc = -errno;
	if (rc) {
		close(fd);
		return rc;
	}
	struct dx_address local;
	dx__address_from_sockaddr(&bound, length, &local);
	*port = local.port;
	return fd;
}

static int get(int fd, int option, int *value)
{
	socklen_t length = sizeof(*value);
	return getsockopt(fd, SOL_SOCKET, option, value, &length) == -1 ? -errno : 0;
}

int dx__listener_adopt(int fd, int *family, uint16_t *port)
{
	int type, domain, listening, protocol;
	struct sockaddr_storage bound;
	socklen_t length = sizeof(bound);
	int rc = get(fd, SO_TYPE, &type);
	if (!rc)
		rc = get(fd, SO_DOMAIN, &domain);
	if (!rc)
		rc = get(fd, SO_PROTOCOL, &protocol);
	if (!rc)
		rc = get(fd, SO_ACCEPTCONN, &listening);
	if (rc)
		return rc;
	if (domain != AF_UNIX && domain != AF_INET && domain != AF_INET6)
		return -EAFNOSUPPORT;
	if (type != SOCK_STREAM || (domain != AF_UNIX && protocol != IPPROTO_TCP && protocol != IPPROTO_MPTCP))
		return -ESOCKTNOSUPPORT;
	if (!listening)
		return -EINVAL;
	int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);
	if (getsockname(fd, (struct sockaddr *)&bound, &length) == -1 || status == -1 || flags == -1
			|| fcntl(fd, F_SETFL, status | O_NONBLOCK) == -1 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == -1)
		return -errno;
	struct dx_address local;
	dx__address_from_sockaddr(&bound, length, &local);
	*family = domain == AF_UNIX ? DX_FAMILY_UNIX : domain == AF_INET ? DX_FAMILY_IPV4 : DX_FAMILY_IPV6;
	*port = local.port;
	return 0;
}

bool dx__listener_may_go_on(int error)
{
	switch (error) {
	case -EINTR:
	case -ECONNABORTED:
	case -EPROTO:
	case -ENETDOWN:
	case -ENOPROTOOPT:
	case -EHOSTDOWN:
	case -ENONET:
	case -EHOSTUNREACH:
	case -ENETUNREACH:
	case -EPERM: /* a firewall rule */
		return true;
	default:
		return false;
	}
}
