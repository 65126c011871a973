/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import org.jspecify.annotations.Nullable;

/**
 * Errors of Linux, with the numbers that they have on x86-64 and aarch64 and the texts of
 * glibc. Functions of {@code duplex.h} return the negative number.
 */
public enum Errno {

	EPERM(1, "Operation not permitted"),

	ENOENT(2, "No such file or directory"),

	EINTR(4, "Interrupted system call"),

	EIO(5, "Input/output error"),

	EBADF(9, "Bad file descriptor"),

	EAGAIN(11, "Resource temporarily unavailable"),

	ENOMEM(12, "Cannot allocate memory"),

	EACCES(13, "Permission denied"),

	EFAULT(14, "Bad address"),

	EBUSY(16, "Device or resource busy"),

	EEXIST(17, "File exists"),

	EXDEV(18, "Invalid cross-device link"),

	ENODEV(19, "No such device"),

	ENOTDIR(20, "Not a directory"),

	EINVAL(22, "Invalid argument"),

	ENFILE(23, "Too many open files in system"),

	EMFILE(24, "Too many open files"),

	ENOSPC(28, "No space left on device"),

	EROFS(30, "Read-only file system"),

	EPIPE(32, "Broken pipe"),

	ERANGE(34, "Numerical result out of range"),

	ENAMETOOLONG(36, "File name too long"),

	ENOSYS(38, "Function not implemented"),

	ENOTEMPTY(39, "Directory not empty"),

	ELOOP(40, "Too many levels of symbolic links"),

	EPROTO(71, "Protocol error"),

	EUSERS(87, "Too many users"),

	ENOTSOCK(88, "Socket operation on non-socket"),

	EMSGSIZE(90, "Message too long"),

	EPROTOTYPE(91, "Protocol wrong type for socket"),

	EPROTONOSUPPORT(93, "Protocol not supported"),

	ESOCKTNOSUPPORT(94, "Socket type not supported"),

	EOPNOTSUPP(95, "Operation not supported"),

	EAFNOSUPPORT(97, "Address family not supported by protocol"),

	EADDRINUSE(98, "Address already in use"),

	EADDRNOTAVAIL(99, "Cannot assign requested address"),

	ENETDOWN(100, "Network is down"),

	ENETUNREACH(101, "Network is unreachable"),

	ENETRESET(102, "Network dropped connection on reset"),

	ECONNABORTED(103, "Software caused connection abort"),

	ECONNRESET(104, "Connection reset by peer"),

	ENOBUFS(105, "No buffer space available"),

	EISCONN(106, "Transport endpoint is already connected"),

	ENOTCONN(107, "Transport endpoint is not connected"),

	ESHUTDOWN(108, "Cannot send after transport endpoint shutdown"),

	ETIMEDOUT(110, "Connection timed out"),

	ECONNREFUSED(111, "Connection refused"),

	EHOSTDOWN(112, "Host is down"),

	EHOSTUNREACH(113, "No route to host"),

	EALREADY(114, "Operation already in progress"),

	EINPROGRESS(115, "Operation now in progress"),

	ECANCELED(125, "Operation canceled");

	private static final Errno[] BY_NUMBER = byNumber();

	private final int number;

	private final String text;

	Errno(int number, String text) {
		this.number = number;
		this.text = text;
	}

	/**
	 * The error of a result.
	 * @param result what a function returned: a negative errno
	 * @return the error, or null for one that is not listed here
	 */
	public static @Nullable Errno of(long result) {
		return (result < 0 && -result < BY_NUMBER.length) ? BY_NUMBER[(int) -result] : null;
	}

	/**
	 * The number.
	 * @return a positive number
	 */
	public int number() {
		return this.number;
	}

	/**
	 * What it means, as {@code strerror} says it.
	 * @return the text
	 */
	public String text() {
		return this.text;
	}

	/**
	 * Whether a function returned this error.
	 * @param result what it returned
	 * @return true when it did
	 */
	public boolean is(long result) {
		return result == -this.number;
	}

	private static Errno[] byNumber() {
		int greatest = 0;
		for (Errno errno : values()) {
			greatest = Math.max(greatest, errno.number);
		}
		Errno[] table = new Errno[greatest + 1];
		for (Errno errno : values()) {
			table[errno.number] = errno;
		}
		return table;
	}

}
