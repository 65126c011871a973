/* SPDX-License-Identifier: Apache-2.0 */
/* Socket options that the engine depends on. */
#ifndef DX_OPTION_H
#define DX_OPTION_H

#include "socket.h"

/* Makes an adopted descriptor fit, and notes how it was. Returns 0 or a negative errno (then nothing has changed). */
int dx__option_adopt(int fd, struct dx__original *original);

/* Undoes that. */
void dx__option_restore(int fd, const struct dx__original *original);

/* O_NONBLOCK belongs to the open file: whoever shares it may have cleared it, and splice would block a whole worker.
   Sets it again. */
void dx__option_keep_nonblocking(int fd);

/* Empties the error queue (time stamps, completions of MSG_ZEROCOPY): while it is not empty, poll says POLLERR. */
void dx__option_drain_errors(int fd);

/* For sockets that the engine creates: urgent bytes in line; TCP_NODELAY and keep-alive. What a listener has, the
   sockets that it accepts inherit. */
void dx__option_own(int fd, int family);

/* Ends the connection of a descriptor that may live on elsewhere (a duplicate, a forked child): closing it would not. */
void dx__option_end(int fd);
void dx__option_reset(int fd);

/* Closing will reset the connection. */
void dx__option_reset_on_close(int fd);

#endif
