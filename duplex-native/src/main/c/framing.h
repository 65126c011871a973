/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's codec: its decoder and encoder, and the message that is being got.
 *
 * THEORY OF OPERATION
 *
 * A socket gets its framing with its first codec, or its first message that is put, and keeps it until it is freed; changing the
 * codec changes what is in it.
 * While the halves are held, the input part is guarded by its lock and the output part by the other; while they flow, both
 * are the worker's. Replies (a pong, the answer to a Close) are written by whoever decodes, through the output part; one
 * that finds no room, or the output in the middle of a frame, waits here as it is, and the next pong takes the place of one that
 * waits (RFC 6455 section 5.5.3): a peer that asks and reads no answers costs no memory. Whoever empties the output, or ends the
 * frame, writes it. So do the pings of a route, which everything else comes before.
 */
#ifndef DX_FRAMING_H
#define DX_FRAMING_H

#include "assembly.h"
#include "codec/codec.h"
#include "socket.h"

#define DX__REPLY_MOST 160 /* bytes of a reply's payload */

/* What waits to be told to the peer that the bytes came from. */
enum dx__reply_state {
	DX__REPLY_NONE,
	DX__REPLY_PIECE,   /* a pong, the answer to a Close */
	DX__REPLY_REFUSAL, /* what was wrong with its bytes */
	DX__REPLY_PING,    /* is it there? */
};

struct dx__framing {
	const struct dx_codec_ops *ops;    /* NULL: a stream */
	struct dx_codec_options options;   /* defaults filled in */

	pthread_mutex_t input;             /* guards, while it is held: */
	void *decoder;
	bool inside;                       /* between the first piece of a message and the last */
	bool ended;                        /* the stream of messages is over */
	_Atomic bool starved;              /* what is queued is not enough for a piece */
	_Atomic uint32_t input_error;      /* enum dx_codec_error; the first */
	uint64_t decoded;                  /* bytes used since the codec was set */
	uint64_t begun;                    /* monotonic ns since when the frame in progress is waited for, or 0 */
	uint64_t mark;                     /* `decoded` then */
	struct dx__assembly assembly;      /* the message that is being got */

	pthread_mutex_t output;            /* guards, while it is held: */
	void *encoder;
	_Atomic uint32_t output_error;
	_Atomic uint8_t reply_state;       /* enum dx__reply_state; written under the lock */
	uint8_t reply_length;
	uint32_t reply_kind;               /* of a piece */
	uint32_t reply_flags;
	uint8_t reply[DX__REPLY_MOST];
};

/* Sets the codec of a socket both of whose halves are the caller's. 0, -EINVAL, -ENOENT, -ENOMEM, -EBUSY inside a message. */
int dx__framing_set(struct dx__socket *socket, const struct dx_codec_options *options);

/* Locks the output part, which is made if it is missing: who puts sends a part of a message and then queues the rest, and nobody
   else may queue in between. NULL without memory. */
struct dx__framing *dx__framing_lock_output(struct dx__socket *socket);

/* Whether a part of a message has been got: it cannot be given back, so nobody else gets the input. Not under the control lock. */
bool dx__framing_has_part(struct dx__socket *socket);

/* Frees what the socket has. */
void dx__framing_free(struct dx__socket *socket);

/*
 * Decodes from some bytes. Adds the bytes that are done with to *used, and fills *piece in. DX_DECODE_PIECE, DX_DECODE_MORE, or a
 * negative enum dx_codec_error, which is noted. Keeps `inside`, `ended` and `decoded`.
 */
int dx__framing_decode(struct dx__framing *framing, uint8_t *data, size_t length, size_t *used, struct dx_piece *piece);

/* The stream has ended with `left` bytes undecoded: 0, DX_DECODE_PIECE or a negative error, which is noted. */
int dx__framing_end(struct dx__framing *framing, uint8_t *data, size_t left, struct dx_piece *piece);

/* Notes what is wrong with the input; the first error stays. */
int dx__framing_fail(struct dx__framing *framing, int error);

/* Whether a frame has begun to arrive and is not complete, with this many bytes undecoded. */
bool dx__framing_is_waiting(const struct dx__framing *framing, size_t left);

/* Notes the time for the frame in progress, if there is one; -DX_CODEC_TOO_SLOW (noted) when it is over. */
int dx__framing_check_time(struct dx__framing *framing, size_t left, uint64_t now);

/* Bytes that encoding the piece may need. */
size_t dx__framing_room(const struct dx__framing *framing, const struct dx_piece *piece);

/* Keeps a reply, or a refusal, until it can be sent. The caller holds the output lock. */
void dx__framing_keep_reply(struct dx__framing *framing, const struct dx_piece *piece);
void dx__framing_keep_refusal(struct dx__framing *framing, uint32_t error);

/* Likewise a ping, unless something else waits. */
void dx__framing_keep_ping(struct dx__framing *framing);

/* Whether a reply waits. */
bool dx__framing_has_reply(const struct dx__framing *framing);

/* Most bytes that dx__framing_encode_reply() writes. */
size_t dx__framing_reply_room(const struct dx__framing *framing);

/* Encodes what waits, which is forgotten then. Bytes; 0 when nothing waits, or it has to wait for the end of a frame. The
   caller holds the output lock. */
size_t dx__framing_encode_reply(struct dx__framing *framing, uint8_t *out);

#endif
