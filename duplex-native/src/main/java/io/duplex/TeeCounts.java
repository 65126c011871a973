/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * What a tee has mirrored.
 *
 * @param bytesFromClient bytes of the first socket that the mirror's connection has taken
 * @param bytesFromBackend bytes of the second socket that the mirror's connection has
 * taken
 * @param pendingFromClient bytes of the first socket that wait for the mirror. When the
 * tee has ended: bytes that are queued for it ahead of whatever is sent to it next, or
 * lost if it is gone
 * @param pendingFromBackend bytes of the second socket, likewise
 */
public record TeeCounts(long bytesFromClient, long bytesFromBackend, long pendingFromClient, long pendingFromBackend) {

	static final TeeCounts ZERO = new TeeCounts(0, 0, 0, 0);

	TeeCounts plus(TeeDirection direction, long bytes, long pending) {
		return (direction == TeeDirection.CLIENT_TO_BACKEND)
				? new TeeCounts(this.bytesFromClient + bytes, this.bytesFromBackend, this.pendingFromClient + pending,
						this.pendingFromBackend)
				: new TeeCounts(this.bytesFromClient, this.bytesFromBackend + bytes, this.pendingFromClient,
						this.pendingFromBackend + pending);
	}

}
