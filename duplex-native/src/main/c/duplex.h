/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file duplex.h
 * libduplex: joins sockets and moves their bytes inside the kernel.
 *
 * THEORY OF OPERATION
 *
 * An *engine* owns worker threads. A *socket* is a descriptor that the engine manages; it has an input half and an
 * output half, and each half is either *held* (the host may receive or send) or *flowing* (a worker moves its bytes).
 * A *join* makes two sockets flow into each other until it is undone or ends. A *proxy* is a listener whose accepted
 * connections are joined to backends without any work in the host.
 *
 * CONVENTIONS
 *
 * - Objects are 64-bit ids. An id carries its engine, its kind and a generation: one that is stale or made up gets
 *   -ENOENT, one of the wrong kind -EBADF, two of different engines -EXDEV. No id is ever 0 or negative.
 * - Functions return 0 or a count on success and a negative errno on failure. A call that fails has changed nothing.
 * - Every function may be called from any thread at any time, also at once with any other; no exception but the
 *   obvious one: memory that is lent to a call must stay valid as long as the call's comment says.
 * - Functions with a `token` are commands: they check their arguments, return at once, and are answered by one event
 *   of type DX_EVENT_DONE that carries the token (any value; the engine only hands it back). A command that returned
 *   an error is not answered. Commands on one object take effect in the order in which they were given, unless a join
 *   that was given meanwhile moves it to another worker.
 * - Functions that end in `_wait` are the blocking twins, for hosts without an event loop. They answer in place and
 *   produce no event.
 * - Times are milliseconds unless a name says otherwise; 0 switches a time limit off.
 * - Public structs begin with `size`: the host sets it to sizeof the struct that it was compiled with, so that fields
 *   can be added at the end. A size smaller than the first published version is refused with -EINVAL.
 */
#ifndef DUPLEX_H
#define DUPLEX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DX_API __attribute__((visibility("default")))

/** An engine, socket, join or proxy. 0 is "none". */
typedef uint64_t dx_id;

/* ---------------------------------------------------------------------------------------------------- addresses */

enum dx_family {
	DX_FAMILY_NONE = 0,
	DX_FAMILY_UNIX = 1,
	DX_FAMILY_IPV4 = 4,
	DX_FAMILY_IPV6 = 6,
};

/** A numeric address. The engine never resolves names. 136 bytes. */
struct dx_address {
	uint16_t family;      /* enum dx_family */
	uint16_t port;        /* TCP port, host byte order */
	uint32_t scope;       /* IPv6 scope id (interface index), or 0 */
	uint8_t ip[16];       /* network byte order; IPv4 uses the first 4 bytes */
	uint16_t path_length; /* unix: bytes used in path */
	char path[108];       /* unix: the path; an abstract name begins with a NUL byte */
	uint16_t reserved;    /* 0 */
};

/** Longest text that dx_address_format() writes, with its NUL. */
#define DX_ADDRESS_TEXT 160

/**
 * Parse `tcp://1.2.3.4:80`, `tcp://[::1]:80`, `tcp://[fe80::1%eth0]:80`, `unix:///path` or `unix://@abstract`.
 *
 * @return 0; -EINVAL for anything else (names, a missing port); -ENAMETOOLONG for a unix path over 107 bytes;
 *         -ENODEV for a scope that names no interface
 */
DX_API int dx_address_parse(const char *text, struct dx_address *address);

/**
 * Write the text form of an address, as dx_address_parse() reads it.
 *
 * @param size bytes at text; DX_ADDRESS_TEXT always suffices
 * @return length without the NUL; -EINVAL for an unknown family; -ENOSPC when text is too small
 */
DX_API int dx_address_format(const struct dx_address *address, char *text, size_t size);

/* ------------------------------------------------------------------------------------------------------- engine */

struct dx_engine_options {
	uint32_t size;                /* sizeof(struct dx_engine_options) */
	uint32_t workers;             /* worker threads, 1 to 64; 0: one a processor this process may use */
	uint32_t pipe_size;           /* bytes of a pipe, 65536 to 1048576; rounded up to a power of two; 0: 262144 */
	uint32_t max_descriptors;     /* descriptors the engine may own; 0, or more than the process can open less
	                                 reserved_descriptors: that number. dx_engine_info() tells the outcome */
	uint32_t reserved_descriptors;/* descriptors left to the host; 0: 512 */
	uint32_t flags;               /* 0 */
	uint64_t message_budget;      /* bytes in which messages may be put together, for all sockets; 0: 268435456 */
};

/**
 * Open an engine: raises the soft limit on open files to the hard one and starts the workers, which block all signals.
 *
 * @param options NULL for the defaults
 * @return 0; -EINVAL; -EMFILE or -ENFILE; -ENOMEM; -EAGAIN when a thread cannot be started; -EUSERS at 255 engines
 */
DX_API int dx_engine_open(const struct dx_engine_options *options, dx_id *engine);

/**
 * End everything: proxies stop listening, joins end with DX_REASON_SHUT_DOWN, commands in progress are answered with
 * -ESHUTDOWN, new ones are refused with it. Events go on; the last one is DX_EVENT_STOPPED. Stopping twice is 0.
 */
DX_API int dx_engine_stop(dx_id engine);

/**
 * Stop the engine if that was not done, end its threads, close its descriptors and free it. Calls that are inside
 * another function return -ESHUTDOWN first. Events not yet read are gone. Blocks until all of that is done, so it must
 * not be called between two uses of memory that a pending command still borrows.
 */
DX_API int dx_engine_close(dx_id engine);

struct dx_engine_info {
	uint32_t size;
	uint32_t workers;
	uint64_t uptime_ns;
	uint64_t sockets;          /* managed now */
	uint64_t joins_active;
	uint64_t joins_total;
	uint64_t bytes;            /* delivered by all joins since the start */
	uint64_t bytes_spliced;    /* of these, moved without entering user space */
	uint64_t pipes_in_use;     /* with data in flight */
	uint64_t pipes_pooled;     /* empty, ready for use */
	uint64_t pipes_refused;    /* times a stream copied because no pipe was to be had */
	uint64_t descriptors;      /* owned now, pipes included */
	uint64_t descriptors_max;  /* the limit in force */
	uint64_t exhausted;        /* times accepting or connecting met EMFILE, ENFILE, ENOBUFS, ENOMEM or no free port */
	uint32_t pipe_size;        /* bytes */
	uint32_t stopped;          /* 1 after dx_engine_stop() */
	uint64_t message_memory;   /* bytes in which messages are put together now */
	uint64_t message_budget;   /* the limit in force */
};

/** Read the engine's counters. Set info->size first. Each counter is exact; they are not read at one instant. */
DX_API int dx_engine_info(dx_id engine, struct dx_engine_info *info);

/** The engine that an id belongs to, told by the id alone: not a promise that either exists (any more). 0 for 0. */
DX_API dx_id dx_engine_of(dx_id id);

/** The library's version, for example "0.1.0". */
DX_API const char *dx_version(void);

/* ------------------------------------------------------------------------------------------------------- events */

enum dx_event_type {
	DX_EVENT_DONE = 1,       /* the command with `token` is finished: result, value and the fields it names */
	DX_EVENT_READY = 2,      /* held socket `object` is ready as armed: `value` has DX_READABLE / DX_WRITABLE. Also sent
	                            when waiting became pointless (joined, closing): try again, the call says why */
	DX_EVENT_JOIN_ENDED = 3, /* join `object` ended: reason, side, result, counts. Exactly once for every join made by
	                            dx_join(), and for those of a proxy with DX_PROXY_JOIN_EVENTS; value is the proxy or 0 */
	DX_EVENT_CONNECTION = 4, /* connection `object` of proxy `value` awaits dx_proxy_decide(), dx_proxy_proceed() or
	                            dx_proxy_refuse(); `peer` is the client's address, `a` its socket */
	DX_EVENT_STOPPED = 5,    /* the engine has stopped: the last event */
	DX_EVENT_CONNECTED = 6,  /* connection `object` of proxy `value` has its backend, socket `b`, and awaits
	                            dx_proxy_proceed() or dx_proxy_refuse() (DX_PROXY_HANDSHAKE_BACKEND); `token` is the
	                            backend's index, UINT64_MAX for one that was decided */
};

#define DX_READABLE 1u
#define DX_WRITABLE 2u

