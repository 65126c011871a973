/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Event;
import io.duplex.ffi.JoinRow;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * What the engine says about joins, in the words of the API.
 */
final class JoinViews {

	private JoinViews() {
	}

	/**
	 * A join at one moment.
	 * @param row what the engine says
	 * @param proxy definition of the proxy that the join belongs to, or null
	 * @return the snapshot
	 */
	static JoinSnapshot snapshot(JoinRow row, @Nullable DuplexProxyDefinition proxy) {
		return new JoinSnapshot(row.id(), (proxy != null) ? proxy.name() : null, backend(proxy, row.backend()),
				AddressCodec.decode(row.aPeer()), AddressCodec.decode(row.bPeer()), state(row.state()),
				flags(row.flags()), (row.flags() & Dx.DX_JOIN_TEE) != 0, limits(row), row.maxLag(),
				instant(row.sinceNanos()), Duration.ofNanos(row.idleNanos()), row.aToB(), row.bToA(), row.aToBPending(),
				row.bToAPending(), row.aToBMessages(), row.bToAMessages(), path(row.aToBPath()), path(row.bToAPath()));
	}

	private static JoinLimits limits(JoinRow row) {
		return new JoinLimits(Duration.ofMillis(row.idleTimeout()), Duration.ofMillis(row.halfCloseTimeout()),
				Duration.ofMillis(row.maxLifetime()), row.maxBytes(), row.aToBRate(), row.bToARate());
	}

	private static @Nullable String backend(@Nullable DuplexProxyDefinition proxy, int index) {
		return (proxy != null && index >= 0 && index < proxy.backends().size()) ? proxy.backends().get(index).name()
				: null;
	}

	/**
	 * The end of a join.
	 * @param event what the engine says
	 * @return the end
	 */
	static JoinEnd end(Event event) {
		return new JoinEnd(reason(event.reason()), side(event.side()), error(event), event.aToB(), event.bToA(),
				event.aToBPending(), event.bToAPending(), event.aToBMessages(), event.bToAMessages(),
				Duration.ofNanos(event.durationNanos()));
	}

	private static @Nullable String error(Event event) {
		if (event.failure() != Dx.DX_CODEC_OK) {
			return LibDuplex.dx_codec_error_text(event.failure()) + ", at byte " + event.failureOffset();
		}
		SystemError error = Failures.error(event.result());
		return (error != null) ? error.toString() : null;
	}

	static UnjoinResult unjoined(Event event) {
		return new UnjoinResult(event.aToB(), event.bToA(), event.aToBPending(), event.bToAPending());
	}

	private static Instant instant(long nanos) {
		long second = TimeUnit.SECONDS.toNanos(1);
		return Instant.ofEpochSecond(nanos / second, nanos % second);
	}

	private static Set<JoinOption> flags(int flags) {
		Set<JoinOption> set = EnumSet.noneOf(JoinOption.class);
		for (JoinOption option : JoinOption.values()) {
			if ((flags & flag(option)) != 0) {
				set.add(option);
			}
		}
		return set;
	}

	/**
	 * A flag of {@code struct dx_join_options}.
	 * @param option the option
	 * @return one bit
	 */
	static int flag(JoinOption option) {
		return switch (option) {
			case HALF_DUPLEX -> Dx.DX_JOIN_HALF_DUPLEX;
			case NO_CLOSE -> Dx.DX_JOIN_NO_CLOSE;
			case LOSSY -> Dx.DX_JOIN_LOSSY;
			case ROUTE -> Dx.DX_JOIN_ROUTE;
		};
	}

	private static JoinState state(int state) {
		return switch (state) {
			case Dx.DX_JOIN_DECIDING -> JoinState.DECIDING;
			case Dx.DX_JOIN_CONNECTING, Dx.DX_JOIN_HANDSHAKING -> JoinState.CONNECTING;
			case Dx.DX_JOIN_OPEN -> JoinState.OPEN;
			case Dx.DX_JOIN_HALF_CLOSED -> JoinState.HALF_CLOSED;
			case Dx.DX_JOIN_CLOSING -> JoinState.CLOSING;
			case Dx.DX_JOIN_LISTENING -> JoinState.LISTENING;
			default -> throw new IllegalStateException("a join is in state " + state);
		};
	}

	private static DataPath path(int path) {
		return switch (path) {
			case Dx.DX_PATH_NONE -> DataPath.NONE;
			case Dx.DX_PATH_COPY -> DataPath.COPY;
			case Dx.DX_PATH_SPLICE -> DataPath.SPLICE;
			default -> throw new IllegalStateException("a join has the data path " + path);
		};
	}

	static JoinEndReason reason(int reason) {
		return switch (reason) {
			case Dx.DX_REASON_CLIENT_CLOSED -> JoinEndReason.CLIENT_CLOSED;
			case Dx.DX_REASON_BACKEND_CLOSED -> JoinEndReason.BACKEND_CLOSED;
			case Dx.DX_REASON_RESET -> JoinEndReason.RESET;
			case Dx.DX_REASON_IDLE -> JoinEndReason.IDLE;
			case Dx.DX_REASON_LIFETIME -> JoinEndReason.LIFETIME;
			case Dx.DX_REASON_UNJOINED -> JoinEndReason.UNJOINED;
			case Dx.DX_REASON_CLOSED -> JoinEndReason.CLOSED;
			case Dx.DX_REASON_SHUT_DOWN -> JoinEndReason.SHUT_DOWN;
			case Dx.DX_REASON_CONNECT_FAILED -> JoinEndReason.CONNECT_FAILED;
			case Dx.DX_REASON_ERROR -> JoinEndReason.ERROR;
			case Dx.DX_REASON_REFUSED -> JoinEndReason.REFUSED;
			case Dx.DX_REASON_BEHIND -> JoinEndReason.BEHIND;
			case Dx.DX_REASON_BYTES -> JoinEndReason.BYTES;
			case Dx.DX_REASON_PROTOCOL -> JoinEndReason.PROTOCOL;
			case Dx.DX_REASON_FINISHED -> JoinEndReason.FINISHED;
			default -> throw new IllegalStateException("a join ended for reason " + reason);
		};
	}

	private static JoinSide side(int side) {
		return switch (side) {
			case Dx.DX_SIDE_NONE -> JoinSide.NONE;
			case Dx.DX_SIDE_A -> JoinSide.CLIENT;
			case Dx.DX_SIDE_B -> JoinSide.BACKEND;
			default -> throw new IllegalStateException("side " + side + " has ended a join");
		};
	}

}
