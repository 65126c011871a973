/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

/**
 * What a join had moved when it was undone.
 *
 * @param bytesFromClient bytes delivered to the backend side
 * @param bytesFromBackend bytes delivered to the client side
 * @param pendingFromClient bytes read from the client side that are queued for the
 * backend side, ahead of whatever is sent to it next
 * @param pendingFromBackend bytes read from the backend side that are queued for the
 * client side
 */
public record UnjoinResult(long bytesFromClient, long bytesFromBackend, long pendingFromClient,
		long pendingFromBackend) {

}
