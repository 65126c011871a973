/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import io.duplex.ffi.Errno;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class FailuresTests {

	private static final DuplexAddress TCP = DuplexAddress.of("tcp://0.0.0.0:80");

	private static final DuplexAddress UNIX = DuplexAddress.of("unix:///run/app.sock");

	private final Failures failures = new Failures(() -> false);

	@ParameterizedTest
	@CsvSource({ "EADDRINUSE, AddressInUseException", "EACCES, PortPermissionException",
			"EPERM, PortPermissionException", "EADDRNOTAVAIL, DuplexException", "EMFILE, ResourceExhaustedException",
			"ENOBUFS, ResourceExhaustedException", "ESHUTDOWN, DuplexClosedException",
			"ENOENT, DuplexClosedException" })
	void listening(Errno errno, String expected) {
		DuplexException failure = this.failures.listen(TCP, -errno.number());
		assertThat(failure.getClass().getSimpleName()).isEqualTo(expected);
		assertThat(failure.getAddress()).isEqualTo(TCP.toString());
		assertThat(failure.getOperation()).isEqualTo("listen on");
	}

	@Test
	void aPathWithoutPermissionIsNotAPort() {
		assertThat(this.failures.listen(UNIX, -Errno.EACCES.number())).isExactlyInstanceOf(DuplexException.class)
			.hasMessage("cannot listen on unix:///run/app.sock: Permission denied (EACCES)");
		assertThat(this.failures.listen(UNIX, -Errno.ENOENT.number())).isExactlyInstanceOf(DuplexException.class);
	}

	@ParameterizedTest
	@CsvSource({ "ECONNREFUSED, ConnectFailedException", "EHOSTUNREACH, ConnectFailedException",
			"ENOENT, ConnectFailedException", "EACCES, ConnectFailedException", "ETIMEDOUT, DuplexTimeoutException",
			"EADDRNOTAVAIL, ResourceExhaustedException", "EAGAIN, ResourceExhaustedException",
			"EMFILE, ResourceExhaustedException", "ECANCELED, DuplexClosedException",
			"ESHUTDOWN, DuplexClosedException" })
	void connecting(Errno errno, String expected) {
		assertThat(this.failures.connect(UNIX, -errno.number()).getClass().getSimpleName()).isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource({ "ENOENT, DuplexClosedException", "EBADF, DuplexClosedException", "ESHUTDOWN, DuplexClosedException",
			"EBUSY, SocketBusyException", "ECONNRESET, ConnectionResetException", "EPIPE, ConnectionResetException",
			"ETIMEDOUT, ConnectionResetException", "ENOMEM, ResourceExhaustedException", "ENOTCONN, DuplexException" })
	void usingAnObject(Errno errno, String expected) {
		assertThat(this.failures.object("receive from", "socket 1", -errno.number()).getClass().getSimpleName())
			.isEqualTo(expected);
	}

	@Test
	void aClosedEngineIsNamed() {
		Failures closed = new Failures(() -> true);
		assertThat(closed.object("receive from", "socket 1", -Errno.ENOENT.number()))
			.hasMessage("cannot receive from socket 1: the engine is closed");
		assertThat(closed.connect(UNIX, -Errno.ENOENT.number())).isInstanceOf(DuplexClosedException.class);
	}

	@Test
	void anUnknownErrorHasItsNumber() {
		assertThat(this.failures.object("receive from", "socket 1", -4095))
			.hasMessage("cannot receive from socket 1: error 4095 (errno 4095)")
			.extracting((failure) -> ((DuplexException) failure).getError())
			.isEqualTo(new SystemError(4095, "errno 4095", "error 4095"));
	}

	@Test
	void anEngineThatCannotBeOpenedLacksSomething() {
		assertThat(Failures.open(-Errno.EAGAIN.number())).isInstanceOf(ResourceExhaustedException.class);
		assertThat(Failures.open(-Errno.EMFILE.number())).isInstanceOf(ResourceExhaustedException.class);
		assertThat(Failures.open(-Errno.EUSERS.number())).isInstanceOf(ResourceExhaustedException.class);
		assertThat(Failures.open(-Errno.EINVAL.number())).isExactlyInstanceOf(DuplexException.class);
	}

}
