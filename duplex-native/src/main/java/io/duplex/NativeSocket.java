/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import org.jspecify.annotations.Nullable;

/**
 * A connected socket of the native engine. What can be done with it is done by the parts
 * that it is made of; those that use the same half take turns.
 */
final class NativeSocket implements DuplexSocket {

	private final SocketHandle handle;

	private final ReadyLoop input;

	private final ReadyLoop output;

	private final SocketBytes bytes;

	private final PutBack putBack = new PutBack();

	private final SocketCodec codec;

	private final ByteInput byteInput;

	private final ByteOutput byteOutput;

	private final FileOutput fileOutput;

	private final MessageInput messageInput;

	private final MessageOutput messageOutput;

	private final Passing passing;

	private final Release release;

	NativeSocket(NativeEngine engine, long id) {
		EngineCore core = engine.core();
		this.handle = new SocketHandle(engine, id);
		this.input = new ReadyLoop(core, id, Dx.DX_READABLE);
		this.output = new ReadyLoop(core, id, Dx.DX_WRITABLE);
		this.bytes = new SocketBytes(core.scratch(), id);
		this.codec = new SocketCodec(this.handle, this.putBack);
		this.byteInput = new ByteInput(this.handle, this.input, this.bytes, this.putBack);
		this.byteOutput = new ByteOutput(this.handle, this.output, this.bytes);
		this.fileOutput = new FileOutput(this.handle, this.output);
		this.messageInput = new MessageInput(this.handle, this.input, this.codec);
		this.messageOutput = new MessageOutput(this.handle, this.output, this.codec);
		this.passing = new Passing(this.handle, this.output);
		this.release = new Release(this.handle, this.bytes, this.putBack);
	}

	/**
	 * What is behind a connected socket of any engine.
	 * @param socket the socket
	 * @param operation what needs it
	 * @return the socket behind it
	 */
	static NativeSocket of(DuplexSocket socket, String operation) {
		if (socket instanceof ManagedSocket managed) {
			return managed.connected(operation);
		}
		if (socket instanceof NativeSocket own) {
			return own;
		}
		throw new IllegalArgumentException(socket + " is not a socket of an engine");
	}

	NativeEngine engine() {
		return this.handle.engine();
	}

	EngineCore core() {
		return this.handle.core();
	}

	/**
	 * Its input half, one caller at a time.
	 * @return the loop behind receiving
	 */
	ReadyLoop input() {
		return this.input;
	}

	/**
	 * Its output half, one caller at a time.
	 * @return the loop behind sending
	 */
	ReadyLoop output() {
		return this.output;
	}

	SocketBytes bytes() {
		return this.bytes;
	}

	MessageStream messages() {
		return this.codec.messages();
	}

	/**
	 * Make sure that a worker can decode and encode its messages.
	 * @throws DuplexException when its codec is written in Java
	 */
	void requireNoCodecInJava() {
		this.codec.requireNotInJava();
	}

	/**
	 * Make sure that a join moves all that was received and not read.
	 * @throws SocketBusyException when there are bytes that only {@link #receive} can see
	 */
	void requireNothingPutBack() {
		this.putBack.requireEmpty(this.handle);
	}

	/**
	 * What exceptions call it.
	 * @return its peer, or its id
	 */
	String subject() {
		return this.handle.subject();
	}

	/**
	 * Something could not be done.
	 * @param operation what
	 * @param result a negative errno
	 * @return the exception
	 */
	DuplexException failure(String operation, long result) {
		return this.handle.failure(operation, result);
	}

	@Override
	public long id() {
		return this.handle.id();
	}

	@Override
	public DuplexAddress localAddress() {
		return this.handle.localAddress();
	}

	@Override
	public DuplexAddress peerAddress() {
		return this.handle.peerAddress();
	}

	@Override
	public void connect(DuplexAddress address, ConnectOptions options) {
		throw connected("connect");
	}

	@Override
	public CompletionStage<Void> connectAsync(DuplexAddress address, ConnectOptions options) {
		throw connected("connect");
	}

	@Override
	public DuplexAddress bind(DuplexAddress address) {
		throw connected("bind");
	}

	@Override
	public CompletionStage<DuplexAddress> bindAsync(DuplexAddress address) {
		throw connected("bind");
	}

	@Override
	public DuplexSocket accept() {
		throw connected("accept on");
	}

