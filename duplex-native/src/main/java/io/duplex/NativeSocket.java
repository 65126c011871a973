/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.function.LongSupplier;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

import io.duplex.ffi.Dx;
import io.duplex.ffi.Errno;
import io.duplex.ffi.Event;
import io.duplex.ffi.LibDuplex;
import io.duplex.ffi.NativeAddress;
import io.duplex.ffi.SocketInfo;
import org.jspecify.annotations.Nullable;

/**
 * A socket of the native engine.
 */
final class NativeSocket implements DuplexSocket {

	private static final String PASS = "pass on the connection to";

	/** Keeps the engine from being taken for leaked. */
	private final NativeEngine engine;

	private final EngineCore core;

	private final long id;

	private final SocketBytes bytes;

	/** As the codec has it. */
	private volatile MessageStream messages;

	private volatile boolean codecInJava;

	private final ReadyLoop input;

	private final ReadyLoop output;

	private final PutBack putBack = new PutBack();

	private final AtomicBoolean closed = new AtomicBoolean();

	private volatile @Nullable Addresses addresses;

	NativeSocket(NativeEngine engine, long id) {
		this.engine = engine;
		this.core = engine.core();
		this.id = id;
		this.bytes = new SocketBytes(this.core.scratch(), id);
		this.messages = new SocketMessages(this.core.scratch(), id);
		this.input = new ReadyLoop(this.core, id, Dx.DX_READABLE);
		this.output = new ReadyLoop(this.core, id, Dx.DX_WRITABLE);
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
		return this.engine;
	}

	EngineCore core() {
		return this.core;
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
		return this.messages;
	}

	/**
	 * Make sure that a worker can decode and encode its messages.
	 * @throws DuplexException when its codec is written in Java
	 */
	void requireNoCodecInJava() {
		if (this.codecInJava) {
			throw new DuplexException("route", subject(), null,
					"its codec is written in Java, which no worker can run: use DuplexEngine.routeThrough()", null);
		}
	}

	@Override
	public long id() {
		return this.id;
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
		return this.engine.join(this, other, options);
	}

	@Override
	public CompletionStage<Join> joinAsync(DuplexSocket other, JoinOption... options) {
		return this.engine.joinAsync(this, other, JoinOptions.of(options));
	}

	@Override
	public <T> void setOption(DuplexSocketOption<T> option, T value) {
		SocketOptions.set(this.id, subject(), this.core.failures(), option, value);
	}

	@Override
	public <T> T getOption(DuplexSocketOption<T> option) {
		return SocketOptions.get(this.id, subject(), this.core.failures(), option);
	}

	@Override
	public DuplexAddress localAddress() {
		return addresses("tell the local address of").local;
	}

	@Override
	public DuplexAddress peerAddress() {
		return addresses("tell the peer of").peer;
	}

	private Addresses addresses(String operation) {
		Addresses known = this.addresses;
		if (known != null) {
			return known;
		}
		SocketInfo info = new SocketInfo();
		int result = info.read(this.id);
		if (result < 0) {
			throw failure(operation, result);
		}
		Addresses fresh = new Addresses(decode(info.local()), decode(info.peer()));
		this.addresses = fresh;
		return fresh;
	}

	/**
	 * A socket that was reset meanwhile has no addresses any more, and is described as
	 * unnamed.
	 */
	private static DuplexAddress decode(NativeAddress address) {
		DuplexAddress decoded = AddressCodec.decode(address);
		return (decoded != null) ? decoded : DuplexAddress.unnamed();
	}

	@Override
	public int receive(ByteBuffer buffer) {
		return receive(buffer, Deadline.NEVER);
	}

	@Override
	public int receive(ByteBuffer buffer, Duration timeout) {
		return receive(buffer, Deadline.after(timeout));
	}