enum dx_reason {
	DX_REASON_NONE = 0,
	DX_REASON_CLIENT_CLOSED = 1,  /* side a ended its stream first */
	DX_REASON_BACKEND_CLOSED = 2, /* side b ended its stream first */
	DX_REASON_RESET = 3,          /* `side` reset the connection, or vanished while it was written to */
	DX_REASON_IDLE = 4,           /* no byte in either direction for the idle limit, or the half-close limit */
	DX_REASON_LIFETIME = 5,       /* the join reached its greatest age */
	DX_REASON_UNJOINED = 6,
	DX_REASON_CLOSED = 7,         /* closed by the application */
	DX_REASON_SHUT_DOWN = 8,      /* the engine stopped, or a drained proxy's grace period was over */
	DX_REASON_CONNECT_FAILED = 9, /* a proxy found no backend that answered: result is the last error */
	DX_REASON_ERROR = 10,         /* result is the error, `side` where it was met */
	DX_REASON_REFUSED = 11,       /* refused by dx_proxy_refuse(), or not decided in time */
	DX_REASON_BEHIND = 12,        /* a lossy sink or a mirror had fallen further behind than it may */
	DX_REASON_BYTES = 13,         /* the join has moved as many bytes as it may */
	DX_REASON_PROTOCOL = 14,      /* a route: `side` sent what its codec refuses, or cannot be sent a message: failure */
	DX_REASON_FINISHED = 15,      /* a route: the stream of messages of `side` is complete (the last chunk) */
};

/** One more than the greatest reason: how many counters dx_proxy_info has. */
#define DX_REASONS 16

enum dx_side {
	DX_SIDE_NONE = 0,
	DX_SIDE_A = 1, /* the first socket of dx_join(); the client of a proxy */
	DX_SIDE_B = 2, /* the second socket; the backend */
};

/** One event. 152 bytes. */
struct dx_event {
	uint32_t size;            /* bytes written by the engine */
	uint32_t type;            /* enum dx_event_type */
	dx_id object;             /* what it is about */
	uint64_t token;           /* of the command that it answers */
	int32_t result;           /* 0 or a negative errno */
	uint16_t reason;          /* enum dx_reason */
	uint16_t side;            /* enum dx_side: who caused the end */
	uint64_t value;           /* as the type or the command says */
	uint64_t a_to_b;          /* bytes delivered to b by the join */
	uint64_t b_to_a;
	uint64_t a_to_b_pending;  /* bytes read from a and not delivered to b: queued in b (unjoin) or lost (an end) */
	uint64_t b_to_a_pending;
	uint64_t duration_ns;     /* age of the join when it ended */
	uint16_t peer_family;     /* enum dx_family of the peer; unix peers have no further address */
	uint16_t peer_port;
	uint32_t peer_scope;
	uint8_t peer_ip[16];
	dx_id a;                  /* the join's sockets: the application's again after an unjoin, NO_CLOSE, HALF_DUPLEX */
	dx_id b;
	uint64_t a_to_b_messages; /* of a route: messages delivered to b */
	uint64_t b_to_a_messages;
	uint64_t failure_offset;  /* with `failure`: bytes that were decoded before the offending one */
	uint32_t failure;         /* of a route that ended with DX_REASON_PROTOCOL: enum dx_codec_error */
	uint32_t reserved;        /* 0 */
};

/**
 * Wait for events. Several threads may wait; each event goes to one of them.
 *
 * @param max     records that fit at events, at least 1
 * @param timeout milliseconds; 0 polls, -1 waits for ever
 * @return number of records written, 0 on timeout; -EINTR when a signal handler ran; -ESHUTDOWN when the engine is
 *         being closed, or after DX_EVENT_STOPPED was read
 */
DX_API int dx_events_wait(dx_id engine, struct dx_event *events, uint32_t max, int timeout);

/* ------------------------------------------------------------------------------------------------------ sockets */

/**
 * Manage a connected TCP or unix stream descriptor. Takes the descriptor on success; on failure it stays the caller's.
 * Makes it non-blocking and close-on-exec, clears SO_LINGER, keeps urgent bytes in line, lowers SO_RCVLOWAT to 1;
 * dx_release() undoes that. Other options stay as they are.
 *
 * @param read_ahead bytes that the caller has read from it already and not used; they are received first. Copied
 * @param length     their number, at most 16 MiB
 * @return 0; -ENOTSOCK, -ESOCKTNOSUPPORT (not a stream), -EAFNOSUPPORT, -ENOTCONN, -EISCONN when it listens,
 *         -EBADF for a closed descriptor, -EMFILE at the engine's limit, -EMSGSIZE, -ENOMEM
 */
DX_API int dx_adopt(dx_id engine, int fd, const void *read_ahead, size_t length, dx_id *socket);

/**
 * Manage a descriptor that listens already (inherited, socket activation). Takes it on success, as dx_adopt() does; a
 * unix path is not removed when it is closed.
 *
 * @return 0; -ENOTSOCK, -ESOCKTNOSUPPORT, -EAFNOSUPPORT, -EINVAL when it does not listen, -EBADF, -EMFILE, -ENOMEM
 */
DX_API int dx_adopt_listener(dx_id engine, int fd, dx_id *listener);

struct dx_connect_options {
	uint32_t size;
	uint32_t timeout;       /* for all attempts together; 0: the kernel's */
	uint32_t attempt_delay; /* until the next address is tried beside those that have not answered (RFC 8305 section 5,
	                           "Connection Attempt Delay"); 0: 250; DX_CONNECT_IN_TURN: only when the one before failed,
	                           or its equal share of the time is over */
	uint32_t flags;         /* 0 */
	struct dx_address source; /* local address; family NONE: the kernel's choice; port 0: any. Addresses of the other
	                           family are passed over */
};

#define DX_CONNECT_IN_TURN UINT32_MAX

/**
 * Connect to the first of some addresses that answers. They are begun in their order, each `attempt_delay` after the
 * one before or as soon as that has failed; the first that is established wins and the others are given up. The socket
 * exists at once, but can only be closed until the command is done: other calls get -EINPROGRESS. When the command
 * fails the socket is gone. TCP sockets get TCP_NODELAY and keep-alive.
 *
 * @param count   addresses, 1 to 64; copied
 * @param options NULL for the defaults
 * @return 0; the event's result is 0 or the last error that was met, -ETIMEDOUT, -ECANCELED when closed meanwhile
 */
DX_API int dx_connect(dx_id engine, const struct dx_address *addresses, uint32_t count,
		const struct dx_connect_options *options, uint64_t token, dx_id *socket);
DX_API int dx_connect_wait(dx_id engine, const struct dx_address *addresses, uint32_t count,
		const struct dx_connect_options *options, dx_id *socket);

/**
 * Listen. TCP sockets that it accepts have TCP_NODELAY and keep-alive. Port 0 picks one, see dx_socket_info(). A unix
 * path that exists is replaced only if it is a socket on which nobody listens, and removed on close.
 *
 * @param backlog connections that may wait for dx_accept(); 0: 4096. The kernel caps it at net.core.somaxconn
 * @return 0; the errno of socket, bind or listen: -EADDRINUSE, -EACCES, -EADDRNOTAVAIL, …
 */
DX_API int dx_listen(dx_id engine, const struct dx_address *address, uint32_t backlog, dx_id *listener);

/**
 * Accept one connection.
 *
 * @return 0; -EAGAIN when none waits (arm DX_READABLE); -EMFILE at a limit (the connection goes on waiting);
 *         -EOPNOTSUPP when the socket does not listen
 */
DX_API int dx_accept(dx_id listener, dx_id *socket);
/** @param timeout milliseconds, -1 for ever; -ETIMEDOUT when it is over */
DX_API int dx_accept_wait(dx_id listener, int timeout, dx_id *socket);

/**
 * Receive what is there, from the held input half: read-ahead bytes first, then one system call.
 *
 * @return bytes, 0 at the end of the stream or for length 0; -EAGAIN when there is nothing yet (arm DX_READABLE);
 *         -EBUSY when the half is flowing; -ECONNRESET and others as recorded, every time
 */
DX_API int64_t dx_recv(dx_id socket, void *data, size_t length);
/** Receive at least one byte; -ETIMEDOUT when none came in time: nothing is lost. */
DX_API int64_t dx_recv_wait(dx_id socket, void *data, size_t length, int timeout);