	@Override
	public DuplexSocket accept(Duration timeout) {
		throw connected("accept on");
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync() {
		throw connected("accept on");
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync(Duration timeout) {
		throw connected("accept on");
	}

	private DuplexException connected(String operation) {
		return new DuplexException(operation, subject(), null, "it is connected already: take a fresh engine.socket()",
				null);
	}

	@Override
	public Join join(DuplexSocket other, JoinOption... options) {
		return engine().join(this, other, options);
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket other, JoinOption... options) {
		return engine().joinAsync(this, other, JoinOptions.of(options));
	}

	@Override
	public <T> void setOption(DuplexSocketOption<T> option, T value) {
		SocketOptions.set(id(), subject(), core().failures(), option, value);
	}

	@Override
	public <T> T getOption(DuplexSocketOption<T> option) {
		return SocketOptions.get(id(), subject(), core().failures(), option);
	}

	@Override
	public int receive(ByteBuffer buffer) {
		return this.byteInput.receive(buffer, Deadline.NEVER);
	}

	@Override
	public int receive(ByteBuffer buffer, Duration timeout) {
		return this.byteInput.receive(buffer, Deadline.after(timeout));
	}

	@Override
	public int tryReceive(ByteBuffer buffer) {
		return this.byteInput.tryReceive(buffer);
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer) {
		return this.byteInput.receiveAsync(buffer, Deadline.NEVER);
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer, Duration timeout) {
		return this.byteInput.receiveAsync(buffer, Deadline.after(timeout));
	}

	@Override
	public void send(ByteBuffer buffer) {
		this.byteOutput.send(buffer, Deadline.NEVER);
	}

	@Override
	public void send(ByteBuffer buffer, Duration timeout) {
		this.byteOutput.send(buffer, Deadline.after(timeout));
	}

	@Override
	public int trySend(ByteBuffer buffer) {
		return this.byteOutput.trySend(buffer);
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer) {
		return this.byteOutput.sendAsync(buffer, Deadline.NEVER);
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer, Duration timeout) {
		return this.byteOutput.sendAsync(buffer, Deadline.after(timeout));
	}

	@Override
	public void sendFile(Path file, long offset, long count) {
		this.fileOutput.send(file, offset, count);
	}

	@Override
	public void sendFile(FileChannel file, long offset, long count, Duration timeout) {
		this.fileOutput.send(file, offset, count, Deadline.after(timeout));
	}

	@Override
	public CompletionStage<Void> sendFileAsync(Path file, long offset, long count) {
		return this.fileOutput.sendAsync(file, offset, count);
	}

	@Override
	public CompletionStage<Void> sendFileAsync(FileChannel file, long offset, long count, Duration timeout) {
		return this.fileOutput.sendAsync(file, offset, count, Deadline.after(timeout));
	}

	@Override
	public void shutdownOutput() {
		this.byteOutput.shutdown();
	}

	@Override
	public CompletionStage<Void> shutdownOutputAsync() {
		return this.byteOutput.shutdownAsync();
	}

	@Override
	public void setCodec(@Nullable Codec codec) {
		this.codec.set(codec);
	}

	@Override
	public @Nullable Message get() {
		return this.messageInput.get(Deadline.NEVER);
	}

	@Override
	public @Nullable Message get(Duration timeout) {
		return this.messageInput.get(Deadline.after(timeout));
	}

	@Override
	public int get(List<Message> into, int max) {
		return this.messageInput.get(into, max);
	}

	@Override
	public @Nullable Message tryGet() {
		return this.messageInput.tryGet();
	}

	@Override
	public CompletionStage<@Nullable Message> getAsync() {
		return this.messageInput.getAsync(Deadline.NEVER);
	}

	@Override
	public CompletionStage<@Nullable Message> getAsync(Duration timeout) {
		return this.messageInput.getAsync(Deadline.after(timeout));
	}

	@Override
	public CompletionStage<Integer> getAsync(List<Message> into, int max) {
		return this.messageInput.getAsync(into, max);
	}

	@Override
	public void put(List<Message> messages) {
		this.messageOutput.put(messages);
	}

	@Override
	public boolean tryPut(Message message) {
		return this.messageOutput.tryPut(message);
	}

	@Override
	public CompletionStage<Void> putAsync(List<Message> messages) {
		return this.messageOutput.putAsync(messages);
	}

	@Override
	public void passTo(DuplexSocket carrier, Duration timeout) {
		this.passing.pass(carrierOf(carrier), Deadline.afterOrNever(timeout));
	}

	@Override
	public CompletionStage<Void> passToAsync(DuplexSocket carrier, Duration timeout) {
		return this.passing.passAsync(carrierOf(carrier), Deadline.afterOrNever(timeout));
	}

	private NativeSocket carrierOf(DuplexSocket carrier) {
		requireNothingPutBack();
		return engine().connected(carrier);
	}

	@Override
	public ReleasedChannel toSocketChannel() {
		return this.release.toSocketChannel();
	}

	@Override
	public CompletionStage<ReleasedChannel> toSocketChannelAsync() {
		return core().later(this::toSocketChannel);
	}

	@Override
	public ReleasedSocket release() {
		return this.release.release(0);
	}

	@Override
	public ReleasedSocket release(Duration timeout) {
		return this.release.release(Millis.limit(timeout));
	}

	@Override
	public CompletionStage<ReleasedSocket> releaseAsync() {
		return core().later(() -> this.release.release(0));
	}

	@Override
	public CompletionStage<ReleasedSocket> releaseAsync(Duration timeout) {
		int millis = Millis.limit(timeout);
		return core().later(() -> this.release.release(millis));
	}

	@Override
	public void close() {
		close(0, 0);
	}

	@Override
	public void reset() {
		close(Dx.DX_CLOSE_RESET, 0);
	}

	@Override
	public CompletionStage<Long> closeAsync(Duration timeout) {
		return core().completions().map(close(0, Millis.limit(timeout)), Event::value);
	}

	private CompletableFuture<Event> close(int flags, int millis) {
		this.handle.letGo();
		return core().commands().submit((token) -> LibDuplex.dx_close(id(), flags, millis, token));
	}

	@Override
	public boolean isClosed() {
		return this.handle.isClosed();
	}

	@Override
	public String toString() {
		return "DuplexSocket[" + subject() + "]";
	}

}
