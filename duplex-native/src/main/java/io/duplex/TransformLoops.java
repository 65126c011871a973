/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

import org.jspecify.annotations.Nullable;

/**
 * The two loops of a transformed join: receive, apply, send, each step when the one
 * before is done, so that no thread waits and a slow sink stops its source.
 */
final class TransformLoops implements TransformedJoin {

	private static final int CHUNK = 16 * 1024;

	private final NativeSocket client;

	private final NativeSocket backend;

	private final Executor executor;

	private final Loop fromClient;

	private final Loop fromBackend;

	private final AtomicReference<@Nullable JoinEndReason> reason = new AtomicReference<>();

	private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

	private final CompletableFuture<End> end = new CompletableFuture<>();

	private volatile boolean stopping;

	private TransformLoops(NativeSocket client, NativeSocket backend, @Nullable Transform fromClient,
			@Nullable Transform fromBackend, Executor executor) {
		this.client = client;
		this.backend = backend;
		this.executor = executor;
		this.fromClient = new Loop(client, backend, fromClient, JoinEndReason.CLIENT_CLOSED);
		this.fromBackend = new Loop(backend, client, fromBackend, JoinEndReason.BACKEND_CLOSED);
	}

	static TransformedJoin start(NativeSocket client, NativeSocket backend, @Nullable Transform fromClient,
			@Nullable Transform fromBackend, Executor executor) {
		if (client.id() == backend.id()) {
			throw new IllegalArgumentException("cannot join " + client + " with itself");
		}
		TransformLoops loops = new TransformLoops(client, backend, fromClient, fromBackend, executor);
		CompletableFuture.allOf(loops.fromClient.done, loops.fromBackend.done).whenComplete((done, ex) -> loops.over());
		executor.execute(loops.fromClient);
		executor.execute(loops.fromBackend);
		return loops;
	}

	private void over() {
		JoinEndReason why = this.reason.get();
		// Both streams have ended: nothing is left to be passed on.
		if (why == JoinEndReason.CLIENT_CLOSED || why == JoinEndReason.BACKEND_CLOSED) {
			close(this.client);
			close(this.backend);
		}
		this.end.complete(new End((why != null) ? why : JoinEndReason.CLOSED, this.failure.get(), bytesFromClient(),
				bytesFromBackend()));
	}

	private void fail(Throwable thrown) {
		Throwable cause = (thrown instanceof CompletionException && thrown.getCause() != null) ? thrown.getCause()
				: thrown;
		boolean reset = cause instanceof ConnectionResetException;
		boolean closed = cause instanceof DuplexClosedException;
		JoinEndReason why = reset ? JoinEndReason.RESET : closed ? JoinEndReason.CLOSED : JoinEndReason.ERROR;
		if (this.reason.compareAndSet(null, why) && !closed) {
			this.failure.set(cause);
		}
		close(this.client);
		close(this.backend);
	}

	private static void close(NativeSocket socket) {
		if (!socket.isClosed()) {
			socket.close();
		}
	}

	@Override
	public long bytesFromClient() {
		return this.fromClient.bytes.get();
	}

	@Override
	public long bytesFromBackend() {
		return this.fromBackend.bytes.get();
	}

	@Override
	public CompletionStage<End> stop() {
		this.stopping = true;
		this.fromClient.stop();
		this.fromBackend.stop();
		return end();
	}

	@Override
	public CompletionStage<End> end() {
		return this.end.minimalCompletionStage();
	}

	@Override
	public void close() {
		this.reason.compareAndSet(null, JoinEndReason.CLOSED);
		close(this.client);
		close(this.backend);
	}

	/**
	 * One direction. Waits for readiness and then receives what is there, so that being
	 * stopped while it waits loses nothing.
	 */
	private final class Loop implements Runnable {

		private final NativeSocket source;

		private final NativeSocket sink;

		private final @Nullable Transform transform;

		private final JoinEndReason ended;

		private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK);

		private final AtomicLong bytes = new AtomicLong();

		private final CompletableFuture<Void> done = new CompletableFuture<>();

		private volatile CompletableFuture<Void> waiting = CompletableFuture.completedFuture(null);

		Loop(NativeSocket source, NativeSocket sink, @Nullable Transform transform, JoinEndReason ended) {
			this.source = source;
			this.sink = sink;
			this.transform = transform;
			this.ended = ended;
		}

		void stop() {
			this.waiting.complete(null);
		}

		@Override
		public void run() {
			try {
				step();
			}
			catch (Throwable ex) {
				fail(ex);
				this.done.complete(null);
			}
		}

		private void step() throws Exception {
			if (TransformLoops.this.stopping) {
				TransformLoops.this.reason.compareAndSet(null, JoinEndReason.UNJOINED);
				this.done.complete(null);
				return;
			}
			this.chunk.clear();
			int count = this.source.tryReceive(this.chunk);
			if (count == 0) {
				await();
				return;
			}
			if (count < 0) {
				TransformLoops.this.reason.compareAndSet(null, this.ended);
				this.sink.shutdownOutputAsync().whenComplete((shut, ex) -> finish(ex));
				return;
			}
			this.bytes.addAndGet(count);
			this.chunk.flip();
			ByteBuffer transformed = (this.transform != null) ? this.transform.apply(this.chunk) : this.chunk;
			this.sink.sendAsync(transformed).whenComplete((sent, ex) -> {
				if (ex != null) {
					finish(ex);
				}
				else {
					TransformLoops.this.executor.execute(this);
				}
			});
		}

		private void await() {
			CompletableFuture<Void> ready = this.source.readable();
			CompletableFuture<Void> either = new CompletableFuture<>();
			this.waiting = either;
			if (TransformLoops.this.stopping) {
				either.complete(null);
			}
			ready.whenComplete((done, ex) -> either.complete(null));
			either.whenComplete((done, ex) -> TransformLoops.this.executor.execute(this));
		}

		private void finish(@Nullable Throwable ex) {
			if (ex != null) {
				fail(ex);
			}
			this.done.complete(null);
		}

	}

}