/**
 * Receive from the read-ahead bytes only: 0 when there are none left. For use before dx_release().
 */
DX_API int64_t dx_recv_queued(dx_id socket, void *data, size_t length);

/**
 * Give bytes back to the held input half: they become its first read-ahead bytes, before all that it has. For whoever had
 * to receive more than was wanted, the end of a handshake for example. They are received, joined or got next, also when the
 * stream has ended meanwhile.
 *
 * @return 0; -EBUSY when the half is flowing; -EMSGSIZE when more than 16 MiB would be read ahead; -ENOMEM
 */
DX_API int dx_unrecv(dx_id socket, const void *data, size_t length);

/**
 * Look at what the held input half has, and leave it there: for whoever has to know more before it is clear how much to
 * take. The bytes become read-ahead ones, so that they are received, joined or decoded next, and dx_recv_queued() takes
 * them once it is known how many.
 *
 * @param offset bytes to pass over: as many as were seen before. When no more are read ahead, one system call reads more
 * @param data   gets bytes from there on
 * @return bytes, 0 when the stream has ended there; -EAGAIN when there are no more yet (arm DX_READABLE, which then means
 *         more than these); -ERANGE when fewer are read ahead than offset; -EMSGSIZE when 16 MiB are; others as dx_recv()
 */
DX_API int64_t dx_peek(dx_id socket, size_t offset, void *data, size_t length);
/** Look at least at one byte; -ETIMEDOUT when none came in time. */
DX_API int64_t dx_peek_wait(dx_id socket, size_t offset, void *data, size_t length, int timeout);

/**
 * Send what fits now, through the held output half.
 *
 * @return bytes taken, possibly fewer than length; -EAGAIN when none fits or what a former join left is still being
 *         delivered (arm DX_WRITABLE); -EBUSY when the half is flowing; -EPIPE after dx_shutdown(); errors as recorded
 */
DX_API int64_t dx_send(dx_id socket, const void *data, size_t length);
/**
 * Send all.
 *
 * @return length; fewer when the time was over or an error came after some bytes had gone; -ETIMEDOUT or the error when
 *         none had
 */
DX_API int64_t dx_send_wait(dx_id socket, const void *data, size_t length, int timeout);

/**
 * Leave bytes to the engine: they are delivered behind what is queued already and ahead of whatever is sent next, as
 * those are that a former join left. For who has to go, not for sending: nothing holds the caller back.
 *
 * @param data   copied
 * @param length 1 to 16 MiB
 * @return 0; answered when they are in the queue. -EMSGSIZE; -EBUSY when the output half is flowing or being taken,
 *         -EPIPE after dx_shutdown(); errors as recorded
 */
DX_API int dx_queue(dx_id socket, const void *data, size_t length, uint64_t token);
DX_API int dx_queue_wait(dx_id socket, const void *data, size_t length);

/**
 * Send a part of a file, without bringing it into user space (sendfile). Reading the file may block the caller.
 *
 * @param file   a regular file or another that can be mapped; stays the caller's, its position is not used
 * @param offset bytes from the file's beginning
 * @return bytes taken, possibly fewer than count, 0 at the end of the file; -EAGAIN and others as dx_send(); -EINVAL
 *         for a file that sendfile cannot read, -EBADF
 */
DX_API int64_t dx_send_file(dx_id socket, int file, uint64_t offset, uint64_t count);
/** Send all of it, or up to the file's end; answers as dx_send_wait() does. */
DX_API int64_t dx_send_file_wait(dx_id socket, int file, uint64_t offset, uint64_t count, int timeout);

enum dx_option {
	DX_OPTION_NO_DELAY = 1,            /* TCP_NODELAY, 0 or 1 */
	DX_OPTION_KEEP_ALIVE = 2,          /* SO_KEEPALIVE, 0 or 1 */
	DX_OPTION_KEEP_ALIVE_IDLE = 3,     /* TCP_KEEPIDLE, seconds */
	DX_OPTION_KEEP_ALIVE_INTERVAL = 4, /* TCP_KEEPINTVL, seconds */
	DX_OPTION_KEEP_ALIVE_COUNT = 5,    /* TCP_KEEPCNT, probes */
	DX_OPTION_USER_TIMEOUT = 6,        /* TCP_USER_TIMEOUT, milliseconds; 0: the kernel's */
	DX_OPTION_RECEIVE_BUFFER = 7,      /* SO_RCVBUF, bytes; the kernel doubles it, and tells the doubled value */
	DX_OPTION_SEND_BUFFER = 8,         /* SO_SNDBUF, bytes; likewise */
	DX_OPTION_LINGER = 9,              /* seconds that dx_close() without a timeout gives the peer; 0: dx_close() resets;
	                                      -1: the default. Never SO_LINGER, which would block a worker */
};

/**
 * Set an option of a socket, or of a listener: what it accepts inherits it. Also while it flows.
 *
 * @return 0; -EINVAL for an unknown option or a value out of range; -EOPNOTSUPP for a TCP option of a unix socket;
 *         -EINPROGRESS while connecting
 */
DX_API int dx_option_set(dx_id socket, uint32_t option, int32_t value);
DX_API int dx_option_get(dx_id socket, uint32_t option, int32_t *value);

/**
 * Send bytes over a managed unix socket, with a descriptor attached to the first of them (SCM_RIGHTS). The descriptor
 * stays the caller's.
 *
 * @param fd a descriptor, or -1 for none
 * @return as dx_send(); the descriptor has gone with the first byte. -EOPNOTSUPP for a socket that is not a unix one
 */
DX_API int64_t dx_send_fd(dx_id socket, const void *data, size_t length, int fd);

/**
 * Receive bytes and a descriptor that may be attached to them. Needs an input without read-ahead bytes.
 *
 * @param fd the descriptor, close-on-exec and the caller's, or -1; further ones are closed
 * @return as dx_recv(); -ENOTEMPTY with read-ahead bytes; -EOPNOTSUPP for a socket that is not a unix one
 */
DX_API int64_t dx_recv_fd(dx_id socket, void *data, size_t length, int *fd);

/**
 * Pass a managed socket on to another process (or engine), with its unread bytes, over a unix socket. On success its id
 * is stale; what the carrier does not take at once is queued in its output, ahead of whatever is sent next. Otherwise
 * nothing has changed.
 *
 * On the wire, from the first byte on, everything in network byte order: "DXS1", a 32-bit number of unread bytes, these
 * bytes; the descriptor comes with the first byte. Several follow each other; bytes of the host's own may stand
 * between.
 *
 * @param carrier a managed unix socket of the same engine whose output is held
 * @return 0; answered when the descriptor is closed here. -EAGAIN when the carrier takes nothing now (arm it for
 *         DX_WRITABLE), -ENOTEMPTY while what is queued in the socket's own output is being delivered (arm that);
 *         -EBUSY, also in the middle of a message that is being got, -EXDEV, -EOPNOTSUPP for a carrier that is not a unix socket, errors of the carrier as dx_send()
 */
DX_API int dx_pass(dx_id socket, dx_id carrier, uint64_t token);
/** @param timeout milliseconds until the carrier takes it, -1 for ever; -ETIMEDOUT: nothing has changed */
DX_API int dx_pass_wait(dx_id socket, dx_id carrier, int timeout);

/**
 * Take over a socket that dx_pass() sent at the other end of the carrier. What has come is kept until the rest does:
 * nothing else may be received from the carrier in between.
 *
 * @return 0; -EAGAIN when not all of it has come (arm the carrier for DX_READABLE); -EPROTO when something else was
 *         sent; -ENOTCONN at the end of the carrier's stream; errors as dx_adopt() and dx_recv_fd()
 */
DX_API int dx_take(dx_id engine, dx_id carrier, dx_id *socket);
/** @param timeout milliseconds, -1 for ever; -ETIMEDOUT: it can be taken later */
DX_API int dx_take_wait(dx_id engine, dx_id carrier, int timeout, dx_id *socket);

/**
 * Ask for one DX_EVENT_READY when the held socket (or listener) can be received from (DX_READABLE) or sent to
 * (DX_WRITABLE). Arming again adds to what is armed. Read-ahead bytes make a socket readable at once.
 *
 * @return 0; -EBUSY when a half that is asked for is flowing
 */
DX_API int dx_arm(dx_id socket, uint32_t readiness);

