/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import static io.duplex.Peers.SOON;
import static io.duplex.Peers.soon;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * Sockets that go from process to process.
 */
@Timeout(120)
class PassingTests {

	@AutoClose
	private final DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(2));

	@AutoClose
	private final Peers peers = new Peers(this.engine);

	private final DuplexSocket meeting = this.engine.socket();

	private final List<Process> processes = new ArrayList<>();

	@TempDir
	private Path folder;

	private String address;

	@BeforeEach
	void bind() {
		this.address = this.meeting.bind("unix://" + this.folder.resolve("carrier")).toString();
	}

	@AfterEach
	void end() {
		this.processes.forEach(Process::destroyForcibly);
	}

	private Process start(Process process) {
		this.processes.add(process);
		return process;
	}

	/** Passed on with unread bytes. */
	private byte[] pass(Pair pair, DuplexSocket carrier, int unread) {
		byte[] bytes = new byte[unread];
		new SplittableRandom(unread).nextBytes(bytes);
		DuplexSocket socket = this.engine.adopt(pair.socket().release().descriptor(), ByteBuffer.wrap(bytes));
		socket.passTo(carrier, SOON);
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> socket.send(new byte[1]));
		return bytes;
	}

	@Test
	void aConnectionGoesToAnotherJvmAndComesBack() throws Exception {
		Process child = start(ChildJvm.start(Child.class, this.address));
		DuplexSocket carrier = this.meeting.accept(SOON);
		List<DuplexSocket> back = new ArrayList<>();
		List<Pair> pairs = new ArrayList<>();
		for (int unread : new int[] { 0, 100, 2 << 20 }) {
			Pair pair = this.peers.open();
			byte[] bytes = pass(pair, carrier, unread);
			pair.write("and more");
			String answer = Child.answer(child.pid(), unread, Arrays.hashCode(bytes));
			pair.write(unread + "\n");
			assertThat(pair.read(answer.length())).isEqualTo(answer);
			pair.write("on the way");
			back.add(this.engine.take(carrier, SOON));
			pairs.add(pair);
		}
		child.destroyForcibly().waitFor();
		assertThatExceptionOfType(DuplexClosedException.class).isThrownBy(() -> this.engine.take(carrier, SOON));
		// Nobody closes them with the process.
		for (int i = 0; i < back.size(); i++) {
			DuplexSocket socket = back.get(i);
			assertThat(Child.text(socket, 10)).isEqualTo("on the way");
			socket.send("here again".getBytes(StandardCharsets.US_ASCII));
			assertThat(pairs.get(i).read(10)).isEqualTo("here again");
		}
	}

	@Test
	void aProcessThatTakesNothingHoldsNobodyUp() {
		DuplexSocket carrier = this.engine.connect(this.address);
		DuplexSocket there = this.meeting.accept(SOON);
		CompletableFuture<Void> filling = carrier.sendAsync(ByteBuffer.allocate(64 << 20)).toCompletableFuture();
		Pair pair = this.peers.open();
		pair.write("unread");
		// In turn: behind what is being sent over the carrier.
		assertThatExceptionOfType(DuplexTimeoutException.class)
			.isThrownBy(() -> pair.socket().passTo(carrier, Duration.ofMillis(20)));
		CompletableFuture<Void> passed = pair.socket().passToAsync(carrier, Duration.ZERO).toCompletableFuture();
		CompletableFuture<DuplexSocket> taken = Async.supply(() -> {
			ByteBuffer all = ByteBuffer.allocate(64 << 20);
			while (all.hasRemaining()) {
				there.receive(all);
			}
			return this.engine.take(there, SOON);
		});
		soon(filling);
		soon(passed);
		assertThat(Child.text(soon(taken), 6)).isEqualTo("unread");
		CompletableFuture<DuplexSocket> next = this.engine.takeAsync(there, Duration.ZERO).toCompletableFuture();
		assertThat(next).isNotDone();
		this.engine.close();
		assertThat(next).failsWithin(SOON).withThrowableThat().withCauseInstanceOf(DuplexClosedException.class);
	}

	@Test
	void whoeverWaitsForASocketCanBeInterrupted() throws InterruptedException {
		DuplexSocket carrier = this.engine.connect(this.address);
		DuplexSocket there = this.meeting.accept(SOON);
		CompletableFuture<Throwable> failure = new CompletableFuture<>();
		Thread thread = new Thread(() -> {
			try {
				this.engine.take(there, Duration.ZERO);
			}
			catch (DuplexInterruptedException ex) {
				failure.complete(ex);
			}
		});
		thread.start();
		thread.interrupt();
		assertThat(soon(failure)).isInstanceOf(DuplexInterruptedException.class);
		Pair pair = this.peers.open();
		pair.socket().passTo(carrier, SOON);
		this.engine.take(there, SOON).send("mine".getBytes(StandardCharsets.US_ASCII));
		assertThat(pair.read(4)).isEqualTo("mine");
	}

	/**
	 * The other process: takes sockets, reads what was unread and answers with what it
	 * has read, and gives them back.
	 */
	static final class Child {

		private Child() {
		}

		public static void main(String[] arguments) throws IOException {
			try (DuplexEngine engine = DuplexEngine.create(DuplexEngineOptions.DEFAULTS.withWorkers(1));
					DuplexSocket carrier = engine.connect(arguments[0])) {
				while (true) {
					DuplexSocket socket = engine.take(carrier, Duration.ZERO);
					answer(socket);
					socket.passTo(carrier, Duration.ZERO);
				}
			}
		}

		/** What was unread comes first, then "and more" and the number of those. */
		private static void answer(DuplexSocket socket) {
			ByteBuffer all = ByteBuffer.allocate(3 << 20);
			do {
				socket.receive(all);
			}
			while (all.get(all.position() - 1) != '\n' || !endsWithLength(all));
			int unread = all.position() - tail(all).length();
			String answer = answer(ProcessHandle.current().pid(), unread,
					Arrays.hashCode(Arrays.copyOf(all.array(), unread)));
			socket.send(answer.getBytes(StandardCharsets.US_ASCII));
		}

		private static boolean endsWithLength(ByteBuffer all) {
			String tail = tail(all);
			return tail.startsWith("and more")
					&& Integer.parseInt(tail.substring(8).trim()) == all.position() - tail.length();
		}

		private static String tail(ByteBuffer all) {
			String text = new String(all.array(), 0, all.position(), StandardCharsets.ISO_8859_1);
			return text.substring(Math.max(0, text.lastIndexOf("and more")));
		}

		static String answer(long process, int unread, int hash) {
			return "process " + process + " has read " + unread + " bytes: " + hash;
		}

		static String text(DuplexSocket socket, int length) {
			ByteBuffer bytes = ByteBuffer.allocate(length);
			while (bytes.hasRemaining()) {
				assertThat(socket.receive(bytes, SOON)).isPositive();
			}
			return new String(bytes.array(), StandardCharsets.US_ASCII);
		}

	}

}
