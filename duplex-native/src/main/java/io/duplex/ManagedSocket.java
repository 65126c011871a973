/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

import org.jspecify.annotations.Nullable;

/**
 * A socket that begins fresh, and is connected or bound later. What it does then is done
 * by a {@link NativeSocket} or by {@link BoundListeners}.
 */
final class ManagedSocket implements DuplexSocket {

	private final NativeEngine engine;

	private final SocketRole role;

	ManagedSocket(NativeEngine engine) {
		this.engine = engine;
		this.role = new SocketRole(engine);
	}

	NativeEngine engine() {
		return this.engine;
	}

	/**
	 * The connection.
	 * @param operation what needs it
	 * @return the socket
	 */
	NativeSocket connected(String operation) {
		return this.role.connected(operation);
	}

	/**
	 * What it listens with.
	 * @param operation what needs it
	 * @return the listeners
	 */
	BoundListeners bound(String operation) {
		return this.role.bound(operation);
	}

	boolean isBound() {
		return this.role.listeners() != null;
	}

	// ---- beginning ----

	@Override
	public void connect(DuplexAddress address, ConnectOptions options) {
		this.role.connect(address, options);
	}

	@Override
	public CompletionStage<Void> connectAsync(DuplexAddress address, ConnectOptions options) {
		return this.role.connectAsync(address, options);
	}

	@Override
	public DuplexAddress bind(DuplexAddress address) {
		return this.role.bind(address);
	}

	@Override
	public CompletionStage<DuplexAddress> bindAsync(DuplexAddress address) {
		return this.engine.core().later(() -> bind(address));
	}

	@Override
	public <T> void setOption(DuplexSocketOption<T> option, T value) {
		this.role.setOption(option, value);
	}

	@Override
	public <T> T getOption(DuplexSocketOption<T> option) {
		return this.role.getOption(option);
	}

	@Override
	public long id() {
		BoundListeners listeners = this.role.listeners();
		return (listeners != null) ? listeners.first().id() : connected("tell the id of").id();
	}

	@Override
	public DuplexAddress localAddress() {
		BoundListeners listeners = this.role.listeners();
		return (listeners != null) ? listeners.first().address()
				: connected("tell the local address of").localAddress();
	}

	// ---- as bound ----

	@Override
	public DuplexSocket accept() {
		return bound("accept on").accept(Deadline.NEVER);
	}