/**
 * End the output: what is queued goes out first, then the peer reads the end of the stream. Receiving goes on.
 *
 * @return 0; -EBUSY when the output half is flowing; the event's result tells the outcome
 */
DX_API int dx_shutdown(dx_id socket, uint64_t token);
DX_API int dx_shutdown_wait(dx_id socket);

#define DX_CLOSE_RESET 1u /* reset the connection at once instead: queued and unread bytes are gone */

/**
 * Close a socket or listener, in order: a join that it is part of ends with DX_REASON_CLOSED, queued output goes out,
 * the peer is told the end, its input is discarded until it ends too, and then the descriptor is closed. (Closing
 * with unread input would reset the connection and destroy a reply that is still on its way.)
 * The id is stale at once; parked calls fail with -ENOENT.
 *
 * @param flags   0 or DX_CLOSE_RESET
 * @param timeout for all of that; then the descriptor is closed anyway; 0: 2000
 * @return 0; the event comes when the descriptor is closed; its value is the number of queued bytes that were lost
 */
DX_API int dx_close(dx_id socket, uint32_t flags, uint32_t timeout, uint64_t token);
DX_API int dx_close_wait(dx_id socket, uint32_t flags, uint32_t timeout);

/**
 * Give the bare descriptor back to the host, with its flags and options as they were when it was adopted. Queued
 * output is delivered first. Both halves must be held, and the read-ahead bytes taken with dx_recv_queued().
 *
 * @param timeout for the queued output; -ETIMEDOUT, and the socket stays managed, when it is over; 0: no limit
 * @return 0; -EBUSY when a half is flowing, a shutdown is still being delivered, or a part of a message was got;
 *         -ENOTEMPTY when read-ahead bytes are left. The event's value is the descriptor, now the host's; with it the id
 *         is stale
 */
DX_API int dx_release(dx_id socket, uint32_t timeout, uint64_t token);
/** @return the descriptor */
DX_API int dx_release_wait(dx_id socket, uint32_t timeout);

enum dx_half_state {
	DX_HALF_HELD = 0,     /* the application's */
	DX_HALF_TAKING = 1,   /* a command is about to take it */
	DX_HALF_FLOWING = 2,  /* a join's */
	DX_HALF_DRAINING = 3, /* output: what a former join left is being delivered; can be joined */
	DX_HALF_SHUT = 4,     /* output: ended */
};

struct dx_socket_info {
	uint32_t size;
	uint32_t listening;        /* 1 for a listener */
	struct dx_address local;   /* family NONE where the kernel cannot tell (any more) */
	struct dx_address peer;
	uint32_t input;            /* enum dx_half_state */
	uint32_t output;
	uint64_t input_queued;     /* bytes read and not consumed */
	uint64_t output_queued;    /* bytes that a former join left to be delivered */
	int32_t error;             /* the first error that was seen, negative errno, or 0 */
	uint32_t connecting;       /* 1 until dx_connect() is done */
};

/** Describe a socket. Set info->size first. */
DX_API int dx_socket_info(dx_id socket, struct dx_socket_info *info);

/* -------------------------------------------------------------------------------------------------------- joins */

#define DX_JOIN_HALF_DUPLEX 1u /* a to b alone: a's output and b's input stay the application's */
#define DX_JOIN_NO_CLOSE 2u    /* the end of one side is not passed on to the other */
#define DX_JOIN_LOSSY 4u       /* b never holds a back: rather the join ends, with DX_REASON_BEHIND */
#define DX_JOIN_TEE 8u         /* only told, never asked for: made by dx_tee() */
#define DX_JOIN_ROUTE 16u      /* messages: decoded by the source's codec, encoded by the sink's; see dx_join() */

struct dx_join_options {
	uint32_t size;
	uint32_t flags;              /* DX_JOIN_… */
	uint64_t idle_timeout;       /* end when no byte moved in either direction for so long */
	uint64_t half_close_timeout; /* the same, once one direction has ended; 0: idle_timeout */
	uint64_t max_lifetime;
	uint64_t max_bytes;          /* end with DX_REASON_BYTES when exactly so many were moved, both directions together */
	uint64_t a_to_b_rate;        /* most bytes a second, spread evenly; 0: no limit */
	uint64_t b_to_a_rate;
	uint64_t max_lag;            /* LOSSY: memory in bytes that may wait for b; 0: 1048576 */
};

/**
 * Join two connected sockets: what a receives is sent to b, and what b receives to a. Read-ahead bytes go first,
 * behind what a former join left in the output.
 *
 * Plain joins pass ends on. The end of a's stream becomes the end of what b receives while b's own stream goes on
 * (half-open connections keep working). A reset of one side delivers what could be read before it and then resets
 * the other (a unix peer reads the end of the stream). When both directions have ended, both sockets are closed and
 * their ids are stale.
 * With NO_CLOSE, ends are not passed on; the join ends when both directions have, or one side is broken. With
 * HALF_DUPLEX, the end of a is passed on to b's output. In both cases the sockets are the application's again.
 *
 * A socket may be part of several joins. What it receives goes to all whose input it is (fan-out: read once into a
 * shared buffer; the slowest sets the pace, but for LOSSY ones), and several may be sent to it (fan-in: each read's
 * bytes stay together). Then: an output is ended when the last of its sources has; a join's end leaves a socket alone
 * that is part of others, and the last one decides; resets pass only within a pair that shares nothing. Bytes that a
 * had received before go to the joins that exist when they are moved.
 *
 * One of the two may be a listener: the worker accepts, and each connection is joined to the other socket in its place,
 * with these options, and NO_CLOSE towards the other. That join is in state DX_JOIN_LISTENING; undoing it ends the
 * accepting, not the connections' own joins, which are listed but whose ends are no events: when they end, unless they are
 * undone, the connections are closed in order, whatever the flags. It ends by itself, with
 * DX_REASON_BACKEND_CLOSED or DX_REASON_CLIENT_CLOSED, when the other socket is closed, released or passed on: at once;
 * and with the next connection when an output that is needed was shut down.
 *
 * With ROUTE, messages are moved: what a receives is decoded by a's codec (dx_codec_set()) and encoded by b's, and the other
 * way round. A socket without a codec is a stream: a message is sent as its payload, and what one read brings is a message, up to
 * the `chunk` of the other's codec. Kinds and what is extra go along between codecs of one type; control messages (pings, commands)
 * do not go to another type. Two codecs with the same options pass the bytes on as they are, once they are checked, unless they
 * answer the peer themselves (WebSocket, ZMTP without FRAMES, plugins). The halves of a route are not shared with other joins. It
 * ends with DX_REASON_PROTOCOL when a codec refuses something: the culprit is told so (a Close frame) and closed in order, the
 * other side is reset; with DX_REASON_FINISHED behind the last chunk and the message that comes the other way meanwhile, with both
 * sockets the application's again and what follows unread. A WebSocket's Close ends both directions; the end of the other side
 * becomes a Close (but not with NO_CLOSE), which has to be answered in `close_timeout`; an end without Close is a reset. Bytes are
 * counted as they are sent.
 *
 * Takes the halves: calls parked on them fail with -EBUSY.
 *
 * @param options NULL for none
 * @return 0; -EINVAL when a is b, or for unknown flags; -EBUSY when a half is being released, also as the event's
 *         result: when one of the two flows into the other already, or a part of a message was got from an input that
 *         is needed; -ENOTCONN for two listeners; -EPIPE when an output that is needed was shut down; -EINPROGRESS
 *         while connecting; -EXDEV.
 *         The event's object is the join
 */
DX_API int dx_join(dx_id a, dx_id b, const struct dx_join_options *options, uint64_t token, dx_id *join);
DX_API int dx_join_wait(dx_id a, dx_id b, const struct dx_join_options *options, dx_id *join);

/**
 * Undo a join, exactly: not a byte is lost, repeated or reordered. Bytes in flight are in the receiving socket's output
 * queue, ahead of whatever is sent next. Both sockets can be used and joined anew as soon as this is answered.
 *
 * A route is undone between two messages: those in progress are finished first. When that takes over 30 seconds the answer is
 * -ETIMEDOUT, and the route goes on.
 *
 * A proxy's connection can be undone, too: its sockets (`a` and `b` of the event) are the application's from then on.
 *
 * @return 0; the event has the counts: delivered and pending bytes of each direction. Its result is -ENOENT when the
 *         join has ended meanwhile, -EOPNOTSUPP for a proxy's connection that is not joined yet
 */
