/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * The opening handshake at the server's end: a request comes, an answer goes.
 */
final class WebSocketServerOpening extends WebSocketOpening {

	/** As long as a socket that closes waits. */
	private static final Duration REFUSAL_LIMIT = Duration.ofSeconds(2);

	private final HttpHeadReceiver receiver;

	private @Nullable HttpHead head;

	WebSocketServerOpening(NativeSocket socket, WebSocketOptions options) {
		super(socket, options, "accept a WebSocket from");
		this.receiver = new HttpHeadReceiver(socket, options.maxHeaderSize(), true);
	}

	@Override
	void begin() {
		receive(this.receiver, "request");
	}

	@Override
	void received(HttpHead request) throws WebSocketFault {
		this.head = request;
		WebSocketRequest accepted = WebSocketRequest.read(request, options());
		send(accepted.response(), () -> complete(accepted.handshake()), this.receiver::giveBack);
	}

	@Override
	void late() {
		faulty(new WebSocketFault(408, "the request did not come in time"));
	}

	@Override
	void faulty(WebSocketFault fault) {
		boolean withBody = this.head == null || !this.head.startLine().startsWith("HEAD ");
		ByteBuffer refusal = ByteBuffer.wrap(fault.response(withBody));
		WebSocketHandshakeException refused = exception(fault.status(),
				"refused with " + fault.status() + ", " + fault.description());
		// Whether it arrives or not.
		limit(REFUSAL_LIMIT,
				(over) -> socket().output()
					.run(() -> socket().bytes().sendAll(refusal), (result) -> result, over)
					.whenComplete((done, ex) -> fail(refused)));
	}

}
