/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * What a {@link TransformJoin} has moved. What was left to the engine when it was undone
 * counts as sent.
 *
 * @param receivedFromClient bytes that the first socket has received
 * @param sentToBackend bytes that were sent to the second socket
 * @param receivedFromBackend bytes that the second socket has received
 * @param sentToClient bytes that were sent to the first socket
 */
public record TransformCounts(long receivedFromClient, long sentToBackend, long receivedFromBackend,
		long sentToClient) {

}
