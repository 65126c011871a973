/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/**
 * A connection that is Java's again.
 *
 * @param channel a blocking channel
 * @param unread bytes that were received from it and not read: they come before those
 * that the channel reads
 */
public record ReleasedChannel(SocketChannel channel, ByteBuffer unread) {

}