DX_API int dx_unjoin(dx_id join, uint64_t token);
/** @param result NULL, or the event that would have been sent */
DX_API int dx_unjoin_wait(dx_id join, struct dx_event *result);

/**
 * Change the time limits, max_bytes and rates of a join, also of a proxy's connection, while it runs; flags and max_lag
 * are not looked at. What has passed counts: an age, an idle time or a number of bytes over the new limit ends it at
 * once.
 *
 * @return 0; the event's result is -ENOENT when the join has ended meanwhile, -EOPNOTSUPP before it is open
 */
DX_API int dx_join_limit(dx_id join, const struct dx_join_options *limits, uint64_t token);
DX_API int dx_join_limit_wait(dx_id join, const struct dx_join_options *limits);

/**
 * Mirror one direction of a join: what the socket on this side sends to the join goes to `mirror`, too. Always lossy: a
 * slow or dead mirror never disturbs what it mirrors, it is dropped. The mirror's input half stays the application's; for
 * both directions call it twice. A tee is a join: it is undone by dx_unjoin(), listed with DX_JOIN_TEE, and tells its end
 * by an event. It ends with the join that it mirrors, for its reason and by side a (a is what is mirrored, b the mirror);
 * the mirror is the application's again, its output not ended.
 *
 * @param side    DX_SIDE_A or DX_SIDE_B: whose bytes
 * @param max_lag memory in bytes that may wait for the mirror; 0: 1048576
 * @return 0; errors as dx_join() for the mirror's output. The event's result is -ENOENT when the join has ended
 *         meanwhile, -EOPNOTSUPP when it is not open or has no such direction, -EINVAL when the mirror is part of it;
 *         its object is the tee
 */
DX_API int dx_tee(dx_id join, dx_id mirror, uint32_t side, uint64_t max_lag, uint64_t token, dx_id *tee);
DX_API int dx_tee_wait(dx_id join, dx_id mirror, uint32_t side, uint64_t max_lag, dx_id *tee);

/**
 * End a join and close both sockets in order (as dx_close() does), also when it was made with NO_CLOSE. A socket that
 * is part of other joins stays open.
 */
DX_API int dx_join_close(dx_id join, uint64_t token);
DX_API int dx_join_close_wait(dx_id join);

enum dx_join_state {
	DX_JOIN_DECIDING = 1,    /* a proxy's: the application decides */
	DX_JOIN_CONNECTING = 2,  /* a proxy's: the backend is being connected to */
	DX_JOIN_OPEN = 3,
	DX_JOIN_HALF_CLOSED = 4, /* one direction has ended */
	DX_JOIN_CLOSING = 5,     /* both have; what is unsent is being delivered */
	DX_JOIN_LISTENING = 6,   /* of a listener: its connections inherit the join */
	DX_JOIN_HANDSHAKING = 7, /* a proxy's: the application speaks with the backend */
};

enum dx_path {
	DX_PATH_NONE = 0, /* the direction does not exist, or has ended */
	DX_PATH_COPY = 1,
	DX_PATH_SPLICE = 2,
};

struct dx_join_info {
	uint32_t size;             /* written by the engine */
	uint16_t state;            /* enum dx_join_state */
	uint16_t flags;            /* DX_JOIN_… */
	dx_id id;
	dx_id proxy;               /* or 0 */
	dx_id a;                   /* the sockets; b is 0 before a proxy's connection has its backend */
	dx_id b;
	uint32_t backend;          /* index of the proxy's backend, UINT32_MAX for none */
	uint16_t a_to_b_path;      /* enum dx_path */
	uint16_t b_to_a_path;
	uint64_t since_ns;         /* when it was made, nanoseconds since the epoch */
	uint64_t idle_ns;          /* since the last byte */
	uint64_t a_to_b;           /* bytes delivered */
	uint64_t b_to_a;
	uint64_t a_to_b_pending;   /* bytes in flight */
	uint64_t b_to_a_pending;
	struct dx_address a_peer;  /* the client */
	struct dx_address b_peer;  /* the backend */
	uint64_t idle_timeout;     /* its limits, as in struct dx_join_options; of a proxy's, the proxy's */
	uint64_t half_close_timeout;
	uint64_t max_lifetime;
	uint64_t max_bytes;
	uint64_t a_to_b_rate;
	uint64_t b_to_a_rate;
	uint64_t max_lag;          /* of a LOSSY one or a tee: the memory that may wait, also where none was asked for */
	uint64_t a_to_b_messages;  /* of a route */
	uint64_t b_to_a_messages;
};

/** Most rows that one dx_joins() returns. */
#define DX_JOINS_PAGE 500

/**
 * List joins, a page at a time. Joins that exist during the whole listing are listed once (one that moves between
 * workers meanwhile may be listed twice); the order means nothing.
 *
 * @param proxy only this proxy's joins; 0: all
 * @param after 0, or the cursor that the page before returned
 * @param rows  written by a worker until the answer comes: must stay valid until then, or until the engine is closed
 * @param max   rows that fit, 1 to DX_JOINS_PAGE
 * @return 0; the event's result is the number of rows (possibly 0 although there are more), its value the cursor
 *         of the next page, 0 after the last
 */
DX_API int dx_joins(dx_id engine, dx_id proxy, uint64_t after, struct dx_join_info *rows, uint32_t max,
		uint64_t token);
/** @return rows written */
DX_API int dx_joins_wait(dx_id engine, dx_id proxy, uint64_t after, struct dx_join_info *rows, uint32_t max,
		uint64_t *next);

/** Describe one join. The row must stay valid until the answer comes; -ENOENT when it has ended. */
DX_API int dx_join_info(dx_id join, struct dx_join_info *row, uint64_t token);
DX_API int dx_join_info_wait(dx_id join, struct dx_join_info *row);

/* ----------------------------------------------------------------------------------------------------- messages */

/*
 * A codec turns a socket's stream of bytes into messages and back. It is set on a socket (dx_codec_set()); then
 * messages are got and put by the application, or routed to another socket by a worker (a join with DX_JOIN_ROUTE).
 * Bytes that are not decoded yet stay in the socket's input queue as they came, so that a codec can be set, changed and
 * taken off between any two messages, with no byte lost.
 */

enum dx_codec_type {
	DX_CODEC_STREAM = 0,    /* no messages: bytes as they come */
	DX_CODEC_LINE = 1,      /* ended by a line feed, or carriage return and line feed */
	DX_CODEC_DELIMITER = 2, /* ended by 1 to 16 given bytes */
	DX_CODEC_LENGTH = 3,    /* begun by its length: 1, 2, 3, 4 or 8 bytes */
	DX_CODEC_VARINT = 4,    /* begun by its length as a base 128 varint (protobuf's delimited messages) */
	DX_CODEC_CHUNKED = 5,   /* HTTP/1.1 chunked transfer coding, RFC 9112 section 7.1. Each chunk is a message, the last
	                           chunk is an empty one with LAST. Put: a message is a chunk when its length is known,
	                           otherwise each of its pieces is; empty ones without LAST write nothing */
	DX_CODEC_WEBSOCKET = 6, /* RFC 6455, after the handshake */
	DX_CODEC_ZMTP = 7,      /* ZeroMQ, ZMTP 3.0 and 3.1 (RFC 23, RFC 37), after the handshake */
	DX_CODEC_PLUGIN = 8,    /* one that was registered by dx_codec_register(), found by its name */
};

/* Flags of struct dx_codec_options, by type. */
#define DX_LINE_LF 1u          /* decode: only LF ends a line, a CR before it belongs to the line; encode: LF (default) */
#define DX_LINE_CRLF 2u        /* decode: only CR LF ends a line; encode: CR LF. Neither flag: either ends a line, LF is
                                  written (CR LF behind a line whose last byte is CR). Not both */
#define DX_CODEC_KEEP 4u       /* LINE, DELIMITER: the delimiter stays at the message's end, and messages that are put
                                  bring theirs */
#define DX_LENGTH_LITTLE 1u    /* the prefix is little endian; otherwise big endian */
#define DX_LENGTH_INCLUSIVE 2u /* the length counts the prefix itself, and what stands before it */
#define DX_LENGTH_KEEP 4u      /* prefix, and what stands before it, are part of the message: got with it, put with it */
#define DX_WEBSOCKET_CLIENT 1u /* this end is the client: masks what it sends, demands unmasked frames. Otherwise server */
#define DX_WEBSOCKET_FRAMES 2u /* every frame as it came, control frames too; the application answers. Otherwise payloads:
                                  fragments are put together, pings answered, the close handshake done */
