/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.duplex.ffi.Errno;

/**
 * Sends parts of files to a socket's peer, for a thread that waits and for somebody who
 * does not.
 */
final class FileOutput {

	private static final String SEND = "send a file to";

	private final SocketHandle socket;

	private final ReadyLoop loop;

	/**
	 * Create what sends.
	 * @param socket the socket
	 * @param loop its output half
	 */
	FileOutput(SocketHandle socket, ReadyLoop loop) {
		this.socket = socket;
		this.loop = loop;
	}

	void send(FileChannel file, long offset, long count, Deadline deadline) {
		FileTransfer transfer = new FileTransfer(this.socket.id(), file, offset, count);
		try {
			sent(transfer, this.loop.await(transfer, deadline));
		}
		catch (InterruptedException ex) {
			throw Parking.interrupted(SEND, this.socket.subject(), transfer.sent());
		}
	}

	CompletionStage<Void> sendAsync(FileChannel file, long offset, long count, Deadline deadline) {
		FileTransfer transfer = new FileTransfer(this.socket.id(), file, offset, count);
		CompletableFuture<Void> sent = this.loop.run(transfer, (result) -> {
			sent(transfer, result);
			return null;
		}, deadline);
		return sent.minimalCompletionStage();
	}

	private void sent(FileTransfer transfer, long result) {
		if (Errno.EAGAIN.is(result)) {
			throw new DuplexTimeoutException(SEND, this.socket.subject(), "not all bytes could be sent in time",
					transfer.sent());
		}
		if (Errno.EINVAL.is(result) || Errno.EBADF.is(result)) {
			throw new DuplexException(SEND, this.socket.subject(), Failures.error(result),
					"it is no regular file, or closed", null);
		}
		if (result < 0) {
			throw this.socket.failure(SEND, result);
		}
		if (transfer.isShort()) {
			throw new DuplexException(SEND, this.socket.subject(), null,
					"the file ended after " + transfer.sent() + " bytes", null);
		}
	}

	void send(Path file, long offset, long count) {
		try (FileChannel channel = FileChannel.open(file)) {
			send(channel, offset, count, Deadline.NEVER);
		}
		catch (IOException ex) {
			throw unreadable(file, ex);
		}
	}

	CompletionStage<Void> sendAsync(Path file, long offset, long count) {
		FileChannel channel;
		try {
			channel = FileChannel.open(file);
		}
		catch (IOException ex) {
			return CompletableFuture.failedStage(unreadable(file, ex));
		}
		try {
			return sendAsync(channel, offset, count, Deadline.NEVER).whenComplete((done, ex) -> close(channel));
		}
		catch (RuntimeException ex) {
			close(channel);
			throw ex;
		}
	}

	private static DuplexException unreadable(Path file, IOException cause) {
		return new DuplexException("send", file.toString(), null, "the file cannot be read: " + cause, cause);
	}

	private static void close(FileChannel channel) {
		try {
			channel.close();
		}
		catch (IOException ex) {
			// It was only read.
		}
	}

}
