/* SPDX-License-Identifier: Apache-2.0 */
#include "putting.h"
#include "route_parts.h"

/* Whether a route has the socket's output: replies stand between its frames, and between bytes of others they cannot. */
bool dx__route_leads_to(const struct dx__socket *socket)
{
	return socket->to && dx__join_of(socket->to)->route;
}

/* Whoever does not read what is queued waits for the reply, too: the stream to the socket writes it then. The last one comes
   once. */
void dx__route_flush_reply(struct dx__worker *worker, struct dx__socket *socket, bool is_last)
{
	if (dx__output_length(socket) && !is_last)
		return;
	/* An error is met again by the stream to this socket, or by its close. */
	if (dx__put_waiting(socket))
		dx__output_flush(worker, socket);
}

void dx__route_reply(struct dx__worker *worker, struct dx__socket *socket, const struct dx_piece *piece)
{
	struct dx__framing *framing = dx__route_framing(socket);
	if (!dx__route_leads_to(socket)) {
		dx__put_reply(socket, piece);
		return;
	}
	pthread_mutex_lock(&framing->output);
	dx__framing_keep_reply(framing, piece);
	pthread_mutex_unlock(&framing->output);
	dx__route_flush_reply(worker, socket, piece->flags & DX_MESSAGE_LAST);
}

/* The last that is said to the peer, if that was not said already: what it broke, or that all is over. */
void dx__route_say_last(struct dx__worker *worker, struct dx__socket *socket, uint32_t error)
{
	struct dx__framing *framing = dx__route_framing(socket);
	if (!framing)
		return;
	if (!dx__route_leads_to(socket)) {
		dx__put_refusal(socket, error);
		return;
	}
	pthread_mutex_lock(&framing->output);
	dx__framing_keep_refusal(framing, error);
	pthread_mutex_unlock(&framing->output);
	dx__route_flush_reply(worker, socket, true);
}
