/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.boot.actuate.endpoint;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

import io.duplex.DuplexAddress;
import io.duplex.DuplexEngine;
import io.duplex.JoinLimits;
import io.duplex.JoinOption;
import io.duplex.JoinPage;
import io.duplex.JoinQuery;
import io.duplex.JoinSnapshot;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.util.Assert;

/**
 * {@link Endpoint @Endpoint} to expose joins, those of proxies and those that the
 * application made, and to end them where access to the endpoint is unrestricted.
 */
@Endpoint(id = "duplexjoins", defaultAccess = Access.READ_ONLY)
public class DuplexJoinsEndpoint {

	private static final int MAX_LIMIT = 500;

	private final DuplexEngine engine;

	/**
	 * Create a new endpoint.
	 * @param engine the engine
	 */
	public DuplexJoinsEndpoint(DuplexEngine engine) {
		Assert.notNull(engine, "'engine' must not be null");
		this.engine = engine;
	}

	/**
	 * List joins, a page at a time.
	 * @param proxy the name of the proxy whose joins are to be listed, or {@code null}
	 * for all joins
	 * @param limit the greatest number of joins on the page, from 1 to 500
	 * @param after what the page before said is {@code next}, or {@code null} for the
	 * first page
	 * @return the page, or {@code null} if there is no such proxy
	 */
	@ReadOperation
	public @Nullable JoinsDescriptor joins(@Nullable String proxy, @Nullable Integer limit, @Nullable String after) {
		if (proxy != null && this.engine.findProxy(proxy).isEmpty()) {
			return null;
		}
		int count = (limit != null) ? limit : JoinQuery.DEFAULT_LIMIT;
		if (count < 1 || count > MAX_LIMIT) {
			throw new InvalidEndpointRequestException("limit must be between 1 and " + MAX_LIMIT + ": " + count,
					"limit must be between 1 and " + MAX_LIMIT);
		}
		try {
			return JoinsDescriptor.of(this.engine.joins(new JoinQuery(proxy, after, count)));
		}
		catch (IllegalArgumentException ex) {
			throw new InvalidEndpointRequestException("after is not the next of a page: '" + after + "'",
					"after must be the next of a page", ex);
		}
	}

	/**
	 * Describe one join.
	 * @param id its id
	 * @return the description, or {@code null} if it has ended or never was
	 */
	@ReadOperation
	public @Nullable JoinDescriptor join(@Selector String id) {
		return this.engine.findJoin(id).map(JoinDescriptor::of).orElse(null);
	}

	/**
	 * End one join: both its connections are closed.
	 * @param id its id
	 * @return whether there was such a join
	 */
	@DeleteOperation
	public boolean closeJoin(@Selector String id) {
		return this.engine.closeJoin(id);
	}

	/**
	 * A page of joins.
	 *
	 * @param joins the joins
	 * @param next for the parameter {@code after} of the next page, or {@code null} after
	 * the last
	 */
	public record JoinsDescriptor(List<JoinDescriptor> joins, @Nullable String next) implements OperationResponseBody {

		static JoinsDescriptor of(JoinPage page) {
			return new JoinsDescriptor(page.joins().stream().map(JoinDescriptor::of).toList(), page.next());
		}

	}

