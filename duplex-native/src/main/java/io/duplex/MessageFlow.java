/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import org.jspecify.annotations.Nullable;

/**
 * Messages through a {@link MessageTransform}. Ends are what they are to a route of the
 * engine: what one codec has to say at an end, the other says in its own way.
 */
final class MessageFlow implements Flow {

	private static final int NORMAL_CLOSURE = 1000;

	private final NativeSocket source;

	private final NativeSocket sink;

	private final MessageStream input;

	private final MessageStream output;

	private final int inputType;

	private final int outputType;

	private final MessageTransform transform;

	private final List<Message> got = new ArrayList<>(1);

	/** What is to be put. */
	private List<Message> results = List.of();

	private boolean isLastPut;

	private Ending ending = Ending.NOT_YET;

	private volatile long received;

	private volatile long sent;

	private volatile long messagesReceived;

	private volatile long messagesSent;

	MessageFlow(NativeSocket source, NativeSocket sink, MessageTransform transform) {
		this.source = source;
		this.sink = sink;
		this.input = source.messages();
		this.output = sink.messages();
		this.inputType = this.input.type();
		this.outputType = this.output.type();
		this.transform = transform;
	}

	@Override
	public long receive() {
		this.got.clear();
		long count = this.input.get(this.got, 1);
		if (count > 0) {
			Message message = this.got.get(0);
			this.received += message.payload().remaining();
			this.messagesReceived++;
			if (message.last()) {
				this.ending = (this.inputType == Dx.DX_CODEC_WEBSOCKET) ? Ending.CLOSED : Ending.FINISHED;
			}
		}
		else if (count == 0) {
			this.ending = (this.outputType == Dx.DX_CODEC_WEBSOCKET) ? Ending.END_OF_MESSAGES : Ending.END_OF_STREAM;
		}
		return count;
	}

	@Override
	public void transform() throws Exception {
		Message message = this.got.isEmpty() ? null : this.got.get(0);
		boolean isEnd = this.ending != Ending.NOT_YET;
		List<Message> results = new ArrayList<>();
		if (isEnd) {
			results.addAll(this.transform.finish());
		}
		if (message != null) {
			for (Message result : this.transform.applyToMany(message)) {
				Message mine = (result == message) ? translated(message) : Objects.requireNonNull(result);
				if (mine != null) {
					results.add(mine);
				}
			}
		}
		if (isEnd) {
			tellEnd(results);
		}
		this.results = results;
		this.got.clear();
	}

	/** As a route of the engine does with what its source's codec alone knows. */
	private @Nullable Message translated(Message message) {
		if (this.inputType == this.outputType) {
			return message;
		}
		boolean saysNothing = message.control() || (message.last() && !message.payload().hasRemaining());
		return saysNothing ? null : Message.of(message.payload());
	}

	/** In the sink's way, unless a message does it already. */
	private void tellEnd(List<Message> results) {
		if (this.isLastPut || results.stream().anyMatch(Message::last)) {
			return;
		}
		if (this.outputType == Dx.DX_CODEC_WEBSOCKET) {
			results.add(Message.close(NORMAL_CLOSURE, ""));
		}
		else if (this.outputType == Dx.DX_CODEC_CHUNKED) {
			results.add(Message.of(new byte[0]).withLast());
		}
	}

	@Override
	public long send() {
		while (!this.results.isEmpty()) {
			long count = this.output.put(this.results);
			if (count < 0) {
				return count;
			}
			for (Message message : this.results.subList(0, (int) count)) {
				this.sent += message.payload().remaining();
				this.messagesSent++;
				this.isLastPut |= message.last();
			}
			this.results = this.results.subList((int) count, this.results.size());
		}
		return 0;
	}

	/**
	 * A message is taken whole or not at all: there has to be room for its first byte.
	 */
	@Override
	public @Nullable CompletableFuture<Event> leave() {
		return null;
	}

	@Override
	public void left() {
		throw new IllegalStateException("nothing was left to the engine");
	}

	@Override
	public Ending ending() {
		return this.ending;
	}

	@Override
	public boolean isInside() {
		return this.input.isInside();
	}

	@Override
	public long millisUntilLate() {
		return this.input.millisUntilLate();
	}

	@Override
	public @Nullable DuplexException refusal(long result, boolean isInput) {
		if (Errno.EPROTO.is(result)) {
			return isInput ? this.input.failure("get a message from", this.source.toString(), true)
					: this.output.failure("put a message to", this.sink.toString(), false);
		}
		if (!isInput && (Errno.EMSGSIZE.is(result) || (Errno.EPIPE.is(result) && this.isLastPut))) {
			return new DuplexException("put a message to", this.sink.toString(), Failures.error(result),
					this.isLastPut ? "another message was the last" : "it is longer than the codec's greatest message",
					null);
		}
		return null;
	}

	@Override
	public Counts counts() {
		return new Counts(this.received, this.sent, this.messagesReceived, this.messagesSent);
	}

}
