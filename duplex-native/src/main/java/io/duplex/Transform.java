/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;

/**
 * A function from bytes to bytes, for {@link DuplexEngine#joinThrough}. Called for each
 * chunk of one direction, one after the other, on the engine's executor.
 */
@FunctionalInterface
public interface Transform {

	/**
	 * Transform a chunk. Where chunks begin and end means nothing.
	 * @param chunk at least one byte; valid during the call alone
	 * @return what is to be sent, possibly nothing; sent before the next chunk is
	 * received
	 * @throws Exception ends the join and closes both sockets
	 */
	ByteBuffer apply(ByteBuffer chunk) throws Exception;

}
