/* SPDX-License-Identifier: Apache-2.0 */
#include "pass.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 253 /* that the kernel attaches to one message (SCM_MAX_FD) */

static const char magic[4] = "DXS1";

ssize_t dx__pass_send(int socket, const void *data, size_t length, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec vector = {.iov_base = (void *)data, .iov_len = length};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	if (fd != -1) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	}
	ssize_t n;
	do
		n = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -errno : n;
}

ssize_t dx__pass_recv(int socket, void *data, size_t length, int *fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(MOST_DESCRIPTORS * sizeof(int))];
	} control;
	struct iovec vector = {.iov_base = data, .iov_len = length};
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space),
	};
	ssize_t n;
	*fd = -1;
	do
		n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -errno;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int got;
			memcpy(&got, CMSG_DATA(header) + i * sizeof(int), sizeof(got));
			if (*fd == -1)
				*fd = got;
			else
				close(got);
		}
	}
	return n;
}

void dx__pass_header(char *header, uint32_t unread)
{
	uint32_t length = htonl(unread);
	memcpy(header, magic, sizeof(magic));
	memcpy(header + sizeof(magic), &length, sizeof(length));
}

bool dx__pass_is_header(const char *header, uint32_t *unread)
{
	uint32_t length;
	memcpy(&length, header + sizeof(magic), sizeof(length));
	*unread = ntohl(length);
	return !memcmp(header, magic, sizeof(magic)) && *unread <= DX__PASS_MOST;
}

struct dx__taking *dx__taking_new(void)
{
	struct dx__taking *taking = calloc(1, sizeof(*taking));
	if (taking)
		taking->fd = -1;
	return taking;
}

void dx__taking_free(struct dx__taking *taking)
{
	if (!taking)
		return;
	if (taking->fd != -1)
		close(taking->fd);
	free(taking->data);
	free(taking);
}

/* One call. Returns bytes or a negative errno. */
static ssize_t receive(struct dx__taking *taking, int socket, char *to, size_t length)
{
	int fd;
	ssize_t n = dx__pass_recv(socket, to, length, &fd);
	if (fd != -1 && taking->fd == -1)
		taking->fd = fd;
	else if (fd != -1)
		close(fd);
	if (n > 0)
		taking->got += (uint32_t)n;
	else if (!n)
		return taking->got ? -EPROTO : -ENOTCONN;
	return n;
}

int dx__taking_receive(struct dx__taking *taking, int socket)
{
	ssize_t n;
	while (taking->got < DX__PASS_HEADER) {
		n = receive(taking, socket, taking->header + taking->got, DX__PASS_HEADER - taking->got);
		if (n < 0)
			return (int)n;
	}
	if (taking->fd == -1 || !dx__pass_is_header(taking->header, &taking->unread))
		return -EPROTO;
	if (!taking->data && !(taking->data = malloc(taking->unread + 1)))
		return -ENOMEM;
	while (taking->got < DX__PASS_HEADER + taking->unread) {
		uint32_t at = taking->got - DX__PASS_HEADER;
		n = receive(taking, socket, taking->data + at, taking->unread - at);
		if (n < 0)
			return (int)n;
	}
	return 0;
}
