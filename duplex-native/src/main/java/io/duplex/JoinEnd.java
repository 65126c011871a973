/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * How a join ended.
 *
 * @param reason why
 * @param side who caused it
 * @param error the error, for example {@code "ECONNRESET: Connection reset by peer"}, or
 * what the codec of a route refused and where, or null
 * @param bytesFromClient bytes delivered to the backend side
 * @param bytesFromBackend bytes delivered to the client side
 * @param pendingFromClient bytes read from the client side and not delivered: queued for
 * the backend side after an unjoin, otherwise lost
 * @param pendingFromBackend bytes read from the backend side and not delivered
 * @param messagesFromClient of a route: messages delivered to the backend side
 * @param messagesFromBackend of a route: messages delivered to the client side
 * @param duration the age that the join reached
 */
public record JoinEnd(JoinEndReason reason, JoinSide side, @Nullable String error, long bytesFromClient,
		long bytesFromBackend, long pendingFromClient, long pendingFromBackend, long messagesFromClient,
		long messagesFromBackend, Duration duration) {

}