#define DX_WEBSOCKET_TEXT 4u   /* what comes from another codec or a stream is sent as text (and must be UTF-8); otherwise
                                  binary */
#define DX_ZMTP_FRAMES 1u      /* every command as it came; otherwise PING is answered and PONG is dropped */

struct dx_codec_options {
	uint32_t size;
	uint32_t type;              /* enum dx_codec_type */
	uint32_t flags;             /* of the type */
	uint32_t frame_timeout;     /* milliseconds in which a message that was begun has to be finished, or to bring another
	                               65536 bytes; 0: 30000; UINT32_MAX: no limit */
	uint64_t max_message;       /* greatest payload in bytes; 0: 16777216; UINT64_MAX: no limit */
	uint32_t delimiter_length;  /* DELIMITER: 1 to 16 */
	uint8_t delimiter[16];
	uint32_t prefix;            /* LENGTH: bytes of the prefix: 1, 2, 3, 4 or 8 */
	uint32_t offset;            /* LENGTH: bytes of the message before the prefix, 0 to 64. Written as zeros */
	int32_t adjustment;         /* LENGTH: added to the prefix's value to get the length of what follows it */
	uint32_t chunk;             /* CHUNKED, stream to message: most bytes of one message that is made of a stream's bytes;
	                               0: 65536, at most 1048576 */
	uint32_t close_timeout;     /* WEBSOCKET: milliseconds to wait for the peer's Close; 0: 5000 */
	uint32_t ping_interval;     /* WEBSOCKET, ZMTP, without FRAMES, in a route: milliseconds between two pings; a peer from
	                               which nothing has come since the last one has vanished, and the route ends with
	                               DX_REASON_IDLE; 0: none */
	char plugin[32];            /* PLUGIN: the name, ended by NUL */
};

/* What is wrong with what a peer sent. */
enum dx_codec_error {
	DX_CODEC_OK = 0,
	DX_CODEC_TOO_LONG = 1,            /* the message is longer than max_message */
	DX_CODEC_TRUNCATED = 2,           /* the stream ended inside a message */
	DX_CODEC_TOO_SLOW = 3,            /* frame_timeout */
	DX_CODEC_NO_MEMORY = 4,           /* the engine's message budget is used up, or there is no memory */
	DX_CODEC_LENGTH_NEGATIVE = 5,     /* prefix and adjustment make a length below 0, or below the prefix it includes */
	DX_CODEC_VARINT_OVERFLOW = 6,     /* over 5 bytes, or over 32 bits */
	DX_CODEC_CHUNK_SIZE = 7,          /* not a chunk size: no hex digit, over 32 of them, over 2^63-1, or something else
	                                     than extensions behind it */
	DX_CODEC_CHUNK_LINE = 8,          /* a chunk's line does not end in CR LF, or has a control character */
	DX_CODEC_CHUNK_END = 9,           /* no CR LF behind a chunk's data */
	DX_CODEC_CHUNK_EXTENSION = 10,    /* extensions over 4096 bytes in a chunk, or malformed */
	DX_CODEC_TRAILER = 11,            /* trailers over 16384 bytes, or malformed */
	DX_CODEC_WS_RESERVED_BITS = 12,
	DX_CODEC_WS_OPCODE = 13,          /* reserved opcode */
	DX_CODEC_WS_UNMASKED = 14,        /* a client's frame without mask */
	DX_CODEC_WS_MASKED = 15,          /* a server's frame with mask */
	DX_CODEC_WS_CONTROL_FRAGMENTED = 16,
	DX_CODEC_WS_CONTROL_LENGTH = 17,  /* a control frame over 125 bytes */
	DX_CODEC_WS_LENGTH = 18,          /* not the shortest form, or the top bit set */
	DX_CODEC_WS_CONTINUATION = 19,    /* a continuation without a beginning */
	DX_CODEC_WS_INTERLEAVED = 20,     /* a new message inside a fragmented one */
	DX_CODEC_WS_CLOSE_CODE = 21,      /* a close code that must not be sent, or a payload of one byte */
	DX_CODEC_WS_UTF8 = 22,            /* text, or a close reason, that is not UTF-8 */
	DX_CODEC_WS_NO_CLOSE = 23,        /* the stream ended without a Close frame */
	DX_CODEC_ZMTP_FLAGS = 24,         /* reserved bits of a frame's flags, or a command with MORE */
	DX_CODEC_ZMTP_LENGTH = 25,        /* the top bit of a length set */
	DX_CODEC_ZMTP_COMMAND = 26,       /* a malformed command */
	DX_CODEC_MESSAGE = 27,            /* put: a message that the codec cannot express (a line with a line feed, a control
	                                     frame over 125 bytes, text that is not UTF-8, a delimiter that is missing …) */
	DX_CODEC_CLOSED = 28,             /* put: after the Close frame, or the last chunk */
	DX_CODEC_UNAVAILABLE = 29,        /* nobody's fault, for finish(): there is no backend (WebSocket's 1013) */
	DX_CODEC_REFUSED = 30,            /* likewise: the application has refused the connection (1008) */
	DX_CODEC_PLUGIN_ERROR = 1000,     /* and above: a plugin's own */
};

/** The name of an error in one line of English, for example "reserved bits are set"; never NULL. */
DX_API const char *dx_codec_error_text(uint32_t error);

/* Flags of messages and pieces. */
#define DX_MESSAGE_MORE 1u    /* further parts belong to it (ZMTP; WEBSOCKET with FRAMES: not FIN) */
#define DX_MESSAGE_CONTROL 2u /* a control frame or command: means nothing to another codec */
#define DX_MESSAGE_LAST 4u    /* the stream of messages is over: the last chunk, a Close frame */
#define DX_PIECE_BEGIN 16u    /* the first piece of its message */
#define DX_PIECE_END 32u      /* the last one */
#define DX_PIECE_REPLY 64u    /* to be encoded for the peer that the bytes came from; the application is told it with LAST
                                 only */
#define DX_PIECE_IGNORE 128u  /* nobody's: a frame that says nothing */

/** The length of a message that is not known yet. */
#define DX_LENGTH_UNKNOWN UINT64_MAX

/* WEBSOCKET: the kind of a message is its opcode. ZMTP: 0, or DX_ZMTP_COMMAND. Others: 0. 0 is "the codec's default". */
enum dx_message_kind {
	DX_WEBSOCKET_CONTINUATION = 256, /* FRAMES only; not 0, which means the default */
	DX_WEBSOCKET_OPCODE_TEXT = 1,
	DX_WEBSOCKET_OPCODE_BINARY = 2,
	DX_WEBSOCKET_CLOSE = 8,            /* payload: code (2 bytes, network order) and reason, or nothing */
	DX_WEBSOCKET_PING = 9,
	DX_WEBSOCKET_PONG = 10,
	DX_ZMTP_COMMAND = 4,               /* payload: the command's body, its name included */
};

/**
 * A part of a message. Every message is one piece with BEGIN and END, or a piece with BEGIN, any number without, and a
 * piece with END; any of them may be empty. Control messages and replies may stand between the pieces of another, and are
 * one piece always; but for ZMTP commands of over 512 bytes, which stand between messages.
 */
struct dx_piece {
	uint32_t flags;         /* DX_MESSAGE_… and DX_PIECE_… */
	uint32_t kind;          /* enum dx_message_kind; the same in every piece of a message */
	uint64_t total;         /* bytes of the message's payload, known with its BEGIN, or DX_LENGTH_UNKNOWN; the same in
	                           every piece; always known in a piece that is a whole message */
	const uint8_t *data;    /* decoded: lies in the input (or in the decoder), valid until the next call */
	size_t length;
	const uint8_t *extra;   /* CHUNKED, as they came. With BEGIN: the chunk's extensions, without the first ';' and the CR
	                           LF ("a=b;c"); at most 4096 bytes. With LAST: the trailers, each line with its CR LF, without
	                           the empty line ("A: b\r\n"); at most 16384 bytes */
	size_t extra_length;
};

/* What decode() answers, beside negative errors. */
#define DX_DECODE_MORE 0  /* these bytes are not enough: call again with them and more behind them */
#define DX_DECODE_PIECE 1 /* a piece; call again */

