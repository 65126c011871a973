/* SPDX-License-Identifier: Apache-2.0 */
#include "option.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

static void set(int fd, int level, int option, int value)
{
	/* None of these can fail on a stream socket in a way that matters to the bytes. */
	setsockopt(fd, level, option, &value, sizeof(value));
}

static int get(int fd, int option, void *value, socklen_t length)
{
	return getsockopt(fd, SOL_SOCKET, option, value, &length) == -1 ? -errno : 0;
}

int dx__option_adopt(int fd, struct dx__original *original)
{
	int in_line = 0;
	int status = fcntl(fd, F_GETFL);
	int descriptor = fcntl(fd, F_GETFD);
	if (status == -1 || descriptor == -1)
		return -errno;
	int rc = get(fd, SO_OOBINLINE, &in_line, sizeof(in_line));
	if (!rc)
		rc = get(fd, SO_RCVLOWAT, &original->low_water, sizeof(original->low_water));
	if (!rc)
		rc = get(fd, SO_LINGER, &original->linger, sizeof(original->linger));
	if (rc)
		return rc;
	original->out_of_band = !in_line;
	original->blocking = !(status & O_NONBLOCK);
	original->inherited = !(descriptor & FD_CLOEXEC);
	if (original->blocking && fcntl(fd, F_SETFL, status | O_NONBLOCK) == -1)
		return -errno;
	if (original->inherited)
		fcntl(fd, F_SETFD, descriptor | FD_CLOEXEC);
	if (original->out_of_band)
		set(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	if (original->low_water > 1)
		set(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
	/* Closing a non-blocking socket that lingers blocks all the same. */
	if (original->linger.l_onoff) {
		struct linger none = {0};
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	}
	return 0;
}

void dx__option_restore(int fd, const struct dx__original *original)
{
	if (original->linger.l_onoff)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &original->linger, sizeof(original->linger));
	if (original->low_water > 1)
		set(fd, SOL_SOCKET, SO_RCVLOWAT, original->low_water);
	if (original->out_of_band)
		set(fd, SOL_SOCKET, SO_OOBINLINE, 0);
	if (original->inherited)
		fcntl(fd, F_SETFD, 0);
	int status = fcntl(fd, F_GETFL);
	if (original->blocking && status != -1)
		fcntl(fd, F_SETFL, status & ~O_NONBLOCK);
}

void dx__option_keep_nonblocking(int fd)
{
	int status = fcntl(fd, F_GETFL);
	if (status != -1 && !(status & O_NONBLOCK))
		fcntl(fd, F_SETFL, status | O_NONBLOCK);
}

void dx__option_own(int fd, int family)
{
	set(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	if (family == DX_FAMILY_UNIX)
		return;
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

void dx__option_reset_on_close(int fd)
{
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
}

void dx__option_end(int fd) { shutdown(fd, SHUT_RDWR); }

void dx__option_reset(int fd)
{
	/* Dissolves the association, with a reset (tcp_disconnect() in the kernel); a unix socket refuses. */
	struct sockaddr nobody = {.sa_family = AF_UNSPEC};
	if (connect(fd, &nobody, sizeof(nobody)) == -1)
		shutdown(fd, SHUT_RDWR);
}

void dx__option_drain_errors(int fd)
{
	char ignored[1];
	struct iovec vector = {.iov_base = ignored, .iov_len = sizeof(ignored)};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	while (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
		;
}
