/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes with a descriptor attached (SCM_RIGHTS), and the header of a socket that is passed on: see dx_pass_wait(). */
#ifndef DX_PASS_H
#define DX_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DX__PASS_HEADER 8            /* bytes */
#define DX__PASS_MOST (16u << 20)    /* bytes that are passed on with a socket */

/* One non-blocking call. Returns bytes or a negative errno. fd: -1 for none. */
ssize_t dx__pass_send(int socket, const void *data, size_t length, int fd);

/* The same. *fd: the descriptor, close-on-exec, or -1; further ones are closed. */
ssize_t dx__pass_recv(int socket, void *data, size_t length, int *fd);

void dx__pass_header(char *header, uint32_t unread);

/* A socket on its way in: what has come of it. */
struct dx__taking {
	int fd;             /* owned, or -1 */
	uint32_t got;       /* bytes, header included */
	uint32_t unread;    /* bytes behind the header, once that is there */
	char *data;         /* these; owned */
	char header[DX__PASS_HEADER];
};

/* One that nothing has come of; NULL without memory. */
struct dx__taking *dx__taking_new(void);
void dx__taking_free(struct dx__taking *taking);

/* Receives what is there of it, without blocking: 0 when all of it has come, -EAGAIN, -EPROTO for something else or an end
   within it, -ENOTCONN for an end before it, -ENOMEM, or the connection's error. After -EAGAIN and -ENOMEM it can go on. */
int dx__taking_receive(struct dx__taking *taking, int socket);

/* False for something else, or for more unread bytes than may be. */
bool dx__pass_is_header(const char *header, uint32_t *unread);

#endif