/**
 * A codec in C: a table of functions. All of them are called by one thread at a time for one state, by any thread, must
 * not block and must not call the engine. A socket has one decoder and one encoder; a state begins as zeros and has
 * nothing to free.
 */
struct dx_codec_ops {
	uint32_t size;         /* sizeof(struct dx_codec_ops) */
	uint32_t decoder_size; /* bytes of a decoder's state, at most 4096 */
	uint32_t encoder_size;
	uint32_t overhead;     /* most bytes that encode() or finish() writes beyond the piece's data and extra; at most 4096 */
	uint32_t keep;         /* most bytes that the decoder leaves over when it asks for more; 1 to 32768 */
	uint32_t needs_total;  /* 1: the encoder takes no piece whose total is unknown, so routes put messages together */

	/** Whether options make sense: 0 or -EINVAL. NULL: always. */
	int (*check)(const struct dx_codec_options *options);

	/**
	 * Decode some bytes.
	 *
	 * @param data   may be changed where it is used (unmasking); bytes left over must be unchanged
	 * @param length at least 1
	 * @param used   bytes that are done with: with a piece, all that belong to it, and only those; 0 with DX_DECODE_MORE;
	 *               on an error, the number of bytes before the offending one
	 * @param piece  all zeros, to be filled in
	 * @return DX_DECODE_MORE (then at most `keep` bytes are left over), DX_DECODE_PIECE, or a negative
	 *         enum dx_codec_error. After an error, or a piece with LAST, it is not called again.
	 */
	int (*decode)(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t length, size_t *used,
			struct dx_piece *piece);

	/**
	 * The stream has ended, `left` bytes were not used: 0 when it may end here, or a negative enum dx_codec_error. May
	 * fill in a last piece (a line without its end is a line) and then returns DX_DECODE_PIECE; what is left is at data.
	 * NULL: it may end where no byte is left over and no message is in progress, and is truncated elsewhere.
	 */
	int (*end)(void *decoder, const struct dx_codec_options *options, uint8_t *data, size_t left, struct dx_piece *piece);

	/**
	 * Encode a piece, of its own decoder's kinds or kind 0.
	 *
	 * @param out has room for overhead + length + extra_length
	 * @return bytes written, or a negative enum dx_codec_error: then nothing is written and nothing has changed
	 */
	int64_t (*encode)(void *encoder, const struct dx_codec_options *options, const struct dx_piece *piece, uint8_t *out);

	/**
	 * No further message comes: write what the peer has to be told (a Close frame, the last chunk); at most `overhead`
	 * bytes. A second call writes nothing. NULL: nothing to be told.
	 *
	 * @param error why: 0 for an ordinary end, or the enum dx_codec_error of what the peer sent
	 */
	int64_t (*finish)(void *encoder, const struct dx_codec_options *options, uint32_t error, uint8_t *out);

	/**
	 * Write what a living peer answers (a ping); at most `overhead` bytes more than 125, or -DX_CODEC_MESSAGE where it must not
	 * stand: in the middle of a frame. NULL: there is nothing of the kind, and ping_interval is refused.
	 */
	int64_t (*ping)(void *encoder, const struct dx_codec_options *options, uint8_t *out);
};

/**
 * Register a codec of one's own, for the whole process: options with type DX_CODEC_PLUGIN and this name use it.
 *
 * @param name 1 to 31 bytes of a-z, 0-9 and '-'
 * @param ops  must stay valid until the process ends
 * @return 0; -EINVAL; -EEXIST when the name is taken by another table; -ENOSPC after 64 of them
 */
DX_API int dx_codec_register(const char *name, const struct dx_codec_ops *ops);

/**
 * Set, change or take off the codec of a socket. Bytes that were received and not decoded are decoded by the new one. A
 * codec concerns get, put and routes alone: dx_recv(), dx_send() and plain joins move the bytes as they are.
 *
 * @param options copied; NULL or DX_CODEC_STREAM for none
 * @return 0; -EINVAL for options that make no sense; -ENOENT for a plugin that is not registered, or a stale id; -EBUSY while
 *         a half is flowing, or in the middle of a message that is being got
 */
DX_API int dx_codec_set(dx_id socket, const struct dx_codec_options *options);

/** A message in dx_get() and dx_put(). 40 bytes. */
struct dx_message {
	uint32_t kind;         /* enum dx_message_kind; 0 in put: the codec's default */
	uint32_t flags;        /* DX_MESSAGE_… */
	uint64_t offset;       /* of its payload in the buffer; what is extra follows the payload */
	uint64_t length;       /* bytes of payload */
	uint64_t extra_length; /* bytes: chunk extensions, trailers */
	uint64_t reserved;     /* 0 */
};

/**
 * Get the messages that are there, whole, from the held input half of a socket with a codec. Pings are answered meanwhile,
 * and a Close (a message with DX_MESSAGE_LAST). What a stream without a codec has is one message, up to the buffer.
 *
 * @param buffer   gets the payloads
 * @param messages gets what describes them
 * @param max      records that fit at messages, at least 1
 * @return messages, at least 1; 0 at the end of the stream, or after DX_MESSAGE_LAST; -EAGAIN when none is whole (arm
 *         DX_READABLE); -ENOSPC when the first does not fit: messages->length and extra_length tell how much it needs, and
 *         it stays; -EPROTO when the peer broke the protocol, every time: dx_codec_failure() tells how; others as dx_recv()
 */
DX_API int64_t dx_get(dx_id socket, void *buffer, size_t size, struct dx_message *messages, uint32_t max);
/** Get at least one; -ETIMEDOUT when none became whole in time: nothing is lost. */
DX_API int64_t dx_get_wait(dx_id socket, void *buffer, size_t size, struct dx_message *messages, uint32_t max, int timeout);

/**
 * Milliseconds until the message that has begun to arrive at a held input will be too late (frame_timeout), at least 0; -1
 * when none has. dx_get() is to be called then, and says so.
 */
DX_API int64_t dx_get_deadline(dx_id socket);

/**
 * Put messages, whole, through the held output half of a socket with a codec. Waits for room before the first byte of a
 * message only: what does not fit then is queued, and delivered in the background.
 *
 * @param data     the payloads, each at its offset, with what is extra behind it
 * @param size     bytes at data: no message may reach beyond
 * @return messages taken, possibly fewer than count; -EAGAIN when there is no room (arm DX_WRITABLE); -EPROTO when the codec
 *         cannot express the first one (dx_codec_failure()), with nothing sent; -EMSGSIZE for one over max_message; -EPIPE after
 *         a Close or the last chunk; others as dx_send()
 */
DX_API int64_t dx_put(dx_id socket, const void *data, size_t size, const struct dx_message *messages, uint32_t count);
/** Put all; fewer when the time was over or an error came after some had gone. */
DX_API int64_t dx_put_wait(dx_id socket, const void *data, size_t size, const struct dx_message *messages, uint32_t count,
		int timeout);

struct dx_codec_failure {
	uint32_t size;
	uint32_t type;          /* enum dx_codec_type of the socket now */
	uint32_t input;         /* enum dx_codec_error of what was received, or 0 */
	uint32_t output;        /* of what was last put, or 0 */
	uint64_t input_offset;  /* bytes that were decoded, since the codec was set, before the offending one */
};

/** What is wrong with what a socket received, or was asked to put. Set failure->size first. */
DX_API int dx_codec_failure(dx_id socket, struct dx_codec_failure *failure);

/* ------------------------------------------------------------------------------------------------------ proxies */

#define DX_PROXY_DECIDED 1u     /* each connection awaits dx_proxy_decide(); no backends */
#define DX_PROXY_JOIN_EVENTS 2u /* DX_EVENT_JOIN_ENDED for every connection */
#define DX_PROXY_HANDSHAKE 4u   /* each connection awaits the host, which may receive from its client and send to it
                                   meanwhile, and then dx_proxy_proceed(), or dx_proxy_decide() with DECIDED */
#define DX_PROXY_HANDSHAKE_BACKEND 8u /* likewise when it has its backend, before the two are joined */

