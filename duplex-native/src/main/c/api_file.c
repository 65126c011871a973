/* SPDX-License-Identifier: Apache-2.0 */
/* duplex.h: sending files. */
#include "api.h"
#include "half.h"
#include "held.h"
#include "option.h"

#include <errno.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>

#define MOST_AT_ONCE (64u << 20) /* bytes: a call that goes on for seconds would hold up who wants to join the socket */

/* sendfile() has no MSG_NOSIGNAL: the signal of a broken pipe is held back and taken away. */
static ssize_t send_file(int fd, int file, off_t offset, size_t count)
{
	sigset_t pipe, before, pending;
	struct timespec now = {0};
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	ssize_t n;
	dx__option_keep_nonblocking(fd);
	do
		n = sendfile(fd, file, &offset, count);
	while (n == -1 && errno == EINTR);
	int error = errno;
	/* One that was pending before is not ours. */
	if (n == -1 && error == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return n;
}

/* The caller is inside the output half. */
static int64_t transmit(struct dx__socket *socket, int file, uint64_t offset, uint64_t count)
{
	int error = dx__socket_error(socket);
	if (error)
		return error;
	ssize_t n = send_file(socket->fd, file, (off_t)offset, count < MOST_AT_ONCE ? count : MOST_AT_ONCE);
	if (n >= 0)
		return n;
	error = errno;
	/* The others are about the file. */
	if (error == EPIPE && atomic_load(&socket->shut))
		return -EPIPE;
	if (error == EPIPE || error == ECONNRESET || error == ETIMEDOUT || error == ENOTCONN) {
		dx__socket_note_error(socket, -error);
		return dx__socket_error(socket);
	}
	return -error;
}

static int64_t try_send(struct dx__socket *socket, int file, uint64_t offset, uint64_t count)
{
	if (socket->listening)
		return -ENOTCONN;
	if (atomic_load(&socket->shut))
		return -EPIPE;
	int rc = dx__half_enter(socket, DX__OUT);
	if (rc)
		return rc;
	int64_t n = count ? transmit(socket, file, offset, count) : 0;
	dx__half_leave(socket, DX__OUT);
	return n;
}

static int check_file(int file, uint64_t offset, uint64_t count)
{
	struct stat status;
	if (offset > INT64_MAX || count > INT64_MAX - offset)
		return -EINVAL;
	if (fstat(file, &status) == -1)
		return -errno;
	return S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) ? 0 : -EINVAL;
}

DX_API int64_t dx_send_file(dx_id id, int file, uint64_t offset, uint64_t count)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	int rc = dx__api_socket(id, &engine, &socket);
	if (rc)
		return rc;
	int64_t n = check_file(file, offset, count);
	if (!n)
		n = try_send(socket, file, offset, count);
	dx__api_leave(engine, socket, NULL, NULL);
	return n;
}

DX_API int64_t dx_send_file_wait(dx_id id, int file, uint64_t offset, uint64_t count, int timeout)
{
	struct dx__engine *engine;
	struct dx__socket *socket;
	int64_t n = dx__api_socket(id, &engine, &socket);
	if (n)
		return n;
	uint64_t deadline = dx__api_deadline(timeout), sent = 0;
	bool is_over = false;
	n = check_file(file, offset, count);
	while (!n && !is_over) {
		n = try_send(socket, file, offset + sent, count - sent);
		is_over = !n || sent + (uint64_t)(n > 0 ? n : 0) == count;
		if (n == -EAGAIN) {
			is_over = false;
			n = dx__held_park(socket, DX__OUT, deadline);
		}
		if (n > 0) {
			sent += (uint64_t)n;
			n = 0;
		}
	}
	dx__api_leave(engine, socket, NULL, NULL);
	return sent ? (int64_t)sent : n;
}