	@Override
	public DuplexSocket accept(Duration timeout) {
		return bound("accept on").accept(Deadline.after(timeout));
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync() {
		return bound("accept on").acceptAsync(Deadline.NEVER);
	}

	@Override
	public CompletionStage<DuplexSocket> acceptAsync(Duration timeout) {
		return bound("accept on").acceptAsync(Deadline.after(timeout));
	}

	// ---- as connected ----

	@Override
	public DuplexAddress peerAddress() {
		return connected("tell the peer of").peerAddress();
	}

	@Override
	public Join join(DuplexSocket other, JoinOption... options) {
		return this.engine.join(this, other, options);
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket other, JoinOption... options) {
		return this.engine.joinAsync(this, other, JoinOptions.of(options));
	}

	@Override
	public void setCodec(@Nullable Codec codec) {
		connected("set the codec of").setCodec(codec);
	}

	@Override
	public @Nullable Message get() {
		return connected("get a message from").get();
	}

	@Override
	public @Nullable Message get(Duration timeout) {
		return connected("get a message from").get(timeout);
	}

	@Override
	public int get(List<Message> into, int max) {
		return connected("get messages from").get(into, max);
	}

	@Override
	public @Nullable Message tryGet() {
		return connected("get a message from").tryGet();
	}

	@Override
	public CompletionStage<@Nullable Message> getAsync() {
		return connected("get a message from").getAsync();
	}

	@Override
	public CompletionStage<@Nullable Message> getAsync(Duration timeout) {
		return connected("get a message from").getAsync(timeout);
	}

	@Override
	public CompletionStage<Integer> getAsync(List<Message> into, int max) {
		return connected("get messages from").getAsync(into, max);
	}

	@Override
	public void put(List<Message> messages) {
		connected("put messages to").put(messages);
	}

	@Override
	public boolean tryPut(Message message) {
		return connected("put a message to").tryPut(message);
	}

	@Override
	public CompletionStage<Void> putAsync(List<Message> messages) {
		return connected("put messages to").putAsync(messages);
	}

	@Override
	public int receive(ByteBuffer buffer) {
		return connected("receive from").receive(buffer);
	}

	@Override
	public int receive(ByteBuffer buffer, Duration timeout) {
		return connected("receive from").receive(buffer, timeout);
	}

	@Override
	public int tryReceive(ByteBuffer buffer) {
		return connected("receive from").tryReceive(buffer);
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer) {
		return connected("receive from").receiveAsync(buffer);
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer, Duration timeout) {
		return connected("receive from").receiveAsync(buffer, timeout);
	}

	@Override
	public void send(ByteBuffer buffer) {
		connected("send to").send(buffer);
	}

	@Override
	public void send(ByteBuffer buffer, Duration timeout) {
		connected("send to").send(buffer, timeout);
	}

	@Override
	public int trySend(ByteBuffer buffer) {
		return connected("send to").trySend(buffer);
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer) {
		return connected("send to").sendAsync(buffer);
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer, Duration timeout) {
		return connected("send to").sendAsync(buffer, timeout);
	}

	@Override
	public void sendFile(Path file, long offset, long count) {
		connected("send a file to").sendFile(file, offset, count);
	}

	@Override
	public void sendFile(FileChannel file, long offset, long count, Duration timeout) {
		connected("send a file to").sendFile(file, offset, count, timeout);
	}

	@Override
	public CompletionStage<Void> sendFileAsync(Path file, long offset, long count) {
		return connected("send a file to").sendFileAsync(file, offset, count);
	}

	@Override
	public CompletionStage<Void> sendFileAsync(FileChannel file, long offset, long count, Duration timeout) {
		return connected("send a file to").sendFileAsync(file, offset, count, timeout);
	}

	@Override
	public void shutdownOutput() {
		connected("shut down the output to").shutdownOutput();
	}

	@Override
	public CompletionStage<Void> shutdownOutputAsync() {
		return connected("shut down the output to").shutdownOutputAsync();
	}

	@Override
	public void passTo(DuplexSocket carrier, Duration timeout) {
		connected("pass on").passTo(carrier, timeout);
	}

	@Override
	public CompletionStage<Void> passToAsync(DuplexSocket carrier, Duration timeout) {
		return connected("pass on").passToAsync(carrier, timeout);
	}

	@Override
	public ReleasedChannel toSocketChannel() {
		return connected("release").toSocketChannel();
	}

	@Override
	public CompletionStage<ReleasedChannel> toSocketChannelAsync() {
		return connected("release").toSocketChannelAsync();
	}

	@Override
	public ReleasedSocket release() {
		return connected("release").release();
	}

	@Override
	public ReleasedSocket release(Duration timeout) {
		return connected("release").release(timeout);
	}

	@Override
	public CompletionStage<ReleasedSocket> releaseAsync() {
		return connected("release").releaseAsync();
	}

	@Override
	public CompletionStage<ReleasedSocket> releaseAsync(Duration timeout) {
		return connected("release").releaseAsync(timeout);
	}

	// ---- closing ----

	@Override
	public void close() {
		this.role.close(NativeSocket::close);
	}

	@Override
	public void reset() {
		this.role.close(NativeSocket::reset);
	}

	@Override
	public CompletionStage<Long> closeAsync(Duration timeout) {
		return this.role.closeAsync(timeout);
	}

	@Override
	public boolean isClosed() {
		return this.role.isClosed();
	}

	@Override
	public String toString() {
		return this.role.toString();
	}

}