struct dx_proxy_options {
	uint32_t size;
	uint32_t flags;              /* DX_PROXY_… */
	uint32_t connect_timeout;    /* for one attempt; 0: 5000 */
	uint32_t connect_attempts;   /* backends tried for a connection before it is refused; 0: 3 */
	uint64_t idle_timeout;       /* as in struct dx_join_options */
	uint64_t half_close_timeout;
	uint64_t max_lifetime;
	uint32_t max_connections;    /* further ones wait in the backlog; 0: as descriptors allow */
	uint32_t max_pending;        /* connections awaiting a decision; further ones wait in the backlog; 0: 1024 */
	uint32_t decision_timeout;   /* of decisions and of handshakes; then the connection is refused; 0: 10000 */
	uint32_t backlog;            /* 0: 4096; the kernel caps it at net.core.somaxconn */
};

/**
 * Create a proxy; dx_proxy_start() makes it listen. Accepted and connected TCP sockets get TCP_NODELAY and keep-alive.
 *
 * @return 0; -EINVAL for a bad address or option; -ENOMEM
 */
DX_API int dx_proxy_open(dx_id engine, const struct dx_address *listen, const struct dx_proxy_options *options,
		dx_id *proxy);

/**
 * Set the addresses of one backend; joins live on. Backends are numbered from 0 and used round robin; an attempt uses
 * one address of a backend, its addresses take turns. A backend without addresses (not resolved yet) is passed over.
 *
 * @param backend index: an existing one, or the next
 * @param count   0 to 64 addresses; copied
 * @return 0; -EINVAL; -ERANGE for an index over 4095; -EOPNOTSUPP for a decided proxy. The event's result is -ERANGE
 *         for an index past the next
 */
DX_API int dx_proxy_backend(dx_id proxy, uint32_t backend, const struct dx_address *addresses, uint32_t count,
		uint64_t token);

/**
 * Set the codec of the proxy's clients (DX_SIDE_A) or backends (DX_SIDE_B), once, best before it is started: connections that are
 * joined from then on are routes, as DX_JOIN_ROUTE makes them. A side without a codec is a stream.
 *
 * @param options copied
 * @return 0; -EINVAL for options that make no sense; -ENOENT for a plugin that is not registered; -EALREADY when the side has one
 */
DX_API int dx_proxy_codec(dx_id proxy, uint32_t side, const struct dx_codec_options *options);

/**
 * Bind and listen. After a stop the same port is bound again, also where it was 0.
 *
 * @return 0; the event's result is 0 or the errno of socket, bind or listen; its value the bound port (unix: 0).
 *         Starting a started proxy is answered with 0
 */
DX_API int dx_proxy_start(dx_id proxy, uint64_t token);
DX_API int dx_proxy_start_wait(dx_id proxy, uint16_t *port);

/**
 * Start with a descriptor that listens already (inherited, socket activation, a released listener) in the place of
 * binding. Takes it on success. After a stop, the proxy binds the address that it was opened with.
 *
 * @return 0; -ENOTSOCK, -EINVAL when it does not listen, -EBADF; the event's result is -EALREADY for a started proxy
 * (the
 *         descriptor is closed), its value as dx_proxy_start()'s
 */
DX_API int dx_proxy_start_on(dx_id proxy, int fd, uint64_t token);
DX_API int dx_proxy_start_on_wait(dx_id proxy, int fd, uint16_t *port);

/**
 * Accept what is in the backlog, also beyond the limits, then stop listening: new peers are refused. Joins live on.
 * Answered when done.
 */
DX_API int dx_proxy_stop(dx_id proxy, uint64_t token);
DX_API int dx_proxy_stop_wait(dx_id proxy);

/**
 * Stop, and wait for the connections to end.
 *
 * @param grace milliseconds after which the rest is closed with DX_REASON_SHUT_DOWN; 0 closes at once
 * @return 0; answered when no connection is left; the event's value is the number of those that had to be closed. Its
 *         result is -ECANCELED when the proxy is started again meanwhile
 */
DX_API int dx_proxy_drain(dx_id proxy, uint32_t grace, uint64_t token);
DX_API int dx_proxy_drain_wait(dx_id proxy, uint32_t grace);

/** Drain with no grace and forget the proxy: its id is stale at once. */
DX_API int dx_proxy_close(dx_id proxy, uint64_t token);
DX_API int dx_proxy_close_wait(dx_id proxy);

/**
 * Answer DX_EVENT_CONNECTION: connect to the first of these addresses that answers, and join.
 *
 * @param count 1 to 64; each gets the proxy's connect_timeout
 * @return 0; -ENOENT when the client's connection has ended or was refused meanwhile; -EALREADY when it was answered
 */
DX_API int dx_proxy_decide(dx_id connection, const struct dx_address *addresses, uint32_t count);

/**
 * Go on with a connection that awaits the host for a handshake (DX_EVENT_CONNECTION, DX_EVENT_CONNECTED): with the proxy's own
 * backends, or to the join. The sockets that were lent are the proxy's again: calls on them fail with -EBUSY. What was received and
 * not consumed stays in their input.
 *
 * @return 0; errors as dx_proxy_decide(); -EOPNOTSUPP for a proxy without handshakes, or one that is decided and has no backends
 */
DX_API int dx_proxy_proceed(dx_id connection);

enum dx_refusal {
	DX_REFUSED_BY_ROUTER = 1, /* the application decided so */
	DX_REFUSED_BY_FAILURE = 2,/* the application failed to decide */
	DX_REFUSED_BY_HANDSHAKE = 3, /* the client's handshake failed, and it was told so: closed in order, not reset */
};

/**
 * Answer DX_EVENT_CONNECTION or DX_EVENT_CONNECTED: end the connection and count the refusal. The client is reset, so that it
 * takes nothing for an answer, unless it was told. With DX_PROXY_HANDSHAKE the other refusals mean that the handshake with the client
 * is done: what its codec has for such an end (a Close frame) is sent to it then, and the connection closed in order, as when no
 * backend answers. Errors as dx_proxy_decide().
 */
DX_API int dx_proxy_refuse(dx_id connection, uint32_t refusal);

enum dx_proxy_state {
	DX_PROXY_STOPPED = 0,
	DX_PROXY_STARTED = 1,
	DX_PROXY_PAUSED = 2,   /* listening, but full or out of descriptors: connections wait in the backlog */
	DX_PROXY_STOPPING = 3, /* takes what is in the backlog */
	DX_PROXY_DRAINING = 4, /* does not listen; connections are left */
};

struct dx_proxy_info {
	uint32_t size;
	uint32_t state;              /* enum dx_proxy_state */
	uint32_t port;               /* bound port, 0 before the first start and for unix */
	uint32_t backends;
	uint64_t accepted;           /* connections accepted since the proxy was opened */
	uint64_t active;             /* now, in any state */
	uint64_t pending;            /* of these, awaiting a decision */
	uint64_t joined;             /* connections that were joined to a backend */
	uint64_t connect_failed;     /* that found no backend which answered */
	uint64_t refused_by_router;
	uint64_t refused_by_failure;
	uint64_t refused_by_timeout; /* not decided within decision_timeout */
	uint64_t refused_exhausted;  /* no memory, descriptor or port for the connection at hand */
	uint64_t client_gone;        /* the client ended before it was joined */
	uint64_t bytes_from_client;  /* delivered to backends, by all joins */
	uint64_t bytes_from_backend; /* delivered to clients */
	uint64_t ended[16];          /* DX_REASONS:  connections that ended, by enum dx_reason, refused ones included */
	uint64_t refused_by_handshake;
};

DX_API int dx_proxy_info(dx_id proxy, struct dx_proxy_info *info);

enum dx_backend_state {
	DX_BACKEND_UNRESOLVED = 0, /* has no address */
	DX_BACKEND_UP = 1,         /* the last connect succeeded, or none was tried */
	DX_BACKEND_FAILING = 2,    /* the last connect failed */
};

struct dx_backend_info {
	uint32_t size;
	uint32_t state;      /* enum dx_backend_state */
	int32_t error;       /* of the last connect, negative errno, or 0 */
	uint32_t addresses;
	uint64_t active;     /* connections that use it now, connecting ones included */
	uint64_t joined;     /* connections that were joined to it */
	uint64_t failed;     /* connects that failed */
	uint64_t bytes_from_client;  /* delivered to it */
	uint64_t bytes_from_backend; /* delivered to clients */
};

/** @return 0; -ERANGE for an index that was never set */
DX_API int dx_proxy_backend_info(dx_id proxy, uint32_t backend, struct dx_backend_info *info);

#ifdef __cplusplus
}
#endif

#endif