	private int receive(ByteBuffer buffer, Deadline deadline) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return 0;
		}
		try {
			return received(this.input.await(() -> tryToReceive(buffer), deadline));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("receive from", subject(), 0);
		}
	}

	@Override
	public int tryReceive(ByteBuffer buffer) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return 0;
		}
		long result = attempt(this.input, () -> tryToReceive(buffer));
		return Errno.EAGAIN.is(result) ? 0 : received(result);
	}

	/** Not at all when somebody else has the turn. */
	private static long attempt(ReadyLoop loop, LongSupplier attempt) {
		try {
			return loop.await(attempt, Deadline.after(Duration.ZERO));
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return -Errno.EAGAIN.number();
		}
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer) {
		return receiveAsync(buffer, Deadline.NEVER);
	}

	@Override
	public CompletionStage<Integer> receiveAsync(ByteBuffer buffer, Duration timeout) {
		return receiveAsync(buffer, Deadline.after(timeout));
	}

	private CompletionStage<Integer> receiveAsync(ByteBuffer buffer, Deadline deadline) {
		requireWritable(buffer);
		if (!buffer.hasRemaining()) {
			return CompletableFuture.completedStage(0);
		}
		return this.input.run(() -> tryToReceive(buffer), this::received, deadline).minimalCompletionStage();
	}

	private static void requireWritable(ByteBuffer buffer) {
		if (buffer.isReadOnly()) {
			throw new IllegalArgumentException("cannot receive into a read-only buffer");
		}
	}

	private int received(long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException("receive from", subject(), "no byte came in time", 0);
		}
		if (result < 0) {
			throw failure("receive from", result);
		}
		return (result == 0) ? -1 : (int) result;
	}

	@Override
	public void send(ByteBuffer buffer) {
		send(buffer, Deadline.NEVER);
	}

	@Override
	public void send(ByteBuffer buffer, Duration timeout) {
		send(buffer, Deadline.after(timeout));
	}

	private void send(ByteBuffer buffer, Deadline deadline) {
		int start = buffer.position();
		try {
			sent(this.output.await(() -> this.bytes.sendAll(buffer), deadline), buffer.position() - start);
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("send to", subject(), buffer.position() - start);
		}
	}

	@Override
	public int trySend(ByteBuffer buffer) {
		int start = buffer.position();
		long result = attempt(this.output, () -> this.bytes.sendAll(buffer));
		if (!Errno.EAGAIN.is(result)) {
			sent(result, buffer.position() - start);
		}
		return buffer.position() - start;
	}

	@Override
	public void sendFile(Path file, long offset, long count) {
		try (FileChannel channel = FileChannel.open(file)) {
			sendFile(channel, offset, count);
		}
		catch (IOException ex) {
			throw unreadable(file, ex);
		}
	}

	private static DuplexException unreadable(Path file, IOException cause) {
		return new DuplexException("send", file.toString(), null, "the file cannot be read: " + cause, cause);
	}

	@Override
	public void sendFile(FileChannel file, long offset, long count, Duration timeout) {
		FileTransfer transfer = new FileTransfer(this.id, file, offset, count);
		try {
			fileSent(transfer, this.output.await(transfer, Deadline.after(timeout)));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("send a file to", subject(), transfer.sent());
		}
	}

	@Override
	public CompletionStage<Void> sendFileAsync(Path file, long offset, long count) {
		FileChannel channel;
		try {
			channel = FileChannel.open(file);
		}
		catch (IOException ex) {
			return CompletableFuture.failedStage(unreadable(file, ex));
		}
		try {
			return sendFileAsync(channel, offset, count).whenComplete((done, ex) -> close(channel));
		}
		catch (RuntimeException ex) {
			close(channel);
			throw ex;
		}
	}

	private static void close(FileChannel channel) {
		try {
			channel.close();
		}
		catch (IOException ex) {
			// It was only read.
		}
	}

	@Override
	public CompletionStage<Void> sendFileAsync(FileChannel file, long offset, long count, Duration timeout) {
		FileTransfer transfer = new FileTransfer(this.id, file, offset, count);
		CompletableFuture<Void> sent = this.output.run(transfer, (result) -> {
			fileSent(transfer, result);
			return null;
		}, Deadline.after(timeout));
		return sent.minimalCompletionStage();
	}

	private void fileSent(FileTransfer transfer, long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException("send a file to", subject(), "not all bytes could be sent in time",
					transfer.sent());
		}
		if (Errno.EINVAL.is(result) || Errno.EBADF.is(result)) {
			throw new DuplexException("send a file to", subject(), Failures.error(result),
					"it is no regular file, or closed", null);
		}
		if (result < 0) {
			throw failure("send a file to", result);
		}
		if (transfer.isShort()) {
			throw new DuplexException("send a file to", subject(), null,
					"the file ended after " + transfer.sent() + " bytes", null);
		}
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer) {
		return sendAsync(buffer, Deadline.NEVER);
	}

	@Override
	public CompletionStage<Void> sendAsync(ByteBuffer buffer, Duration timeout) {
		return sendAsync(buffer, Deadline.after(timeout));
	}

	private CompletionStage<Void> sendAsync(ByteBuffer buffer, Deadline deadline) {
		int start = buffer.position();
		CompletableFuture<Void> sent = this.output.run(() -> this.bytes.sendAll(buffer), (result) -> {
			sent(result, buffer.position() - start);
			return null;
		}, deadline);
		return sent.minimalCompletionStage();
	}

	private void sent(long result, long count) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException("send to", subject(), "not all bytes could be sent in time", count);
		}
		if (result < 0) {
			throw failure("send to", result);
		}
	}

	@Override
	public void setCodec(@Nullable Codec codec) {
		String operation = "set the codec of";
		requireNothingPutBack();
		int result = LibDuplex.dx_codec_set(this.id, (codec != null) ? codec.encode() : null);
		if (Errno.EINVAL.is(result) || (Errno.ENOENT.is(result) && codec != null && !this.closed.get())) {
			throw new DuplexException(operation, subject(), Failures.error(result),
					"the engine does not know the codec '" + codec + "'", null);
		}
		if (result < 0) {
			throw failure(operation, result);
		}
		this.messages = (codec != null) ? codec.open(this.core.scratch(), this.id)
				: new SocketMessages(this.core.scratch(), this.id);
		this.codecInJava = codec != null && codec.isInJava();
	}

	@Override
	public @Nullable Message get() {
		return get(Deadline.NEVER);
	}

	@Override
	public @Nullable Message get(Duration timeout) {
		return get(Deadline.after(timeout));
	}

	private @Nullable Message get(Deadline deadline) {
		List<Message> got = new ArrayList<>(1);
		return (got(awaitMessages(got, 1, deadline)) > 0) ? got.get(0) : null;
	}

	@Override
	public int get(List<Message> into, int max) {
		requirePositive(max);
		return countOrEnd(awaitMessages(into, max, Deadline.NEVER));
	}

	@Override
	public @Nullable Message tryGet() {
		List<Message> got = new ArrayList<>(1);
		long result = attempt(this.input, () -> this.messages.get(got, 1));
		if (Errno.EAGAIN.is(result)) {
			return null;
		}
		return (got(result) > 0) ? got.get(0) : null;
	}

	@Override
	public CompletionStage<@Nullable Message> getAsync() {
		return getAsync(Deadline.NEVER);
	}

	@Override
	public CompletionStage<@Nullable Message> getAsync(Duration timeout) {
		return getAsync(Deadline.after(timeout));
	}

	private CompletionStage<@Nullable Message> getAsync(Deadline deadline) {
		List<Message> got = new ArrayList<>(1);
		AtomicBoolean isWaiting = new AtomicBoolean(true);
		FrameAlarm alarm = new FrameAlarm(this.core.threads(), () -> {
			this.core.readiness().nudge(this.id);
			return isWaiting.get();
		});
		CompletableFuture<@Nullable Message> message = this.input.run(() -> {
			long count = this.messages.get(got, 1);
			if (Errno.EAGAIN.is(count)) {
				alarm.set(this.messages.millisUntilLate());
			}
			return count;
		}, (result) -> (got(result) > 0) ? got.get(0) : null, deadline);
		message.whenComplete((done, ex) -> isWaiting.set(false));
		return message.minimalCompletionStage();
	}

	@Override
	public CompletionStage<Integer> getAsync(List<Message> into, int max) {
		requirePositive(max);
		return this.input.run(() -> this.messages.get(into, max), this::countOrEnd).minimalCompletionStage();
	}

	private static void requirePositive(int max) {
		if (max < 1) {
			throw new IllegalArgumentException("max must be at least 1: " + max);
		}
	}

	private int countOrEnd(long result) {
		int count = (int) got(result);
		return (count == 0) ? -1 : count;
	}

	/** Wakes up when a message that has begun to arrive is too late, too. */
	private long awaitMessages(List<Message> into, int max, Deadline deadline) {
		try {
			while (true) {
				long late = this.messages.millisUntilLate();
				Deadline frame = (late < 0) ? deadline : Deadline.after(Duration.ofMillis(late));
				Deadline until = deadline.earlier(frame);
				long result = this.input.await(() -> {
					long count = this.messages.get(into, max);
					boolean hasBegun = Errno.EAGAIN.is(count) && late < 0 && this.messages.millisUntilLate() >= 0;
					return hasBegun ? -Errno.EINTR.number() : count;
				}, until);
				boolean isLate = Errno.EAGAIN.is(result) && !deadline.isOver();
				if (!isLate && !Errno.EINTR.is(result)) {
					return result;
				}
			}
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("get a message from", subject(), 0);
		}
	}

	private long got(long result) {
		String operation = "get a message from";
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(operation, subject(), "no message was whole in time", 0);
		}
		if (Errno.EPROTO.is(result)) {
			throw this.messages.failure(operation, subject(), true);
		}
		if (result < 0) {
			throw failure(operation, result);
		}
		return result;
	}

	@Override
	public void put(List<Message> messages) {
		try {
			for (int from = 0; from < messages.size();) {
				List<Message> rest = messages.subList(from, messages.size());
				from += (int) put(this.output.await(() -> this.messages.put(rest), Deadline.NEVER));
			}
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted("put a message to", subject(), 0);
		}
	}

	@Override
	public boolean tryPut(Message message) {
		long result = attempt(this.output, () -> this.messages.put(List.of(message)));
		return !Errno.EAGAIN.is(result) && put(result) > 0;
	}

	@Override
	public CompletionStage<Void> putAsync(List<Message> messages) {
		int[] count = new int[1];
		CompletableFuture<Void> done = this.output.run(() -> putAll(messages, count), (result) -> {
			put(result);
			return null;
		});
		return done.minimalCompletionStage();
	}

	private long putAll(List<Message> messages, int[] count) {
		while (count[0] < messages.size()) {
			long result = this.messages.put(messages.subList(count[0], messages.size()));
			if (result < 0) {
				return result;
			}
			count[0] += (int) result;
		}
		return count[0];
	}

	private long put(long result) {
		String operation = "put a message to";
		if (Errno.EPROTO.is(result)) {
			throw this.messages.failure(operation, subject(), false);
		}
		if (Errno.EMSGSIZE.is(result)) {
			throw new DuplexException(operation, subject(), Failures.error(result),
					"it is longer than the codec's greatest message", null);
		}
		if (result < 0) {
			throw failure(operation, result);
		}
		return result;
	}

	@Override
	public void shutdownOutput() {
		String operation = "shut down the output to";
		List<CompletableFuture<Event>> answer = new ArrayList<>(1);
		try {
			// In turn, behind what is being sent; but the wait for what is queued is
			// nobody's turn.
			this.output.await(() -> {
				answer.add(this.core.commands().submit((token) -> LibDuplex.dx_shutdown(this.id, token)));
				return 0;
			}, Deadline.NEVER);
			Parking.await(answer.get(0), Deadline.NEVER);
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(operation, subject(), 0);
		}
		int result = answer.get(0).join().result();
		if (result < 0) {
			throw failure(operation, result);
		}
	}

	@Override
	public CompletionStage<Void> shutdownOutputAsync() {
		CompletableFuture<CompletableFuture<Event>> given = new CompletableFuture<>();
		CompletableFuture<Void> turn = this.output.run(() -> {
			given.complete(this.core.commands().submit((token) -> LibDuplex.dx_shutdown(this.id, token)));
			return 0;
		}, (result) -> null);
		return turn.thenCompose((done) -> given)
			.thenCompose((answer) -> this.core.completions().map(answer, (event) -> {
				if (event.result() < 0) {
					throw failure("shut down the output to", event.result());
				}
				return null;
			}));
	}

	@Override
	public void passTo(DuplexSocket carrier, Duration timeout) {
		try {
			passed(pass(carrierOf(carrier), Deadline.afterOrNever(timeout)));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(PASS, subject(), 0);
		}
	}

	@Override
	public CompletionStage<Void> passToAsync(DuplexSocket carrier, Duration timeout) {
		NativeSocket via = carrierOf(carrier);
		Deadline deadline = Deadline.afterOrNever(timeout);
		return this.core.later(() -> passed(Parking.orCancelled(() -> pass(via, deadline))));
	}

	private NativeSocket carrierOf(DuplexSocket carrier) {
		requireNothingPutBack();
		return this.engine.connected(carrier);
	}

	/**
	 * Wait until the carrier takes this socket: in turn with what is sent to this one,
	 * which goes out first, and with what is sent over the carrier.
	 */
	private long pass(NativeSocket carrier, Deadline deadline) throws InterruptedException {
		List<CompletableFuture<Event>> answer = new ArrayList<>(1);
		long result;
		do {
			result = this.output.await(this::outputDrained, deadline);
			if (result < 0) {
				return result;
			}
			result = carrier.output.await(() -> tryToPass(carrier, answer), deadline);
		}
		while (Errno.ENOTEMPTY.is(result));
		return (result < 0) ? result : Parking.get(answer.get(0)).result();
	}

	private long outputDrained() {
		SocketInfo info = new SocketInfo();
		int result = info.read(this.id);
		return (result == 0 && info.output() == Dx.DX_HALF_DRAINING) ? -Errno.EAGAIN.number() : result;
	}

	private long tryToPass(NativeSocket carrier, List<CompletableFuture<Event>> answer) {
		int[] result = new int[1];
		CompletableFuture<Event> given = this.core.commands().submit((token) -> {
			result[0] = LibDuplex.dx_pass(this.id, carrier.id, token);
			return result[0];
		});
		if (result[0] == 0) {
			answer.add(given);
		}
		return result[0];
	}

	private void passed(long result) {
		String operation = PASS;
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(operation, subject(), "the other process did not take it in time", 0);
		}
		if (Errno.EOPNOTSUPP.is(result)) {
			throw new DuplexException(operation, subject(), Failures.error(result),
					"descriptors travel over unix sockets alone", null);
		}
		if (result < 0) {
			throw failure(operation, result);
		}
		this.closed.set(true);
	}

	@Override
	public ReleasedChannel toSocketChannel() {
		DuplexAddress peer = peerAddress();
		ReleasedSocket released = release();
		return new ReleasedChannel(Channels.open(released.descriptor(), peer), released.unread());
	}

	@Override
	public CompletionStage<ReleasedChannel> toSocketChannelAsync() {
		return this.core.later(this::toSocketChannel);
	}

	@Override
	public CompletionStage<ReleasedSocket> releaseAsync() {
		return this.core.later(() -> release(0));
	}

	@Override
	public CompletionStage<ReleasedSocket> releaseAsync(Duration timeout) {
		int millis = Millis.limit(timeout);
		return this.core.later(() -> release(millis));
	}

	@Override
	public ReleasedSocket release() {
		return release(0);
	}

	@Override
	public ReleasedSocket release(Duration timeout) {
		return release(Millis.limit(timeout));
	}

	private ReleasedSocket release(int millis) {
		// Not to be interrupted: nobody would own the descriptor.
		Event event;
		do {
			this.putBack.add(readAhead());
			CompletableFuture<Event> answer = this.core.commands()
				.submit((token) -> LibDuplex.dx_release(this.id, millis, token));
			Parking.awaitUninterruptibly(answer, Deadline.NEVER);
			event = answer.join();
		}
		while (Errno.ENOTEMPTY.is(event.result()));
		if (Errno.ETIMEDOUT.is(event.result())) {
			throw new DuplexTimeoutException("release the connection to", subject(),
					"the peer did not take what was queued for it in time", 0);
		}
		if (event.result() < 0) {
			throw failure("release the connection to", event.result());
		}
		this.closed.set(true);
		return new ReleasedSocket((int) event.value(), this.putBack.takeAll().asReadOnlyBuffer());
	}

	private ByteBuffer readAhead() {
		SocketInfo info = new SocketInfo();
		int result = info.read(this.id);
		if (result < 0) {
			throw failure("release", result);
		}
		ByteBuffer queued = ByteBuffer.allocate(Math.toIntExact(info.inputQueued()));
		long count = 1;
		while (queued.hasRemaining() && count > 0) {
			count = this.bytes.receiveQueued(queued);
		}
		return queued.flip();
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
		return this.core.completions().map(close(0, Millis.limit(timeout)), Event::value);
	}

	private CompletableFuture<Event> close(int flags, int millis) {
		this.closed.set(true);
		return this.core.commands().submit((token) -> LibDuplex.dx_close(this.id, flags, millis, token));
	}

	@Override
	public boolean isClosed() {
		return this.closed.get() || this.core.isClosed();
	}

	/**
	 * Make sure that a join moves all that was received and not read.
	 * @throws SocketBusyException when there are bytes that only {@link #receive} can see
	 */
	void requireNothingPutBack() {
		if (!this.putBack.isEmpty()) {
			throw new SocketBusyException("join", subject(), null,
					"a release that timed out has left unread bytes: receive them first");
		}
	}

	private long tryToReceive(ByteBuffer buffer) {
		int count = this.putBack.take(buffer);
		return (count > 0) ? count : this.bytes.receive(buffer);
	}

	/**
	 * What exceptions call it.
	 * @return its peer, or its id
	 */
	String subject() {
		Addresses known = this.addresses;
		return (known != null && !known.peer.isUnnamed()) ? known.peer.toString() : "socket " + this.id;
	}

	/**
	 * Something could not be done.
	 * @param operation what
	 * @param result a negative errno
	 * @return the exception
	 */
	DuplexException failure(String operation, long result) {
		if (Errno.EPIPE.is(result) && isOutputShut()) {
			return new DuplexClosedException(operation, subject(), Failures.error(result), "its output was shut down");
		}
		return this.core.failures().object(operation, subject(), result);
	}

	private boolean isOutputShut() {
		SocketInfo info = new SocketInfo();
		return info.read(this.id) == 0 && info.output() == Dx.DX_HALF_SHUT;
	}

	@Override
	public String toString() {
		return "DuplexSocket[" + subject() + "]";
	}

	private record Addresses(DuplexAddress local, DuplexAddress peer) {

	}

}
