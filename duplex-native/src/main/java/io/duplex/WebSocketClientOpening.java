/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The opening handshake at the client's end: a request goes, a response comes.
 */
final class WebSocketClientOpening extends WebSocketOpening {

	/** For the beginning of what a server says beside its refusal. */
	private static final Duration BODY_LIMIT = Duration.ofSeconds(1);

	private static final int MOST_INTERIMS = 10;

	private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[0-9] ([1-5][0-9]{2})(?: (.*))?",
			Pattern.DOTALL);

	private final WebSocketOffer offer;

	private HttpHeadReceiver receiver;

	private int interims;

	private int status;

	WebSocketClientOpening(NativeSocket socket, WebSocketOffer offer, WebSocketOptions options) {
		super(socket, options, "open a WebSocket to");
		this.offer = offer;
		this.receiver = new HttpHeadReceiver(socket, options.maxHeaderSize(), false);
	}

	@Override
	void begin() {
		send(this.offer.request(), this::receiveResponse, () -> {
		});
	}

	private void receiveResponse() {
		receive(this.receiver, "response");
	}

	@Override
	void received(HttpHead response) throws WebSocketFault {
		Matcher line = STATUS_LINE.matcher(response.startLine());
		if (!line.matches()) {
			throw WebSocketFault.malformed("it has no status line of HTTP/1.1").about(response.startLine());
		}
		this.status = Integer.parseInt(line.group(1));
		if (this.status == 101) {
			complete(this.offer.judge(response));
		}
		else if (this.status < 200) {
			// An interim response: the final one follows (RFC 9110 section 15.2).
			if (++this.interims > MOST_INTERIMS) {
				throw WebSocketFault.malformed("there are more than " + MOST_INTERIMS + " interim ones");
			}
			this.receiver = new HttpHeadReceiver(socket(), options().maxHeaderSize(), false);
			receiveResponse();
		}
		else {
			refused(new WebSocketRefusal(this.status, (line.group(2) != null) ? line.group(2) : "", response));
		}
	}

	private void refused(WebSocketRefusal refusal) {
		limit(BODY_LIMIT,
				(over) -> socket().input()
					.run(() -> refusal.receiveBody(socket().bytes()), (result) -> result, over)
					.whenComplete((done, ex) -> fail(exception(this.status, refusal.description()))));
	}

	@Override
	void late() {
		fail(exception(0, "no response came in " + options().timeout()));
	}

	@Override
	void faulty(WebSocketFault fault) {
		fail(exception(this.status, "the response cannot be accepted, " + fault.description()));
	}

}
