/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * What a {@link TransformJoin} has moved. What was left to the engine when it was undone
 * counts as sent. Of messages ({@link DuplexEngine#routeThrough}) the bytes are those of
 * their payloads; where bytes are moved, no messages are counted.
 *
 * @param receivedFromClient bytes that the first socket has received
 * @param sentToBackend bytes that were sent to the second socket
 * @param receivedFromBackend bytes that the second socket has received
 * @param sentToClient bytes that were sent to the first socket
 * @param messagesFromClient messages that the first socket has received
 * @param messagesToBackend messages that were put to the second socket
 * @param messagesFromBackend messages that the second socket has received
 * @param messagesToClient messages that were put to the first socket
 */
public record TransformCounts(long receivedFromClient, long sentToBackend, long receivedFromBackend, long sentToClient,
		long messagesFromClient, long messagesToBackend, long messagesFromBackend, long messagesToClient) {

	/**
	 * Counts of bytes alone.
	 * @param receivedFromClient bytes that the first socket has received
	 * @param sentToBackend bytes that were sent to the second socket
	 * @param receivedFromBackend bytes that the second socket has received
	 * @param sentToClient bytes that were sent to the first socket
	 */
	public TransformCounts(long receivedFromClient, long sentToBackend, long receivedFromBackend, long sentToClient) {
		this(receivedFromClient, sentToBackend, receivedFromBackend, sentToClient, 0, 0, 0, 0);
	}

}
