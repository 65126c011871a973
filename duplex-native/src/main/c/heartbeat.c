/* SPDX-License-Identifier: Apache-2.0 */
#include "heartbeat.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

void dx__heartbeat_begin(struct dx__heartbeat *heartbeat, const struct dx__framing *framing, uint64_t now)
{
	if (framing && framing->options.ping_interval)
		heartbeat->at = now + framing->options.ping_interval;
}

static int unsent_bytes(const struct dx__socket *socket)
{
	int unsent;
	return ioctl(socket->fd, SIOCOUTQ, &unsent) == -1 ? -1 : unsent;
}

bool dx__heartbeat_beat(struct dx__heartbeat *heartbeat, struct dx__framing *framing, struct dx__stream *from,
		const struct dx__stream *to, uint64_t now)
{
	struct dx__socket *socket = from->source;
	uint64_t queued = atomic_load_explicit(&socket->input_queued, memory_order_relaxed);
	uint64_t progress = framing->decoded + queued + to->account.delivered;
	int unsent = unsent_bytes(socket);
	/* One that waits for the end of a frame has asked nobody. */
	bool was_asked = heartbeat->asked && !dx__framing_has_reply(framing);
	/* Nobody knows what has come from a peer that the other side holds back. */
	if (was_asked && progress == heartbeat->progress && unsent >= heartbeat->unsent && dx__stream_may_take(from))
		return false;
	heartbeat->asked = true;
	heartbeat->progress = progress;
	heartbeat->unsent = unsent;
	heartbeat->at = now + framing->options.ping_interval;
	pthread_mutex_lock(&framing->output);
	dx__framing_keep_ping(framing);
	pthread_mutex_unlock(&framing->output);
	return true;
}