	/**
	 * Description of a join.
	 *
	 * @param id its id; a string because JavaScript's numbers cannot hold it
	 * @param proxy name of the proxy that it belongs to, or {@code null} for one that the
	 * application made
	 * @param client the client's address, or {@code null} if it is not known
	 * @param backend the backend's address, or {@code null} if there is none yet
	 * @param since when it was made, in ISO-8601 form
	 * @param idle the time since the last byte, in ISO-8601 form
	 * @param bytes numbers of bytes
	 * @param messages numbers of messages of a route, {@code null} for other joins
	 * @param path how bytes move each way
	 * @param state where it is in its life: deciding, connecting, open, half-closed,
	 * closing, listening or ended
	 * @param flags what makes it different from a plain join: half-duplex, no-close,
	 * lossy or tee; of a plain one, none
	 * @param limits how long, how much and how fast
	 */
	public record JoinDescriptor(String id, @Nullable String proxy, @Nullable String client, @Nullable String backend,
			String since, String idle, BytesDescriptor bytes, @Nullable MessagesDescriptor messages,
			PathDescriptor path, String state, List<String> flags,
			LimitsDescriptor limits) implements OperationResponseBody {

		static JoinDescriptor of(JoinSnapshot join) {
			return new JoinDescriptor(join.idText(), join.proxy(), text(join.clientAddress()),
					text(join.backendAddress()), join.since().toString(), join.idle().toString(),
					new BytesDescriptor(join.bytesFromClient(), join.bytesFromBackend()), MessagesDescriptor.of(join),
					new PathDescriptor(Words.of(join.pathFromClient()), Words.of(join.pathFromBackend())),
					Words.of(join.state()), flags(join), LimitsDescriptor.of(join));
		}

		private static List<String> flags(JoinSnapshot join) {
			return Stream
				.concat(join.flags().stream().sorted().map(Words::of), join.tee() ? Stream.of("tee") : Stream.empty())
				.toList();
		}

		private static @Nullable String text(@Nullable DuplexAddress address) {
			return (address != null) ? address.toString() : null;
		}

	}

	/**
	 * Messages of a route.
	 *
	 * @param fromClient delivered to the backend
	 * @param fromBackend delivered to the client
	 */
	public record MessagesDescriptor(long fromClient, long fromBackend) {

		static @Nullable MessagesDescriptor of(JoinSnapshot join) {
			return join.flags().contains(JoinOption.ROUTE)
					? new MessagesDescriptor(join.messagesFromClient(), join.messagesFromBackend()) : null;
		}

	}

	/**
	 * What a join may do. A limit that is off is {@code null}.
	 *
	 * @param idleTimeout the time without a byte after which it ends, in ISO-8601 form
	 * @param halfCloseTimeout the same, once one direction has ended
	 * @param maxLifetime the age at which it ends, in ISO-8601 form
	 * @param maxBytes the number of bytes, both directions together, with which it ends
	 * @param rate the most bytes a second, or {@code null} if neither direction is
	 * limited
	 * @param maxLag the bytes of memory that may wait for a lossy sink, or {@code null}
	 * for a join without one
	 */
	public record LimitsDescriptor(@Nullable String idleTimeout, @Nullable String halfCloseTimeout,
			@Nullable String maxLifetime, @Nullable Long maxBytes, @Nullable RateDescriptor rate,
			@Nullable Long maxLag) {

		static LimitsDescriptor of(JoinSnapshot join) {
			JoinLimits limits = join.limits();
			boolean metered = limits.rateFromClient() > 0 || limits.rateFromBackend() > 0;
			return new LimitsDescriptor(text(limits.idleTimeout()), text(limits.halfCloseTimeout()),
					text(limits.maxLifetime()), orNull(limits.maxBytes()),
					metered ? new RateDescriptor(orNull(limits.rateFromClient()), orNull(limits.rateFromBackend()))
							: null,
					orNull(join.maxLag()));
		}

		private static @Nullable String text(Duration limit) {
			return limit.isZero() ? null : limit.toString();
		}

		private static @Nullable Long orNull(long limit) {
			return (limit != 0) ? limit : null;
		}

	}

	/**
	 * Bytes a second, {@code null} for a direction that is not limited.
	 *
	 * @param fromClient to the backend
	 * @param fromBackend to the client
	 */
	public record RateDescriptor(@Nullable Long fromClient, @Nullable Long fromBackend) {

	}

	/**
	 * How bytes move: by copy, by splice, or none if there is no such direction.
	 *
	 * @param fromClient to the backend
	 * @param fromBackend to the client
	 */
	public record PathDescriptor(String fromClient, String fromBackend) {

	}

}
