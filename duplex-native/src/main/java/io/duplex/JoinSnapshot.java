/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;

import org.jspecify.annotations.Nullable;

/**
 * A join at one moment.
 *
 * @param id its number, positive and never used twice; {@link #idText()} for JSON
 * @param proxy name of the proxy that it belongs to, or null for one that the application
 * made
 * @param backend name of the proxy's backend, or null
 * @param clientAddress address of the first socket's peer, or null where the kernel
 * cannot tell any more
 * @param backendAddress address of the second socket's peer, or null while there is none
 * @param state where it is in its life
 * @param flags what makes it different from a plain join
 * @param tee whether it mirrors one direction of another join, see {@link Join#tee}
 * @param limits how long, how much and how fast, as of now; none once it has ended
 * @param maxLag bytes of memory that may wait for the sink of a lossy join or a tee; 0
 * for others
 * @param since when it was made
 * @param idle time since the last byte
 * @param bytesFromClient bytes delivered to the backend side
 * @param bytesFromBackend bytes delivered to the client side
 * @param pendingFromClient bytes in flight to the backend side
 * @param pendingFromBackend bytes in flight to the client side
 * @param messagesFromClient of a route: messages delivered to the backend side
 * @param messagesFromBackend of a route: messages delivered to the client side
 * @param pathFromClient how bytes move to the backend side
 * @param pathFromBackend how bytes move to the client side
 */
public record JoinSnapshot(long id, @Nullable String proxy, @Nullable String backend,
		@Nullable DuplexAddress clientAddress, @Nullable DuplexAddress backendAddress, JoinState state,
		Set<JoinOption> flags, boolean tee, JoinLimits limits, long maxLag, Instant since, Duration idle,
		long bytesFromClient, long bytesFromBackend, long pendingFromClient, long pendingFromBackend,
		long messagesFromClient, long messagesFromBackend, DataPath pathFromClient, DataPath pathFromBackend) {

	/**
	 * Create a snapshot.
	 */
	public JoinSnapshot {
		flags = Set.copyOf(flags);
	}

	/**
	 * The id as text: decimal digits.
	 * @return the text, as {@link DuplexEngine#findJoin(String)} takes it
	 */
	public String idText() {
		return Long.toString(this.id);
	}

}
