/*
 * SPDX-License-Identifier: Apache-2.0
 */

package io.duplex.ffi;

import java.nio.ByteBuffer;

import org.jspecify.annotations.Nullable;

/**
 * The functions of {@code duplex.h}, bound directly to their symbols;
 * {@link NativeLoader#load()} comes first. Arrays are copied in and out by the call;
 * direct buffers are passed as they are, from their position 0 on, and must outlive what
 * the C function borrows them for. No function here blocks but {@link #dx_events_wait}
 * and {@link #dx_engine_close}.
 */
@SuppressWarnings("checkstyle:MethodName")
public final class LibDuplex {

	private LibDuplex() {
	}

	public static native String dx_version();

	public static native int dx_engine_open(byte @Nullable [] options, long[] engine);

	public static native int dx_engine_stop(long engine);

	public static native int dx_engine_close(long engine);

	public static native int dx_engine_info(long engine, byte[] info);

	public static native long dx_engine_of(long id);

	public static native int dx_events_wait(long engine, ByteBuffer events, int max, int timeout);

	public static native int dx_adopt(long engine, int fd, byte @Nullable [] readAhead, long length, long[] socket);

	public static native int dx_adopt_listener(long engine, int fd, long[] listener);

	public static native int dx_connect(long engine, byte[] addresses, int count, byte @Nullable [] options, long token,
			long[] socket);

	public static native int dx_listen(long engine, byte[] address, int backlog, long[] listener);

	public static native int dx_accept(long listener, long[] socket);

	public static native long dx_recv(long socket, ByteBuffer data, long length);

	public static native long dx_recv_queued(long socket, ByteBuffer data, long length);

	public static native int dx_unrecv(long socket, byte[] data, long length);

	public static native long dx_peek(long socket, long offset, ByteBuffer data, long length);

	public static native long dx_send(long socket, ByteBuffer data, long length);

	public static native int dx_codec_set(long socket, byte @Nullable [] options);

	public static native String dx_codec_error_text(int error);

	public static native int dx_codec_failure(long socket, byte[] failure);

	public static native long dx_get(long socket, ByteBuffer buffer, long size, byte[] messages, int max);

	public static native long dx_get_deadline(long socket);

	public static native long dx_put(long socket, ByteBuffer data, long size, byte[] messages, int count);

	public static native int dx_queue(long socket, byte[] data, long length, long token);

	public static native long dx_send_file(long socket, int file, long offset, long count);

	public static native int dx_option_set(long socket, int option, int value);

	public static native int dx_option_get(long socket, int option, int[] value);

	public static native int dx_arm(long socket, int readiness);

	public static native int dx_shutdown(long socket, long token);

	public static native int dx_close(long socket, int flags, int timeout, long token);

	public static native int dx_release(long socket, int timeout, long token);

	public static native int dx_socket_info(long socket, byte[] info);

	public static native int dx_join(long a, long b, byte @Nullable [] options, long token, long[] join);

	public static native int dx_unjoin(long join, long token);

	public static native int dx_join_limit(long join, byte[] limits, long token);

	public static native int dx_tee(long join, long mirror, int side, long maxLag, long token, long[] tee);

	public static native int dx_join_close(long join, long token);

	public static native int dx_joins(long engine, long proxy, long after, ByteBuffer rows, int max, long token);

	public static native int dx_join_info(long join, ByteBuffer row, long token);

	public static native int dx_proxy_open(long engine, byte[] listen, byte[] options, long[] proxy);

	public static native int dx_proxy_backend(long proxy, int backend, byte @Nullable [] addresses, int count,
			long token);

	public static native int dx_proxy_codec(long proxy, int side, byte[] options);

	public static native int dx_proxy_start(long proxy, long token);

	public static native int dx_pass(long socket, long carrier, long token);

	public static native int dx_take(long engine, long carrier, long[] socket);

	public static native int dx_proxy_start_on(long proxy, int fd, long token);

	public static native int dx_proxy_stop(long proxy, long token);

	public static native int dx_proxy_drain(long proxy, int grace, long token);

	public static native int dx_proxy_close(long proxy, long token);

	public static native int dx_proxy_decide(long connection, byte[] addresses, int count);

	public static native int dx_proxy_proceed(long connection);

	public static native int dx_proxy_refuse(long connection, int refusal);

	public static native int dx_proxy_info(long proxy, byte[] info);

	public static native int dx_proxy_backend_info(long proxy, int backend, byte[] info);

}
