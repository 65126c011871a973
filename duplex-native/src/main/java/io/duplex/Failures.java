/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;

import io.duplex.ffi.Errno;
import org.jspecify.annotations.Nullable;

/**
 * Turns negative results into the exceptions that a caller may want to tell apart. What
 * an errno means depends on what was tried.
 */
final class Failures {

	private static final Set<Errno> EXHAUSTED = EnumSet.of(Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM, Errno.ENOBUFS,
			Errno.EUSERS);

	private static final Set<Errno> STALE = EnumSet.of(Errno.ENOENT, Errno.EBADF, Errno.ESHUTDOWN, Errno.ECANCELED);

	private static final Set<Errno> PEER_GONE = EnumSet.of(Errno.ECONNRESET, Errno.EPIPE, Errno.ETIMEDOUT,
			Errno.ECONNABORTED, Errno.EHOSTUNREACH, Errno.ENETUNREACH, Errno.ENETDOWN, Errno.EHOSTDOWN,
			Errno.ECONNREFUSED);

	private static final Map<Errno, String> UNSUITABLE = new EnumMap<>(
			Map.of(Errno.EBADF, "no such descriptor is open", Errno.ENOTSOCK, "it is no socket", Errno.ESOCKTNOSUPPORT,
					"it is no stream socket: datagrams are not carried", Errno.EAFNOSUPPORT,
					"it is of neither IPv4, IPv6 nor unix", Errno.ENOTCONN, "it is not connected", Errno.EISCONN,
					"it listens: a connection is needed", Errno.EINVAL, "it does not listen"));

	private final BooleanSupplier engineClosed;

	Failures(BooleanSupplier engineClosed) {
		this.engineClosed = engineClosed;
	}

	/**
	 * An engine could not be opened.
	 * @param result a negative errno
	 * @return the exception
	 */
	static DuplexException open(int result) {
		if (Errno.of(result) == Errno.EAGAIN) {
			return new ResourceExhaustedException("open", "an engine", error(result), "a thread cannot be started");
		}
		return general("open", "an engine", result);
	}

	/**
	 * A descriptor could not be adopted.
	 * @param descriptor the descriptor
	 * @param result a negative errno
	 * @return the exception
	 */
	DuplexException adopt(int descriptor, long result) {
		Errno errno = Errno.of(result);
		if (errno == Errno.ENOENT || errno == Errno.ESHUTDOWN) {
			return closed("adopt", "descriptor " + descriptor);
		}
		return unsuitable("adopt", "descriptor " + descriptor, result);
	}

	/** What is wrong with a descriptor, in more words than the errno has. */
	private static DuplexException unsuitable(String operation, String subject, long result) {
		Errno errno = Errno.of(result);
		String reason = (errno != null) ? UNSUITABLE.get(errno) : null;
		return (reason != null) ? new DuplexException(operation, subject, error(result), reason, null)
				: general(operation, subject, result);
	}

	/**
	 * Connecting failed.
	 * @param address where to
	 * @param result a negative errno
	 * @return the exception
	 */
	DuplexException connect(DuplexAddress address, long result) {
		String operation = "connect to";
		Errno errno = Errno.of(result);
		if (errno == Errno.ETIMEDOUT) {
			return new DuplexTimeoutException(operation, address.toString(), "nobody answered in time", 0);
		}
		if (errno == Errno.EADDRNOTAVAIL || errno == Errno.EAGAIN) {
			return new ResourceExhaustedException(operation, address.toString(), error(result),
					(errno == Errno.EAGAIN) ? "its backlog is full" : "no local port is free");
		}
		if (this.engineClosed.getAsBoolean() || errno == Errno.ESHUTDOWN || errno == Errno.ECANCELED) {
			return closed(operation, address.toString());
		}
		if (EXHAUSTED.contains(errno)) {
			return general(operation, address.toString(), result);
		}
		return new ConnectFailedException(operation, address.toString(), error(result), text(result));
	}

	/**
	 * Listening failed.
	 * @param address where
	 * @param result a negative errno
	 * @return the exception
	 */
	DuplexException listen(DuplexAddress address, long result) {
		String operation = "listen on";
		Errno errno = Errno.of(result);
		if (errno == Errno.EADDRINUSE) {
			return new AddressInUseException(operation, address.toString(), error(result), text(result));
		}
		if (address.isTcp() && (errno == Errno.EACCES || errno == Errno.EPERM)) {
			return new PortPermissionException(operation, address.toString(), error(result), text(result));
		}
		if (errno == Errno.ESHUTDOWN || (errno == Errno.ENOENT && address.isTcp())) {
			return closed(operation, address.toString());
		}
		return address.isInherited() ? unsuitable(operation, address.toString(), result)
				: general(operation, address.toString(), result);
	}

	/**
	 * A socket, listener, join or proxy could not do something.
	 * @param operation what
	 * @param subject the object, or its peer
	 * @param result a negative errno
	 * @return the exception
	 */
	DuplexException object(String operation, String subject, long result) {
		Errno errno = Errno.of(result);
		if (STALE.contains(errno)) {
			return closed(operation, subject);
		}
		if (errno == Errno.EBUSY) {
			return new SocketBusyException(operation, subject, error(result),
					"it is part of a join, or in the middle of a message that is being got");
		}
		if (PEER_GONE.contains(errno)) {
			return new ConnectionResetException(operation, subject, error(result), text(result));
		}
		return general(operation, subject, result);
	}

	/**
	 * Something was closed.
	 * @param operation what was tried
	 * @param subject with what
	 * @return the exception
	 */
	DuplexClosedException closed(String operation, String subject) {
		return new DuplexClosedException(operation, subject, null,
				this.engineClosed.getAsBoolean() ? "the engine is closed" : "it is closed or has ended");
	}

	private static DuplexException general(String operation, String subject, long result) {
		if (EXHAUSTED.contains(Errno.of(result))) {
			return new ResourceExhaustedException(operation, subject, error(result), text(result));
		}
		return new DuplexException(operation, subject, error(result), text(result), null);
	}

	/**
	 * The error behind a result.
	 * @param result what a function returned
	 * @return the error, or null when it is none
	 */
	static @Nullable SystemError error(long result) {
		if (result >= 0) {
			return null;
		}
		Errno errno = Errno.of(result);
		return (errno != null) ? new SystemError(errno.number(), errno.name(), errno.text())
				: new SystemError((int) -result, "errno " + -result, "error " + -result);
	}

	private static String text(long result) {
		SystemError error = error(result);
		return (error != null) ? error.text() : "no error";
	}

}
